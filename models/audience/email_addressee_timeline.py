from odoo import api, fields, models

# So many emails are told of; the log has the rest.
EMAILS = 10


class EmailAddressee(models.AbstractModel):
    """What an addressee was sent, opened and clicked, told in a line for each email: no message for each event."""

    _inherit = "email.addressee"

    email_campaign_timeline = fields.Json(compute="_compute_email_campaign_timeline")

    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_email_campaign_timeline(self):
        recipients = self.env["email.campaign.recipient"]
        readable = recipients.has_access("read")
        for record in self:
            mine = recipients
            if readable and record._origin.id:
                domain = fields.Domain(record._origin._email_recipient_domain()) & fields.Domain(
                    "state", "in", ("sent", "in_doubt", "failed")
                )
                mine = recipients.search(domain, order="id desc", limit=EMAILS)
            record.email_campaign_timeline = mine._timeline() if mine else []

    def action_view_email_campaign_events(self):
        """Open the log of this record."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_campaign_event_action")
        action.update(
            domain=[("recipient_id", "any", self._email_recipient_domain())],
            context={},
            display_name=self.env._("Campaign Log of %(contact)s", contact=self.display_name),
        )
        return action
