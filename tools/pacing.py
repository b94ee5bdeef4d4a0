"""How fast mail may leave: limits a second, an hour and a day, warm-up, sending windows, and slowed domains.

Arithmetic on values that others keep, without clock or state. Moments are naive and in UTC, rates in mails a second.

Limits a second are a token bucket (`Bucket`), limits an hour and a day are counts of a rolling window (`room`,
`again`). A bucket of a whole hour would not do for them: full after a quiet hour, it lets an hour's worth through at
once and another one during the hour that follows, twice the limit in one window, and providers count rolling windows.
The counts are kept in slots of a minute. A window of an hour that ends within a minute reaches into that minute and at
most the 60 before it, so these 61 are counted: never more than the limit in any hour, for at most a minute of waiting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOUR = 60  # minutes
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1)
_HUGE = 10**9  # mails; beyond it a limit is none
_HORIZON = timedelta(days=400)  # what would last longer is not estimated

# RFC 5321 4.2.3, RFC 4954 6: the receiver is busy, defers unknown senders, or says that it was too fast.
SLOWING_CODES = frozenset({421, 450, 451, 454})

START_RATE = 20.0  # a domain is slowed from here, and forgotten when it has come back to it
LOWEST_RATE = 1 / 60
RECOVERY = 0.05  # mails a second more for each mail that was taken
FIRST_HOLD = 5.0  # one greylisted mail holds up its domain no longer
LONGEST_HOLD = 900.0
FORGET_AFTER = 3600.0  # seconds without trouble after which a slowed domain is like any other


class Allowance(NamedTuple):
    """What may go now: `total` mails, of each of the slowed `domains` at most so many (others: no limit of theirs).

    `again_at` is the moment at which more may go, where less than was wanted may go now.
    """

    total: int
    domains: dict[str, int]
    again_at: datetime | None


def minute(at: datetime) -> int:
    """Give the number of the minute of `at`, counted from 1970."""
    return (at - _EPOCH) // timedelta(minutes=1)


def moment(number: int) -> datetime:
    """Give the moment in which the minute `number` begins."""
    return _EPOCH + timedelta(minutes=number)


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` at the moment `at`, refilled by `rate` tokens a second up to `capacity`; a token lets one mail go."""

    rate: float
    capacity: float
    tokens: float
    at: datetime

    @classmethod
    def for_limit(cls, limit: float, tokens: float | None, at: datetime | None, now: datetime) -> Bucket:
        """Give the bucket that never lets more than `limit` mails go in any second; full where nothing is known of it.

        In a second, fewer than `capacity + rate` whole tokens can be taken. With both together being `limit + 1`, that
        is at most `limit`. A tenth of the limit is burst, so that not every mail needs a transaction of its own.
        """
        whole = float(math.floor(limit)) if limit >= 1 else limit
        burst = math.floor(whole / 10)
        capacity = 1.0 + burst
        if tokens is None or at is None:
            tokens, at = capacity, now
        return cls(whole - burst, capacity, min(tokens, capacity), at)

    def refilled(self, now: datetime) -> Bucket:
        """Give this bucket as it is at `now`; a clock that went back refills nothing."""
        if now <= self.at:
            return self
        tokens = self.tokens + self.rate * (now - self.at).total_seconds()
        return replace(self, tokens=min(self.capacity, tokens), at=now)

    def take(self, wanted: int, now: datetime) -> tuple[int, Bucket]:
        """Give how many of `wanted` mails may go at `now`, and the bucket after them."""
        bucket = self.refilled(now)
        granted = max(0, min(wanted, math.floor(bucket.tokens)))
        return granted, replace(bucket, tokens=bucket.tokens - granted)

    def give_back(self, count: int) -> Bucket:
        """Give the bucket with `count` tokens back in it."""
        return replace(self, tokens=min(self.capacity, self.tokens + count))

    def again(self, wanted: int, now: datetime) -> datetime:
        """Give the moment from which `wanted` mails may go, or as many of them as ever may at once."""
        bucket = self.refilled(now)
        missing = min(max(1, wanted), math.floor(bucket.capacity)) - bucket.tokens
        # A microsecond more, so that rounding doesn't wake anybody up too early.
        return max(now, bucket.at + timedelta(seconds=max(0.0, missing / bucket.rate), microseconds=1))


