"""One run of the benchmarks, and how a mass email is sent in it by either side."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dev.errors import Problem

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
        launched = self._launched(count, port, connections)
        title, mailing = f"Sending it ({count:,} mails)", launched["mailing"]
        sent = self.world.job(self.world.ours, "ours.send", title, counting(sink, count), mailing=mailing)
        return self._kept("ours", count, sink, launched, sent)

    def slots(self, count: int, slots: int, connections: int) -> Sample:
        """Send `count` mails by `slots` sender slots of our engine, with as many connections each."""
        with self.world.sink() as sink:
            launched = self._launched(count, sink.port, connections)
            title, mailing = f"Sending it by {slots} sender slots ({count:,} mails)", launched["mailing"]
            progress = counting(sink, count)
            sent = self.world.job(self.world.ours, "slots.send", title, progress, mailing=mailing, slots=slots)
            return self._kept(f"{slots} slots", count, sink, launched, sent)

    def _launched(self, count: int, port: int, connections: int) -> Sample:
        """Launch a campaign of ours to `count` contacts, which leaves by `port`."""
        return self.world.job(
            self.world.ours,
            "ours.launch",
            f"Launching a campaign to {count:,} contacts",
            count=count,
            tag=f"bench{next(self._tags)}",
            host=HOST,
            port=port,
            connections=connections,
        )

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
        if set(sent["states"]) != {"sent"}:
            raise Problem(f"{who} was to send {count:,} mails, and its database says {sent['states']}.")
        self.check(who, count, sink, sent["states"]["sent"])
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
        return middle([self.ours(count) for _ in range(self.runs)])

    @staticmethod
    def check(who: str, count: int, sink: Sink, sent: int) -> None:
        """Complain unless exactly `count` went out and arrived: a figure of anything else would say nothing."""
        if not sent == sink.count() == count:
            raise Problem(f"{who} was to send {count:,} mails: it says {sent:,}, and {sink.count():,} arrived.")


def middle(taken: Sequence[Sample]) -> Sample:
    """The one of these samples with the median rate."""
    rate = statistics.median_low(sample["rate"] for sample in taken)
    return next(sample for sample in taken if sample["rate"] == rate)
