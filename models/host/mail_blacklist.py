from odoo import api, fields, models

from ...tools import address


class MailBlacklist(models.Model):
    _inherit = "mail.blacklist"

    # Odoo keeps an international domain as it was typed; this is the one spelling by which we compare.
    email_key = fields.Char(compute="_compute_email_key", store=True, index=True)

    @api.depends("email")
    def _compute_email_key(self):
        for entry in self:
            entry.email_key = address.key(entry.email or "")
