"""Calling Odoo: its configuration file, one-off installs, and the command line for a server."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import environment, odoo_source
from .cluster import Cluster
from .errors import Problem
from .paths import ADDONS, LOGS, STATE
from .postgres import NAMING
from .process import run
from .progress import Step
from .settings import Settings

LOADING = re.compile(r"Loading module (?P<module>\S+) \((?P<at>\d+)/(?P<of>\d+)\)")
LEVEL = re.compile(r"^\S+ \S+ \d+ (?P<level>WARNING|ERROR|CRITICAL) \S+ (?P<text>.*)")


@dataclass(frozen=True)
class Odoo:
    """One source of Odoo on one PostgreSQL server, run with the environment's Python."""

    source: odoo_source.OdooSource
    cluster: Cluster
    python: Path
    smtp_port: int

    @property
    def config(self) -> Path:
        """The configuration file."""
        return STATE / "odoo.conf"

    @property
    def data(self) -> Path:
        """Odoo's data folder. Each server has its own: files belong to the databases there."""
        if self.cluster.embedded:
            return STATE / "data"
        server = repr(sorted((name, value) for name, value in os.environ.items() if name in NAMING))
        return STATE / f"data-{hashlib.sha256(server.encode()).hexdigest()[:8]}"

    @property
    def filestore(self) -> Path:
        """Where the attachments of each database are, in a folder of its name."""
        return self.data / "filestore"

    @property
    def environ(self) -> dict[str, str | None]:
        """Variables for Odoo's processes. Stray settings for Odoo in the person's shell are not theirs."""
        cleared = dict.fromkeys(("ODOO_RC", "OPENERP_SERVER", "PGDATABASE"))
        return {
            **self.cluster.environ,
            **cleared,
            "PYTHONPATH": str(self.source.root),
            "PYTHONUNBUFFERED": "1",
        }

    def write_config(self) -> None:
        """Write odoo.conf. The PostgreSQL server is not in it: it comes from the PG… variables."""
        self.filestore.mkdir(parents=True, exist_ok=True)
        addons = ",".join(map(str, [*self.source.addons, ADDONS]))
        text = f"""[options]
addons_path = {addons}
data_dir = {self.data}
admin_passwd = admin
http_interface = 127.0.0.1
workers = 0
max_cron_threads = 2
smtp_server = 127.0.0.1
smtp_port = {self.smtp_port}
screenshots = {STATE / "screenshots"}
"""
        if self.cluster.embedded:
            text += "".join(
                f"{key} = {self.cluster.environ[variable]}\n"
                for key, variable in (("db_host", "PGHOST"), ("db_port", "PGPORT"), ("db_user", "PGUSER"))
            )
        partial = self.config.with_suffix(f".{os.getpid()}")
        partial.write_text(text)
        partial.replace(self.config)

    def command(self, *options: str | Path) -> list[str | Path]:
        """The command line of Odoo with `options`."""
        return [self.python, "-m", "odoo", "server", "-c", self.config, *options]

    def load(self, database: str, options: Sequence[str], title: str) -> list[str]:
        """Install or update modules and end; returns the warnings, raises Problem on errors."""
        log = LOGS / f"{database}.log"
        log.unlink(missing_ok=True)
        warnings: list[str] = []
        errors: list[str] = []
        with Step(title) as step:

            def on_line(line: str) -> None:
                if match := LOADING.search(line):
                    step.update(int(match["at"]) / int(match["of"]), match["module"])
                elif match := LEVEL.search(line):
                    (warnings if match["level"] == "WARNING" else errors).append(match["text"])

            code, tail = run(
                self.command("-d", database, *options, "--stop-after-init", "--no-http"),
                environ=self.environ,
                log=log,
                on_line=on_line,
            )
            if code or errors:
                begin = tail.find("Traceback")
                said = tail[begin:] if begin >= 0 else "\n".join(errors) or tail
                raise Problem(f"{title} failed in database {database}. Odoo's log is {log}; it says:\n{said}")
        return list(dict.fromkeys(warnings))


def prepare(settings: Settings, cluster: Cluster) -> Odoo:
    """An Odoo configured for `cluster`, ready to be called."""
    odoo = Odoo(odoo_source.find(settings.odoo_src), cluster, environment.python(), settings.smtp_port)
    odoo.write_config()
    return odoo
