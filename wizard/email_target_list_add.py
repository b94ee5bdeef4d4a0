from odoo import fields, models
from odoo.exceptions import UserError


class EmailTargetListAdd(models.TransientModel):
    """Puts people on a target list, or takes them off it: those selected in a list view, or chosen in the dialog."""

    _name = "email.target.list.add"
    _inherit = "email.target.choice"
    _description = "Add to Target List"

    list_id = fields.Many2one("email.target.list", "Target List", required=True, ondelete="cascade")
    operation = fields.Selection([("add", "Add"), ("remove", "Take Off")], default="add", required=True)
    source_list_ids = fields.Many2many(
        "email.target.list", "email_target_list_add_source_rel", string="Members of Lists"
    )

    def action_apply(self):
        """Do it, and tell how many it were."""
        self.ensure_one()
        if not (self._is_chosen() or self.source_list_ids):
            raise UserError(
                self.env._("Nobody is chosen. Choose contacts, tags, saved filters or lists, or type addresses.")
            )
        if self.operation == "add":
            count = self._add_to(self.list_id)
            if self.source_list_ids:
                count += self.list_id._add_lists(self.source_list_ids)
            message = (
                self.env._("%(count)s added to “%(list)s”.", count=count, list=self.list_id.name)
                if count
                else self.env._("All of them are on “%(list)s” already.", list=self.list_id.name)
            )
        else:
            count = self._take_off(self.list_id)
            if self.source_list_ids:
                count += self.list_id._take_lists(self.source_list_ids)
            message = (
                self.env._("%(count)s taken off “%(list)s”.", count=count, list=self.list_id.name)
                if count
                else self.env._("None of them is on “%(list)s”.", list=self.list_id.name)
            )
        if count:
            self.list_id._message_log(body=message)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if count else "info",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
