from odoo import fields, models


class EmailTargetListSplit(models.TransientModel):
    """One target list in several new ones; the list itself stays as it is."""

    _name = "email.target.list.split"
    _description = "Split a Target List"

    list_id = fields.Many2one(
        "email.target.list",
        "Target List",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.context.get("active_id"),
    )
    by = fields.Selection(
        [
            ("random", "Equal Parts, at Random"),
            ("order", "Equal Parts, in the Order of the List"),
            ("model", "One List for Contacts, Leads, Users, …"),
        ],
        "Split Into",
        default="random",
        required=True,
    )
    part_count = fields.Integer("Number of Parts", default=2)

    def action_split(self):
        """Split, and show the new lists."""
        self.ensure_one()
        if self.by == "model":
            parts = self.list_id._split_by_model()
        else:
            parts = self.list_id._split_evenly(self.part_count, at_random=self.by == "random")
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_action")
        action.update(
            domain=[("id", "in", parts.ids)],
            display_name=self.env._("Parts of %(list)s", list=self.list_id.name),
        )
        return action
