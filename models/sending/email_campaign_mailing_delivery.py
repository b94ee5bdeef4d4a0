import logging
import time

import psycopg2.errors

from odoo import api, models
from odoo.tools import SQL

from .dispatch import Dispatch
from .trouble import DeliveryError
from .worker import Worker, living_workers

_logger = logging.getLogger(__name__)

CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)
MAX_TRIES = 12
# How long one mass email is sent before another has its turn.
SLICE_SECONDS = 5.0
# So many recipients are claimed at a time at the most: while that lasts the connections must have enough to do.
PORTION = 1000
# How many rows the scheduler is told of at the most as remaining; counting them all would cost more than it tells.
COUNT_LIMIT = 10_000


class EmailCampaignMailing(models.Model):
    """The worker's side of mass emails: what is due, one step after the other, and what to do in trouble."""

    _inherit = "email.campaign.mailing"

    @api.model
    def _cron_send(self):
        """Send what is due, slice by slice, until nothing is left or the scheduler's time is up."""
        with Worker(self.env.cr.dbname) as worker:
            dispatch = Dispatch(worker)
            try:
                self._committed(self.env["email.campaign.worker"]._declare_dead)
                self._committed(self.env["email.campaign.recipient"]._recover)
                self._committed(self.env["email.campaign.recipient"]._sweep)
                looked_at = self._send_due(dispatch)
            except Exception:
                if self._is_database_away():
                    dispatch.settle(self.env.cr.dbname)
                raise
            finally:
                dispatch.close()
            self._committed(lambda: self.env["email.campaign.worker"]._dismiss(worker.number, dispatch.unsettled))
        self._plan_next(looked_at)

    @api.model
    def _send_due(self, dispatch):
        """Send until there is nothing more, or no time; give the moment (UTC) of the last look at what is due."""
        time_left = float("inf")
        while time_left > 0:
            dealt = sum(mailing._send_slice(dispatch, SLICE_SECONDS) for mailing in self._due())
            self._committed(self._finish)
            remaining, looked_at = self._sendable_count(dispatch.worker)
            time_left = self.env["ir.cron"]._commit_progress(dealt, remaining=remaining)
            # What is launched from now on calls for another run.
            if not dealt or not remaining:
                break
        dispatch.give_back()
        return looked_at

    def _send_slice(self, dispatch, seconds):
        """Send this mass email for some seconds; give the number of recipients dealt with.

        One that can't be sent waits, and says why.
        """
        self.ensure_one()
        if not self.exists():
            return 0  # deleted since it was due
        trouble = None
        try:
            dealt, again_at = dispatch.send(self, time.monotonic() + seconds)
            if again_at:
                self._committed(lambda: self._wait_until(again_at))
            return dealt
        except DeliveryError as error:
            dispatch.drop(self)
            trouble = error
        except CONFLICTS:
            _logger.info("mass email %s: too many conflicts with other workers, leaving it to them", self.id)
            dispatch.abandon(self)
        except Exception as error:
            if self._is_database_away():
                raise  # nothing can be done without it
            # Whatever it is, it must not keep other mass emails from going out.
            _logger.exception("mass email %s: the worker stumbled", self.id)
            dispatch.abandon(self)
            trouble = DeliveryError(f"{type(error).__name__}: {error}")
        if trouble:
            self._committed(lambda: self._note_trouble(trouble))
        return 0

    def _is_database_away(self):
        """Say whether the connection is lost. What psycopg2 raises then is not always the same."""
        return bool(self.env.cr.connection.closed)

    def _launcher_problem(self):
        """Say why it can't be sent in the name of who launched it, or give None.

        Merge values are read with the rights of that user; never with those of nobody, which are all.
        """
        user = self.launched_by_id
        if not user:
            return self.env._(
                "The user who launched it is gone, and with whose rights the merge values could be read is not known. "
                "Duplicate it and launch it anew for those who are left."
            )
        if not user._is_superuser() and self.company_id and self.company_id not in user.company_ids:
            return self.env._(
                "%(user)s, who launched it, is not allowed in the company %(company)s any more. Allow them there and "
                "resume, or duplicate it and launch it anew for those who are left.",
                user=user.name,
                company=self.company_id.name,
            )
        return None

    def _committed(self, work, if_written=False):
        """Do `work` in a transaction of its own, again when it meets another worker's; give its result.

        :param if_written: whether the transaction goes on, with what was read in it, if nothing was written
        """
        for left in reversed(range(MAX_TRIES)):
            try:
                result = work()
                self.env.cr.flush()
                if not if_written or self._has_written():
                    self.env.cr.commit()  # pylint: disable=invalid-commit
                return result
            except CONFLICTS:
                self.env.cr.rollback()
                if not left:
                    raise
                time.sleep(0.002 * (MAX_TRIES - left))

    @api.model
    def _has_written(self):
        return self.env.execute_query(SQL("SELECT pg_current_xact_id_if_assigned() IS NOT NULL"))[0][0]

    @api.model
    def _due(self):
        """Give the mass emails that may be sent now, the one that waits longest first.

        Those of an archived campaign wait until it is unarchived.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.id FROM email_campaign_mailing m
                  JOIN email_campaign c ON c.id = m.campaign_id AND c.active
                 WHERE m.state IN ('queued', 'sending')
                   AND (m.scheduled_at IS NULL OR m.scheduled_at <= now() AT TIME ZONE 'utc')
                   AND (m.next_try_at IS NULL OR m.next_try_at <= now() AT TIME ZONE 'utc')
                 ORDER BY coalesce(m.scheduled_at, m.launched_at), m.id
                """
            )
        )
        return self.sudo().browse(mailing_id for (mailing_id,) in rows)

    @api.model
    def _sendable_count(self, worker):
        """Give (how much may be sent now and is in no other worker's care, up to a limit; that moment in UTC)."""
        due = self._due()
        if not due:
            return 0, self.env.cr.now()
        [found] = self.env.execute_query(
            SQL(
                """
                SELECT count(*), now() AT TIME ZONE 'utc' FROM (
                    SELECT FROM email_campaign_recipient r
                     WHERE r.mailing_id = ANY(%(mailings)s) AND r.is_open IS TRUE AND r.state IN ('queued', 'retry')
                       AND coalesce(r.next_try_at, '-infinity') <= now() AT TIME ZONE 'utc'
                       AND NOT EXISTS (SELECT FROM email_campaign_worker w
                                        WHERE w.mailing_id = r.mailing_id AND w.number <> %(number)s
                                          AND r.id BETWEEN w.first_id AND w.last_id AND w.number IN (%(living)s))
                       AND NOT EXISTS (SELECT FROM email_campaign_worker w, jsonb_array_elements(w.retry_ids) kept (id)
                                        WHERE kept.id::int = r.id AND w.number <> %(number)s
                                          AND w.number IN (%(living)s))
                     LIMIT %(limit)s) AS sendable
                """,
                mailings=due.ids,
                number=worker.number,
                living=living_workers(),
                limit=COUNT_LIMIT,
            )
        )
        return found

    @api.model
    def _finish(self):
        """Mark as done what has nothing left to send."""
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_mailing m
                   SET state = 'done', done_at = now() AT TIME ZONE 'utc', trouble = NULL, trouble_count = 0,
                       next_try_at = NULL
                 WHERE m.state = 'sending'
                   AND NOT EXISTS (SELECT FROM email_campaign_recipient r
                                    WHERE r.mailing_id = m.id AND r.is_open IS TRUE)
             RETURNING m.id
                """
            )
        )
        finished = self.sudo().browse(mailing_id for (mailing_id,) in rows)
        finished.invalidate_recordset()
        self._settle_figures()
        for mailing in finished:
            counts = mailing._settled_counts()
            mailing._message_log(
                body=self.env._(
                    "Finished: %(sent)s sent, %(failed)s failed, %(doubt)s in doubt, %(skipped)s skipped.",
                    sent=counts["sent_count"],
                    failed=counts["failed_count"],
                    doubt=counts["in_doubt_count"],
                    skipped=counts["skipped_count"],
                )
            )
        finished._notify_progress()

    def _note_trouble(self, trouble, moment=None):
        """Say on the form why nothing goes out, and wait for a person, or until `moment`, or each time longer."""
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_mailing
                   SET trouble = %(text)s, trouble_count = coalesce(trouble_count, 0) + 1,
                       next_try_at = coalesce(%(moment)s::timestamp, now() AT TIME ZONE 'utc'
                                     + make_interval(mins => least(60, 2 ^ least(coalesce(trouble_count, 0), 6))::int)),
                       state = CASE WHEN %(pause)s THEN 'paused' ELSE state END
                 WHERE id = %(id)s AND state IN ('queued', 'sending')
             RETURNING trouble_count
                """,
                text=trouble.explanation,
                pause=trouble.pause,
                moment=moment,
                id=self.id,
            )
        )
        self.invalidate_recordset()
        if not rows:
            return  # it is not to be sent any more
        if rows[0][0] == 1:
            self._message_log(body=self.env._("Nothing can be sent at the moment: %s", trouble.explanation))
        self._notify_progress()

    def _note_going(self):
        """Something was taken: what the form said of trouble is over."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE email_campaign_mailing SET trouble = NULL, trouble_count = 0, next_try_at = NULL
                 WHERE id = %s AND state = 'sending' AND trouble IS NOT NULL
                """,
                self.id,
            ),
            log_exceptions=False,
        )
        self.invalidate_recordset()

    def _wait_until(self, moment):
        """A limit is reached; `moment` is when it lets go on."""
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_mailing SET trouble = NULL, trouble_count = 0, next_try_at = %s
                 WHERE id = %s AND state IN ('queued', 'sending') RETURNING id
                """,
                moment,
                self.id,
            )
        )
        self.invalidate_recordset()
        self._notify_progress()

    def _wait_for_providers(self, reasons):
        """No provider can send it at the moment: say why, and try again when the first of them may be tried.

        :param reasons: (explanation, moment or None) of each provider, the first choice first
        """
        if not reasons:
            self._note_trouble(DeliveryError(self._no_provider_text(), pause=True))
            return
        moments = [moment for _text, moment in reasons if moment]
        self._note_trouble(DeliveryError(reasons[0][0]), min(moments, default=None))

    def _no_provider_text(self):
        return self.env._(
            "No provider may send from %(sender)s in the company %(company)s. Choose one on the form, or let one send "
            "from there.",
            sender=self.email_from,
            company=self.company_id.name,
        )

    def _refused_by(self, provider):
        """Remember that `provider` never takes this sender, and leave it to others."""
        self.refused_provider_ids |= provider
        self._message_log(body=self.env._("%s does not take the sender; another provider takes over.", provider.name))

    @api.model
    def _portion_size(self):
        """Give how many recipients a worker claims at a time at the most."""
        parameters = self.env["ir.config_parameter"]
        return parameters._email_campaign_number("email_campaign.portion_size", PORTION, least=1)

    @api.model
    def _plan_next(self, since):
        """Wake up at the moment when something may go on that could not at the moment `since` (UTC).

        That may be over by now: connections take a while to close.
        """
        if not self.env.execute_query(
            SQL("SELECT FROM email_campaign_mailing WHERE state IN ('queued', 'sending') LIMIT 1")
        ):
            return
        [(at, is_over)] = self.env.execute_query(
            SQL(
                """
                SELECT min(at), min(at) <= now() AT TIME ZONE 'utc' FROM (
                    SELECT greatest(m.scheduled_at, m.next_try_at) AS at FROM email_campaign_mailing m
                      JOIN email_campaign c ON c.id = m.campaign_id AND c.active
                     WHERE m.state IN ('queued', 'sending')
                    UNION ALL
                    SELECT greatest(min(r.next_try_at), m.next_try_at) FROM email_campaign_mailing m
                      JOIN email_campaign c ON c.id = m.campaign_id AND c.active
                      JOIN email_campaign_recipient r ON r.mailing_id = m.id AND r.is_open IS TRUE
                                                         AND r.state IN ('queued', 'retry')
                                                         AND r.next_try_at IS NOT NULL
                     WHERE m.state IN ('queued', 'sending')
                     GROUP BY m.id
                ) AS moments WHERE at > %s
                """,
                since,
            )
        )
        if at:
            self.env["email.provider"]._trigger_send(None if is_over else at)
            self.env.cr.commit()  # pylint: disable=invalid-commit
