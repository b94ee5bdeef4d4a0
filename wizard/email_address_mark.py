from odoo import api, fields, models
from odoo.exceptions import UserError

from .selection import selection


class EmailAddressMark(models.TransientModel):
    """Asks why before the addresses of contacts, leads or users are marked as valid or invalid by hand."""

    _name = "email.address.mark"
    _description = "Mark Email Addresses"

    validity = fields.Selection(
        [("valid", "Valid: can be mailed"), ("invalid", "Invalid: gets no campaign emails")],
        "Mark As",
        required=True,
        default="invalid",
    )
    note = fields.Char("Why", help="Kept with the address, and in the log of the record.")
    res_model = fields.Char(readonly=True, required=True)
    res_ids = fields.Json(readonly=True)
    # All that a list view would show on its pages: more than the browser can name.
    res_domain = fields.Json(readonly=True)
    addresses = fields.Char(compute="_compute_addresses")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        values.update(selection(self.env.context), res_model=self.env.context.get("active_model"))
        return values

    @api.depends("res_model", "res_ids", "res_domain")
    def _compute_addresses(self):
        for wizard in self:
            emails = sorted({email for record in wizard._records(limit=4) if (email := record._email_key())})
            wizard.addresses = ", ".join(emails)
            if (count := wizard._count()) > 4:
                wizard.addresses = self.env._(
                    "%(addresses)s … (%(count)s selected)", addresses=wizard.addresses, count=count
                )

    def action_mark(self):
        self.ensure_one()
        self._records()._mark_email(self.validity, self.note)
        return {"type": "ir.actions.act_window_close"}

    def _count(self):
        if isinstance(self.res_domain, list):
            return self.env[self.res_model].search_count(self.res_domain)
        return len(self.res_ids)

    def _records(self, limit=None):
        """Give the records, at most `limit` of them, which the user must be allowed to read."""
        by_domain = isinstance(self.res_domain, list)
        if self.res_model not in self.env["email.addressee"]._email_marked_models() or not (by_domain or self.res_ids):
            raise UserError(self.env._("Select contacts, leads or users first, and choose this action there."))
        model = self.env[self.res_model]
        if by_domain:
            return model.search(self.res_domain, limit=limit)
        records = model.browse(self.res_ids[:limit])
        records.check_access("read")
        return records