def room(slots: Mapping[int, int], span: int, limit: int, now: datetime) -> int:
    """Give how many mails may go at `now`, so that in no `span` minutes more than `limit` go; `slots` went already."""
    since = minute(now) - span
    return max(0, limit - sum(count for number, count in slots.items() if number >= since))


def again(slots: Mapping[int, int], span: int, limit: int, now: datetime) -> datetime | None:
    """Give the moment from which at least one mail may go; None when the limit never lets one go."""
    if limit < 1:
        return None
    since = minute(now) - span
    counted = sorted((number, count) for number, count in slots.items() if number >= since and count > 0)
    left = sum(count for _number, count in counted)
    at = now
    for number, count in counted:
        if left < limit:
            break
        left -= count
        at = max(now, moment(number + span + 1))
    return at


@dataclass(frozen=True, slots=True)
class Ramp:
    """Warm-up of an account: `first` mails on the day `start`, `growth` percent more on each day after it."""

    start: date
    first: int
    growth: float
    zone: str = "UTC"

    def limit(self, now: datetime) -> int | None:
        """Give the limit of the day in which `now` is; None when it has grown beyond what matters."""
        days = max(0, (_local(now, self.zone).date() - self.start).days)
        exponent = days * math.log1p(self.growth / 100) + math.log(max(1, self.first))
        if exponent >= math.log(_HUGE):
            return None
        # A hair more, as 100 * 1.1 ** 2 must be 121.
        return math.floor(math.exp(exponent) + 1e-6)

    def next_day(self, now: datetime) -> datetime:
        """Give the moment in which the next day begins."""
        tomorrow = max(_local(now, self.zone).date(), self.start) + timedelta(days=1)
        return _utc(datetime.combine(tomorrow, time()), self.zone)


@dataclass(frozen=True, slots=True)
class Window:
    """When mail may leave: on `weekdays` (0 is Monday) from `start` to `end`, in hours of the day in `zone`.

    With `end` at or before `start` it lasts beyond midnight and belongs to the day on which it begins.
    """

    weekdays: frozenset[int]
    start: float
    end: float
    zone: str = "UTC"

    def opens(self, now: datetime) -> datetime | None:
        """Give the earliest moment from `now` on at which mail may leave; None when that never comes."""
        span = self._next(now)
        return max(now, span[0]) if span else None

    def closes(self, now: datetime) -> datetime | None:
        """Give the moment at which the window that is open at `now` closes; None when it is closed."""
        span = self._next(now)
        if not span or span[0] > now:
            return None
        end = span[1]
        # One that begins when this one ends goes on without a gap.
        for _day in range(8):
            following = self._next(end)
            if not following or following[0] > end:
                break
            end = following[1]
        return end

    def _next(self, now: datetime) -> tuple[datetime, datetime] | None:
        today = _local(now, self.zone).date()
        # A week and a day on either side: the only day may just be over, or be cut to nothing by a change of the clock.
        for offset in range(-2, 16):
            day = today + timedelta(days=offset)
            if day.weekday() not in self.weekdays:
                continue
            begin, end = self._span(day)
            if begin < end and end > now:
                return begin, end
        return None

    def _span(self, day: date) -> tuple[datetime, datetime]:
        midnight = datetime.combine(day, time())
        last = midnight + timedelta(days=1) if self.end <= self.start else midnight
        begin = midnight + timedelta(minutes=round(self.start * 60))
        end = last + timedelta(minutes=round(self.end * 60))
        return _utc(begin, self.zone), _utc(end.replace(fold=1), self.zone)


