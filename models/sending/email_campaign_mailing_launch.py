import logging

from markupsafe import Markup
from psycopg2.errors import SerializationFailure

from odoo import Command, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import address
from .connecting import ConnectingError
from .outgoing import Outgoing

_logger = logging.getLogger(__name__)

DEFAULT_LANG = "en_US"


class EmailCampaignMailing(models.Model):
    """From draft to the queue and what a person can do while it is there."""

    _inherit = "email.campaign.mailing"

    def action_launch(self):
        """Check everything, freeze content and audience, and put it in the queue; or, for a dry run, only report.

        :raises UserError: saying what is missing; then nothing has changed
        """
        self.check_access("write")
        reports = []
        for mailing in self:
            mailing._check_launch()
            with self.env.cr.savepoint() as savepoint:
                mailing._freeze()
                report = mailing._audience_report()
                if mailing.dry_run:
                    savepoint.rollback()
                    self.env.invalidate_all(flush=False)
                    reports.append(mailing._post_report(report))
                    continue
            if not mailing.recipient_count:
                raise UserError(
                    self.env._(
                        "Nobody would get “%(mailing)s”: %(reasons)s",
                        mailing=mailing.display_name,
                        reasons=mailing._reasons_text(report) or self.env._("the target lists are empty."),
                    )
                )
            self.env["email.provider"].sudo()._trigger_send(mailing.scheduled_at or None)
            mailing._notify_progress(force=True)
        return self._notification("\n".join(reports)) if reports else True

    def _notification(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "sticky": True,
                "message": message,
                # The form shows the report in its log.
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_pause(self):
        self._move("paused", ("queued", "sending"))
        self._notify_progress(force=True)
        return True

    def action_resume(self):
        """Go on where it stopped, or wait for the time that was set if that is still to come."""
        again = {"trouble": False, "trouble_count": 0, "next_try_at": False, "refused_provider_ids": [Command.clear()]}
        self._move("queued", ("paused",), **again)
        for mailing in self:
            self.env["email.provider"].sudo()._trigger_send(mailing.scheduled_at or None)
        self._notify_progress(force=True)
        return self._starts_later()

    def action_cancel(self):
        """Stop for good: what has not left is cancelled, what was sent stays sent."""
        self._move("cancelled", ("queued", "sending", "paused"), done_at=fields.Datetime.now())
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    SQL(
                        """
                        UPDATE email_campaign_recipient SET state = 'cancelled', next_try_at = NULL
                         WHERE mailing_id = ANY(%s) AND is_open IS TRUE AND state IN ('queued', 'retry')
                        """,
                        self.ids,
                    ),
                    log_exceptions=False,
                )
        except SerializationFailure:
            _logger.info("mass emails %s: a worker changes their recipients too; the sweep cancels them", self.ids)
        self.env.invalidate_all(flush=False)
        # What a worker holds at this moment is cancelled by it, or by the sweep of the next.
        self.env["email.provider"].sudo()._trigger_send()
        self._notify_progress(force=True)
        return True

    def action_retry_failed(self):
        """Queue again those that failed, and only those."""
        self._check_state(("queued", "sending", "paused", "done"), self.env._("try failed ones again"))
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient
                   SET state = 'queued', attempts = 0, next_try_at = NULL, smtp_code = NULL, smtp_reply = NULL,
                       bounced_at = NULL, bounce_kind = NULL
                 WHERE mailing_id = ANY(%s) AND is_trouble IS TRUE AND state = 'failed' RETURNING id
                """,
                self.ids,
            )
        )
        self.env.invalidate_all(flush=False)
        if not rows:
            raise UserError(self.env._("Nothing failed here, so there is nothing to try again."))
        self.env["email.verdict"].sudo()._supersede([recipient_id for (recipient_id,) in rows])
        self.sudo()._reopen()
        return True

    def action_send_test(self):
        """Open the dialog that sends a test."""
        self.ensure_one()
        self.check_access("write")
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_campaign_mailing_test_action")
        action["context"] = {"default_mailing_id": self.id}
        return action

    def _move(self, state, allowed, **values):
        labels = dict(self._fields["state"]._description_selection(self.env))
        self._check_state(allowed, self.env._("become %s", labels[state].lower()))
        self.sudo().write({"state": state, **values})

    def _check_state(self, allowed, purpose):
        """Hold these mass emails against workers and other people, and check what may be done with them.

        A worker that decides by the state holds it too (`_hold`): one of us waits for the other, and one that had read
        it before is told so by the database, as the row is always written. FOR UPDATE would collide with every event
        that is logged, and to skip what is locked would make the buttons fail just while something is sent.

        :raises UserError: when the state of one is not among `allowed`
        """
        self.check_access("write")
        self.env.flush_all()
        self.env.cr.execute(
            SQL("SELECT id FROM email_campaign_mailing WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", self.ids),
            log_exceptions=False,
        )
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_mailing SET write_date = now() AT TIME ZONE 'utc', write_uid = %s
                 WHERE id = ANY(%s) RETURNING id
                """,
                self.env.uid,
                self.ids,
            )
        )
        self.invalidate_recordset()
        labels = dict(self._fields["state"]._description_selection(self.env))
        for mailing in self:
            if mailing.state not in allowed:
                raise UserError(
                    self.env._(
                        "“%(mailing)s” is %(state)s now, so it can't %(purpose)s.",
                        mailing=mailing.display_name,
                        state=labels[mailing.state].lower(),
                        purpose=purpose,
                    )
                )

    def _reopen(self):
        """Let the worker take up again mass emails that were done."""
        self.filtered(lambda mailing: mailing.state == "done").write({"state": "queued", "done_at": False})
        for mailing in self:
            self.env["email.campaign.worker"]._go_back(mailing, 1)
        self.env["email.provider"].sudo()._trigger_send()
        self._notify_progress(force=True)

    def _check_launch(self):
        """Check what can be checked before anything is frozen, and bring the lists up to date for that.

        :raises UserError: saying what is missing
        """
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._("“%s” was launched already. Duplicate it to send it again.", self.display_name))
        self._check_lists_readable()
        if not self.campaign_id.target_list_ids:
            archived = self.campaign_id._archived_target_lists()
            if archived:
                raise UserError(
                    self.env._(
                        "The target list “%(list)s” of the campaign “%(campaign)s” is archived. Take it out of the "
                        "archive, or choose another one: it says who gets the email.",
                        list=archived[0].name,
                        campaign=self.campaign_id.name,
                    )
                )
            raise UserError(
                self.env._(
                    "The campaign “%s” has no target list. Add one: it says who gets the email.",
                    self.campaign_id.name,
                )
            )
        for field, value in (("email_from", self.email_from), ("reply_to", self.reply_to)):
            if value or field == "email_from":
                self._check_sender(self._fields[field]._description_string(self.env), value)
        if not self.dry_run:
            self._check_providers()
        self._check_excluding_complete()
        self._bring_up_to_date()

    def _check_providers(self):
        """Refuse when none of the providers that it may leave by can be reached and logged in to."""
        mailing, problems = self.sudo(), []
        for provider in mailing.env["email.provider"]._candidates(mailing):
            try:
                Outgoing(mailing, provider).connect().close()
                return
            except ConnectingError as error:
                problems.append(error)
        if not problems:
            raise UserError(mailing._no_provider_text())
        raise UserError(problems[0].explanation) from problems[0]

    def _check_sender(self, field, value):
        if not (value or "").strip():
            raise UserError(
                self.env._(
                    "“%(field)s” of “%(mailing)s” is empty. Write an address there, as in Ann <ann@example.com>.",
                    field=field,
                    mailing=self.display_name,
                )
            )
        try:
            address.normalize(value)
        except address.AddressError as error:
            raise UserError(
                self.env._(
                    "“%(field)s” of “%(mailing)s” must be one email address, and “%(value)s” is none: %(reason)s",
                    field=field,
                    mailing=self.display_name,
                    value=value,
                    reason=error.explanation,
                )
            ) from error

    def _freeze(self):
        """Fix content and audience."""
        langs = self._audience_langs()
        compiled = self._compiled(langs)
        sources = {lang: source for lang, (source, _content) in compiled.items()}
        self.sudo().write(
            {
                "frozen_content": {"lang": langs[0], "sources": sources},
                "subject": self.subject or sources[langs[0]]["subject"],
                "state": "queued",
                "launched_at": fields.Datetime.now(),
                "launched_by_id": self.env.uid,
            }
        )
        for _source, content in compiled.values():
            self.env["email.tracking.url"].sudo()._find_or_add(self.campaign_id, content.urls)
        self.env["email.audience"]._freeze(self)
        self.env["email.campaign.recipient"].sudo()._forget_contacts_later(self)

    def _audience_langs(self):
        """Give the languages of the audience that are installed, the company's own first."""
        installed = {code for code, _name in self.env["res.lang"].get_installed()}
        members = self.env["email.target.list.member"].sudo()
        groups = members._read_group([("list_id", "in", self.campaign_id.target_list_ids.ids)], ["lang"])
        own = self.company_id.sudo().partner_id.lang or self.env.user.lang or DEFAULT_LANG
        return [own, *sorted({lang for (lang,) in groups if lang in installed and lang != own})]

    def _audience_report(self):
        """Give {reason (False for those who get it): number}."""
        groups = self.env["email.campaign.recipient"]._read_group(
            [("mailing_id", "=", self.id)], ["skip_reason"], ["__count"]
        )
        return dict(groups)

    def _reasons_text(self, report):
        labels = dict(self.env["email.campaign.recipient"]._fields["skip_reason"]._description_selection(self.env))
        return ", ".join(f"{labels[reason]}: {count}" for reason, count in report.items() if reason)

    def _post_report(self, report):
        """Write the report of a dry run into the log of the form, and give it as text."""
        counted = self.env._("Dry run: %s would get this email.", report.get(False, 0))
        reasons = self._reasons_text(report)
        left_out = self.env._("Left out: %s.", reasons) if reasons else self.env._("Nobody would be left out.")
        self.message_post(body=Markup("<p>%s</p><p>%s</p>") % (counted, left_out))
        return f"{counted} {left_out}"
