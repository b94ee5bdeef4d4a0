import itertools
from datetime import datetime, timedelta

import pytz

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import address

# Whoever goes further back page by page waits for what they ask.
MOST_NEWEST = 10_000
# What the numbers by the hour can be grouped by.
PERIODS = ("day", "week", "month", "quarter", "year")
# More addresses than these with a text in them are not looked up one by one.
MOST_ADDRESSES = 200
# Nor are more events than these looked through for addresses that are not told yet what was sent to them.
MOST_UNTOLD = 1_000_000
# Nor are more events than these named one by one.
MOST_EVENTS = 10_000
# So many of the latest ids are looked at first: most of what is asked for is among them.
LATEST = 50_000
SECOND = timedelta(seconds=1)


class EmailCampaignEvent(models.Model):
    """Opening, grouping and searching the log: by what was counted, wherever that says it, and not by all its rows."""

    _inherit = "email.campaign.event"

    # No related field: that would be searched by its path, through all recipients.
    email = fields.Char(related=None, compute="_compute_email", search="_search_email", compute_sudo=True)

    # A search by these passes over nearly all rows, and these kinds are rare: an index of theirs costs sending nothing.
    _rare_index = models.Index("(kind, id) WHERE kind NOT IN ('sent', 'open', 'click')")

    @api.depends("recipient_id.email")
    def _compute_email(self):
        for event in self:
            event.email = event.recipient_id.email

    @api.model
    @api.readonly
    def search_count(self, domain, limit=None):
        """Count by the totals, where they know."""
        sums, domain = self._sums(domain)
        if sums is None:
            return super().search_count(domain, limit=limit)
        self.browse().check_access("read")
        [(count,)] = sums._kept(domain)
        return min(count, limit) if limit else count

    @api.model
    def _read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None):
        sums = None
        if set(aggregates) <= {"__count"} and not having:
            sums, domain = self._sums(domain, groupby)
        if sums is None:
            return super()._read_group(domain, groupby, aggregates, having, offset, limit, order)
        self.browse().check_access("read")
        order = order.replace("__count", "kept:sum") if order else None
        rows = sums._kept(domain, groupby, offset=offset, limit=limit, order=order)
        return [(*groups, *itertools.repeat(count, len(aggregates))) for *groups, count in rows]

    @api.model
    def _formatted_read_group_with_length(self, domain, groupby, aggregates, offset=0, limit=None, order=None):
        """Ask once for all periods, of which there are some hundreds, and not once for a page and once for how many."""
        if not groupby[0].startswith("at:") or self._sums(domain, groupby)[0] is None:
            return super()._formatted_read_group_with_length(domain, groupby, aggregates, offset, limit, order)
        groups = self.formatted_read_group(domain, groupby, aggregates, order=order)
        return groups[offset : offset + limit if limit else None], len(groups)

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False):
        options = {"active_test": active_test, "bypass_access": bypass_access}
        sums = None
        if limit and order == self._order and not bypass_access and (offset or 0) + limit <= MOST_NEWEST:
            sums, domain = self._sums(domain)
        if sums is None:
            return super()._search(domain, offset, limit, order, **options)
        self.browse().check_access("read")
        needed = (offset or 0) + limit
        rolled = self.env["email.campaign.event.rollup"]._rolled_id()
        # The latest first; then between two ids of which the numbers tell that enough are there.
        begin = max(rolled - LATEST, 0)
        latest = super()._search(domain & fields.Domain("id", ">", begin), 0, needed, order, **options)
        ids = list(latest.get_result_ids())
        counts = self.env[sums._counts]
        if len(ids) < needed and begin and (bounds := counts._bounds(domain, needed, begin + 1)):
            lowest, highest = bounds
            between = fields.Domain("id", ">=", lowest) & fields.Domain("id", "<=", min(highest, begin))
            older = super()._search(domain & between, 0, needed - len(ids), order, **options)
            ids += older.get_result_ids()
        return self.browse(ids[offset or 0 :])._as_query(ordered=True)

    @api.model
    def _sums(self, domain, groupby=()):
        """Give (the sums that know about all that `domain` and `groupby` ask for, domain); None if neither does."""
        domain = fields.Domain(domain)
        asked = {condition.field_expr.partition(".")[0] for condition in domain.iter_conditions()}
        asked |= {spec.partition(":")[0] for spec in groupby}
        for model in ("email.campaign.event.total", "email.campaign.event.total.hour"):
            sums = self.env[model]
            if not asked <= set(self.env[sums._counts]._counted_by):
                continue
            hours = all(map(self._is_whole_hour, (c for c in domain.iter_conditions() if c.field_expr == "at")))
            if hours and all(map(self._is_counted_by, groupby)):
                return sums, domain
        return None, domain

    @api.model
    def _is_counted_by(self, spec):
        """Whether grouping by `spec` divides no hour."""
        name, _colon, period = spec.partition(":")
        if name == "at":
            return period == "hour" or (period in PERIODS and self._by_whole_hours())
        return not period

    def _by_whole_hours(self):
        """Whether the clock of the user differs from UTC by whole hours, in winter and in summer."""
        try:
            zone = pytz.timezone(self.env.context.get("tz") or "UTC")
        except pytz.UnknownTimeZoneError:
            return False
        year = datetime.now().year
        offsets = [zone.utcoffset(datetime(year, month, 1)) for month in (1, 7)]
        return all(offset.total_seconds() % 3600 == 0 for offset in offsets)

    @staticmethod
    def _is_whole_hour(condition):
        """Whether `condition` on the time divides no hour."""
        value = condition.value
        if isinstance(value, str):
            try:
                value = fields.Datetime.to_datetime(value)
            except ValueError:
                return False
        if not isinstance(value, datetime) or condition.field_expr != "at":
            return False
        if condition.operator in ("<=", ">"):
            # What is written as the last second of an hour means all of that.
            value += SECOND
        elif condition.operator not in (">=", "<"):
            return False
        return (value.minute, value.second, value.microsecond) == (0, 0, 0)

    @api.model
    def _search_email(self, operator, value):
        """Find events by address: first the few addresses that are meant, and then theirs in each mass email."""
        recipients = fields.Domain("recipient_id.email", operator, value)
        if operator in ("=", "in"):
            emails = [value] if isinstance(value, str) else list(value)
        elif operator in ("ilike", "=ilike") and isinstance(value, str) and len(value) > 2:
            try:
                emails = [address.normalize(value)]
            except address.AddressError:
                emails = self._known_addresses(operator, value)
                if emails is None:
                    return recipients
        else:
            return recipients
        if len(emails) > MOST_ADDRESSES or not all(isinstance(email, str) for email in emails):
            return recipients
        # One look at an index for each mass email and address. Named one by one, because the planner would rather go
        # through the whole log for the first of them.
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.id FROM email_campaign_mailing m CROSS JOIN unnest(%s::varchar[]) AS asked (email)
                  JOIN email_campaign_recipient r
                    ON r.mailing_id = m.id AND r.email = asked.email AND r.skip_reason IS NULL
                  JOIN email_campaign_event e ON e.recipient_id = r.id
                 LIMIT %s
                """,
                emails,
                MOST_EVENTS + 1,
            )
        )
        if len(rows) > MOST_EVENTS:
            return recipients
        return fields.Domain("id", "in", [event_id for (event_id,) in rows])

    @api.model
    def _known_addresses(self, operator, value):
        """Give addresses that may be meant: up to one more than `MOST_ADDRESSES` of which something is known, and as
        many of those that the latest emails were sent to; None where these are too many to look at.
        """
        told = self.env["email.campaign.event.rollup"]._told_id()
        [(last,)] = self.env.execute_query(SQL("SELECT max(id) FROM email_campaign_event"))
        if (last or 0) - told > MOST_UNTOLD:
            return None
        asked, limit = [("email", operator, value)], MOST_ADDRESSES + 1
        known = self.env["email.address"].sudo().search(asked, limit=limit)
        untold = SQL("(SELECT recipient_id FROM email_campaign_event WHERE kind = 'sent' AND id > %s)", told)
        latest = self.env["email.campaign.recipient"].sudo().search([("id", "in", untold), *asked], limit=limit)
        return sorted({*known.mapped("email"), *latest.mapped("email")})

    def unlink(self):
        """Take what is counted off the numbers; retention, which keeps them, does not come here."""
        self.env["email.campaign.event.rollup"]._recount(-1, SQL("e.id = ANY(%s)", self.ids))
        return super().unlink()