@dataclass(frozen=True, slots=True)
class Limits:
    """All that limits one account; 0 or None is no limit."""

    second: float = 0.0
    hour: int = 0
    day: int = 0
    ramp: Ramp | None = None
    window: Window | None = None

    @property
    def counts(self) -> bool:
        """Whether what has left must be counted."""
        return bool(self.hour or self.day or self.ramp)

    def __bool__(self) -> bool:
        return bool(self.second or self.counts or self.window)

    def with_hour(self, cap: int) -> Limits:
        """Give these limits with at most `cap` an hour."""
        return replace(self, hour=min(self.hour or cap, cap))

    def day_limit(self, now: datetime) -> int:
        """Give the limit of the day in which `now` is, 0 for none."""
        ramp = self.ramp.limit(now) if self.ramp else None
        return min((limit for limit in (ramp, self.day) if limit), default=0)

    def room(self, slots: Mapping[int, int], now: datetime) -> tuple[int, datetime | None]:
        """Give how many mails may go at `now` by the hour, the day and the window, and when more may.

        The limit a second is not asked. The moment is None when nothing limits, or when it never comes.
        """
        free, later = self._counted(slots, now)
        opens = self.window.opens(now) if self.window else now
        if opens != now:
            free, later = 0, opens
        while later is not None:
            # At that moment another limit may hold, or the window be closed.
            opens = self.window.opens(later) if self.window else later
            if opens is None:
                return free, None
            here, still_later = self._counted(slots, opens)
            if here > free:
                return free, opens
            later = still_later
        return free, None

    def _counted(self, slots: Mapping[int, int], now: datetime) -> tuple[int, datetime | None]:
        """Give how many mails may go at `now` by the hour and the day, and a later moment when there may be room."""
        free = _HUGE
        tight: list[datetime] = []
        for span, limit in ((HOUR, self.hour), (DAY, self.day_limit(now))):
            if not limit:
                continue
            here = room(slots, span, limit, now)
            at = _next_out(slots, span, now) if here else again(slots, span, limit, now)
            if span == DAY and self.ramp and at:
                at = min(at, self.ramp.next_day(now))
            if here < free:
                free, tight = here, []
            if here == free and at:
                tight.append(at)
        return free, max(tight, default=None)


def _next_out(slots: Mapping[int, int], span: int, now: datetime) -> datetime | None:
    """Give the moment in which the oldest of the counted slots is counted no more; None without any."""
    since = minute(now) - span
    oldest = min((number for number, count in slots.items() if number >= since and count), default=None)
    return None if oldest is None else moment(oldest + span + 1)


