from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class EmailTargetListMember(models.Model):
    """Members in lists: by what a launch would make of them, and taken off by many at once."""

    _inherit = "email.target.list.member"

    audience = fields.Char(
        compute="_compute_audience",
        search="_search_audience",
        exportable=False,
        help="Only to search by: the number of a mass email and a reason for which members would be left out of it, "
        "as 7:opted_out, or 7:queued for those who would get it.",
    )

    def _compute_audience(self):
        self.audience = False

    @api.model
    def _search_audience(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain.FALSE
        for text in value:
            number, _colon, reason = str(text).partition(":")
            if not number.isdecimal():
                raise UserError(self.env._("“%s” names no mass email and reason, as 7:opted_out does.", text))
            mailing = self.env["email.campaign.mailing"].browse(int(number))
            mailing.check_access("read")
            domain |= fields.Domain("id", "in", self.env["email.audience"]._members_query(mailing, reason))
        return domain

    def action_open_audience_mailing(self):
        """Open the mass email whose audience is shown: it was made just now, so no page shown before is its own."""
        mailing = self.env["email.campaign.mailing"].browse(self.env.context.get("audience_mailing_id"))
        mailing.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": mailing._name,
            "res_id": mailing.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def action_take_off(self):
        """Take these members off their lists, or all that the list view would show, when all were selected there."""
        context = self.env.context
        if context.get("selected_by_domain") and context.get("active_model") == self._name:
            found = self._search(context.get("active_domain") or [])
        else:
            self.check_access("read")
            found = self._search([("id", "in", self.ids)])
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT list_id FROM email_target_list_member WHERE id IN %s", found.subselect())
        )
        lists = self.env["email.target.list"].browse(list_id for (list_id,) in rows)
        lists._check_fillable()
        count = lists._delete_members(SQL("m.id IN %s", found.subselect()))
        if count == 1:
            return True
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s members taken off.", count),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
