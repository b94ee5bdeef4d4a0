"""The figures of large target lists: (f) opening one, (g) adding a selection; beside Odoo's mass_mailing."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from .bench import Bench
from .report import Bound, Row

MEMBERS, ADDED, FEW = 1_000_000, 100_000, 10_000
OPEN_SECONDS, ADD_SECONDS = 0.3, 5


def opening(bench: Bench) -> list[Row]:
    """(f) Opening the form of a list with a million members."""
    mine, theirs = _ours(bench), _mass_mailing(bench)
    rows = []
    for sample, who, bound in (
        (_opened(bench, mine, "ours"), "ours", Bound("≤", OPEN_SECONDS)),
        (_opened(bench, theirs, "mass_mailing"), "mass_mailing", None),
    ):
        rows += [
            Row("f", f"{who}: opening the form, {MEMBERS:,} members", statistics.median(sample["form"]), "s", bound),
            Row("f", f"{who}: the same, the first time of a process", sample["form"][0], "s"),
            Row("f", f"{who}: the first page of its members", statistics.median(sample["page"]), "s"),
        ]
    return rows


def adding(bench: Bench) -> list[Row]:
    """(g) Adding a hundred thousand from a selection."""
    mine, theirs = _ours(bench), _mass_mailing(bench)
    ours = partial(bench.world.job, bench.world.ours, "lists.add", user=mine["user"])
    few = ours(title=f"Adding {FEW:,} to an empty list", target_list=mine["empty"], limit=FEW)
    many = ours(title=f"Adding {ADDED:,} to a list", target_list=mine["large"], limit=ADDED)
    after = _opened(bench, mine, "ours")
    other = bench.world.job(
        bench.world.mass_mailing,
        "lists.add_mass_mailing",
        f"Adding {FEW:,} by mass_mailing",
        target_list=theirs["empty"],
        user=theirs["user"],
        limit=FEW,
    )
    bench.samples["adding"] = [few, many, other]
    return [
        Row("g", f"ours: adding {ADDED:,} to {MEMBERS:,}", many["seconds"], "s", Bound("≤", ADD_SECONDS)),
        Row("g", "SQL statements for it", many["queries"]),
        Row("g", "ours: opening the form right after that", statistics.median(after["form"]), "s"),
        Row("g", f"ours: adding {FEW:,} to an empty list", few["seconds"], "s"),
        Row("g", f"mass_mailing: adding {FEW:,} to an empty list", other["seconds"], "s"),
    ]


def _ours(bench: Bench) -> dict[str, Any]:
    return _filled(bench, bench.world.ours, "lists.fill")


def _mass_mailing(bench: Bench) -> dict[str, Any]:
    return _filled(bench, bench.world.mass_mailing, "lists.fill_mass_mailing")


def _filled(bench: Bench, database: str, job: str) -> dict[str, Any]:
    """Make the lists, once for both figures."""
    if job not in bench.samples:
        given = bench.world.job(database, job, f"Making {MEMBERS:,} members", count=MEMBERS, adding=ADDED)
        bench.samples[job] = [given]
    return bench.samples[job][0]


def _opened(bench: Bench, lists: dict[str, Any], who: str) -> dict[str, Any]:
    database, job = {
        "ours": (bench.world.ours, "lists.open_form"),
        "mass_mailing": (bench.world.mass_mailing, "lists.open_mass_mailing"),
    }[who]
    sample = bench.world.job(database, job, f"Opening the list of {who}", large=lists["large"], user=lists["user"])
    bench.samples[f"opening {who}"] = [sample]
    return sample
