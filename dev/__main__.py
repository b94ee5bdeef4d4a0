"""`python3 -m dev <command>`; what the Makefile calls."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence

from . import bootstrap, environment, process, progress
from .errors import Interrupted, Problem, explain_os_error
from .paths import LOGS, STATE
from .settings import Settings

HELP = """\
Commands (as `make NAME`, or `python3 -m dev NAME`):
  setup   get Odoo 19, the Python packages, PostgreSQL and a template database
  run     Odoo with this addon, demo data and a mail sandbox, until Ctrl-C
  demo    the same, plays one campaign and ends
  test    all tests; make test ARGS="-k launch -x" passes arguments to pytest
  lint    ruff, pylint-odoo, data file checks, mypy, import rules
  bench   what sending costs, against mass_mailing and the line; make bench ARGS="a --json FILE"
  faults  processes killed, connections broken, servers that refuse: what becomes of each email;
          make faults ARGS="killed reset" (some of them), ARGS="--docs" (writes the table into docs/faults.rst)
  integration  a campaign over a real Postfix and Dovecot, and what comes back fetched by Odoo (docs/integration.rst);
          installs Debian's packages when run as root; ARGS="--docs" writes the table into docs/integration.rst
  score   how well bounces are read: make score ARGS="FOLDER --misses", a folder of labelled messages (docs/bounces.rst)
  screenshots  the README's pictures, of what `make run` has running in another terminal
  stop    stop what an interrupted command left running
  clean   delete this checkout's databases, logs and settings; python3 -m dev clean --cache: downloads too

Variables: HTTP_PORT=8069 INBOX_PORT=8025 SMTP_PORT=2525 (ports), ODOO_SRC (an Odoo 19 source of yours),
  PGHOST PGPORT PGUSER PGPASSWORD PGSERVICE (a PostgreSQL of yours), NO_BROWSER=1 (test without a browser),
  XDG_CACHE_HOME (downloads), EMAIL_CAMPAIGN_STATE (databases, logs), PYTHON (which python3)
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    name, *rest = arguments or ["help"]
    if name in ("help", "-h", "--help"):
        print(HELP, end="")
        return 0
    settings = Settings.from_environment()
    if name in ("stop", "clean") and not STATE.exists():
        bootstrap.remove(cache="--cache" in rest)
        progress.say("Nothing is running, and nothing is left of this checkout's databases and logs.")
        return 0
    bootstrap.fetch(name, settings)
    environment.enter()
    # From here on in the virtual environment, whose packages these modules import.
    from . import commands

    command: Callable[[Settings, Sequence[str]], int] | None = commands.COMMANDS.get(name)
    if command is None:
        raise Problem(f"There is no command `{name}`.\n{HELP}")
    return command(settings, rest)


def guarded(arguments: Sequence[str]) -> int:
    """Run `main`, turning what goes wrong into one paragraph; a traceback goes to a file."""
    process.handle_signals()
    try:
        return main(arguments)
    except Interrupted as stopped:
        progress.say("\nStopped. Run the same command again to carry on.")
        return 128 + stopped.signum
    except Problem as problem:
        return _complain(str(problem))
    except OSError as error:
        explained = explain_os_error(error)
        return _complain(str(explained or error), traceback.format_exc())
    except Exception as error:
        return _complain(f"Something unforeseen: {type(error).__name__}: {error}", traceback.format_exc())


def _complain(message: str, trace: str = "") -> int:
    if trace:
        try:
            LOGS.mkdir(parents=True, exist_ok=True)
            (LOGS / "traceback.log").write_text(trace)
            message += f"\nThe traceback is in {LOGS / 'traceback.log'}."
        except OSError:
            message += f"\n{trace}"
    print(f"\n{message}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(guarded(sys.argv[1:]))
