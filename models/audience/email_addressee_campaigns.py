from odoo import fields, models
from odoo.tools import SQL


class EmailAddressee(models.AbstractModel):
    """What came to an addressee by campaigns, as the smart button of its form shows it."""

    _inherit = "email.addressee"

    email_campaign_recipient_count = fields.Integer(compute="_compute_email_campaign_counts")
    email_campaign_sent_count = fields.Integer("Campaign Emails", compute="_compute_email_campaign_counts")
    email_campaign_opened_count = fields.Integer("Opened Emails", compute="_compute_email_campaign_counts")
    email_campaign_clicked_count = fields.Integer("Clicked Emails", compute="_compute_email_campaign_counts")

    def _compute_email_campaign_counts(self):
        counts = {record_id: numbers for record_id, *numbers in self._email_campaign_counts()}
        for record in self:
            total, sent, opened, clicked = counts.get(record._email_recipient_key(), (0, 0, 0, 0))
            record.email_campaign_recipient_count = total
            record.email_campaign_sent_count = sent
            record.email_campaign_opened_count = opened
            record.email_campaign_clicked_count = clicked

    def _email_campaign_counts(self):
        recipients = self.env["email.campaign.recipient"]
        if not self.ids or not recipients.has_access("read"):
            return []
        return self.env.execute_query(
            SQL(
                """
                SELECT %(key)s, count(*), count(*) FILTER (WHERE state = 'sent'), count(opened_at), count(clicked_at)
                  FROM email_campaign_recipient WHERE id IN %(found)s GROUP BY 1
                """,
                key=SQL.identifier(self._email_recipient_column()),
                found=recipients._search(self._email_recipient_domain()).subselect(),
            )
        )

    def action_view_email_campaign_recipients(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_campaign_recipient_action")
        action.update(
            domain=self._email_recipient_domain(),
            context={"of_one_contact": True},
            display_name=self.env._("Campaign Emails of %(contact)s", contact=self.display_name),
        )
        return action

    def _email_recipient_column(self):
        """Give the name of the column of recipients that names one of these."""
        return "res_id"

    def _email_recipient_key(self):
        """Give what stands in that column for this record."""
        return self._origin.id

    def _email_recipient_domain(self):
        """Give the recipients that these were."""
        return [("res_model", "=", self._name), ("res_id", "in", self.ids)]
