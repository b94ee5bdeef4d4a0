from odoo import fields, models


class EmailCampaignMailing(models.Model):
    """Whom a mass email is for, as its campaign says."""

    _inherit = "email.campaign.mailing"

    enabled_only = fields.Boolean(related="campaign_id.enabled_only", readonly=False)
    accept_contacts = fields.Boolean(related="campaign_id.accept_contacts", readonly=False)
    accept_list_contacts = fields.Boolean(related="campaign_id.accept_list_contacts", readonly=False)
