"""`make lint`: every check, also after one has failed, so that all complaints come at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import contracts, environment, progress
from .paths import CHECKOUT, LINK
from .process import show
from .settings import Settings

PYLINT = (
    f"--rcfile={CHECKOUT / 'pyproject.toml'}",
    "--disable=all",
    "--enable=odoolint",
    # Asks for a certain organisation among the authors.
    "--disable=manifest-required-author",
)
TYPED = ("dev", "tools", "benchmarks")


def lint(_settings: Settings, _arguments: Sequence[str]) -> int:
    """Run all checks; 1 if any failed."""
    programs = environment.folder() / "bin"
    typed = [name for name in TYPED if any((CHECKOUT / name).glob("*.py"))]
    checks: list[tuple[str, list[str | Path], Path]] = [
        ("ruff check", [programs / "ruff", "check", "."], CHECKOUT),
        ("ruff format", [programs / "ruff", "format", "--check", "."], CHECKOUT),
        ("mypy", [programs / "mypy", *typed], CHECKOUT),
        # Through the link: the folder's name is the module's name in their messages and in ids of records.
        ("pylint-odoo", [programs / "pylint", *PYLINT, LINK], LINK.parent),
        ("data files", [programs / "oca-checks-odoo-module", LINK], LINK.parent),
    ]
    failed = []
    for name, command, folder in checks:
        progress.say(f"— {name}")
        if show(command, cwd=folder):
            failed.append(name)
    progress.say("— rules of this project")
    complaints = contracts.complaints(CHECKOUT)
    for complaint in complaints:
        progress.say(complaint)
    if complaints:
        failed.append("rules of this project")
    progress.say(f"Lint failed: {', '.join(failed)}" if failed else "Lint passed")
    return 1 if failed else 0
