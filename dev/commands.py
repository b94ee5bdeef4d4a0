"""The commands, as thin as the Makefile: each names its steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import bootstrap, linting, paths, postgres, progress
from .database import Databases, drop_all
from .errors import Problem
from .odoo import prepare
from .settings import Settings
from .showing import demo, run
from .testing import test


def setup(settings: Settings, _arguments: Sequence[str]) -> int:
    """Everything that the other commands need, so that they start quickly."""
    with postgres.server() as cluster:
        odoo = prepare(settings, cluster)
        Databases(cluster, odoo).template(demo=False)
    progress.say(f"Ready. Odoo: {odoo.source.root}\nPython: {odoo.python}\nState: {paths.STATE}")
    return 0


def stop(_settings: Settings, _arguments: Sequence[str]) -> int:
    """Stop PostgreSQL after a command was killed. Nothing else can outlive its command."""
    if postgres.stop_embedded():
        return 0
    raise Problem("PostgreSQL is in use by another command (make run or make test). Stop that one with Ctrl-C first.")


def clean(settings: Settings, arguments: Sequence[str]) -> int:
    """Delete the state of this checkout; with --cache also what all checkouts share."""
    if postgres.is_named():
        with postgres.server() as cluster:
            drop_all(cluster)
    if not postgres.remove_embedded():
        raise Problem("Another command (make run or make test) is using the state folder. Stop it with Ctrl-C first.")
    bootstrap.remove(cache="--cache" in arguments)
    return 0


def screenshots(settings: Settings, arguments: Sequence[str]) -> int:
    """The README's pictures, of what `make run` keeps running."""
    from .screenshots import screenshots as take  # Playwright and Pillow, which no other command needs

    return take(settings, arguments)


def bench(settings: Settings, arguments: Sequence[str]) -> int:
    """The figures of benchmarks/."""
    from .benching import bench as measure  # benchmarks/, which no other command needs

    return measure(settings, arguments)


def faults(settings: Settings, arguments: Sequence[str]) -> int:
    """The fault scenarios, as a table."""
    from .faulting import faults as play

    return play(settings, arguments)


def integration(settings: Settings, arguments: Sequence[str]) -> int:
    """A campaign over a real Postfix and Dovecot, as a table."""
    from .integration import integration as play

    return play(settings, arguments)


def score(settings: Settings, arguments: Sequence[str]) -> int:
    """The figures of tools/bounce on labelled messages."""
    from .scoring import score as measure

    return measure(settings, arguments)


COMMANDS: dict[str, Callable[[Settings, Sequence[str]], int]] = {
    "setup": setup,
    "run": run,
    "demo": demo,
    "test": test,
    "lint": linting.lint,
    "screenshots": screenshots,
    "bench": bench,
    "faults": faults,
    "integration": integration,
    "score": score,
    "stop": stop,
    "clean": clean,
}
