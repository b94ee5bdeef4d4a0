from odoo import api, fields, models
from odoo.exceptions import UserError


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
    addresses = fields.Char(compute="_compute_addresses")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        values.update(res_model=self.env.context.get("active_model"), res_ids=self.env.context.get("active_ids") or [])
        return values

    @api.depends("res_model", "res_ids")
    def _compute_addresses(self):
        for wizard in self:
            emails = sorted({email for record in wizard._records()[:4] if (email := record._email_key())})
            more = len(wizard.res_ids or []) > 4
            wizard.addresses = self.env._("%s …", ", ".join(emails)) if more else ", ".join(emails)

    def action_mark(self):
        self.ensure_one()
        self._records()._mark_email(self.validity, self.note)
        return {"type": "ir.actions.act_window_close"}

    def _records(self):
        """Give the records, which the user must be allowed to read."""
        if self.res_model not in self.env["email.addressee"]._email_marked_models() or not self.res_ids:
            raise UserError(self.env._("Select contacts, leads or users first, and choose this action there."))
        records = self.env[self.res_model].browse(self.res_ids)
        records.check_access("read")
        return records
