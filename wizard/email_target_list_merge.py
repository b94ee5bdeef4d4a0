from odoo import api, fields, models
from odoo.exceptions import UserError


class EmailTargetListMerge(models.TransientModel):
    """Several target lists in one, a new or an existing one. The others stay, or go into the archive."""

    _name = "email.target.list.merge"
    _description = "Merge Target Lists"

    list_ids = fields.Many2many(
        "email.target.list", "email_target_list_merge_rel", string="Lists to Merge", required=True
    )
    into = fields.Selection([("new", "A New List"), ("existing", "One of My Lists")], default="new", required=True)
    name = fields.Char("Name of the New List")
    list_type_id = fields.Many2one("email.list.type", help="Who opts out of a list opts out of all of its type.")
    target_list_id = fields.Many2one("email.target.list", ondelete="cascade")
    archive = fields.Boolean("Archive the Merged Lists", help="A list that a campaign uses stays in any case.")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "email.target.list" and self.env.context.get("active_ids"):
            lists = self.env["email.target.list"].browse(self.env.context["active_ids"])
            values["list_ids"] = [fields.Command.set(lists.ids)]
            values["list_type_id"] = lists[:1].list_type_id.id
            values["name"] = " + ".join(lists.mapped("name"))[:100]
        return values

    def action_merge(self):
        """Merge, and show the list that has them all now."""
        self.ensure_one()
        if len(self.list_ids | self.target_list_id) < 2:
            raise UserError(self.env._("Choose at least two lists to merge."))
        target_list = self._target_list()
        target_list._merge_lists(self.list_ids)
        kept = self._archive_others(self.list_ids - target_list) if self.archive else []
        shown = {
            "type": "ir.actions.act_window",
            "res_model": target_list._name,
            "res_id": target_list.id,
            "views": [(False, "form")],
            "target": "current",
        }
        if not kept:
            return shown
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "sticky": True,
                "message": self.env._(
                    "Not archived, because a campaign uses them or they are not yours: %s", ", ".join(kept)
                ),
                "next": shown,
            },
        }

    def _target_list(self):
        if self.into == "existing":
            if not self.target_list_id:
                raise UserError(self.env._("Choose the list that shall have all members."))
            return self.target_list_id
        if not (self.name or "").strip():
            raise UserError(self.env._("Give the new list a name."))
        companies = self.list_ids.company_id
        if len(companies) > 1:
            raise UserError(
                self.env._(
                    "These lists belong to several companies (%s). Merge those of one company.",
                    ", ".join(companies.mapped("name")),
                )
            )
        return self.env["email.target.list"].create(
            {
                "name": self.name,
                "list_type_id": (self.list_type_id or self.list_ids[:1].list_type_id).id,
                "company_id": companies.id,
                # A list says of all on it which types of contacts it is for.
                "accept_contacts": any(self.list_ids.mapped("accept_contacts")),
                "accept_list_contacts": any(self.list_ids.mapped("accept_list_contacts")),
            }
        )

    def _archive_others(self, lists):
        """Archive `lists`, and give the names of those that stay: a campaign uses them, or the user may not."""
        used = lists.filtered(lambda target_list: target_list._using_campaigns())
        mine = (lists - used)._filtered_access("write")
        mine.active = False
        return (lists - mine).mapped("name")
