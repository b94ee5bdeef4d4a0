import math
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import pacing
from odoo.addons.email_campaign.tools.pacing import Bucket, DomainPace, Limits, Ramp, Window

NOW = datetime(2026, 3, 27, 12, 0, 30)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
HOURS = st.integers(0, 24 * 4).map(lambda quarter: quarter / 4)
DAYS = st.frozensets(st.integers(0, 6), min_size=1)
# Pairs of (seconds to wait, mails wanted).
TAKES = st.lists(st.tuples(st.floats(0, 3), st.integers(0, 60)), max_size=60)
LONG_TAKES = st.lists(st.tuples(st.floats(0, 3 * 3600), st.integers(0, 60)), max_size=60)


def windows():
    return st.builds(Window, DAYS, HOURS.filter(lambda hour: hour < 24), HOURS, ZONES).filter(
        lambda window: window.start != window.end
    )


def most_within(taken, span):
    """Give the largest number of `taken`, pairs of moment and mails, in any half-open window of `span`."""
    return max(
        (sum(count for at, count in taken if begin <= at < begin + span) for begin, _count in taken),
        default=0,
    )


class TestPacing(BaseCase):
    @given(st.one_of(st.integers(1, 300), st.floats(0.05, 50)), TAKES)
    @example(100, [(0, 60)] * 2 + [(0.5, 60)] * 6)
    def test_never_more_than_the_limit_in_any_second(self, limit, takes):
        now, taken = NOW, []
        bucket = Bucket.for_limit(limit, None, None, now)
        for wait, wanted in takes:
            now += timedelta(seconds=wait)
            granted, bucket = bucket.take(wanted, now)
            self.assertLessEqual(granted, wanted)
            taken.append((now, granted))
        # Moments are whole microseconds, and floats are not exact.
        span = timedelta(seconds=max(1.0, 1 / limit) - 0.00001)
        self.assertLessEqual(most_within(taken, span), max(1, math.floor(limit)))

    @given(st.floats(0.05, 300), TAKES, st.integers(1, 100))
    def test_a_bucket_says_when_to_come_again(self, limit, takes, wanted):
        now = NOW
        bucket = Bucket.for_limit(limit, None, None, now)
        for wait, count in takes:
            now += timedelta(seconds=wait)
            _granted, bucket = bucket.take(count, now)
        at = bucket.again(wanted, now)
        self.assertGreaterEqual(at, now)
        granted, after = bucket.take(wanted, at)
        self.assertGreaterEqual(granted, 1, "whoever comes then gets something")
        self.assertEqual(after.give_back(granted).tokens, bucket.refilled(at).tokens)

    def test_a_bucket_uses_its_limit(self):
        for limit, reached in ((1, 60), (9, 540), (100, 5401)):
            now, sent = NOW, 0
            bucket = Bucket.for_limit(limit, None, None, now)
            while now < NOW + timedelta(minutes=1):
                granted, bucket = bucket.take(1000, now)
                sent += granted
                now = bucket.again(1000, now)
            self.assertEqual(sent, reached, "all of a small limit, nine tenths of a large one")

    def test_a_clock_that_goes_back_gives_nothing(self):
        _granted, bucket = Bucket.for_limit(1, None, None, NOW).take(1, NOW)
        self.assertEqual(bucket.take(5, NOW - timedelta(hours=1))[0], 0)

    @given(st.integers(1, 100), st.sampled_from([pacing.HOUR, 24 * 60]), LONG_TAKES)
    @example(10, pacing.HOUR, [(29, 10), (3570, 10), (0, 10)])
    def test_never_more_than_the_limit_in_any_window(self, limit, span, takes):
        now, slots, taken = NOW, {}, []
        for wait, wanted in takes:
            now += timedelta(seconds=wait)
            granted = min(wanted, pacing.room(slots, span, limit, now))
            if wanted and not granted:
                at = pacing.again(slots, span, limit, now)
                self.assertGreater(at, now, "nobody is told to come at once and sent away")
                self.assertGreater(pacing.room(slots, span, limit, at), 0)
                self.assertEqual(pacing.room(slots, span, limit, at - timedelta(seconds=1)), 0, "no later than needed")
            slots[pacing.minute(now)] = slots.get(pacing.minute(now), 0) + granted
            taken.append((now, granted))
        self.assertLessEqual(most_within(taken, timedelta(minutes=span)), limit)

    def test_a_limit_is_given_back_by_the_minute(self):
        slots = {pacing.minute(NOW): 10}
        self.assertEqual(pacing.room(slots, pacing.HOUR, 10, NOW), 0)
        again = pacing.again(slots, pacing.HOUR, 10, NOW)
        self.assertEqual(again, datetime(2026, 3, 27, 13, 1), "the whole minute of 12:00 is an hour old")
        self.assertIsNone(pacing.again({}, pacing.HOUR, 0, NOW))

    def test_warm_up(self):
        ramp = Ramp(date(2026, 3, 27), 100, 10, "America/New_York")
        day = timedelta(days=1)
        self.assertEqual([ramp.limit(NOW + n * day) for n in (-1, 0, 1, 2, 7)], [100, 100, 110, 121, 194])
        self.assertEqual(ramp.limit(datetime(2026, 3, 28, 3, 59)), 100, "a day ends where the account is")
        self.assertEqual(ramp.limit(datetime(2026, 3, 28, 4)), 110)
        self.assertEqual(ramp.next_day(NOW), datetime(2026, 3, 28, 4))
        self.assertIsNone(ramp.limit(NOW + 9999 * day))
        limits = Limits(day=105, ramp=ramp)
        self.assertEqual([limits.day_limit(NOW + n * day) for n in (0, 1, 2, 9999)], [100, 105, 105, 105])
        self.assertEqual(Limits(ramp=ramp).day_limit(NOW + 9999 * day), 0)
        # On the first day's limit, the next day lets more go before any of the first is a day old.
        free, at = limits.room({pacing.minute(NOW): 100}, NOW)
        self.assertEqual((free, at), (0, datetime(2026, 3, 28, 4)))

    @given(st.integers(1, 1000), st.floats(0.1, 500), st.integers(0, 3000))
    def test_warm_up_grows(self, first, growth, days):
        ramp = Ramp(NOW.date(), first, growth)
        today, tomorrow = (ramp.limit(NOW + timedelta(days=n)) or math.inf for n in (days, days + 1))
        self.assertLessEqual(first, today)
        self.assertLessEqual(today, tomorrow)

    @given(windows(), MOMENTS)
    def test_window_opens_at_the_first_moment(self, window, now):
        at = window.opens(now)
        self.assertGreaterEqual(at, now)
        self.assertEqual(window.opens(at), at)
        if at > now:
            self.assertIsNone(window.closes(now))
            for part in range(1, 20):
                between = now + (at - now) * part / 20
                self.assertGreater(window.opens(between), between, "closed all the time before")
        closes = window.closes(at)
        self.assertGreater(closes, at)
        for part in range(20):
            between = at + (closes - at) * part / 20
            self.assertEqual(window.opens(between), between, "open all the time until then")

    @given(windows(), MOMENTS)
    def test_window_is_that_of_the_wall_clock(self, window, now):
        local = now.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(window.zone))
        hour = local.hour + local.minute / 60 + local.second / 3600 + local.microsecond / 3.6e9
        yesterday = (local.weekday() - 1) % 7
        if window.start < window.end:
            expected = local.weekday() in window.weekdays and window.start <= hour < window.end
        else:
            expected = (local.weekday() in window.weekdays and hour >= window.start) or (
                yesterday in window.weekdays and hour < window.end
            )
        # On days on which the clock is changed, what is shorter or longer is tested by itself.
        offsets = {
            (local.replace(tzinfo=None) + timedelta(days=n)).replace(tzinfo=local.tzinfo).utcoffset()
            for n in (-2, 0, 2)
        }
        if len(offsets) == 1:
            self.assertEqual(window.opens(now) == now, expected)

    def test_window_when_the_clock_is_changed(self):
        every_day = frozenset(range(7))
        berlin = Window(every_day, 1, 4, "Europe/Berlin")
        # 29 March 2026: 2:00 to 3:00 is left out. 25 October: it comes twice.
        spring = datetime(2026, 3, 28, 12)
        self.assertEqual(berlin.opens(spring), datetime(2026, 3, 29, 0))
        self.assertEqual(berlin.closes(datetime(2026, 3, 29, 0)), datetime(2026, 3, 29, 2))
        autumn = datetime(2026, 10, 24, 12)
        self.assertEqual(berlin.opens(autumn), datetime(2026, 10, 24, 23))
        self.assertEqual(berlin.closes(datetime(2026, 10, 24, 23)), datetime(2026, 10, 25, 3))
        gone = Window(frozenset({6}), 2, 3, "Europe/Berlin")
        self.assertEqual(
            gone.opens(spring), datetime(2026, 4, 5, 0), "a window that does not exist is that of next week"
        )

    def test_window_beyond_midnight(self):
        night = Window(frozenset({4}), 22, 6)  # Friday night
        self.assertEqual(night.opens(NOW), datetime(2026, 3, 27, 22))
        self.assertEqual(night.closes(datetime(2026, 3, 28, 1)), datetime(2026, 3, 28, 6))
        self.assertEqual(night.opens(datetime(2026, 3, 28, 6)), datetime(2026, 4, 3, 22))
        days = Window(frozenset({0, 1}), 0, 24)
        self.assertEqual(days.closes(datetime(2026, 3, 30, 5)), datetime(2026, 4, 1), "two whole days are one window")
        self.assertIsNone(Window(frozenset(), 8, 18).opens(NOW))

    @given(st.integers(0, 50), st.integers(0, 100), st.one_of(st.none(), windows()), LONG_TAKES)
    @settings(max_examples=50)
    def test_limits_together(self, hour, day, window, takes):
        limits = Limits(hour=hour, day=day, window=window)
        now, slots, taken = NOW, {}, []
        for wait, wanted in takes:
            now += timedelta(seconds=wait)
            free, at = limits.room(slots, now)
            granted = min(wanted, free)
            if window and granted:
                self.assertEqual(window.opens(now), now)
            if not free:
                self.assertGreater(at, now)
                self.assertGreater(limits.room(slots, at)[0], 0, "whoever comes then gets something")
            slots[pacing.minute(now)] = slots.get(pacing.minute(now), 0) + granted
            taken.append((now, granted))
        if hour:
            self.assertLessEqual(most_within(taken, timedelta(hours=1)), hour)
        if day:
            self.assertLessEqual(most_within(taken, timedelta(days=1)), day)

    def test_estimate(self):
        def hours(count, rate, **limits):
            return pacing.estimate(count, rate, Limits(**limits), NOW) / 3600

        self.assertEqual(pacing.estimate(5000, 1250, Limits(), NOW), 4)
        self.assertEqual(pacing.estimate(0, 0, Limits(hour=5), NOW), 0)
        self.assertAlmostEqual(pacing.estimate(540, 0, Limits(second=9), NOW), 60)
        # 300 go at once, and 300 more each 61 minutes: in 16 waits, the first of which begins half a minute in.
        self.assertAlmostEqual(hours(5000, 0, hour=300), 16 * 61 / 60, delta=1 / 60)
        self.assertAlmostEqual(hours(200, 0, hour=300, day=100), 24, delta=0.1)
        working = Window(frozenset(range(5)), 8, 18)
        self.assertAlmostEqual(hours(3600 * 8, 1, window=working), 72 - 4 + 2, delta=0.1)  # Friday noon to Monday
        # 100 now, 10 more at midnight, 100 when the first are a day old, and 21 at the next midnight.
        self.assertAlmostEqual(hours(231, 0, ramp=Ramp(NOW.date(), 100, 10)), 36, delta=0.1)
        self.assertIsNone(pacing.estimate(10**9, 0, Limits(hour=1), NOW))
        self.assertIsNone(pacing.estimate(1, 0, Limits(window=Window(frozenset(), 8, 18)), NOW))
        used = {pacing.minute(NOW): 300}
        self.assertGreater(pacing.estimate(1, 0, Limits(hour=300), NOW, used), 3600)
        self.assertEqual(used, {pacing.minute(NOW): 300}, "what is given stays as it is")

    @given(st.integers(1, 3000), st.integers(1, 500), st.floats(0.1, 100), st.integers(1, 200))
    @settings(max_examples=30, deadline=None)
    def test_estimates_grow(self, count, more, rate, hour):
        limits = Limits(hour=hour, day=hour * 10)
        first, second = (pacing.estimate(n, rate, limits, NOW) for n in (count, count + more))
        self.assertLessEqual(first, second)
        self.assertGreaterEqual(first + 0.001, count / rate)
        free = pacing.estimate(count, rate, Limits(), NOW)
        self.assertLessEqual(free, first + 0.001)


