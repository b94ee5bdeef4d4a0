import logging
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .email_campaign_event_count import HOUR
from .email_visit_waiting import Judging

_logger = logging.getLogger(__name__)

# Ids of the log that are counted in one transaction: about a second's work.
PORTION = 200_000
# So long at the least between two looks. Who judges the visits of a moment together has changed them by then.
PAUSE = timedelta(minutes=2)
# When so many wait to be counted, the next look is taken as soon as it may be.
MANY = 50_000
# Ids of the log of which addresses are told in one transaction: short enough not to be in the way of those who send.
TOLD = 10_000
# Events that retention removes in one transaction.
REMOVED = 20_000
# Days that events are kept for; where nothing is stored, for good.
KEEP = "email_campaign.keep_%s_days"


class EmailCampaignEventRollup(models.Model):
    """How far the Campaign Log is counted (`email.campaign.event.number`), the counting, and the removing.

    An id is given before its event can be seen, and events are written by many at once: to count up to the highest id
    that is seen would lose some. So the highest id that was given is noted; at a later look, which transactions may
    be under way; and when all of them are over, all events up to the noted id that will ever be can be seen.
    """

    _name = "email.campaign.event.rollup"
    _description = "Counting of the Campaign Log"
    _log_access = False

    rolled_id = fields.Integer(readonly=True, required=True, default=0, help="Events up to this one are counted.")
    told_id = fields.Integer(
        readonly=True,
        required=True,
        default=0,
        help="Up to this event addresses need not be told any more what was sent to them.",
    )
    noted_id = fields.Integer(readonly=True, help="The highest id that was given when it was looked at last.")
    noted_at = fields.Datetime(readonly=True)
    sealed_id = fields.Integer(readonly=True, help="Events up to this one were begun before the transaction below.")
    sealed_xid = fields.Char("Transaction", readonly=True)

    def init(self):
        """There is exactly one row."""
        result = super().init()
        self.env.cr.execute(
            """
            INSERT INTO email_campaign_event_rollup (rolled_id, told_id)
                 SELECT 0, 0 WHERE NOT EXISTS (SELECT FROM email_campaign_event_rollup)
            """
        )
        return result

    @api.model
    def _rolled_id(self):
        """Give the id up to which events are counted."""
        [(rolled,)] = self.env.execute_query(SQL("SELECT max(rolled_id) FROM email_campaign_event_rollup"))
        return rolled or 0

    @api.model
    def _told_id(self):
        """Give the id of the event up to which addresses know what was sent to them, or are no more to be told."""
        [(told,)] = self.env.execute_query(SQL("SELECT max(told_id) FROM email_campaign_event_rollup"))
        return told or 0

    @api.model
    def _hold(self):
        """Give the id up to which events are counted, and keep it what it is until the end of the transaction."""
        [(rolled,)] = self.env.execute_query(SQL("SELECT rolled_id FROM email_campaign_event_rollup FOR SHARE"))
        return rolled

    @api.model
    def _cron_roll(self):
        """Count what can be counted, in portions, and look how far it will be possible next time."""
        # Where a process died that was about to.
        Judging.of(self.env.cr.dbname).run()
        if self._is_judged_late():
            return 0
        ready = self._look()
        done = 0
        while True:
            rolled = self._rolled_id()
            if rolled >= ready:
                break
            until = min(ready, rolled + PORTION)
            self._roll(until)
            done += until - rolled
            if not self.env["ir.cron"]._commit_progress(until - rolled, remaining=ready - until):
                break
        untold = self._tell_addresses()
        self.env["ir.cron"]._commit_progress(remaining=max(ready - self._rolled_id(), 0) + untold)
        [(last,)] = self.env.execute_query(SQL("SELECT last_value FROM email_campaign_event_id_seq"))
        if last - self._rolled_id() > MANY:
            self.env.ref("email_campaign.cron_roll")._trigger(fields.Datetime.now() + PAUSE)
        return done

    @api.model
    def _is_judged_late(self):
        """Whether visits wait for so long that judging them may change what would be counted now."""
        [(late,)] = self.env.execute_query(
            SQL(
                "SELECT EXISTS (SELECT FROM email_visit_waiting WHERE at < now() AT TIME ZONE 'utc' - %s / 2)",
                PAUSE,
            )
        )
        return late

    @api.model
    def _look(self):
        """Take one step of what the class says; give the id up to which all events can be seen.

        Where the next transaction has a lower number than one before, the database was restored from a copy.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH now AS (
                    SELECT now() AT TIME ZONE 'utc' AS at, (SELECT last_value FROM email_campaign_event_id_seq) AS id,
                           pg_snapshot_xmin(pg_current_snapshot()) AS oldest,
                           pg_snapshot_xmax(pg_current_snapshot()) AS next
                ), step AS (
                    SELECT now.*, r.noted_id AS noted, r.sealed_id AS sealed, r.sealed_xid IS NULL AS is_open,
                           r.sealed_xid IS NOT NULL
                           AND (now.oldest >= r.sealed_xid::xid8 OR now.next < r.sealed_xid::xid8) AS is_over,
                           r.noted_at IS NULL OR r.noted_at <= now.at - %(pause)s AS is_later
                      FROM email_campaign_event_rollup r, now
                ), next AS (
                    SELECT *, is_later AND (is_over OR is_open) AND noted IS NOT NULL AS seals FROM step
                )
                UPDATE email_campaign_event_rollup
                   SET sealed_id = CASE WHEN seals THEN noted ELSE sealed_id END,
                       sealed_xid = CASE WHEN seals THEN next.next::text ELSE sealed_xid END,
                       noted_id = CASE WHEN is_later THEN next.id ELSE noted_id END,
                       noted_at = CASE WHEN is_later THEN next.at ELSE noted_at END
                  FROM next
             RETURNING CASE WHEN is_over THEN sealed END
                """,
                pause=PAUSE,
            )
        )
        [(ready,)] = self.env.cr.fetchall()
        self.invalidate_model(flush=False)
        return ready or 0

    @api.model
    def _roll(self, until):
        """Count the events up to the id `until`, which must all be there to be seen."""
        self.env.cr.execute(SQL("SELECT rolled_id FROM email_campaign_event_rollup FOR UPDATE"))
        [(rolled,)] = self.env.cr.fetchall()
        self._add(1, SQL("e.id > %s AND e.id <= %s", rolled, until))
        self.env.cr.execute(SQL("UPDATE email_campaign_event_rollup SET rolled_id = %s", until))
        self.invalidate_model(flush=False)

    @api.model
    def _tell_addresses(self):
        """Note on addresses what was sent to them by the events that are counted, in portions.

        How far it came is written down at the end, as others hold that row while they change the log. What was told
        by a job that was killed is no news the next time.

        :return: how many events are left for another time
        """
        committed, tell = self.env["email.campaign.mailing"]._committed, self.env["email.address"]._note_logged
        begun, rolled = self._told_id(), self._rolled_id()
        told = begun
        while told < rolled:
            asked = min(told + TOLD, rolled)
            try:
                told = committed(partial(tell, told, asked))
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                _logger.info("addresses are told at another time what was sent to them: too many conflicts")
                break
            if told < asked:
                rolled = told  # what workers may still tell is no work that waits
            elif not self.env["ir.cron"]._commit_progress():
                break
        if told > begun:
            committed(partial(self._set_told, told))
        return rolled - told

    @api.model
    def _set_told(self, event_id):
        self.env.cr.execute(SQL("UPDATE email_campaign_event_rollup SET told_id = %s", event_id), log_exceptions=False)
        self.invalidate_model(flush=False)

    @api.model
    def _recount(self, sign, condition):
        """Take the events `e` that meet `condition` (SQL) off the numbers (-1), or add them again (1).

        Whoever changes or deletes events calls this before and after, in the same transaction. Events that are not
        counted yet are left to the counting.
        """
        self.env.flush_all()
        self._add(sign, SQL("(%s) AND e.id <= %s", condition, self._hold()))

    @api.model
    def _add(self, sign, condition):
        for model in ("email.campaign.event.count", "email.campaign.event.hour"):
            self.env[model]._add(sign, condition)

    @api.model
    def _keep_days(self, kind):
        """Give the days that events of a kind are kept for, 0 for good."""
        return self.env["ir.config_parameter"]._email_campaign_number(KEEP % kind, 0)

    @api.autovacuum
    def _gc_events(self):
        """Remove one portion of the events that were kept long enough; their numbers stay."""
        removed, remaining = 0, 0
        for kind, _label in self.env["email.campaign.event"]._fields["kind"]._description_selection(self.env):
            if (days := self._keep_days(kind)) and removed < REMOVED:
                done, more = self._remove(kind, fields.Datetime.now() - timedelta(days=days), REMOVED - removed)
                removed, remaining = removed + done, remaining + more
        return removed, remaining

    @api.model
    def _remove(self, kind, before, most):
        """Remove at least one and about `most` of the events of `kind` from `before` that moment, hour by hour.

        :return: how many were removed, and whether there may be more
        """
        self._hold()
        hour = before.replace(minute=0, second=0, microsecond=0)
        self.env.cr.execute(
            SQL(
                """
                WITH due AS (
                    SELECT id, mailing_id, first_id, last_id,
                           sum(number - gone) OVER (ORDER BY first_id, id) - (number - gone) AS before
                      FROM email_campaign_event_hour WHERE kind = %(kind)s AND at < %(hour)s AND number > gone
                ), chosen AS (
                    SELECT * FROM due WHERE before < %(most)s
                ), deleted AS (
                    DELETE FROM email_campaign_event e
                     WHERE e.kind = %(kind)s AND e.at < %(hour)s
                       AND e.id BETWEEN (SELECT min(first_id) FROM chosen) AND (SELECT max(last_id) FROM chosen)
                       AND EXISTS (SELECT FROM chosen WHERE chosen.mailing_id = e.mailing_id
                                                        AND e.id BETWEEN chosen.first_id AND chosen.last_id)
                 RETURNING e.*
                ), by_hour AS (
                    UPDATE email_campaign_event_hour c SET gone = gone + less.number
                      FROM (SELECT mailing_id, verdict, %(at)s AS hour, count(*) AS number
                              FROM deleted GROUP BY 1, 2, 3) AS less
                     WHERE c.mailing_id = less.mailing_id AND c.kind = %(kind)s AND c.at = less.hour
                       AND coalesce(c.verdict, '') = coalesce(less.verdict, '')
                 RETURNING less.number
                ), by_link AS (
                    UPDATE email_campaign_event_count c SET gone = gone + less.number
                      FROM (SELECT mailing_id, verdict, verdict_reason, tracking_url_id, count(*) AS number
                              FROM deleted GROUP BY 1, 2, 3, 4) AS less
                     WHERE c.mailing_id = less.mailing_id AND c.kind = %(kind)s
                       AND coalesce(c.verdict, '') = coalesce(less.verdict, '')
                       AND coalesce(c.verdict_reason, '') = coalesce(less.verdict_reason, '')
                       AND coalesce(c.tracking_url_id, 0) = coalesce(less.tracking_url_id, 0)
                 RETURNING less.number
                )
                SELECT coalesce((SELECT sum(number) FROM by_hour), 0), (SELECT count(*) FROM by_link),
                       (SELECT count(*) FROM due) > (SELECT count(*) FROM chosen)
                """,
                kind=kind,
                hour=hour,
                most=most,
                at=HOUR,
            )
        )
        [(removed, _numbers, more)] = self.env.cr.fetchall()
        self.env.invalidate_all(flush=False)
        return int(removed), bool(more)
