"""`make bench`: the figures of benchmarks/, shown as a table and kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from benchmarks import arguments as asked
from benchmarks import machine, report
from benchmarks.bench import Bench
from benchmarks.figures import FIGURES, OTHERS
from benchmarks.world import world

from . import progress
from .errors import Problem
from .paths import CHECKOUT, STATE
from .settings import Settings

README = CHECKOUT / "README.rst"


def bench(settings: Settings, arguments: Sequence[str]) -> int:
    """Measure, print, and write where it was asked for."""
    wanted = asked.parse(arguments)
    with world(settings) as made:
        here = machine.describe(made.odoo.cluster, made.odoo.source)
        measured = Bench(made, wanted.connections, wanted.runs)
        rows: list[report.Row] = []
        for name in wanted.figures:
            found = {**FIGURES, **OTHERS}[name](measured)
            progress.say(f"\n{report.table(found)}\n")
            rows += found
    if len(wanted.figures) > 1:
        progress.say(f"\n{report.table(rows)}\n")
    progress.say(here.sentence())
    written = {
        "machine": here.as_json(),
        "figures": [row.as_json() for row in rows],
        "samples": measured.samples,
    }
    file = wanted.json or STATE / "figures.json"
    file.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
    progress.say(f"As JSON, with all that was measured: {file}")
    if wanted.readme:
        _write_readme(f"{here.sentence()}\n\n{report.table(rows)}")
    return 0


def _write_readme(figures: str) -> None:
    try:
        README.write_text(report.replaced(README.read_text(), figures))
    except ValueError as error:
        raise Problem(f"The figures can't be written into {README}: {error}.") from error
    progress.say(f"Written into {README}")
