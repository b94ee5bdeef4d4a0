"""`make test`: fresh databases from the templates, then pytest-odoo on the addon through its link."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from . import browser, environment, lock, postgres, progress
from .database import Databases, names_of_runs
from .odoo import Odoo, prepare
from .paths import CHECKOUT, LINK, STATE
from .process import show
from .settings import Settings

COEXISTENCE = "tests/test_coexistence.py"
NO_TESTS_COLLECTED = 5
# pytest's options whose value may be the next argument: -k tools is no path, although there is such a folder.
VALUED: tuple[str, ...] = ("-k", "-m", "-p", "-o", "-c", "-r", "-W", "-n", "--override-ini", "--deselect", "--ignore")
VALUED += ("--ignore-glob", "--durations", "--maxfail", "--tb", "--basetemp", "--junit-xml", "--log-level")


def test(settings: Settings, arguments: Sequence[str]) -> int:
    """Run all tests, or what pytest's `arguments` select; the exit code."""
    own = _own_tests() if not arguments else 0
    program = None if settings.no_browser else browser.find_or_install()
    with postgres.server() as cluster, lock.slot(STATE / "slots", "test") as number:
        odoo = prepare(settings, cluster)
        databases = Databases(cluster, odoo)
        environ = environ_of_tests(odoo, program)

        def run(database: str, extra: tuple[str, ...], *selection: str | Path) -> int:
            databases.fresh(database, demo=False, extra=extra)
            for warning in databases.install(database, demo=False):
                progress.say(f"  warning: {warning}")
            return show([*pytest(odoo, database), *selection], environ=environ, cwd=LINK)

        main, beside = names_of_runs(number)
        code = run(main, (), *selection(arguments))
        if code == NO_TESTS_COLLECTED and not arguments and not any((CHECKOUT / "tests").glob("**/test_*.py")):
            code = 0
        if (CHECKOUT / COEXISTENCE).exists() and (not arguments or "coexistence" in " ".join(arguments)):
            progress.say("Beside mass_mailing and Odoo's website:")
            second = run(beside, ("mass_mailing", "website_crm"), LINK / COEXISTENCE)
            code = code or second
    return own or code


def environ_of_tests(odoo: Odoo, program: Path | None = None) -> dict[str, str | None]:
    """Variables for pytest, with `program` as the browser for tours."""
    return {
        **odoo.environ,
        "PYTHONPATH": os.pathsep.join([str(odoo.source.root), str(CHECKOUT / "dev" / "plugins")]),
        "PATH": os.pathsep.join([str(browser.wrapper_folder(program)), os.environ.get("PATH", os.defpath)]),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(STATE / "hypothesis"),
    }


def pytest(odoo: Odoo, database: str) -> list[str | Path]:
    """The command that runs tests on `database`; what to run is added to it."""
    command: list[str | Path] = [odoo.python, "-m", "pytest", "-p", "campaign_order", "-p", "campaign_hypothesis"]
    command += ["-c", LINK / "pyproject.toml"]
    command += [f"--rootdir={LINK}", f"--odoo-config={odoo.config}", "--odoo-http"]
    return [*command, "-o", f"cache_dir={STATE / 'pytest'}", f"--odoo-database={database}"]


def _own_tests() -> int:
    """The tests of these commands and of the sandbox: no Odoo, no database."""
    environ = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(CHECKOUT)}
    failed = 0
    for folder in sorted((CHECKOUT / "dev").glob("**/tests")):
        progress.say(f"{folder.relative_to(CHECKOUT)}:")
        command: list[str | Path] = [environment.python(), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        # Above it lies the addon's root package: pytest would import that, and so Odoo.
        command += [f"--rootdir={folder}", f"--confcutdir={folder}", "-c", os.devnull, folder]
        failed = show(command, environ=environ, cwd=folder) or failed
    return failed


def selection(arguments: Sequence[str]) -> list[str]:
    """pytest's arguments with paths below the checkout replaced by those below the link.

    Tests must be imported as odoo.addons.email_campaign.tests, and only below the link does the folder have
    the addon's name.
    """
    result: list[str] = []
    paths = 0
    for before, argument in zip(["", *arguments], arguments, strict=False):
        path, separator, test_id = argument.partition("::")
        absolute = Path(os.path.abspath(CHECKOUT / path))
        is_word = argument.startswith("-") or before in VALUED or not path
        if not is_word and absolute.exists() and absolute.is_relative_to(CHECKOUT):
            paths += 1
            result.append(f"{LINK / absolute.relative_to(CHECKOUT)}{separator}{test_id}")
        else:
            result.append(argument)
    if not paths:
        result += [str(LINK / "tests"), f"--ignore={LINK / COEXISTENCE}"]
    return result
