from odoo import models


class EmailTargetListImport(models.Model):
    """Who was erased does not come back by a file."""

    _inherit = "email.target.list.import"

    def _judged(self, rows):
        taken, refusals = super()._judged(rows)
        emails = {entry.email for _row, entries in taken for entry in entries}
        erased = self.env["email.erasure"].sudo()._erased_of(emails, self.list_id.list_type_id)
        if not erased:
            return taken, refusals
        reason = self.env._("The owner of this address was erased on request, and subscribes again or not at all")
        kept = [(row, entries) for row, entries in taken if not any(entry.email in erased for entry in entries)]
        refused = [(row, reason) for row, entries in taken if any(entry.email in erased for entry in entries)]
        return kept, refusals + refused
