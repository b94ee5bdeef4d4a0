"""Child processes that never outlive the command that started them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from .errors import Interrupted

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 15.0
Environ = Mapping[str, str | None]  # added to the environment of this process; None takes a variable away


def handle_signals() -> None:
    """Make SIGTERM and a closed terminal run the same clean-up as Ctrl-C."""

    def stop(signum: int, _frame: object) -> None:
        # A second request while the clean-up runs must not cut it short.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(signum)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)


def _child_setup() -> Callable[[], None] | None:
    """What a child does first: ask to be ended with its parent, even when that is killed by SIGKILL."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def setup() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return setup


class Child:
    """A process in a session of its own, whose whole group is ended with the `with` block."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environ: Environ | None = None,
        cwd: Path | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
        stop_signal: int = signal.SIGTERM,
    ) -> None:
        self.stop_signal = stop_signal
        self.process = subprocess.Popen(
            [str(part) for part in command],
            env={name: value for name, value in {**os.environ, **(environ or {})}.items() if value is not None},
            cwd=cwd,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=_child_setup(),  # noqa: PLW1509 (this process has one thread)
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait(self) -> int:
        """Wait for the end; its exit code."""
        return self.process.wait()

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Ask it to stop, wait a little, then end whatever its group still holds (a browser, for example)."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run(
    command: Sequence[str | Path],
    *,
    environ: Environ | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> tuple[int, str]:
    """Run a command to its end and return its exit code and its last lines.

    Output goes to `log` if given, and line by line to `on_line`; nothing is shown.
    """
    tail: list[str] = []
    with Child(command, environ=environ, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        assert child.process.stdout is not None
        sink = log.open("ab") if log else None
        try:
            for raw in child.process.stdout:
                if sink:
                    sink.write(raw)
                line = raw.decode("utf-8", "replace").rstrip()
                tail = [*tail[-39:], line]
                if on_line:
                    on_line(line)
        finally:
            if sink:
                sink.close()
        return child.wait(), "\n".join(tail)


def show(command: Sequence[str | Path], *, environ: Environ | None = None, cwd: Path | None = None) -> int:
    """Run a command whose output the person shall see, and return its exit code.

    Ctrl-C is passed on to it, so that pytest still prints its summary.
    """
    with Child(command, environ=environ, cwd=cwd, stop_signal=signal.SIGINT) as child:
        try:
            return child.wait()
        except Interrupted:
            child.stop()
            raise
