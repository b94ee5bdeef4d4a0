from odoo import api, fields, models
from odoo.exceptions import UserError
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

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_mailing(self):
        """Refuse in words what the database would refuse: merge values are read with the rights of who launched."""
        mailings = self.env["email.campaign.mailing"].sudo()
        campaigns = self.env["email.campaign"].sudo().with_context(active_test=False)
        for user in self:
            if mailing := mailings.search([("launched_by_id", "=", user.id)], limit=1):
                raise UserError(
                    self.env._(
                        "%(user)s launched the mass email “%(mailing)s”, which is sent with their rights. Archive the "
                        "user instead.",
                        user=user.name,
                        mailing=mailing.display_name,
                    )
                )
            if campaign := campaigns.search([("user_id", "=", user.id)], limit=1):
                raise UserError(
                    self.env._(
                        "%(user)s is responsible for the campaign “%(campaign)s”. Archive the user instead, or give "
                        "the campaign to somebody else first.",
                        user=user.name,
                        campaign=campaign.name,
                    )
                )
