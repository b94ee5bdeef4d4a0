"""The figures of issue “delivery engine”, one function each: measure, and say what was wanted."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dev.errors import Problem

from .report import Bound, Row
from .sink import HOST, Sink
from .world import World, counting

Sample = dict[str, Any]  # what benchmarks/inside/meter.py counts, and more


@dataclass
class Bench:
    """One run: its world, how many connections ours may use, and all that was measured."""

    world: World
    connections: int
    runs: int
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    _tags: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def ours(self, count: int) -> Sample:
        """Send `count` mails by our engine, in a process of its own, to a sink of its own."""
        with self.world.sink() as sink:
            return self.ours_to(sink, sink.port, count, self.connections)

    def ours_to(self, sink: Sink, port: int, count: int, connections: int) -> Sample:
        """Send `count` mails by our engine to `port`, which leads to `sink`."""
        tag = f"bench{next(self._tags)}"
        database = self.world.ours
        launched = self.world.job(
            database,
            "ours.launch",
            f"Launching a campaign to {count:,} contacts",
            count=count,
            tag=tag,
            host=HOST,
            port=port,
            connections=connections,
        )
        sent = self.world.job(
            database, "ours.send", f"Sending it ({count:,} mails)", counting(sink, count), mailing=launched["mailing"]
        )
        return self._kept("ours", count, sink, launched, sent)

    def mass_mailing(self, count: int) -> Sample:
        """Send `count` mails by mass_mailing."""
        with self.world.sink() as sink:
            tag = f"bench{next(self._tags)}"
            database = self.world.mass_mailing
            launched = self.world.job(
                database,
                "mass_mailing.launch",
                f"Launching mass_mailing to {count:,} contacts",
                count=count,
                tag=tag,
                host=HOST,
                port=sink.port,
            )
            title = f"Sending by mass_mailing ({count:,} mails)"
            progress = counting(sink, count)
            sent = self.world.job(database, "mass_mailing.send", title, progress, mailing=launched["mailing"])
            return self._kept("mass_mailing", count, sink, launched, sent)

    def _kept(self, who: str, count: int, sink: Sink, launched: Sample, sent: Sample) -> Sample:
        arrived = sink.count()
        if arrived != count or sent["states"] != {"sent": count}:
            raise Problem(
                f"{who} was to send {count:,} mails: {arrived:,} arrived, and its database says {sent['states']}. "
                "A figure of that would say nothing."
            )
        sample = {
            **sent,
            "count": count,
            "rate": count / sent["seconds"],
            "launch_seconds": launched["launch_seconds"],
            "rate_with_launch": count / (sent["seconds"] + launched["launch_seconds"]),
            "sink_cpu_seconds": sink.cpu_seconds(),
        }
        self.samples.setdefault(f"{who} {count}", []).append(sample)
        return sample

    def median(self, count: int) -> Sample:
        """The sample of our engine with the median rate out of `runs`."""
        taken = [self.ours(count) for _ in range(self.runs)]
        rate = statistics.median_low(sample["rate"] for sample in taken)
        return next(sample for sample in taken if sample["rate"] == rate)


SMALL, MIDDLE, LARGE = 2_000, 5_000, 50_000


def against_mass_mailing(bench: Bench) -> list[Row]:
    """(a) Ours and Odoo's own mass_mailing, the same addresses, content and sink."""
    theirs = bench.mass_mailing(SMALL)
    rows, mine = _small(bench)
    return [
        *rows,
        Row("a", "mass_mailing, the same 2,000", theirs["rate"], "mails/s"),
        Row("a", "mass_mailing, with the launch", theirs["rate_with_launch"], "mails/s"),
        Row("a", "ours against mass_mailing", mine["rate"] / theirs["rate"], "times", Bound("≥", 150)),
        Row("a", "the same with both launches", mine["rate_with_launch"] / theirs["rate_with_launch"], "times"),
    ]


def _small(bench: Bench) -> tuple[list[Row], Sample]:
    mine = bench.median(SMALL)
    return [
        Row("a", f"ours, {SMALL:,} mails with ten links", mine["rate"], "mails/s"),
        Row("a", "ours, with the launch", mine["rate_with_launch"], "mails/s"),
    ], mine


def in_bulk(bench: Bench) -> list[Row]:
    """(b) What one mail costs among 50,000 and among 5,000."""
    small, large = bench.median(MIDDLE), bench.ours(LARGE)
    micro = {count: sample["cpu_seconds"] / count * 1e6 for count, sample in ((MIDDLE, small), (LARGE, large))}
    return [
        Row("b", f"ours, {LARGE:,} mails", large["rate"], "mails/s"),
        Row("b", f"ours, {MIDDLE:,} mails", small["rate"], "mails/s"),
        Row("b", f"CPU of Odoo's process a mail, {LARGE:,}", micro[LARGE], "µs"),
        Row("b", f"CPU of Odoo's process a mail, {MIDDLE:,}", micro[MIDDLE], "µs"),
        Row("b", "CPU a mail, 50,000 : 5,000", micro[LARGE] / micro[MIDDLE], "", Bound("≤", 1.1)),
        Row("b", "time a mail, 50,000 : 5,000", small["rate"] / large["rate"], "", Bound("≤", 1.1)),
        Row("b", "memory growth, at the end", large["rss_growth_mb"], "MB", Bound("≤", 50)),
        Row("b", "memory growth, at most", large["peak_growth_mb"], "MB", Bound("≤", 50)),
        Row("b", "SQL statements a mail", large["queries"] / LARGE, "", Bound("≤", 0.2)),
        Row("b", "launch of 50,000", large["launch_seconds"], "s"),
    ]


def sending(bench: Bench) -> list[Row]:
    """Ours of (a) and (b) alone, for whoever works on the engine."""
    rows, _sample = _small(bench)
    return rows + in_bulk(bench)


FIGURES: dict[str, Callable[[Bench], list[Row]]] = {
    "a": against_mass_mailing,
    "b": in_bulk,
}
OTHERS: dict[str, Callable[[Bench], list[Row]]] = {"sending": sending}
