"""Postfix's smtp-sink: a mail server in C that takes everything and keeps nothing, so that not it is measured."""

from __future__ import annotations

import os
import pwd
import re
import socket
import time
from pathlib import Path
from types import TracebackType

from dev.errors import Problem
from dev.process import Child

from .postfix import Program

HOST = "127.0.0.1"
START_SECONDS = 10.0
BACKLOG = 256
TAIL = 200  # bytes: more than one line of its counters
MESSAGES = re.compile(rb"mesg=(\d+)")


class Sink:
    """A running smtp-sink on a free port of loopback; ended with the `with` block.

    :param folder: where its counters are written
    :param keep: a folder to keep each message in, in smtp-sink's dump format; slow, so not for what is measured
    """

    def __init__(self, program: Program, folder: Path, keep: Path | None = None) -> None:
        self.port = free_port()
        self._counters = folder / f"sink-{self.port}.log"
        command: list[str | Path] = [program.path, "-c"]
        if os.geteuid() == 0:
            # It wants to be told whose rights it has; ours, as it writes below our folders.
            command += ["-u", pwd.getpwuid(os.geteuid()).pw_name]
        if keep:
            command += ["-d", f"{keep}/m."]
        command += [f"{HOST}:{self.port}", str(BACKLOG)]
        with self._counters.open("wb") as output:
            self._child = Child(command, environ=program.environ, stdout=output, stderr=output)

    def __enter__(self) -> Sink:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection((HOST, self.port), 1).close()
                return self
            except OSError as error:
                if self._child.is_running() and time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                self._child.stop()
                said = self._counters.read_text(errors="replace").strip() or "nothing"
                raise Problem(f"smtp-sink does not answer on port {self.port} ({error}); it said: {said}") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.stop()
        self._counters.unlink(missing_ok=True)

    def count(self) -> int:
        """How many messages it has taken."""
        with self._counters.open("rb") as counters:
            counters.seek(-min(TAIL, counters.seek(0, os.SEEK_END)), os.SEEK_END)
            found = MESSAGES.findall(counters.read())
        return int(found[-1]) if found else 0

    def cpu_seconds(self) -> float:
        """The CPU time it has used."""
        return cpu_seconds(self._child.process.pid)


def cpu_seconds(pid: int) -> float:
    """User and system time of a living process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
