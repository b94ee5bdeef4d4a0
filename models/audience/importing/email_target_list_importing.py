from odoo import api, fields, models


class EmailTargetList(models.Model):
    """Files that members came by, and what they brought to be put into emails."""

    _inherit = "email.target.list"

    import_ids = fields.One2many("email.target.list.import", "list_id", "Imports")
    import_count = fields.Integer("Number of Imports", compute="_compute_import_count")
    # The names of the values that its members may have; known still when the imports are deleted, or were into a list
    # that this one was made of.
    merge_keys = fields.Json(readonly=True)
    merge_fields = fields.Char(
        compute="_compute_merge_fields",
        help="What an email to this list can have of the columns that were imported. Write a default behind ||| for "
        "members who have none: {{ values.city ||| your town }}.",
    )

    def _compute_import_count(self):
        imports = self.env["email.target.list.import"]
        counts = dict(imports._read_group([("list_id", "in", self.ids)], ["list_id"], ["__count"]))
        for target_list in self:
            target_list.import_count = counts.get(target_list._origin, 0)

    @api.depends("merge_keys")
    def _compute_merge_fields(self):
        for target_list in self:
            target_list.merge_fields = ", ".join(f"{{{{ values.{key} }}}}" for key in target_list.merge_keys or [])

    def _note_merge_keys(self, keys):
        """Note that members may have values of the names `keys` from now on."""
        for target_list in self:
            known = target_list.merge_keys or []
            if new := [key for key in dict.fromkeys(keys) if key not in known]:
                target_list.merge_keys = [*known, *new]

    def unlink(self):
        """Take the files of the imports along: what goes by a foreign key leaves its files behind."""
        files = [("res_model", "=", "email.target.list.import"), ("res_field", "!=", False)]
        files.append(("res_id", "in", self.sudo().import_ids.ids))
        attachments = self.env["ir.attachment"].sudo().search(files)
        result = super().unlink()
        attachments.unlink()
        return result

    def action_import_csv(self):
        """Open a new import into this list."""
        self.ensure_one()
        self._check_fillable()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_import_action")
        action.update(
            views=[(False, "form")], context={"default_list_id": self.id}, display_name=self.env._("Import CSV")
        )
        return action

    def action_view_imports(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_import_action")
        action.update(domain=[("list_id", "=", self.id)], context={"default_list_id": self.id})
        return action

    def _unfinished_imports(self):
        """Give the imports into these lists that are going on, or ended before all rows were dealt with."""
        states = ("running", "failed", "cancelled")
        return (
            self.env["email.target.list.import"]
            .sudo()
            .search([("list_id", "in", self.ids), ("state", "in", states)], order="id")
        )
