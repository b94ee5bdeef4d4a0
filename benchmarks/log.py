"""(l) The Campaign Log at ten million events: opened and grouped, as a manager and as a salesperson."""

from __future__ import annotations

import statistics

from .bench import Bench
from .report import Bound, Row

EVENTS, MAILINGS = 10_000_000, 1_000
SECONDS = 1.0


def log(bench: Bench) -> list[Row]:
    """Fill the log, count it as the scheduled job does, and ask what the client asks."""
    world = bench.world
    title = f"Making {EVENTS:,} events of {MAILINGS:,} mass emails"
    made = world.job(world.ours, "log.fill", title, events=EVENTS, mailings=MAILINGS)
    counted = world.job(world.ours, "log.count", "Counting them by the hour")
    opened = world.job(world.ours, "log.opened", "Opening and grouping the log", **made)
    listed = world.job(world.ours, "log.listed", "Making a target list of who did not open", **made)
    bench.samples["log"] = [made, counted, opened, listed]
    rows = [
        Row("l", f"{label}, {EVENTS:,} events", statistics.median(taken), "s", Bound("≤", SECONDS))
        for label, taken in opened["seconds"].items()
    ]
    slowest = max(taken[0] for taken in opened["seconds"].values())
    return [
        *rows,
        Row("l", "the slowest of them, the first time of a process", slowest, "s"),
        Row("l", "counting the whole log by the hour", counted["seconds"], "s"),
        Row("l", "numbers that this makes", counted["numbers"][0]),
        Row("l", "numbers by the hour", counted["numbers"][1]),
        Row("l", f"a target list of {listed['count']:,} who did not open", listed["seconds"], "s"),
        Row("l", f"making the {EVENTS:,} events", made["seconds"], "s"),
    ]
