from odoo import fields, models


class EmailAddressHistory(models.Model):
    """What became of an address: each change of its validity, who or what made it, and why. Nobody changes a row."""

    _name = "email.address.history"
    _description = "History of an Email Address"
    _rec_name = "reason"
    _order = "id desc"
    _log_access = False

    address_id = fields.Many2one("email.address", required=True, readonly=True, ondelete="cascade", index=True)
    at = fields.Datetime("When", required=True, readonly=True)
    validity_from = fields.Selection(
        lambda self: self.env["email.address"]._fields["validity"].selection, "Before", required=True, readonly=True
    )
    validity = fields.Selection(
        lambda self: self.env["email.address"]._fields["validity"].selection, "After", required=True, readonly=True
    )
    reason = fields.Char(readonly=True)
    status_code = fields.Char(readonly=True)
    source = fields.Selection(
        [
            ("hand", "By Hand"),
            ("bounce", "Bounce"),
            ("activity", "Opened or Clicked"),
            ("delivery", "Delivery Report"),
            ("undone", "Verdict Taken Back"),
        ],
        "By",
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one("res.users", readonly=True, ondelete="set null")

    def _who(self):
        """Give who or what made this change."""
        return self.user_id.name or dict(self._fields["source"]._description_selection(self.env))[self.source]
