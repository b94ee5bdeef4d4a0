from markupsafe import escape

from odoo import api, models


class EmailCampaignReply(models.Model):
    """Who is to deal with a reply, and the activity that tells them: one for each record and campaign at a time."""

    _inherit = "email.campaign.reply"

    @api.model
    def _responsible(self, record, campaign):
        """Give the user of the contact or lead if they may read it, else the one of the campaign."""
        field = record._fields.get("user_id")
        owner = record.user_id if record and field and field.comodel_name == "res.users" else None
        if not owner or not owner.active or owner.share or campaign.company_id not in owner.company_ids:
            return self._in_charge(campaign)
        return owner if self._may_read(owner, record) else self._in_charge(campaign)

    @api.model
    def _in_charge(self, campaign):
        """Give who answers for `campaign`: a campaign manager of its company where its responsible user has left."""
        user = campaign.user_id
        if user.active and not user.share:
            return user
        managers = [
            ("all_group_ids", "in", self.env.ref("email_campaign.group_manager").ids),
            ("share", "=", False),
            ("company_ids", "in", campaign.company_id.ids),
        ]
        return self.env["res.users"].sudo().search(managers, limit=1, order="id") or user

    @api.model
    def _may_read(self, user, record):
        companies = user.company_ids.ids
        return record.with_user(user).with_context(allowed_company_ids=companies).has_access("read")

    def _plan_activity(self):
        """Let the responsible user know by an activity, unless one is still open for this record and campaign."""
        self.ensure_one()
        if not self.user_id.active:
            self.user_id = self._in_charge(self.campaign_id)
        target = self._record()
        has_activities = bool(target) and isinstance(target, self.env.registry["mail.activity.mixin"])
        if not has_activities or not self._may_read(self.user_id, target):
            target = self.campaign_id
        same = [("campaign_id", "=", self.campaign_id.id), ("activity_id.active", "=", True)]
        if target != self.campaign_id:
            same += [("res_model", "=", self.res_model), ("res_id", "=", self.res_id)]
        elif self.recipient_id:
            same += [("recipient_id", "=", self.recipient_id.id)]
        self.activity_id = self.search(same, limit=1).activity_id or target.activity_schedule(
            "mail.mail_activity_data_email",
            user_id=self.user_id.id,
            **self._told_in_activity(),
        )

    def _told_in_activity(self):
        return {
            "summary": self.env._("Reply of %s to a mass email", self.name or self.email),
            "note": escape(self.excerpt or ""),
        }

    def _follow_in_activities(self, vals):
        """Let activities follow what became of their replies."""
        activities = self.sudo().activity_id.filtered("active")
        if vals.get("state") == "done":
            still_open = self.sudo().search([("activity_id", "in", activities.ids), ("state", "=", "new")])
            if finished := activities - still_open.activity_id:
                finished.action_feedback()
        elif vals.get("state") == "new":
            for reply in self.sudo().filtered(lambda reply: not reply.activity_id.active):
                reply._plan_activity()
        if vals.get("user_id"):
            activities.exists().filtered("active").user_id = vals["user_id"]
