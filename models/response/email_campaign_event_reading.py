import itertools
from datetime import datetime, timedelta

import pytz

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import address
from .email_campaign_event_count import DIMENSIONS

# Whoever goes further back page by page waits for what they ask.
MOST_NEWEST = 10_000
# What the numbers by the hour can be grouped by.
PERIODS = ("day", "week", "month", "quarter", "year")
# More addresses than these with a text in them are not looked up one by one.
MOST_ADDRESSES = 200
SECOND = timedelta(seconds=1)


class EmailCampaignEvent(models.Model):
    """Opening, grouping and searching the log: by what was counted, wherever that says it, and not by all its rows."""

    _inherit = "email.campaign.event"

    email = fields.Char(search="_search_email")

    # A search by these passes over nearly all rows, and these kinds are rare: an index of theirs costs sending nothing.
    _rare_index = models.Index("(kind, id) WHERE kind NOT IN ('sent', 'open', 'click')")

    @api.model
    @api.readonly
    def search_count(self, domain, limit=None):
        """Count by the totals, where they know."""
        counted = self._counted(domain)
        if counted is None:
            return super().search_count(domain, limit=limit)
        self.browse().check_access("read")
        [(count,)] = self.env["email.campaign.event.total"]._kept(counted)
        return min(count, limit) if limit else count

    @api.model
    def _read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None):
        counted = None
        if aggregates and set(aggregates) == {"__count"} and not having and all(map(self._is_counted_by, groupby)):
            counted = self._counted(domain)
        if counted is None:
            return super()._read_group(domain, groupby, aggregates, having, offset, limit, order)
        self.browse().check_access("read")
        order = order.replace("__count", "kept:sum") if order else None
        rows = self.env["email.campaign.event.total"]._kept(
            counted, groupby, offset=offset, limit=limit, order=order
        )
        return [(*groups, *itertools.repeat(count, len(aggregates))) for *groups, count in rows]

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False):
        options = {"active_test": active_test, "bypass_access": bypass_access}
        counted = None
        if limit and order == self._order and not bypass_access and offset + limit <= MOST_NEWEST:
            counted = self._counted(domain)
        if counted is None:
            return super()._search(domain, offset, limit, order, **options)
        self.browse().check_access("read")
        domain, needed = fields.Domain(domain), offset + limit
        rolled = self.env["email.campaign.event.rollup"]._rolled_id()
        # The latest first, one by one; then between two ids of which the numbers tell that enough are there.
        latest = super()._search(domain & fields.Domain("id", ">", rolled), 0, needed, order, **options)
        ids = list(latest.get_result_ids())
        counts = self.env["email.campaign.event.count"]
        if len(ids) < needed and (bounds := counts._newest(counts._search(counted), needed - len(ids))):
            lowest, highest = bounds
            between = fields.Domain("id", ">=", lowest) & fields.Domain("id", "<=", highest)
            older = super()._search(domain & between, 0, needed - len(ids), order, **options)
            ids += older.get_result_ids()
        return self.browse(ids[offset:])._as_query(ordered=True)

    @api.model
    def _is_counted_by(self, spec):
        """Whether grouping by `spec` can be answered from what is counted by the hour."""
        name, _colon, period = spec.partition(":")
        if name == "at":
            return period == "hour" or (period in PERIODS and self._by_whole_hours())
        return name in DIMENSIONS and not period

    def _by_whole_hours(self):
        """Whether the clock of the user differs from UTC by whole hours, in winter and in summer."""
        try:
            zone = pytz.timezone(self.env.context.get("tz") or "UTC")
        except pytz.UnknownTimeZoneError:
            return False
        year = datetime.now().year  # noqa: DTZ005
        offsets = [zone.utcoffset(datetime(year, month, 1)) for month in (1, 7)]  # noqa: DTZ001
        return all(offset.total_seconds() % 3600 == 0 for offset in offsets)

    @api.model
    def _counted(self, domain):
        """Give `domain` as one on the numbers, None if it asks for anything that they don't know."""
        domain = fields.Domain(domain)
        for condition in domain.iter_conditions():
            name = condition.field_expr.partition(".")[0]
            if name == "at" and self._is_whole_hour(condition):
                continue
            if name not in DIMENSIONS:
                return None
        return domain

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
                found = self.env["email.address"].sudo().search([("email", operator, value)], limit=MOST_ADDRESSES + 1)
                emails = found.mapped("email")
        else:
            return recipients
        if len(emails) > MOST_ADDRESSES or not all(isinstance(email, str) for email in emails):
            return recipients
        # One look at an index for each mass email and address.
        return fields.Domain(
            "recipient_id",
            "in",
            SQL(
                """
                SELECT r.id FROM email_campaign_mailing m CROSS JOIN unnest(%s::varchar[]) AS asked (email)
                  JOIN email_campaign_recipient r
                    ON r.mailing_id = m.id AND r.email = asked.email AND r.skip_reason IS NULL
                """,
                emails,
            ),
        )

    def unlink(self):
        """Take what is counted off the numbers; retention, which keeps them, does not come here."""
        rolled = self.env["email.campaign.event.rollup"]._hold()
        counted = SQL("e.id = ANY(%s) AND e.id <= %s", self.ids, rolled)
        self.env["email.campaign.event.count"]._add(-1, counted)
        return super().unlink()
