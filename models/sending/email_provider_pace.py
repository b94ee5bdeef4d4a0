import datetime

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import pacing


class EmailProviderPace(models.Model):
    """How fast a provider, or one domain by it, may be written to at this moment.

    A row without a domain is the provider's own, one without a provider is that of all of them. Whoever takes from a
    limit writes its row first. Transactions see what was when they began (`REPEATABLE READ`), so of two workers that
    take at once, the database refuses the later, which begins anew and sees what the other took.
    """

    _name = "email.provider.pace"
    _description = "Email Provider Pace"
    _log_access = False

    provider_id = fields.Many2one("email.provider", ondelete="cascade", readonly=True)
    domain = fields.Char(required=True, readonly=True)
    tokens = fields.Float(readonly=True, help="Emails that may leave at once, as of the next moment.")
    refreshed_at = fields.Datetime(readonly=True)
    rate = fields.Float(readonly=True, help="Emails a second to this domain.")
    troubles = fields.Integer(readonly=True)
    hold_until = fields.Datetime(readonly=True)

    _owner_uniq = models.UniqueIndex("(COALESCE(provider_id, 0), domain)")

    @api.model
    def _hold_common(self):
        """Write the row of all providers, so that whoever does the same at this moment begins anew."""
        self._hold([(None, "")])

    @api.model
    def _hold(self, owners):
        """Write the rows of `owners`, pairs of provider id and domain, and give {owner: (tokens, refreshed at)}.

        Rows that are missing are created. All workers hold them in the same order, so that they don't block each other.
        """
        rows = SQL(", ").join(SQL("(%s::int, %s)", *owner) for owner in sorted(owners, key=lambda o: (o[0] or 0, o[1])))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_provider_pace AS pace (provider_id, domain) VALUES %s
                ON CONFLICT (COALESCE(provider_id, 0), domain) DO UPDATE SET domain = pace.domain
                  RETURNING pace.provider_id, pace.domain, pace.tokens, pace.refreshed_at
                """,
                rows,
            ),
            log_exceptions=False,  # a conflict is no error: the caller begins anew
        )
        return {(provider, domain): (tokens, at) for provider, domain, tokens, at in self.env.cr.fetchall()}

    @api.model
    def _now(self):
        """Give the time of the database, which all processes and hosts share; naive, in UTC."""
        return self.env.execute_query(SQL("SELECT clock_timestamp() AT TIME ZONE 'utc'"))[0][0]

    @api.model
    def _slowed(self, provider, domains=None):
        """Give {domain: pace} of those of `domains` (all) that `provider` writes to more slowly."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT domain, rate, troubles, hold_until, tokens, refreshed_at FROM email_provider_pace
                 WHERE provider_id = %s AND domain <> '' AND %s
                """,
                provider.id,
                SQL("TRUE") if domains is None else SQL("domain = ANY(%s)", list(domains)),
            )
        )
        return {domain: pacing.DomainPace(*values) for domain, *values in rows}

    @api.model
    def _store(self, provider, paces):
        """Write {domain: pace, or None to forget it}."""
        forgotten = [domain for domain, pace in paces.items() if pace is None]
        if forgotten:
            self.env.cr.execute(
                SQL(
                    "DELETE FROM email_provider_pace WHERE provider_id = %s AND domain = ANY(%s)",
                    provider.id,
                    forgotten,
                ),
                log_exceptions=False,
            )
        kept = sorted((domain, pace) for domain, pace in paces.items() if pace is not None)
        if not kept:
            return
        rows = SQL(", ").join(
            SQL(
                "(%s, %s, %s, %s, %s::timestamp, %s, %s::timestamp)",
                provider.id,
                domain,
                pace.rate,
                pace.troubles,
                pace.hold_until,
                pace.bucket_tokens,
                pace.bucket_at,
            )
            for domain, pace in kept
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_provider_pace
                            (provider_id, domain, rate, troubles, hold_until, tokens, refreshed_at)
                     VALUES %s
                ON CONFLICT (COALESCE(provider_id, 0), domain) DO UPDATE
                        SET rate = excluded.rate, troubles = excluded.troubles, hold_until = excluded.hold_until,
                            tokens = excluded.tokens, refreshed_at = excluded.refreshed_at
                """,
                rows,
            ),
            log_exceptions=False,
        )

    @api.autovacuum
    def _gc_paces(self):
        """Forget domains that had no trouble for long."""
        self.env.execute_query(
            SQL(
                """
                DELETE FROM email_provider_pace
                 WHERE domain <> '' AND hold_until < %s RETURNING id
                """,
                self._now() - datetime.timedelta(seconds=pacing.FORGET_AFTER),
            )
        )


class EmailProviderUsage(models.Model):
    """How many emails a provider was given in a minute; only of those whose hours or days are limited."""

    _name = "email.provider.usage"
    _description = "Email Provider Usage"
    _log_access = False

    provider_id = fields.Many2one("email.provider", required=True, ondelete="cascade", readonly=True)
    minute = fields.Integer(required=True, readonly=True, help="Minutes since 1970, in UTC.")
    count = fields.Integer(required=True, readonly=True)

    _slot_uniq = models.UniqueIndex("(provider_id, minute)")
    _minute_index = models.Index("(minute)")

    @api.model
    def _slots(self, now, span, provider=None):
        """Give {minute: emails} of the last `span` minutes, by `provider` or by all of them."""
        rows = self.env.execute_query(
            SQL(
                "SELECT minute, sum(count) FROM email_provider_usage WHERE minute >= %s AND %s GROUP BY minute",
                pacing.minute(now) - span,
                SQL("provider_id = %s", provider.id) if provider else SQL("TRUE"),
            )
        )
        return {number: int(count) for number, count in rows}

    @api.model
    def _count(self, provider, now, count):
        """Count `count` emails in the minute of `now`."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_provider_usage AS usage (provider_id, minute, count) VALUES (%s, %s, %s)
                ON CONFLICT (provider_id, minute) DO UPDATE SET count = usage.count + excluded.count
                """,
                provider.id,
                pacing.minute(now),
                count,
            ),
            log_exceptions=False,
        )

    @api.model
    def _uncount(self, provider, now, count):
        """Take back `count` emails that did not leave after all.

        They go off the oldest slot of the last minutes: too early by a moment keeps the limit, too late would not.
        """
        slots = self._slots(now, 2, provider)
        for number in sorted(slots):
            taken = min(count, slots[number])
            count -= taken
            self.env.cr.execute(
                SQL(
                    "UPDATE email_provider_usage SET count = count - %s WHERE provider_id = %s AND minute = %s",
                    taken,
                    provider.id,
                    number,
                ),
                log_exceptions=False,
            )
            if not count:
                break

    @api.autovacuum
    def _gc_usage(self):
        """Forget what no window reaches any more."""
        now = self.env["email.provider.pace"]._now()
        self.env.execute_query(
            SQL("DELETE FROM email_provider_usage WHERE minute < %s RETURNING id", pacing.minute(now) - pacing.DAY)
        )
