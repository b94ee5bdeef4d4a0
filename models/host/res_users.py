from odoo import api, models
from odoo.tools import SQL


class ResUsers(models.Model):
    _name = "res.users"
    _inherit = ["res.users", "email.addressee"]

    @api.depends("partner_id.email_normalized")
    def _compute_email_validity(self):
        return super()._compute_email_validity()

    @api.model
    def _email_addressee_query(self):
        # A user may work in several companies, so none of them keeps the others from writing to them.
        return SQL(
            """
            SELECT u.id, p.name, p.email, p.email_normalized, p.lang, u.partner_id, p.company_id, u.active
              FROM res_users u JOIN res_partner p ON p.id = u.partner_id
            """
        )
