import time

from odoo import api, models
from odoo.tools import SQL

from ...tools import pacing
from ...tools.pacing import Allowance

# Seconds for which a process believes that nothing limits a provider, before it looks again.
TRUST = 1.0
# (database, provider): until when nothing limits it, by the clock of this process.
_free_until: dict[tuple[str, int], float] = {}
HOURLY_CAP = SQL("(SELECT value FROM ir_config_parameter WHERE key = 'email_campaign.hourly_cap')")


class EmailProvider(models.Model):
    """Limits: what a worker may send now, in the transaction in which it marks it as handed over."""

    _inherit = "email.provider"

    def _allowance(self, wanted, domains):
        """Take up to `wanted` emails out of the limits, of which {domain: emails} go to each domain.

        What is granted counts as sent when this transaction commits, so it must be given back where it isn't sent. Two
        transactions can't take from one limit at once: the database refuses the later, which must begin anew. Where
        nothing limits, nothing is written and no transaction refused.

        :return: an `Allowance`; its domains are what each would take by itself, so that a mail which its domain holds
            back can be told from one that only the total holds back
        """
        self.ensure_one()
        cap = self._look() if wanted > 0 else None
        if cap is None:
            return Allowance(max(0, wanted), {}, None)
        paces, usage = self.env["email.provider.pace"], self.env["email.provider.usage"]
        limits = self._limits()
        held = self._hold_limits(limits, cap)
        now = paces._now()
        slowed = self._slowed_now(domains, now)
        feasible = wanted - sum(domains.get(domain, 0) for domain in slowed)
        granted_domains, moments = {}, []
        for domain, pace in slowed.items():
            here, after = pace.allowed(domains[domain], now)
            granted_domains[domain] = here
            feasible += here
            if here < domains[domain]:
                moments.append(after.again(now))
        counted = list(self._counted(limits, cap, now))
        total = min([feasible, *(each.room(slots, now)[0] for each, slots in counted)])
        full = []
        if limits.second:
            bucket = pacing.Bucket.for_limit(limits.second, *held[self.id, ""], now)
            possible, (total, bucket) = total, bucket.take(total, now)
            if total < possible:
                full.append(bucket.again(wanted - total, now))
            self._store_bucket(bucket)
        again_at = None
        if total < wanted:
            for each, slots in counted:
                after = {**slots, pacing.minute(now): slots.get(pacing.minute(now), 0) + total}
                free, later = each.room(after, now)
                if not free and later:
                    full.append(later)
            if feasible == total and moments:
                full.append(min(moments))
            again_at = max(full, default=None)
        left = total
        for domain, pace in slowed.items():
            here = min(granted_domains[domain], left)
            left -= here
            slowed[domain] = pace.allowed(here, now)[1]
        paces._store(self, slowed)
        if total and (limits.counts or cap):
            usage._count(self, now, total)
        return Allowance(total, granted_domains, again_at)

    def _is_free(self):
        """Say whether nothing at all limits this provider at the moment."""
        self.ensure_one()
        return self._look() is None

    def _spacing(self, domains):
        """Give {domain: (moment from which a mail may go, seconds to the next)} of the slowed ones of `domains`."""
        self.ensure_one()
        now = self.env["email.provider.pace"]._now()
        slowed = self._slowed_now(dict.fromkeys(domains, 1), now)
        return {domain: (pace.again(now), 1 / pace.rate) for domain, pace in slowed.items()}

    def _give_back(self, count, domains):
        """Give back `count` emails that were granted and not sent, {domain: emails} of them to each domain."""
        self.ensure_one()
        cap = self._look() if count > 0 else None
        if cap is None:
            return
        paces = self.env["email.provider.pace"]
        limits = self._limits()
        held = self._hold_limits(limits, cap)
        now = paces._now()
        if limits.second:
            bucket = pacing.Bucket.for_limit(limits.second, *held[self.id, ""], now)
            self._store_bucket(bucket.refilled(now).give_back(count))
        if limits.counts or cap:
            self.env["email.provider.usage"]._uncount(self, now, count)
        slowed = {domain: pace for domain, pace in paces._slowed(self, domains).items() if domains[domain]}
        paces._store(self, {domain: pace.given_back(domains[domain], now) for domain, pace in slowed.items()})

    def _note_domain_trouble(self, replies):
        """Slow down the domains of {domain: (code, text)} whose answers say that they were written to too fast."""
        self.ensure_one()
        complaining = [domain for domain, (code, _text) in replies.items() if code in pacing.SLOWING_CODES]
        if not complaining:
            return
        paces = self.env["email.provider.pace"]
        known, now = paces._slowed(self, complaining), paces._now()
        after = {domain: pacing.slowed(known.get(domain), self.measured_rate, now) for domain in complaining}
        paces._store(self, {domain: pace for domain, pace in after.items() if pace != known.get(domain)})
        self._forget_freedom()

    def _note_domain_success(self, domains):
        """Let the domains of {domain: emails it took} become faster again."""
        self.ensure_one()
        if not domains or self._look() is None:
            return
        paces = self.env["email.provider.pace"]
        known = paces._slowed(self, domains)
        paces._store(self, {domain: pace.recovered(domains[domain]) for domain, pace in known.items()})

    def _held_domains(self):
        """Give the domains to which nothing may go for the next second or more."""
        self.ensure_one()
        if self._look() is None:
            return []
        return [domain for domain, _at in self._holds()]

    def _held_until(self):
        """Give the moment at which the first of the held domains may be written to again; None without any."""
        self.ensure_one()
        return min((at for _domain, at in self._holds()), default=None)

    def _holds(self):
        now = self.env["email.provider.pace"]._now()
        slowed = self.env["email.provider.pace"]._slowed(self)
        moments = {domain: pace.again(now) for domain, pace in slowed.items() if not pace.is_over(now)}
        return [(domain, at) for domain, at in moments.items() if (at - now).total_seconds() >= 1]

    def _slowed_now(self, domains, now):
        wanted = [domain for domain, count in domains.items() if count]
        slowed = self.env["email.provider.pace"]._slowed(self, wanted) if wanted else {}
        return {domain: pace for domain, pace in slowed.items() if not pace.is_over(now)}

    def _hold_limits(self, limits, cap):
        """Hold the rows that everybody writes who takes from the same limits; give them."""
        owners = [(None, "")] if cap else []
        # The window alone counts nothing, and slowed domains have rows of their own, which are written anyway.
        if limits.second or limits.counts:
            owners.append((self.id, ""))
        return self.env["email.provider.pace"]._hold(owners) if owners else {}

    def _counted(self, limits, cap, now):
        """Give (limits, what counts for them) of this provider and of all together."""
        usage = self.env["email.provider.usage"]
        yield limits, usage._slots(now, pacing.DAY, self) if limits.counts else {}
        if cap:
            yield pacing.Limits(hour=cap), usage._slots(now, pacing.HOUR)

    def _store_bucket(self, bucket):
        self.env.cr.execute(
            SQL(
                "UPDATE email_provider_pace SET tokens = %s, refreshed_at = %s WHERE provider_id = %s AND domain = ''",
                bucket.tokens,
                bucket.at,
                self.id,
            ),
            log_exceptions=False,
        )

    @api.model
    def _hourly_cap(self):
        """Give how many emails may leave in an hour by all providers together, 0 for any number."""
        # Not by get_param: a worker runs for long and must see a change, and its cache is not told.
        self.env["ir.config_parameter"].flush_model(["key", "value"])
        rows = self.env.execute_query(SQL("SELECT %s", HOURLY_CAP))
        return _number(rows[0][0])

    def _look(self):
        """Give the hourly cap of all providers (0: none), or None where nothing at all limits this one.

        That nothing does is asked of the database at most once a second. What limits is read anew each time, so that a
        worker sees what people change while it runs.
        """
        key = self.env.cr.dbname, self.id
        if _free_until.get(key, 0.0) > time.monotonic():
            return None
        self.env.flush_all()
        [(slowed, value)] = self.env.execute_query(
            SQL(
                "SELECT EXISTS (SELECT FROM email_provider_pace WHERE provider_id = %s AND domain <> ''), %s",
                self.id,
                HOURLY_CAP,
            )
        )
        self.invalidate_recordset()
        cap = _number(value)
        if slowed or cap or self._limits():
            _free_until.pop(key, None)
            return cap
        _free_until[key] = time.monotonic() + TRUST
        return None

    def _forget_freedom(self):
        """Look again whether something limits these, as this process has changed that."""
        for provider_id in self.ids:
            _free_until.pop((self.env.cr.dbname, provider_id), None)


def _number(value):
    return int(value) if value and value.isdecimal() else 0
