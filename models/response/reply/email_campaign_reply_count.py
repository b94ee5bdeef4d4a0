from odoo import api, fields, models


def _open_replies(records, name):
    """Give {record: number of replies that nobody has dealt with} by the field `name` of replies."""
    groups = records.env["email.campaign.reply"]._read_group(
        [(name, "in", records.ids), ("state", "=", "new")], [name], ["__count"]
    )
    return dict(groups)


class EmailCampaign(models.Model):
    """The replies to a campaign that nobody has dealt with."""

    _inherit = "email.campaign"

    open_reply_count = fields.Integer("New Replies", compute="_compute_open_reply_count")

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_open_reply_count(self):
        found = _open_replies(self, "campaign_id")
        for campaign in self:
            campaign.open_reply_count = found.get(campaign._origin, 0)

    def action_view_replies(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_reply_action")


class EmailCampaignMailing(models.Model):
    """The replies to a mass email that nobody has dealt with."""

    _inherit = "email.campaign.mailing"

    open_reply_count = fields.Integer("New Replies", compute="_compute_open_reply_count")

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_open_reply_count(self):
        found = _open_replies(self, "mailing_id")
        for mailing in self:
            mailing.open_reply_count = found.get(mailing._origin, 0)

    def unlink(self):
        """Take the replies along, with their files: the database alone would leave these behind."""
        self.env["email.campaign.reply"].sudo().search([("mailing_id", "in", self.ids)]).unlink()
        return super().unlink()

    def action_view_replies(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_reply_action")
