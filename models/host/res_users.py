from odoo import api, fields, models
from odoo.tools import SQL


class ResUsers(models.Model):
    _name = "res.users"
    _inherit = ["res.users", "email.addressee"]

    # A user is the contact of that person, in this as well.
    is_email_contact = fields.Boolean(related="partner_id.is_email_contact", readonly=False, default=None)
    is_email_list_contact = fields.Boolean(related="partner_id.is_email_list_contact", readonly=False)

    @api.model
    def _email_addressee_query(self):
        # A user may work in several companies, so none of them keeps the others from writing to them.
        return SQL(
            """
            SELECT u.id, p.name, p.email, p.email_normalized, p.lang, u.partner_id, p.company_id, u.active
              FROM res_users u JOIN res_partner p ON p.id = u.partner_id
            """
        )

    def _email_recipient_column(self):
        return "partner_id"

    def _email_recipient_key(self):
        return self.partner_id.id

    def _email_recipient_domain(self):
        return [("partner_id", "in", self.partner_id.ids)]

    def _email_chatter(self):
        return self.partner_id
