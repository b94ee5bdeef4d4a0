import time
from collections import defaultdict
from dataclasses import dataclass
from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL

NOTIFICATION = "email_campaign.progress"
# Counting may take this share of a worker's time: however many rows there are, sending hardly gets slower.
SHARE = 1 / 50
# Between two messages that close, or this far apart (in seconds), nothing can be said about the rate.
SHORTEST, LONGEST = 0.5, 120.0
# How much the newest measurement of the rate counts.
WEIGHT = 0.5


@dataclass
class _Last:
    """What this process last told about a mass email; times in seconds of the monotonic clock."""

    said: tuple = ()
    at: float = 0.0
    took: float = 0.0
    dealt: int = 0
    rate: float = 0.0


# {registry's database: {mass email: _Last}}, of those that are on their way.
_told: defaultdict[str, dict[int, _Last]] = defaultdict(dict)


class EmailCampaignMailing(models.Model):
    """How far a mass email is, told to whoever has its form open while it is sent."""

    _name = "email.campaign.mailing"
    _inherit = ["email.campaign.mailing", "bus.listener.mixin"]

    sending_progress = fields.Json(
        compute="_compute_sending_progress", help="How far it is; the form follows it while it is sent."
    )

    @api.depends("state", "trouble", "next_try_at", "scheduled_at")
    def _compute_sending_progress(self):
        for mailing in self:
            started = mailing._origin.id and mailing.state != "draft"
            mailing.sending_progress = mailing._origin._progress() if started else False

    def _notify_progress(self, rate=None, force=False):
        """Tell how far these mass emails are; it arrives when the transaction is committed.

        Where counting takes so long that it would slow a worker down, it is done more seldom, unless there is other
        news than the counts.

        :param rate: emails/s as they were measured; used until the counts themselves tell how fast all workers together
            are
        :param force: tell it in any case, as after a person's button
        """
        for mailing in self:
            told = _told[self.env.cr.dbname]
            last = told.get(mailing.id) or _Last()
            said = (mailing.state, mailing.trouble, mailing.next_try_at, mailing.scheduled_at)
            begin = time.monotonic()
            if not force and last.said == said and begin - last.at < last.took / SHARE:
                continue
            progress = mailing._progress()
            dealt = progress["total"] - progress["remaining"]
            speed = mailing._measured_rate(last, begin, dealt) or rate or 0.0
            mailing._add_speed(progress, speed)
            took = time.monotonic() - begin
            progress["every"] = max(1.0, round(took / SHARE, 1))
            mailing._bus_send(NOTIFICATION, progress)
            # What is rolled back was not told.
            self.env.cr.postcommit.add(
                partial(told.__setitem__, mailing.id, _Last(said, begin, took, dealt, speed))
                if mailing.state in ("queued", "sending")
                else partial(told.pop, mailing.id, None)
            )

    def _measured_rate(self, last, now, dealt):
        """Give how many emails/s all workers together have dealt with since `last`, smoothed; 0 if not known."""
        passed = now - last.at
        if last.said[:1] != ("sending",) or self.state != "sending" or dealt <= last.dealt:
            return 0.0
        if passed < SHORTEST:
            return last.rate
        if passed > LONGEST:
            return 0.0
        rate = (dealt - last.dealt) / passed
        return WEIGHT * rate + (1 - WEIGHT) * last.rate if last.rate else rate

    def _progress(self):
        """Give the counts as they are in this transaction, and since when or until when nothing goes out.

        `total` is everyone who was not left out, `waiting` those who are tried again later; `waits_for` says for what
        (schedule, trouble, retry) until `next_at`, a moment in UTC. Reads all of its recipients, unless they were
        counted when sending ended.
        """
        self.ensure_one()
        counts, waiting, retry_at = self._progress_counts()
        remaining = sum(counts[state] for state in ("queued", "claimed", "handed", "retry"))
        waits_for, next_at = self._waits_for(retry_at if waiting == remaining else None)
        return {
            "id": self.id,
            "state": self.state,
            "sent": counts["sent"],
            "failed": counts["failed"],
            "in_doubt": counts["in_doubt"],
            "cancelled": counts["cancelled"],
            "remaining": remaining,
            "waiting": waiting,
            "total": sum(counts.values()),
            # Without a trouble it is a limit that makes it wait.
            "trouble": self.trouble or (self._limits_text() if waits_for == "trouble" else ""),
            "waits_for": waits_for,
            "next_at": fields.Datetime.to_string(next_at) if next_at else False,
            "rate": 0.0,
            "seconds_left": None,
            "every": 1.0,
        }

    def _progress_counts(self):
        """Give ({state: number} without those left out, how many wait for another try, when the first of them may)."""
        if settled := self._settled_counts():
            states = ("sent", "failed", "in_doubt", "cancelled")
            return defaultdict(int, {state: settled[f"{state}_count"] for state in states}), 0, None
        self.env["email.campaign.recipient"].flush_model(["state", "next_try_at", "mailing_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT state, count(*),
                       count(*) FILTER (WHERE state = 'retry' AND next_try_at > now() AT TIME ZONE 'utc'),
                       min(next_try_at) FILTER (WHERE state = 'retry')
                  FROM email_campaign_recipient
                 WHERE mailing_id = %s AND state <> 'skipped' GROUP BY state
                """,
                self.id,
            )
        )
        counts = defaultdict(int, {state: count for state, count, _waiting, _at in rows})
        return counts, sum(row[2] for row in rows), next((row[3] for row in rows if row[3]), None)

    def _waits_for(self, retry_at):
        """Give (schedule|trouble|retry or False, moment in UTC until which nothing goes out)."""
        if self.state not in ("queued", "sending"):
            # A paused one is started by a person; its time still holds then.
            late = self.state == "paused" and self.scheduled_at and self.scheduled_at > fields.Datetime.now()
            return ("schedule", self.scheduled_at) if late else (False, None)
        moments = (("schedule", self.scheduled_at), ("trouble", self.next_try_at), ("retry", retry_at))
        later = [(reason, at) for reason, at in moments if at and at > fields.Datetime.now()]
        return max(later, key=lambda moment: moment[1], default=(False, None))

    def _add_speed(self, progress, rate):
        """Say how long the rest takes at `rate`, or longer if the limits of the provider are slower."""
        coming = progress["remaining"] - progress["waiting"]
        if self.state != "sending" or progress["waits_for"] or not coming:
            return
        progress["rate"] = round(rate, 1)
        at_rate = coming / rate if rate else None
        provider = self._provider()
        at_limits = provider._estimate(coming) if provider else None
        seconds = max(filter(None, (at_rate, at_limits)), default=None)
        progress["seconds_left"] = seconds and round(seconds, 1)

    def _limits_text(self):
        provider = self._provider()
        return provider._binding() if provider else ""

    def _provider(self):
        """Give the provider that this goes out by at first; none if all refused it."""
        return self.env["email.provider"].sudo()._candidates(self.sudo())[:1]
