import logging
import time

import psycopg2.errors

from odoo import api, models
from odoo.tools import SQL

from .delivery import Delivery, DeliveryError
from .worker import Worker

_logger = logging.getLogger(__name__)

CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)
MAX_TRIES = 12
# How many rows the scheduler is told of at the most as remaining; counting them all would cost more than it tells.
COUNT_LIMIT = 10_000


class EmailCampaignMailing(models.Model):
    """The worker's side of mass emails: what is due, one step after the other, and what to do in trouble."""

    _inherit = "email.campaign.mailing"

    @api.model
    def _cron_send(self):
        """Send what is due, batch by batch, until nothing is left or the scheduler's time is up."""
        deliveries = {}
        with Worker(self.env.cr.dbname) as worker:
            try:
                self._committed(self.env["email.campaign.recipient"]._recover)
                self._committed(self.env["email.campaign.recipient"]._sweep)
                time_left = float("inf")
                while time_left > 0:
                    done = 0
                    for mailing in self._due():
                        done += mailing._send_step(worker, deliveries)
                    self._committed(self._finish)
                    time_left = self.env["ir.cron"]._commit_progress(done, remaining=self._sendable_count())
                    if not done:
                        break
            finally:
                for delivery in deliveries.values():
                    delivery.close()
        self._plan_next()

    def _send_step(self, worker, deliveries):
        """Send one batch of this mass email; give the number of recipients dealt with. One that can't be sent waits."""
        self.ensure_one()
        trouble = None
        try:
            if self.id not in deliveries:
                deliveries[self.id] = Delivery(self, worker)
            return deliveries[self.id].step()
        except DeliveryError as error:
            trouble = error
        except CONFLICTS:
            _logger.info("mass email %s: too many conflicts with other workers, leaving it to them", self.id)
        except Exception as error:
            # Whatever it is, it must not keep other mass emails from going out.
            _logger.exception("mass email %s: the worker stumbled", self.id)
            trouble = DeliveryError(f"{type(error).__name__}: {error}")
        self.env.cr.rollback()
        if trouble:
            self._committed(lambda: self._note_trouble(trouble))
        if delivery := deliveries.pop(self.id, None):
            delivery.close()
            self._committed(delivery.give_back)
        return 0

    def _committed(self, work):
        """Do `work` in a transaction of its own, again when it meets another worker's; give its result."""
        for left in reversed(range(MAX_TRIES)):
            try:
                result = work()
                self.env.cr.flush()
                self.env.cr.commit()  # pylint: disable=invalid-commit
                return result
            except CONFLICTS:
                self.env.cr.rollback()
                if not left:
                    raise
                time.sleep(0.002 * (MAX_TRIES - left))

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
    def _sendable_count(self):
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM (
                    SELECT FROM email_campaign_recipient r
                     WHERE r.mailing_id = ANY(%s) AND r.state IN ('queued', 'retry')
                       AND (r.state = 'queued' OR r.next_try_at <= now() AT TIME ZONE 'utc')
                     LIMIT %s) AS sendable
                """,
                self._due().ids,
                COUNT_LIMIT,
            )
        )
        return count

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
                                    WHERE r.mailing_id = m.id
                                      AND r.state IN ('queued', 'claimed', 'handed', 'retry'))
             RETURNING m.id
                """
            )
        )
        finished = self.sudo().browse(mailing_id for (mailing_id,) in rows)
        finished.invalidate_recordset()
        for mailing in finished:
            mailing._message_log(
                body=self.env._(
                    "Finished: %(sent)s sent, %(failed)s failed, %(doubt)s in doubt, %(skipped)s skipped.",
                    sent=mailing.sent_count,
                    failed=mailing.failed_count,
                    doubt=mailing.in_doubt_count,
                    skipped=mailing.skipped_count,
                )
            )

    def _note_trouble(self, trouble):
        """Say on the form why nothing goes out; try again later, each time waiting longer, or wait for a person."""
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_mailing
                   SET trouble = %(text)s, trouble_count = coalesce(trouble_count, 0) + 1,
                       next_try_at = now() AT TIME ZONE 'utc'
                                     + make_interval(mins => least(60, 2 ^ least(coalesce(trouble_count, 0), 6))::int),
                       state = CASE WHEN %(pause)s THEN 'paused' ELSE state END
                 WHERE id = %(id)s AND state IN ('queued', 'sending')
             RETURNING trouble_count
                """,
                text=trouble.explanation,
                pause=trouble.pause,
                id=self.id,
            )
        )
        self.invalidate_recordset()
        if rows and rows[0][0] == 1:
            self._message_log(body=self.env._("Nothing can be sent at the moment: %s", trouble.explanation))

    @api.model
    def _plan_next(self):
        """Wake up at the moment when something may go on."""
        [(at,)] = self.env.execute_query(
            SQL(
                """
                SELECT min(at) FROM (
                    SELECT greatest(m.scheduled_at, m.next_try_at) AS at FROM email_campaign_mailing m
                      JOIN email_campaign c ON c.id = m.campaign_id AND c.active
                     WHERE m.state IN ('queued', 'sending')
                    UNION ALL
                    SELECT greatest(min(r.next_try_at), m.next_try_at) FROM email_campaign_mailing m
                      JOIN email_campaign c ON c.id = m.campaign_id AND c.active
                      JOIN email_campaign_recipient r ON r.mailing_id = m.id AND r.state = 'retry'
                     WHERE m.state IN ('queued', 'sending')
                     GROUP BY m.id
                ) AS moments WHERE at > now() AT TIME ZONE 'utc'
                """
            )
        )
        if at:
            self.env.ref("email_campaign.cron_send").sudo()._trigger(at)
            self.env.cr.commit()  # pylint: disable=invalid-commit
