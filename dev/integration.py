"""`make integration`: a campaign over a real Postfix, and what comes back fetched from a real Dovecot, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from . import lock, pages, postgres, progress
from .database import Databases
from .errors import Problem
from .mailworld import packages
from .mailworld.judge import Row, table
from .mailworld.play import LOG, play
from .odoo import prepare
from .paths import CHECKOUT, CHECKOUT_KEY, MODULE, STATE
from .settings import Settings

DOCS = CHECKOUT / "docs" / "integration.rst"
BEGIN, END = ".. begin table", ".. end table"


def integration(settings: Settings, arguments: Sequence[str]) -> int:
    """Play it, print the table; 1 if anything differs."""
    if unknown := set(arguments) - {"--docs"}:
        raise Problem(f"make integration takes ARGS=--docs and nothing else, and got {' '.join(sorted(unknown))}.")
    packages.require()
    with postgres.server() as cluster, lock.slot(STATE / "slots", "integration") as number:
        odoo = prepare(settings, cluster)
        databases = Databases(cluster, odoo)
        database = f"{MODULE}_integration_{CHECKOUT_KEY}_{number}"
        try:
            databases.fresh(database, demo=False)
            databases.install(database, demo=False)
            rows = play(odoo, database)
        finally:
            databases.drop(database)
    progress.say(table(rows))
    differing = [row for row in rows if not row.agrees]
    for row in differing:
        progress.say(f"{row.what}: {row.found} instead of {row.expected}{f'; {row.why}' if row.why else ''}")
    if differing:
        progress.say(f"What Odoo did is in its log {LOG}.")
    if "--docs" in arguments:
        _write(rows)
    return 1 if differing else 0


def replaced(page: str, found: str) -> str:
    """`page` with `found` between the markers.

    :raises ValueError: where the markers are not there
    """
    return pages.replaced(page, BEGIN, END, found)


def _write(rows: list[Row]) -> None:
    if not all(row.agrees for row in rows):
        raise Problem(f"Not everything is as it must be, so {DOCS} is left as it is.")
    try:
        DOCS.write_text(replaced(DOCS.read_text(), table(rows)))
    except ValueError as error:
        raise Problem(f"The table can't be written into {DOCS}: {error}.") from error
    progress.say(f"Written into {DOCS}")
