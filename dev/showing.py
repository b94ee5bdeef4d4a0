"""`make run` and `make demo`: the addon with demo data, to look at."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from . import demo as scenario
from . import postgres, progress
from .database import Databases
from .errors import Interrupted, Problem
from .lock import exclusive
from .odoo import prepare
from .paths import LOGS, MODULE, STATE
from .process import Child
from .server import Server, check_ports, running
from .settings import Settings

DATABASE = MODULE


def run(settings: Settings, _arguments: Sequence[str]) -> int:
    """Start everything, launch one demo campaign, stay until Ctrl-C."""
    with _everything(settings) as (server, children):
        scenario.launch(server)
        progress.say(_addresses(server))
        try:
            while all(child.is_running() for child in children):
                time.sleep(0.5)
        except Interrupted:
            return 0
    raise Problem(f"A server ended by itself. Why, is at the end of one of the logs in {LOGS}. Run `make run` again.")


def demo(settings: Settings, _arguments: Sequence[str]) -> int:
    """Start everything, play the demo, stop."""
    with _everything(settings) as (server, _):
        scenario.play(server)
    return 0


@contextmanager
def _everything(settings: Settings) -> Iterator[tuple[Server, list[Child]]]:
    with exclusive(STATE / "run.lock", "running the demo (make run or make demo)"):
        check_ports(settings)
        with postgres.server() as cluster:
            odoo = prepare(settings, cluster)
            databases = Databases(cluster, odoo)
            _prepare_database(databases, settings)
            with running(settings, odoo, DATABASE) as both:
                yield both


def _prepare_database(databases: Databases, settings: Settings) -> None:
    if not databases.exists(DATABASE):
        databases.fresh(DATABASE, demo=True)
    for warning in databases.install(DATABASE, demo=True):
        progress.say(f"  warning: {warning}")
    # Links in emails must lead to this server; Odoo would otherwise take over the address of whoever logs in.
    url = f"http://127.0.0.1:{settings.http_port}"
    databases.set_parameters(DATABASE, {"web.base.url": url, "web.base.url.freeze": "True"})


def _addresses(server: Server) -> str:
    return f"""
  Odoo    {server.url}   login {server.login}, password {server.password}
  Inbox   {server.inbox_url}   every email that Odoo sends ends up here
  SMTP    127.0.0.1:{server.smtp_port}
  Logs    {LOGS}

Ctrl-C stops all of it. The database is kept; `make clean` deletes it."""
