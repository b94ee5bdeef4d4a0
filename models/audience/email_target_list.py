from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class EmailTargetList(models.Model):
    _name = "email.target.list"
    _description = "Target List"
    _inherit = ["mail.thread", "email.accepting"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    kind = fields.Selection(
        [("static", "Static"), ("dynamic", "Dynamic")],
        default="static",
        required=True,
        tracking=True,
        help="People are put on a static list and taken off it by hand. A dynamic list has criteria: whoever meets "
        "them when it is refreshed is on it, and nobody else.",
    )
    active = fields.Boolean(default=True)
    list_type_id = fields.Many2one(
        "email.list.type",
        required=True,
        tracking=True,
        default=lambda self: self.env.ref("email_campaign.list_type_marketing", raise_if_not_found=False),
        help="Who opts out of a list opts out of every list of the same type.",
    )
    # A copy is of whoever made it, and theirs to share.
    user_id = fields.Many2one("res.users", "Responsible", default=lambda self: self.env.user, copy=False, tracking=True)
    is_shared = fields.Boolean(
        "Shared",
        copy=False,
        help="Let colleagues see this list and its members, and use it to write to people or to leave them out.",
    )
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    description = fields.Text()
    member_ids = fields.One2many("email.target.list.member", "list_id", "Members")
    member_count = fields.Integer("Number of Members", compute="_compute_member_count")
    # A form shows a few of them; a list may have a million.
    first_member_ids = fields.Many2many(
        "email.target.list.member", string="First Members", compute="_compute_first_member_ids"
    )
    campaign_count = fields.Integer(string="Campaigns", compute="_compute_campaign_count")
    can_edit = fields.Boolean("May Be Changed by Me", compute="_compute_can_edit")

    @api.depends("name")
    def _compute_display_name(self):
        """Give one that was deleted a name too: recipients who were mailed by it go on naming it."""
        there = self.exists()
        (self - there).display_name = self.env._("Deleted list")
        return super(EmailTargetList, there)._compute_display_name()

    def _compute_member_count(self):
        counts = dict(
            self.env["email.target.list.member"]
            .sudo()
            ._read_group([("list_id", "in", self.ids)], ["list_id"], ["__count"])
        )
        for target_list in self:
            target_list.member_count = counts.get(target_list._origin, 0)

    def _compute_first_member_ids(self):
        for target_list in self:
            target_list.first_member_ids = self.env["email.target.list.member"].search(
                [("list_id", "=", target_list._origin.id)], limit=20
            )

    def _compute_campaign_count(self):
        for target_list in self:
            target_list.campaign_count = self.env["email.campaign"].search_count(target_list._campaign_domain())

    @api.depends("user_id", "company_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_can_edit(self):
        editable = self._origin._filtered_access("write")
        for target_list in self:
            # A new one is of whoever makes it.
            target_list.can_edit = not target_list._origin or target_list._origin in editable

    def copy_data(self, default=None):
        return [
            dict(vals, name=self.env._("%(name)s (copy)", name=target_list.name))
            for target_list, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def action_view_members(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_member_action")
        action.update(
            domain=[("list_id", "=", self.id)],
            context={"default_list_id": self.id, "search_default_list_id": False},
            display_name=self.env._("Members of %(list)s", list=self.name),
        )
        if not self.can_edit:
            action["context"].update(create=False, edit=False, delete=False)
        return action

    def action_view_campaigns(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_campaign_action")
        action.update(domain=self._campaign_domain(), context={"default_target_list_ids": self.ids})
        return action

    def _campaign_domain(self):
        return ["|", ("target_list_ids", "in", self.ids), ("excluding_list_ids", "in", self.ids)]

    def _using_campaigns(self):
        """Give the campaigns that use these lists, archived ones too: what waits in one goes on some day."""
        return self.env["email.campaign"].sudo().with_context(active_test=False).search(self._campaign_domain())

    def unlink(self):
        """Delete the members too: no foreign key does it. Those who were mailed by these lists are not written."""
        ids = self.ids
        result = super().unlink()
        self.env.cr.execute(SQL("DELETE FROM email_target_list_member WHERE list_id = ANY(%s)", ids))
        self.env["email.target.list.member"].invalidate_model(flush=False)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_used(self):
        for target_list in self:
            if campaign := target_list._using_campaigns()[:1]:
                raise UserError(
                    self.env._(
                        "The list “%(list)s” is used by the campaign “%(campaign)s”. Archive the list instead, or take "
                        "it out of the campaign first.",
                        list=target_list.name,
                        campaign=campaign.name if campaign.active else self.env._("%s (archived)", campaign.name),
                    )
                )
