from odoo import api, models
from odoo.tools import SQL


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "email.addressee"]

    # Whoever knows an address asks for its contacts.
    _email_normalized_index = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")

    @api.model
    def _email_addressee_query(self):
        return SQL(
            """
            SELECT id, name, email, email_normalized, lang, id AS partner_id, company_id, active FROM res_partner
            """
        )

    # The link to the contact, and not the number of the record: merging contacts leads that to the one that stays.
    def _email_recipient_column(self):
        return "partner_id"

    def _email_recipient_domain(self):
        return [("partner_id", "in", self.ids)]

    def unlink(self):
        """Leave no link of a recipient behind: no foreign key does it."""
        ids = self.ids
        result = super().unlink()
        self.env["email.campaign.recipient"].sudo()._forget_contacts(ids)
        return result
