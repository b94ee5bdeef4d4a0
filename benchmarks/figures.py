"""What is measured for `make bench`, by letter, and what was wanted of it."""

from __future__ import annotations

from collections.abc import Callable

from .audience import adding, opening
from .bench import Bench, Sample, middle
from .comparisons import ceiling, far_away
from .importing import importing
from .log import log
from .refresh import refreshed
from .report import Bound, Row
from .sink import HOST
from .visits import visits

# As many processes as Odoo has workers for its scheduler, unless it is told otherwise.
SLOTS = 2
FEW, SMALL, MIDDLE, LARGE, AUDIENCE = 500, 2_000, 5_000, 50_000, 1_000_000


def against_mass_mailing(bench: Bench) -> list[Row]:
    """(a) Ours and Odoo's own mass_mailing, the same addresses, content and sink."""
    taken: list[tuple[Sample, Sample, Sample]] = []
    for _ in range(bench.runs):  # one after the other, so that what else the machine does meets all of them
        taken.append((bench.mass_mailing(SMALL), bench.ours(SMALL), bench.slots(SMALL, SLOTS, 1)))
    theirs, mine, slots = map(middle, zip(*taken, strict=True))
    more = slots["rate"]
    return [
        *_small(mine),
        Row("a", f"ours, {SLOTS} sender slots with a connection each", more, "mails/s"),
        Row("a", "mass_mailing, the same 2,000", theirs["rate"], "mails/s"),
        Row("a", "mass_mailing, with the launch", theirs["rate_with_launch"], "mails/s"),
        Row("a", "ours against mass_mailing (the aim is 300)", mine["rate"] / theirs["rate"], "times", Bound("≥", 150)),
        Row("a", f"the same, {SLOTS} sender slots", more / theirs["rate"], "times"),
        Row("a", "the same with both launches", mine["rate_with_launch"] / theirs["rate_with_launch"], "times"),
    ]


def _small(mine: Sample) -> list[Row]:
    return [
        Row("a", f"ours, {SMALL:,} mails with ten links", mine["rate"], "mails/s"),
        Row("a", "ours, with the launch", mine["rate_with_launch"], "mails/s"),
    ]


def in_bulk(bench: Bench) -> list[Row]:
    """(b) What one mail costs among 50,000 and among 5,000."""
    start, small, large = bench.median(FEW), bench.median(MIDDLE), bench.ours(LARGE)
    micro = {count: sample["cpu_seconds"] / count * 1e6 for count, sample in ((MIDDLE, small), (LARGE, large))}
    return [
        Row("b", f"ours, {LARGE:,} mails", large["rate"], "mails/s"),
        Row("b", f"ours, {MIDDLE:,} mails", small["rate"], "mails/s"),
        Row("b", f"CPU of Odoo's process a mail, {LARGE:,}", micro[LARGE], "µs"),
        Row("b", f"CPU of Odoo's process a mail, {MIDDLE:,}", micro[MIDDLE], "µs"),
        Row("b", f"CPU of PostgreSQL a mail, {LARGE:,}", large["postgresql_cpu_seconds"] / LARGE * 1e6, "µs"),
        Row("b", "CPU a mail, 50,000 : 5,000", micro[LARGE] / micro[MIDDLE], "", Bound("≤", 1.1)),
        Row("b", f"the same without the first {FEW}", _later(large, start) / _later(small, start), "", Bound("≤", 1.1)),
        Row("b", "time a mail, 50,000 : 5,000", small["rate"] / large["rate"], "", Bound("≤", 1.1)),
        Row("b", "memory growth, at the end", large["rss_growth_mb"], "MB", Bound("≤", 50)),
        Row("b", "memory growth, at most", large["peak_growth_mb"], "MB", Bound("≤", 50)),
        Row("b", "SQL statements a mail", large["queries"] / LARGE, "", Bound("≤", 0.2)),
        Row("b", "launch of 50,000", large["launch_seconds"], "s"),
    ]


def _later(sample: Sample, start: Sample) -> float:
    """CPU seconds of a mail after the first few: what a fresh process does once is not among them."""
    return float((sample["cpu_seconds"] - start["cpu_seconds"]) / (sample["count"] - start["count"]))


def sending(bench: Bench) -> list[Row]:
    """Ours of (a) and (b) alone, for whoever works on the engine."""
    return _small(bench.median(SMALL)) + in_bulk(bench)


def frozen(bench: Bench) -> list[Row]:
    """(e) Launching to an audience of a million, a tenth of them twice, many of them not to be mailed."""
    world = bench.world
    with world.sink() as sink:
        filled = world.job(
            world.ours, "freeze.fill", f"Making {AUDIENCE:,} members", count=AUDIENCE, host=HOST, port=sink.port
        )
        title = f"Launching to {AUDIENCE:,} members"
        sample = world.job(world.ours, "freeze.launch", title, mailing=filled["mailing"])
    bench.samples["freeze"] = [sample]
    return [
        Row("e", f"freezing {AUDIENCE:,} members", sample["freeze_seconds"], "s", Bound("≤", 20)),
        Row("e", "the launch in all", sample["seconds"], "s"),
        Row("e", "memory growth of Odoo's process, at most", sample["peak_growth_mb"], "MB", Bound("≤", 100)),
        Row("e", "of them to be mailed", sample["states"]["queued"]),
    ]


def dynamic(bench: Bench) -> list[Row]:
    """(h) Refreshing a dynamic target list over a million contacts."""
    return refreshed(bench, AUDIENCE)


FIGURES: dict[str, Callable[[Bench], list[Row]]] = {
    "a": against_mass_mailing,
    "b": in_bulk,
    "c": ceiling,
    "d": far_away,
    "e": frozen,
    "f": opening,
    "g": adding,
    "h": dynamic,
    "i": importing,
    "j": visits,
    "l": log,
}
OTHERS: dict[str, Callable[[Bench], list[Row]]] = {"sending": sending}
