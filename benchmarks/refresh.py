"""What refreshing a dynamic target list costs."""

from __future__ import annotations

from .bench import Bench
from .report import Bound, Row


def refreshed(bench: Bench, count: int) -> list[Row]:
    """(h) A dynamic list of three criteria over `count` contacts: filled, and again with one in a hundred changed."""
    world = bench.world
    made = world.job(world.ours, "refresh.fill", f"Making {count:,} contacts", count=count)
    given = {"list": made["list"], "owner": made["owner"]}
    first = world.job(world.ours, "refresh.refresh", f"Filling a dynamic list with {count:,}", **given)
    world.job(world.ours, "refresh.change", "Changing 1 % of them", first=made["first"], count=count)
    again = world.job(world.ours, "refresh.refresh", "Refreshing it", **given)
    bench.samples["refresh"] = [first, again]
    return [
        Row("h", f"a dynamic list over {count:,} contacts, filled first", first["seconds"], "s", Bound("≤", 15)),
        Row("h", "refreshed again, 1 % went and 1 % renamed", again["seconds"], "s", Bound("≤", 15)),
        Row("h", "memory growth of Odoo's process, at most", first["peak_growth_mb"], "MB"),
        Row("h", "came first", first["came"]),
        Row("h", "went later", again["went"]),
    ]