@dataclass(frozen=True, slots=True)
class DomainPace:
    """How fast a domain that complained is written to: at `rate`, and not before `hold_until`.

    Complaints halve the rate and hold the domain, each time twice as long; what it takes lets the rate grow by a fixed
    amount (as TCP does, RFC 5681 3.1). What was under way when it complained may complain too: that counts once.
    """

    rate: float
    troubles: int
    hold_until: datetime
    bucket_tokens: float = 1.0
    bucket_at: datetime | None = None

    def bucket(self, now: datetime) -> Bucket:
        """Give its bucket; a second's worth is all that it lets through at once."""
        capacity = max(1.0, self.rate)
        return Bucket(self.rate, capacity, min(self.bucket_tokens, capacity), self.bucket_at or now)

    def allowed(self, wanted: int, now: datetime) -> tuple[int, DomainPace]:
        """Give how many of `wanted` mails may go at `now`, and the pace after them."""
        if now < self.hold_until:
            return 0, self
        granted, bucket = self.bucket(now).take(wanted, now)
        return granted, replace(self, bucket_tokens=bucket.tokens, bucket_at=bucket.at)

    def given_back(self, count: int, now: datetime) -> DomainPace:
        """Give the pace with `count` mails back that did not go."""
        bucket = self.bucket(now).refilled(now).give_back(count)
        return replace(self, bucket_tokens=bucket.tokens, bucket_at=bucket.at)

    def again(self, now: datetime) -> datetime:
        """Give the moment from which a mail may go; when all that may be are gone, that is when many may again."""
        bucket = self.bucket(now).refilled(now)
        if bucket.tokens >= 1:
            return max(self.hold_until, now)
        return max(self.hold_until, bucket.again(math.floor(bucket.capacity), now))

    def is_over(self, now: datetime) -> bool:
        """Tell whether it has been quiet for so long that the domain is like any other again."""
        return (now - self.hold_until).total_seconds() > FORGET_AFTER

    def recovered(self, count: int) -> DomainPace | None:
        """Give the pace after the domain took `count` mails; None when it is as fast as it was."""
        rate = min(self.rate + RECOVERY * count, 2 * self.rate)
        if rate >= START_RATE:
            return None
        return replace(self, rate=rate, troubles=self.troubles // 2)


def slowed(pace: DomainPace | None, observed: float, now: datetime) -> DomainPace:
    """Give the pace of a domain that has just complained; `observed` is the rate at which mail left, 0 if unknown."""
    if pace and pace.is_over(now):
        pace = None
    if pace and now < pace.hold_until:
        return pace
    if pace is None:
        rate = min(observed or START_RATE, START_RATE) / 2
        return DomainPace(max(LOWEST_RATE, rate), 1, now + timedelta(seconds=FIRST_HOLD))
    hold = min(LONGEST_HOLD, FIRST_HOLD * 2.0 ** min(pace.troubles, 20))
    return replace(
        pace,
        rate=max(LOWEST_RATE, pace.rate / 2),
        troubles=pace.troubles + 1,
        hold_until=now + timedelta(seconds=hold),
        bucket_tokens=1.0,
        bucket_at=None,
    )


def estimate(
    count: int, rate: float, limits: Limits, now: datetime, slots: Mapping[int, int] | None = None
) -> float | None:
    """Give after how many seconds the last of `count` mails leaves that begin at `now`; `slots` went already.

    `rate` is what the line lets through, 0 for as fast as the limits let. None when it never ends, or after more than a
    year. Right to a minute.
    """
    bucket = Bucket.for_limit(limits.second, None, None, now).rate if limits.second else math.inf
    speed = min(rate or math.inf, bucket)
    if not (limits.counts or limits.window):
        return count / speed
    if count / speed > _HORIZON.total_seconds():
        return None
    used = dict(slots or {})
    at, left = now, count
    while left > 0:
        free, later = limits.room(used, at)
        if not free:
            if later is None or later > now + _HORIZON:
                return None
            at = max(at, later)
            used = {number: gone for number, gone in used.items() if number >= minute(at) - DAY}
            continue
        # Time only makes room, so whatever there is room for now may be sent in one go.
        until = (limits.window and limits.window.closes(at)) or datetime.max
        fits = left if math.isinf(speed) else max(1, math.ceil((until - at).total_seconds() * speed))
        sent = min(left, free, fits)
        left -= sent
        at = _spread(used, at, sent, speed)
        if at > now + _HORIZON:
            return None
    return (at - now).total_seconds()


def _spread(used: dict[int, int], at: datetime, count: int, speed: float) -> datetime:
    """Count `count` mails that leave from `at` on with `speed`; give the moment after the last."""
    while count:
        number = minute(at)
        fits = count
        if not math.isinf(speed):
            fits = min(count, max(1, math.ceil((moment(number + 1) - at).total_seconds() * speed)))
            at += timedelta(seconds=fits / speed)
        used[number] = used.get(number, 0) + fits
        count -= fits
    return at


def _local(at: datetime, zone: str) -> datetime:
    return at.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(zone))


def _utc(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc).replace(tzinfo=None)
