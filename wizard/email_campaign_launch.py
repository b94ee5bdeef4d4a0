from datetime import datetime, time, timedelta

from markupsafe import Markup
from pytz import utc

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ..models.sending.outgoing import Outgoing


class EmailCampaignLaunch(models.TransientModel):
    """The last look before a mass email goes out: who gets it, who does not and why, and when.

    What it shows is counted once, when it is opened: with a million people on the lists that takes seconds.
    """

    _name = "email.campaign.launch"
    _description = "Launch a Mass Email"

    mailing_id = fields.Many2one("email.campaign.mailing", required=True, readonly=True, ondelete="cascade")
    is_launch = fields.Boolean(default=True, readonly=True)
    is_new = fields.Boolean(readonly=True, help="Whether the mass email was made just now, and is not shown behind.")
    sender = fields.Char("From", readonly=True)
    recipient_count = fields.Integer("Recipients", readonly=True)
    skipped_count = fields.Integer("Left Out", readonly=True)
    reason_ids = fields.One2many("email.campaign.launch.reason", "launch_id", "Who Is Left Out", readonly=True)
    estimate = fields.Char(readonly=True)
    warnings = fields.Html(readonly=True)
    moment = fields.Selection(
        [("now", "At Once"), ("later", "At a Date and Time")], "Start", default="now", required=True
    )
    scheduled_at = fields.Datetime("Start At")

    @api.onchange("moment")
    def _onchange_moment(self):
        if self.moment == "later" and not self.scheduled_at:
            self.scheduled_at = self._next_morning()

    def action_confirm(self):
        """Launch, or set the new time; then show the mass email."""
        self.ensure_one()
        at = self.scheduled_at if self.moment == "later" else False
        if self.moment == "later" and (not at or at <= fields.Datetime.now()):
            raise UserError(
                self.env._(
                    "%(moment)s has passed. Choose a later moment, or let it start at once.",
                    moment=self.mailing_id._moment_text(at),
                )
                if at
                else self.env._("Choose the date and time at which it shall start.")
            )
        mailing = self.mailing_id
        if self.is_launch:
            mailing.check_access("write")
            mailing.scheduled_at = at
            mailing.action_launch()
        else:
            mailing._reschedule(at)
        return self._open_mailing() if self.is_new else {"type": "ir.actions.act_window_close"}

    def action_send_test(self):
        """Open the dialog that sends a test; the mass email stays a draft."""
        self.ensure_one()
        return self.mailing_id.action_send_test()

    def action_keep_draft(self):
        """Show the mass email that was made just now; it stays a draft."""
        self.ensure_one()
        return self._open_mailing()

    def action_view_audience(self):
        """Open those who would get it."""
        self.ensure_one()
        return self._open_audience("queued", self.env._("Would Get “%s”", self.mailing_id.display_name))

    def _open_audience(self, reason, title):
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_member_action_audience")
        action.update(
            domain=[("audience", "=", f"{self.mailing_id.id}:{reason}")],
            context={"audience_mailing_id": self.mailing_id.id} if self.is_new else {},
            display_name=title,
        )
        return action

    def _open_mailing(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self.mailing_id._name,
            "res_id": self.mailing_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "current",
        }

    @api.model
    def _prepare(self, mailing, **values):
        """Give the dialog for launching `mailing`.

        :raises UserError: saying what is missing
        """
        mailing._check_launch()
        contents = [content for _source, content in mailing._compiled(mailing._audience_langs()).values()]
        report = self.env["email.audience"]._report(mailing)
        count = report.pop(False, 0)
        later = bool(mailing.scheduled_at) and mailing.scheduled_at > fields.Datetime.now()
        return self.create(
            {
                "mailing_id": mailing.id,
                "sender": Outgoing(mailing.sudo(), mailing.sudo()._provider()).sender,
                "recipient_count": count,
                "skipped_count": sum(report.values()),
                "reason_ids": [
                    Command.create({"reason": reason, "member_count": number})
                    for reason, number in sorted(report.items(), key=lambda pair: -pair[1])
                ],
                "estimate": mailing._estimate_text(count) if count else False,
                "warnings": self._warnings(mailing, contents, count, report),
                "moment": "later" if later else "now",
                "scheduled_at": mailing.scheduled_at if later else False,
                **values,
            }
        )

    def _open(self, title):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_campaign_launch_action")
        action.update(res_id=self.id, name=title)
        if not self.is_launch:
            action["context"] = {"dialog_size": "medium"}
        return action

    def _next_morning(self):
        """Give nine o'clock of the next working day, as the user's clock shows it, in UTC."""
        today = fields.Datetime.context_timestamp(self, fields.Datetime.now()).date()
        day = today + timedelta(days={4: 3, 5: 2}.get(today.weekday(), 1))
        return self.env.tz.localize(datetime.combine(day, time(9))).astimezone(utc).replace(tzinfo=None)

    def _number(self, number):
        return formatLang(self.env, number, digits=0)

    def _warnings(self, mailing, contents, count, report):
        """Give what should be thought of before launching, as paragraphs."""
        found = []
        left_out = sum(report.values())
        if not count and not left_out:
            found.append(self.env._("Nobody is on the target lists of this campaign, so there is nothing to send."))
        elif not count:
            found.append(self.env._("Nobody would get it: everyone on the target lists is left out."))
        elif left_out > count:
            found.append(
                self.env._(
                    "Most of those on the target lists are left out: %(left_out)s of %(all)s.",
                    left_out=self._number(left_out),
                    all=self._number(left_out + count),
                )
            )
        found.extend(
            self.env._("The list “%s” is archived, so nobody gets it by that list.", archived.name)
            for archived in mailing.campaign_id._archived_target_lists()
        )
        found.extend(record._progress_text() for record in mailing._lists()._unfinished_imports())
        if not all(content.has_opt_out for content in contents):
            found.append(
                self.env._(
                    "Nobody could opt out: the email has no opt-out link, and the footer that has one is switched off "
                    "in the settings. Write {optOutUrl} as the target of a link."
                )
            )
        if mailing.scheduled_at and mailing.scheduled_at <= fields.Datetime.now():
            found.append(
                self.env._(
                    "The time that was set, %(moment)s, has passed: it would start at once.",
                    moment=mailing._moment_text(mailing.scheduled_at),
                )
            )
        return Markup().join(Markup("<div>%s</div>") % text for text in found) or False


class EmailCampaignLaunchReason(models.TransientModel):
    """One reason for which people would be left out, and how many they are."""

    _name = "email.campaign.launch.reason"
    _description = "Reason Why People Are Left Out"
    _order = "id"

    launch_id = fields.Many2one("email.campaign.launch", required=True, readonly=True, ondelete="cascade")
    reason = fields.Selection(
        lambda self: self.env["email.campaign.recipient"]._fields["skip_reason"].selection, readonly=True
    )
    member_count = fields.Integer("Members", readonly=True)

    def action_view_audience(self):
        """Open those who are left out for this reason."""
        self.ensure_one()
        title = dict(self._fields["reason"]._description_selection(self.env))[self.reason]
        return self.launch_id._open_audience(self.reason, title)
