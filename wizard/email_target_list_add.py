from odoo import api, fields, models
from odoo.exceptions import UserError


class EmailTargetListAdd(models.TransientModel):
    """Puts chosen contacts and typed addresses, or what is selected in a list view, on a target list."""

    _name = "email.target.list.add"
    _description = "Add to Target List"

    list_id = fields.Many2one("email.target.list", "Target List", required=True, ondelete="cascade")
    res_model = fields.Char(readonly=True)
    res_ids = fields.Json(readonly=True)
    selected_count = fields.Integer("Selected", compute="_compute_selected_count")
    partner_ids = fields.Many2many("res.partner", string="Contacts")
    addresses = fields.Text(help="Typed addresses, separated by commas or lines. They need not be contacts.")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        model = self.env.context.get("active_model")
        if model in self.env["email.addressee"]._email_addressee_models():
            values.update(res_model=model, res_ids=self.env.context.get("active_ids") or [])
        return values

    @api.depends("res_ids")
    def _compute_selected_count(self):
        for wizard in self:
            wizard.selected_count = len(wizard.res_ids or [])

    def action_add(self):
        self.ensure_one()
        if not (self.res_ids or self.partner_ids or (self.addresses or "").strip()):
            raise UserError(self.env._("Choose contacts or type addresses to add."))
        added = 0
        if self.res_ids:
            added += self.list_id._add_records(self.env[self.res_model].browse(self.res_ids))
        if self.partner_ids:
            added += self.list_id._add_records(self.partner_ids)
        if (self.addresses or "").strip():
            added += self.list_id._add_addresses(self.addresses)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if added else "info",
                "message": self.env._("%(count)s added to “%(list)s”.", count=added, list=self.list_id.name)
                if added
                else self.env._("All of them are on “%(list)s” already.", list=self.list_id.name),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
