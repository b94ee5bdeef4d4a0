from datetime import datetime, time, timedelta

from markupsafe import Markup
from pytz import utc

from odoo import api, fields, models
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
    sender = fields.Char("From", readonly=True)
    recipient_count = fields.Integer("Recipients", readonly=True)
    skipped_count = fields.Integer("Left Out", readonly=True)
    skipped_table = fields.Html("Who Is Left Out", readonly=True)
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
        return {"type": "ir.actions.act_window_close"}

    def action_send_test(self):
        """Open the dialog that sends a test; the mass email stays a draft."""
        self.ensure_one()
        return self.mailing_id.action_send_test()

    @api.model
    def _prepare(self, mailing):
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
                "skipped_table": self._reasons_table(report),
                "estimate": mailing._estimate_text(count) if count else False,
                "warnings": self._warnings(mailing, contents, count, report),
                "moment": "later" if later else "now",
                "scheduled_at": mailing.scheduled_at if later else False,
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

    def _reasons_table(self, report):
        """Give the reasons as a table, the most frequent first."""
        labels = dict(self.env["email.campaign.recipient"]._fields["skip_reason"]._description_selection(self.env))
        rows = Markup().join(
            Markup('<tr><td>%s</td><td class="text-end">%s</td></tr>') % (labels[reason], self._number(count))
            for reason, count in sorted(report.items(), key=lambda pair: -pair[1])
        )
        return Markup('<table class="table table-sm mb-0">%s</table>') % rows if rows else False

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
