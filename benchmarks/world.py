"""The databases of one run of the benchmarks, and jobs in Odoo processes of their own on them."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dev import lock, postgres
from dev.database import Databases
from dev.errors import Problem
from dev.odoo import Odoo, prepare
from dev.paths import CHECKOUT, CHECKOUT_KEY, LOGS, MODULE, STATE
from dev.process import Child
from dev.progress import Step
from dev.settings import Settings

from . import postfix
from .sink import Sink

POLL_SECONDS = 0.3
Progress = Callable[[], tuple[float, str]]  # how far it is (0 to 1), and in words


@dataclass
class World:
    """What all figures share: Odoo, the databases, the sink's program. The databases are made when first asked for."""

    odoo: Odoo
    databases: Databases
    folder: Path
    name: str
    _made: list[str] = field(default_factory=list)

    @cached_property
    def ours(self) -> str:
        """A database with the addon."""
        return self._fresh(self.name, ())

    @cached_property
    def mass_mailing(self) -> str:
        """A database with Odoo's mass_mailing and without the addon."""
        return self._fresh(f"{self.name}_mass_mailing", ("mass_mailing",))

    @cached_property
    def program(self) -> postfix.Program:
        """Postfix's smtp-sink."""
        return postfix.find()

    def sink(self, keep: Path | None = None) -> Sink:
        """A sink, to be used as a context manager."""
        return Sink(self.program, self.folder, keep)

    def job(
        self, database: str, job: str, title: str = "", progress: Progress | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """Run `job` of benchmarks/inside on `database`; give its result."""
        command: list[str | Path] = [self.odoo.python, "-m", "benchmarks.inside", self.odoo.config, database, job]
        command.append(json.dumps(arguments))
        return self.process(command, title or job, progress)

    def process(self, command: Sequence[str | Path], title: str, progress: Progress | None = None) -> dict[str, Any]:
        """Run one of our programs, whose last argument is the file for its result; give that."""
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        log = LOGS / "bench.log"
        with log.open("wb") as output, Step(title) as step:
            with Child(
                [*command, result], environ=self.odoo.environ, cwd=CHECKOUT, stdout=output, stderr=subprocess.STDOUT
            ) as child:
                while child.is_running():
                    try:
                        child.process.wait(POLL_SECONDS)
                    except subprocess.TimeoutExpired:
                        if progress:
                            step.update(*progress())
            if child.process.returncode or not result.exists():
                raise Problem(f"{title} failed; its log {log} ends with:\n{_end(log)}")
        given: dict[str, Any] = json.loads(result.read_text())
        return given

    def drop(self) -> None:
        """Drop the databases."""
        for name in self._made:
            self.databases.drop(name)

    def _fresh(self, name: str, extra: tuple[str, ...]) -> str:
        self._made.append(name)
        self.databases.fresh(name, demo=False, extra=extra)
        if not extra:
            self.databases.install(name, demo=False)
        return name


@contextmanager
def world(settings: Settings) -> Iterator[World]:
    """A world for the time of the block; nothing of it stays."""
    with postgres.server() as cluster, lock.slot(STATE / "slots", "bench") as number:
        odoo = prepare(settings, cluster)
        folder = Path(tempfile.mkdtemp(prefix="bench-", dir=STATE))
        made = World(odoo, Databases(cluster, odoo), folder, f"{MODULE}_bench_{CHECKOUT_KEY}_{number}")
        try:
            yield made
        finally:
            made.drop()
            shutil.rmtree(folder, ignore_errors=True)


def counting(sink: Sink, total: int) -> Progress:
    """Progress by what the sink has taken."""
    begun = time.monotonic()

    def progress() -> tuple[float, str]:
        count = sink.count()
        return count / total, f"{count:,} of {total:,} mails, {count / (time.monotonic() - begun):,.0f}/s"

    return progress


def _end(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-25:])
