from odoo import api, fields, models
from odoo.tools import split_every

from ...tools import address

# Entries that are made at a time.
PORTION = 1_000


class MailBlacklist(models.Model):
    _inherit = "mail.blacklist"

    # Odoo keeps an international domain as it was typed; this is the one spelling by which we compare.
    email_key = fields.Char(compute="_compute_email_key", store=True, index=True)

    # Only what the owner of the address did by a link of ours can be taken back by one.
    by_owner = fields.Boolean("By the Recipient", readonly=True, copy=False)

    @api.depends("email")
    def _compute_email_key(self):
        for entry in self:
            entry.email_key = address.key(entry.email or "")

    def write(self, vals):
        # Who is put on it later, by whomever, is on it for another reason.
        if "active" in vals and not vals["active"]:
            vals = {**vals, "by_owner": False}
        return super().write(vals)

    @api.model
    def _add_all(self, emails, message):
        """Put all of `emails` (normalised) on the blacklist, with `message` on each that was not on it."""
        for portion in split_every(PORTION, sorted(set(emails))):
            there = self.with_context(active_test=False).search([("email_key", "in", portion)])
            back = there.filtered(lambda entry: not entry.active)
            back._track_set_log_message(message)
            back.action_unarchive()
            missing = set(portion) - set(there.mapped("email_key"))
            new = self.create([{"email": address.spelled(email)} for email in sorted(missing)])
            new._message_log_batch(bodies=dict.fromkeys(new.ids, message))

    @api.model
    def _of_address(self, email):
        """Give the entry of `email` (normalised) if it is on the blacklist."""
        return self.search([("email_key", "=", address.key(email))], limit=1)
