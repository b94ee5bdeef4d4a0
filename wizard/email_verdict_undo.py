from odoo import api, fields, models
from odoo.exceptions import UserError


class EmailVerdictUndo(models.TransientModel):
    """Asks why before verdicts are taken back: it is kept with the address and in the log."""

    _name = "email.verdict.undo"
    _description = "Take Back What Came Back"

    reason = fields.Char("Why", required=True)
    verdict_ids = fields.Many2many("email.verdict", string="Verdicts", readonly=True)
    addresses = fields.Char(compute="_compute_addresses")
    has_complaint = fields.Boolean(compute="_compute_addresses")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "email.verdict":
            values["verdict_ids"] = [fields.Command.set(self.env.context.get("active_ids") or [])]
        return values

    @api.depends("verdict_ids")
    def _compute_addresses(self):
        for wizard in self:
            emails = sorted({email for email in wizard.verdict_ids.mapped("email") if email})
            wizard.addresses = ", ".join(emails[:4])
            if len(emails) > 4:
                wizard.addresses = self.env._(
                    "%(addresses)s … (%(count)s addresses)", addresses=wizard.addresses, count=len(emails)
                )
            wizard.has_complaint = "complaint" in wizard.verdict_ids.mapped("kind")

    def action_undo(self):
        """Take them back.

        :raises UserError: without a reason, or when there is nothing to take back
        """
        self.ensure_one()
        reason = (self.reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why: whoever meets this address later wants to know."))
        self.verdict_ids._undo(reason[:500])
        return {"type": "ir.actions.act_window_close"}
