"""Odoo and the mail sandbox as running servers, for `make run` and `make demo`."""

from __future__ import annotations

import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import Problem, check_port_is_free
from .odoo import Odoo
from .paths import CHECKOUT, LOGS, STATE
from .process import Child, Environ
from .progress import Step
from .settings import Settings

HOST = "127.0.0.1"
START_SECONDS = 180.0


@dataclass(frozen=True)
class Server:
    """A running Odoo and its mail sandbox, for whoever drives them over the network."""

    url: str
    db: str
    login: str
    password: str
    inbox_url: str
    smtp_port: int


@contextmanager
def running(settings: Settings, odoo: Odoo, database: str) -> Iterator[tuple[Server, list[Child]]]:
    """Start both, wait until they answer; the processes end with the block."""
    described = describe(settings, database)
    with ExitStack() as stack:
        children = []
        if (CHECKOUT / "dev" / "sandbox" / "__main__.py").exists():
            children.append(stack.enter_context(start(*_sandbox(settings, odoo, described))))
        options = ["-d", database, f"--http-port={settings.http_port}", "--db-filter", f"^{database}$"]
        # Bounces come as Odoo's own mail gateway script brings them, and Odoo 19 warns at each such call.
        options += ["--log-handler", "odoo.addons.rpc.controllers.xmlrpc:ERROR"]
        command = odoo.command(*options)
        log = LOGS / "odoo.log"
        children.append(stack.enter_context(start(command, odoo, log, signal.SIGINT)))
        with Step("Starting Odoo") as step:
            wait(f"{described.url}/web/login", children[-1], log, step)
        if len(children) > 1:
            with Step("Starting the mail sandbox") as step:
                wait(described.inbox_url, children[0], LOGS / "sandbox.log", step)
        yield described, children


def describe(settings: Settings, database: str) -> Server:
    """Addresses and login of what `running` starts."""
    return Server(
        url=f"http://{HOST}:{settings.http_port}",
        db=database,
        login="admin",
        password="admin",
        inbox_url=f"http://{HOST}:{settings.inbox_port}",
        smtp_port=settings.smtp_port,
    )


def check_ports(settings: Settings) -> None:
    """Complain about taken ports before minutes are spent on databases."""
    check_port_is_free(settings.http_port, "HTTP_PORT", "Odoo")
    check_port_is_free(settings.inbox_port, "INBOX_PORT", "the inbox of the mail sandbox")
    check_port_is_free(settings.smtp_port, "SMTP_PORT", "the SMTP server of the mail sandbox")


def _sandbox(settings: Settings, odoo: Odoo, server: Server) -> tuple[list[str | Path], Odoo, Path, int]:
    command: list[str | Path] = [odoo.python, "-m", "dev.sandbox"]
    command += ["--smtp-port", str(settings.smtp_port), "--web-port", str(settings.inbox_port)]
    command += ["--odoo-url", server.url, "--odoo-db", server.db]
    command += ["--odoo-login", server.login, "--odoo-password", server.password]
    command += ["--store", STATE / "mails"]
    return command, odoo, LOGS / "sandbox.log", signal.SIGTERM


def start(command: list[str | Path], odoo: Odoo, log: Path, stop_signal: int, extra: Environ | None = None) -> Child:
    """A server as a process of its own, writing into `log`; `extra` are variables for it."""
    environ = {**odoo.environ, **(extra or {})}
    with log.open("wb") as sink:
        return Child(command, environ=environ, cwd=CHECKOUT, stdout=sink, stderr=sink, stop_signal=stop_signal)


def wait(url: str, child: Child, log: Path, step: Step) -> None:
    """Until `url` answers. Ends with Problem when the process ends first or takes too long."""
    begin = time.monotonic()
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                answer.read()
            return
        except urllib.error.HTTPError:
            return  # it answers; what is wrong with this page is in its log
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        passed = time.monotonic() - begin
        if not child.is_running() or passed > START_SECONDS:
            ended = f"ended with code {child.process.returncode}" if not child.is_running() else "does not answer"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise Problem(f"The server for {url} {ended} after {passed:.0f} s. Its log {log} ends with:\n{tail}")
        step.update(min(passed / 15, 0.95))
        time.sleep(0.2)
