from odoo import models
from odoo.tools import SQL

from .connecting import ConnectingError, connect


class EmailProvider(models.Model):
    """Health: what a worker and the button found out about a provider."""

    _inherit = "email.provider"

    def action_check(self):
        """Connect and log in without sending anything, and tell what came of it."""
        self.ensure_one()
        self.check_access("write")
        provider = self.sudo()
        try:
            connection = provider._open(provider.email or provider.env.user.email_formatted)
        except ConnectingError as error:
            provider._note_trouble(error.explanation)
            return provider._tell("danger", error.explanation)
        connection.close()
        provider._note_going()
        provider._trigger_send()
        return provider._tell("success", self.env._("“%s” works: connected and logged in.", self.name))

    def _open(self, sender):
        """Give an open, logged-in connection of smtplib for mail from `sender`.

        :raises ConnectingError: where there is none
        """
        self.ensure_one()
        return connect(self._mail_servers(self.company_id or self.env.company), self.mail_server_id, sender)

    def _note_trouble(self, text, pause=False):
        """Turn red because of `text`, and wait: a minute, then longer each time, up to an hour.

        `pause` is for what only a person can mend: it waits an hour at once. What several workers meet at the same time
        counts once: while it waits already, nothing changes.
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE email_provider AS provider
                   SET state = 'red', last_error = %(text)s, last_error_at = now() AT TIME ZONE 'utc',
                       trouble_count = coalesce(provider.trouble_count, 0) + 1,
                       next_try_at = now() AT TIME ZONE 'utc' + make_interval(mins => CASE WHEN %(pause)s THEN 60
                            ELSE least(60, 2 ^ least(coalesce(provider.trouble_count, 0), 6))::int END)
                  FROM email_provider AS before
                 WHERE provider.id = %(id)s AND before.id = provider.id
                   AND NOT (provider.state = 'red' AND coalesce(provider.next_try_at > now() AT TIME ZONE 'utc', FALSE))
             RETURNING before.state
                """,
                text=text,
                pause=pause,
                id=self.id,
            ),
            log_exceptions=False,
        )
        rows = self.env.cr.fetchall()
        if not rows:
            return
        self.invalidate_recordset()
        if rows[0][0] != "red":
            self._message_log(body=self.env._("In trouble: %s", text))

    def _note_going(self):
        """Turn green: it was connected to and takes mail."""
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE email_provider AS provider SET state = 'green', next_try_at = NULL, trouble_count = 0
                  FROM email_provider AS before
                 WHERE provider.id = %s AND before.id = provider.id
                   AND (provider.state <> 'green' OR provider.trouble_count > 0 OR provider.next_try_at IS NOT NULL)
             RETURNING before.state
                """,
                self.id,
            ),
            log_exceptions=False,
        )
        rows = self.env.cr.fetchall()
        if not rows:
            return
        self.invalidate_recordset()
        if rows[0][0] == "red":
            self._message_log(body=self.env._("Works again."))

    def _note_rate(self, mails_per_second):
        """Remember how fast mail left lately, smoothed; small changes are not worth writing."""
        self.ensure_one()
        if mails_per_second <= 0:
            return
        before = self.measured_rate
        rate = before + 0.3 * (mails_per_second - before) if before else mails_per_second
        if abs(rate - before) > 0.05 * before:
            # By SQL: it is not a change by a person, and must not look again for limits.
            self.env.cr.execute(
                SQL("UPDATE email_provider SET measured_rate = %s WHERE id = %s", rate, self.id),
                log_exceptions=False,
            )
            self.invalidate_recordset(["measured_rate"])

    def _tell(self, kind, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "sticky": kind == "danger",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
