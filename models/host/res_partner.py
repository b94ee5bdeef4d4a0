from odoo import api, fields, models
from odoo.tools import SQL


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "email.addressee"]

    # Two switches and not one choice: a person can be both, or neither.
    is_email_contact = fields.Boolean(
        "Email Contact",
        default=True,
        help="A person or company we deal with. Can be chosen as what a campaign writes to.",
    )
    is_email_list_contact = fields.Boolean(
        "Mailing-list Contact", help="Known from a mailing list only, or from one as well."
    )
    email_campaign_recipient_count = fields.Integer(compute="_compute_email_campaign_counts")
    email_campaign_sent_count = fields.Integer("Campaign Emails", compute="_compute_email_campaign_counts")
    email_campaign_opened_count = fields.Integer("Opened Emails", compute="_compute_email_campaign_counts")
    email_campaign_clicked_count = fields.Integer("Clicked Emails", compute="_compute_email_campaign_counts")

    # Whoever knows an address asks for its contacts.
    _email_normalized_index = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")

    @api.depends("email_normalized")
    def _compute_email_validity(self):
        return super()._compute_email_validity()

    def _compute_email_campaign_counts(self):
        counts = {partner_id: numbers for partner_id, *numbers in self._email_campaign_counts()}
        for partner in self:
            total, sent, opened, clicked = counts.get(partner._origin.id, (0, 0, 0, 0))
            partner.email_campaign_recipient_count = total
            partner.email_campaign_sent_count = sent
            partner.email_campaign_opened_count = opened
            partner.email_campaign_clicked_count = clicked

    def _email_campaign_counts(self):
        recipients = self.env["email.campaign.recipient"]
        if not self.ids or not recipients.has_access("read"):
            return []
        query = recipients._search([("partner_id", "in", self.ids)])
        return self.env.execute_query(
            SQL(
                """
                SELECT partner_id, count(*), count(*) FILTER (WHERE state = 'sent'), count(opened_at), count(clicked_at)
                  FROM email_campaign_recipient WHERE id IN %s GROUP BY partner_id
                """,
                query.subselect(),
            )
        )

    def action_view_email_campaign_recipients(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_campaign_recipient_action")
        action.update(
            domain=[("partner_id", "=", self.id)],
            context={"of_one_contact": True},
            display_name=self.env._("Campaign Emails of %(contact)s", contact=self.display_name),
        )
        return action

    @api.model
    def _email_addressee_query(self):
        return SQL(
            """
            SELECT id, name, email, email_normalized, lang, id AS partner_id, company_id, active FROM res_partner
            """
        )
