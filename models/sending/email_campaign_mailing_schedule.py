from odoo import api, fields, models
from odoo.tools import format_date, format_time


class EmailCampaignMailing(models.Model):
    """When a mass email starts: asked before the launch, changed while it waits."""

    _inherit = "email.campaign.mailing"

    is_scheduled = fields.Boolean(compute="_compute_is_scheduled", help="Whether it waits for its time.")

    @api.depends("state", "scheduled_at")
    def _compute_is_scheduled(self):
        now = fields.Datetime.now()
        for mailing in self:
            at = mailing.scheduled_at
            mailing.is_scheduled = mailing.state in ("queued", "paused") and bool(at) and at > now

    def action_prepare_launch(self):
        """Open the dialog that shows who would get it and when, and launches it.

        :raises UserError: saying what is missing
        """
        return self._open_launch()

    def _open_launch(self, **values):
        self.ensure_one()
        self.check_access("write")
        wizard = self.env["email.campaign.launch"]._prepare(self, **values)
        return wizard._open(self.env._("Launch “%s”", self.display_name))

    def action_reschedule(self):
        """Open the dialog in which the time is changed."""
        self.ensure_one()
        self._check_waits()
        wizard = self.env["email.campaign.launch"].create(
            {
                "mailing_id": self.id,
                "is_launch": False,
                "moment": "later" if self.is_scheduled else "now",
                "scheduled_at": self.scheduled_at if self.is_scheduled else False,
            }
        )
        return wizard._open(self.env._("Reschedule “%s”", self.display_name))

    def action_start_now(self):
        """Don't wait for the time that was set."""
        for mailing in self:
            mailing._reschedule(False)
        return True

    def _reschedule(self, at):
        """Let it start at `at`, a moment in UTC, or False for at once; a paused one goes on when it is resumed."""
        self.ensure_one()
        self._check_waits()
        self.sudo().write({"scheduled_at": at})
        if self.state == "queued":
            self.env["email.provider"].sudo()._trigger_send(at or None)
        self._notify_progress(force=True)

    def _check_waits(self):
        # What a worker has taken up is sending; a time would come too late for it.
        self._check_state(("queued", "paused"), self.env._("be given another time; pause it first if it is being sent"))

    @api.model
    def _moment_text(self, moment):
        """Give a moment in UTC as the user reads it, with the time zone: the browser may be in another one."""
        local = fields.Datetime.context_timestamp(self, moment)
        return self.env._(
            "%(date)s, %(time)s (%(timezone)s)",
            date=format_date(self.env, local.date()),
            time=format_time(self.env, moment, tz=self.env.tz.zone, time_format="short"),
            timezone=self.env.tz.zone.replace("_", " "),
        )

    def _starts_later(self):
        """Give what the client shows about those of `self` that wait for their time, or True if none does."""
        later = self.filtered("is_scheduled")
        if not later:
            return True
        return self._notification(
            "\n".join(
                self.env._(
                    "“%(mailing)s” starts on %(moment)s, as it was scheduled.",
                    mailing=mailing.display_name,
                    moment=mailing._moment_text(mailing.scheduled_at),
                )
                for mailing in later
            )
        )

    def _estimate_text(self, count):
        """Give how long `count` emails take, in words, or nothing while that is not known."""
        provider = self._provider()
        return provider._estimate_text(count) if provider else ""
