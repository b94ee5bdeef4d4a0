from odoo import api, models
from odoo.tools import html2plaintext

SHOWN = 300  # characters of the message in the activity


class EmailCampaignReply(models.Model):
    """Who is to deal with a reply, and the activity that tells them: one for each record and campaign at a time."""

    _inherit = "email.campaign.reply"

    @api.model
    def _responsible(self, record, campaign):
        """Give the user of the contact or lead if they may read it, else the one of the campaign."""
        field = record._fields.get("user_id")
        owner = record.user_id if record and field and field.comodel_name == "res.users" else None
        if owner and owner.active and not owner.share and campaign.company_id in owner.company_ids:
            theirs = record.with_user(owner).with_context(allowed_company_ids=owner.company_ids.ids)
            if theirs.has_access("read"):
                return owner
        return campaign.user_id

    def _plan_activity(self):
        """Let the responsible user know by an activity, unless one is still open for this record and campaign."""
        self.ensure_one()
        target = self._record()
        if not isinstance(target, self.env.registry["mail.activity.mixin"]) or not target:
            target = self.campaign_id
        same = [("campaign_id", "=", self.campaign_id.id), ("activity_id.active", "=", True)]
        if target != self.campaign_id:
            same += [("res_model", "=", self.res_model), ("res_id", "=", self.res_id)]
        elif self.recipient_id:
            same += [("recipient_id", "=", self.recipient_id.id)]
        self.activity_id = self.search(same, limit=1).activity_id or target.activity_schedule(
            "mail.mail_activity_data_email",
            user_id=self.user_id.id,
            summary=self.env._(
                "Reply of %(name)s to “%(subject)s”", name=self.name or self.email, subject=self._about()
            ),
            note=html2plaintext(self.body or "")[:SHOWN],
        )

    def _about(self):
        return self.mailing_id.display_name

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
