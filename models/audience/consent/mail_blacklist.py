from odoo import api, models
from odoo.tools import SQL

from ....tools import address


class MailBlacklist(models.Model):
    """Who comes onto Odoo's list of those who get no email at all, and who goes, is on record."""

    _inherit = "mail.blacklist"

    @api.model_create_multi
    def create(self, vals_list):
        """Write the new entries into the ledger of consent; Odoo gives those that were there already as well."""
        [(last,)] = self.env.execute_query(SQL("SELECT coalesce(max(id), 0) FROM mail_blacklist"))
        entries = super().create(vals_list)
        entries.filtered(lambda entry: entry.id > last and entry.active)._record_consent("opt_out")
        return entries

    def write(self, vals):
        """Write who comes and who goes into the ledger of consent."""
        turned = (
            self.filtered(lambda entry: entry.active != bool(vals["active"])) if "active" in vals else self.browse()
        )
        result = super().write(vals)
        turned._record_consent("opt_out" if vals.get("active") else "opt_in")
        return result

    def _add(self, email, message=None):
        """Put it on the list; who is there by a complaint and says so now is on record with that, too."""
        key = address.key(email or "")
        again = self.env["email.consent"].sudo()._only_complained([(key, None)])
        entry = super()._add(email, message=message)
        if again and entry.by_owner:
            self.env["email.consent"].sudo()._record([key], "opt_out")
        return entry

    def unlink(self):
        """Write who is taken off into the ledger of consent; who is erased is on record there already."""
        if not self.env.context.get("email_erasing"):
            self.filtered("active")._record_consent("opt_in")
        return super().unlink()

    def _record_consent(self, action):
        if emails := [entry.email_key for entry in self if entry.email_key]:
            self.env["email.consent"].sudo()._record(emails, action)
