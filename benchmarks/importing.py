"""(i) Importing a long file, against what Odoo's mass_mailing has for that: base_import into its contacts."""

from __future__ import annotations

from dev.errors import Problem

from .bench import Bench, Sample
from .report import Bound, Row

ROWS, THEIR_ROWS = 100_000, 10_000


def importing(bench: Bench) -> list[Row]:
    """100,000 rows with two merge values each, none known before; theirs are fewer, because they take so long."""
    world = bench.world
    ours = _ours(bench, f"Importing {ROWS:,} rows", count=ROWS, tag="import")
    title = f"Importing {THEIR_ROWS:,} rows and making contacts of them"
    contacts = _ours(bench, title, count=THEIR_ROWS, tag="contacts", contacts="create")
    title = f"Importing {THEIR_ROWS:,} rows by mass_mailing"
    theirs = world.job(world.mass_mailing, "importing.mass_mailing", title, count=THEIR_ROWS, tag="import")
    theirs = _checked(theirs, THEIR_ROWS)
    bench.samples["importing"] = [ours, contacts, theirs]
    mine, other = ROWS / ours["seconds"], THEIR_ROWS / theirs["seconds"]
    return [
        Row("i", f"importing {ROWS:,} CSV rows", ours["seconds"], "s", Bound("≤", 20)),
        Row("i", "memory growth, at most", ours["peak_growth_mb"], "MB", Bound("≤", 150)),
        Row("i", "ours", mine, "rows/s"),
        Row("i", "ours, making a contact of each", THEIR_ROWS / contacts["seconds"], "rows/s"),
        Row("i", f"mass_mailing, {THEIR_ROWS:,} rows", other, "rows/s"),
        Row("i", "ours against mass_mailing", mine / other, "times"),
    ]


def _ours(bench: Bench, title: str, **file: object) -> Sample:
    world = bench.world
    uploaded = world.job(world.ours, "importing.upload", f"{title}: the file", None, **file)
    return _checked(world.job(world.ours, "importing.ours", title, record=uploaded["record"]), file["count"])


def _checked(sample: Sample, count: object) -> Sample:
    """Complain unless all rows arrived: a figure of anything else would say nothing."""
    if sample["added"] != count:
        raise Problem(f"{count} rows were to be imported, and {sample['added']:,} were added.")
    return sample