class TestDomainPace(BaseCase):
    def test_one_greylisted_mail_stops_nothing_for_long(self):
        pace = pacing.slowed(None, 1000, NOW)
        self.assertEqual((pace.rate, pace.hold_until), (10, NOW + timedelta(seconds=5)))
        self.assertEqual(pace.allowed(5, NOW)[0], 0)
        self.assertGreater(pace.allowed(5, pace.hold_until)[0], 0)
        self.assertIsNone(pace.recovered(60).recovered(60).recovered(400), "and is forgotten by and by")
        self.assertEqual(pacing.slowed(None, 3, NOW).rate, 1.5, "from what was observed")

    def test_what_was_under_way_counts_once(self):
        pace = pacing.slowed(None, 0, NOW)
        self.assertEqual(pacing.slowed(pace, 0, NOW + timedelta(seconds=2)), pace)
        self.assertEqual(pacing.slowed(pace, 0, NOW + timedelta(seconds=5)).rate, 5)

    def test_one_that_keeps_complaining_is_left_in_peace(self):
        pace, now, tries = None, NOW, 0
        while now < NOW + timedelta(days=1):
            tries += 1
            pace = pacing.slowed(pace, 0, now)
            now = pace.again(now)
        self.assertLess(tries, 110, "every quarter of an hour at last")
        self.assertEqual(pace.rate, pacing.LOWEST_RATE)

    def test_quiet_for_long(self):
        pace = pacing.slowed(pacing.slowed(None, 0, NOW), 0, NOW + timedelta(minutes=1))
        later = pace.hold_until + timedelta(hours=2)
        self.assertTrue(pace.is_over(later))
        self.assertEqual(pacing.slowed(pace, 0, later), pacing.slowed(None, 0, later), "a new beginning")

    @given(st.lists(st.tuples(st.floats(0, 500), st.sampled_from(["take", "trouble", "success"])), max_size=60))
    def test_whatever_happens(self, happenings):
        now, pace = NOW, pacing.slowed(None, 0, NOW)
        for wait, kind in happenings:
            now += timedelta(seconds=wait)
            pace = pace or pacing.slowed(None, 0, now)
            if kind == "trouble":
                before, pace = pace, pacing.slowed(pace, 0, now)
                self.assertGreater(pace.hold_until, now)
                self.assertLessEqual((pace.hold_until - now).total_seconds(), pacing.LONGEST_HOLD)
                if not before.is_over(now):
                    self.assertLessEqual(pace.rate, before.rate)
            elif kind == "success":
                before, pace = pace, pace.recovered(10)
                self.assertTrue(pace is None or before.rate < pace.rate < pacing.START_RATE)
            else:
                granted, pace = pace.allowed(100, now)
                self.assertLessEqual(granted, max(1, pace.rate))
                if not granted:
                    self.assertGreater(pace.again(now), now)
                self.assertGreater(pace.allowed(100, pace.again(now))[0], 0)

    def test_given_back(self):
        pace = DomainPace(5.0, 1, NOW - timedelta(seconds=1))
        granted, taken = pace.allowed(9, NOW)
        self.assertEqual(granted, 1)
        self.assertEqual(taken.allowed(1, NOW)[0], 0)
        self.assertEqual(taken.given_back(1, NOW).allowed(1, NOW)[0], 1)
