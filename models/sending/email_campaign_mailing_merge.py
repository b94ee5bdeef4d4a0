from odoo import api, fields, models


class EmailCampaignMailing(models.Model):
    """What its lists have to be put into a mass email, told to whoever writes it."""

    _inherit = "email.campaign.mailing"

    merge_fields = fields.Char(compute="_compute_merge_fields")

    @api.depends("campaign_id.target_list_ids.merge_fields")
    def _compute_merge_fields(self):
        for mailing in self:
            texts = mailing.sudo().campaign_id.target_list_ids.mapped("merge_fields")
            mailing.merge_fields = ", ".join(dict.fromkeys(name for text in texts for name in (text or "").split(", ")))
