"""`make faults`: the fault scenarios of tests/test_faults*.py, shown as a table."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import environment, lock, pages, postgres, progress
from .database import Databases, names_of_runs
from .errors import Problem
from .odoo import prepare
from .paths import CHECKOUT, LINK, STATE
from .process import show
from .settings import Settings
from .testing import environ_of_tests, pytest

DOCS = CHECKOUT / "docs" / "faults.rst"
BEGIN, END = ".. begin table", ".. end table"
# What can be asked for, in the order of the table.
SCENARIOS: dict[str, tuple[str, ...]] = {
    "killed": ("test_killed", "test_four_processes_killed"),
    "processes": ("test_two_processes", "test_four_processes"),
    "reset": ("test_reset_before_content", "test_reset_within_content", "test_reset_after_content"),
    "421": ("test_closing",),
    "greylisting": ("test_greylisting",),
    "refused": (
        "test_refused_recipients",
        "test_refused_recipients_554",
        "test_refused_recipients_and_content_for_nobody",
    ),
    "silence": ("test_silence_at_connect", "test_silence_within_a_reply", "test_silence_after_content"),
    "helo": ("test_no_extensions", "test_no_extensions_and_resets"),
    "full": ("test_full_disk",),
    "database": ("test_connections_cut", "test_taken_for_dead", "test_restarted"),
}
FILES = tuple(f"tests/test_faults{ending}.py" for ending in ("", "_database", "_replies"))
COLUMNS = {
    "name": "Scenario",
    "recipients": "Recipients",
    "interruptions": "Interruptions",
    "accepted": "Accepted",
    "twice": "Twice",
    "sent": "Sent",
    "failed": "Failed",
    "waiting": "Waiting",
    "unanswered": "Unanswered",
    "in_doubt": "In doubt",
    "lost": "Lost",
    "seconds": "Seconds",
}
RESTART = "import sys; sys.path[:0] = sys.argv[1:2]; from dev.embedded import Embedded; Embedded().restart(sys.argv[2])"
Records = list[dict[str, object]]


def faults(settings: Settings, arguments: Sequence[str]) -> int:
    """Play the scenarios that are asked for (all), print the table; the exit code of pytest."""
    docs = "--docs" in arguments
    names = [argument for argument in arguments if argument != "--docs"] or list(SCENARIOS)
    if unknown := [name for name in names if name not in SCENARIOS]:
        raise Problem(f"There is no fault scenario `{unknown[0]}`. There are: {', '.join(SCENARIOS)}.")
    if docs and set(names) != set(SCENARIOS):
        raise Problem("--docs needs all scenarios, so that those in the docs are from one run.")
    tests = [test for name in SCENARIOS if name in names for test in SCENARIOS[name]]
    restarts = "test_restarted" in tests and not postgres.is_named()
    if "test_restarted" in tests and not restarts:
        progress.say("The database is not restarted: it is a server of yours (PGHOST, PGPORT, …).")
    with (
        postgres.server(alone=restarts) as cluster,
        lock.slot(STATE / "slots", "test") as number,
        tempfile.TemporaryDirectory(prefix="faults-", dir=STATE) as folder,
    ):
        odoo = prepare(settings, cluster)
        databases = Databases(cluster, odoo)
        database = names_of_runs(number)[0]
        databases.fresh(database, demo=False)
        databases.install(database, demo=False)
        records = Path(folder) / "records.jsonl"
        environ = {**environ_of_tests(odoo), "EMAIL_CAMPAIGN_FAULT_RECORDS": str(records)}
        if restarts:
            restart = [str(environment.python()), "-c", RESTART, str(CHECKOUT)]
            environ["EMAIL_CAMPAIGN_FAULT_RESTART"] = shlex.join(restart)
        chosen = ["-q", "-k", " or ".join(f"({test} and not {test}_)" for test in tests)]
        chosen += [str(LINK / file) for file in FILES]
        code = show([*pytest(odoo, database), *chosen], environ=environ, cwd=LINK)
        found = _read(records)
    found.sort(key=lambda record: tests.index(str(record["test"])))
    progress.say(table(found))
    if docs:
        _write(found, code)
    return code


def table(records: Records) -> str:
    """A simple table of reStructuredText, which reads well in a terminal too."""
    lines = [tuple(COLUMNS.values()), *(tuple(_cell(record[key]) for key in COLUMNS) for record in records)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    rule = " ".join("=" * width for width in widths)
    texts = [
        " ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(cells))
        for cells in ([*zip(line, widths, strict=True)] for line in lines)
    ]
    return "\n".join([rule, texts[0].rstrip(), rule, *(text.rstrip() for text in texts[1:]), rule])


def replaced(page: str, found: str) -> str:
    """`page` with `found` between the markers.

    :raises ValueError: where the markers are not there
    """
    return pages.replaced(page, BEGIN, END, found)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _read(records: Path) -> Records:
    return [json.loads(line) for line in records.read_text().splitlines()] if records.exists() else []


def _write(found: Records, code: int) -> None:
    if code or len(found) != sum(map(len, SCENARIOS.values())):
        raise Problem(f"Not every scenario went well, so {DOCS} is left as it is.")
    try:
        DOCS.write_text(replaced(DOCS.read_text(), table(found)))
    except ValueError as error:
        raise Problem(f"The table can't be written into {DOCS}: {error}.") from error
    progress.say(f"Written into {DOCS}")
