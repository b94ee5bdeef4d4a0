"""The folder in which the mail servers live, and who owns the mail there."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import Problem
from ..process import Child

HOST = "127.0.0.1"
FIRST_ID = 20_000  # users of people and of services have lower numbers
START_SECONDS = 20.0
LOOK_EVERY = 0.1  # seconds
LINES = 15


@dataclass(frozen=True)
class Place:
    """Everything of the two servers: configuration, queue, mailboxes, logs. `uid` owns the mail; nobody has that id."""

    folder: Path
    uid: int

    @property
    def mail(self) -> Path:
        """Where the mailboxes are, a Maildir each."""
        return self.folder / "mail"

    def maildir(self, name: str) -> list[Path]:
        """The messages of a mailbox, read or not."""
        return [path for part in ("new", "cur") for path in sorted((self.mail / name / part).glob("*"))]


@contextmanager
def place() -> Iterator[Place]:
    """A folder for the time of the block.

    Below the folder for temporary files: servers open it with the rights of users who may not enter root's home, and
    the names of sockets must be short.
    """
    folder = Path(tempfile.mkdtemp(prefix="mailworld-"))
    try:
        folder.chmod(0o755)
        made = Place(folder, _free_id())
        made.mail.mkdir()
        os.chown(made.mail, made.uid, made.uid)
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, greeting: bytes) -> Callable[[], bool]:
    """Whether a server at `port` greets like that."""

    def look() -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=5) as connection:
                return connection.recv(200).startswith(greeting)
        except OSError:
            return False

    return look


def await_start(name: str, child: Child, ready: Callable[[], bool], *logs: Path) -> None:
    """Until `ready`.

    :raises Problem: with the end of the logs, when the process ends first or takes too long
    """
    begun = time.monotonic()
    while not ready():
        running = child.is_running()
        if not running or time.monotonic() - begun > START_SECONDS:
            what = f"does not answer after {START_SECONDS:.0f} s" if running else "ended at once"
            said = "\n".join(line for log in logs if log.exists() for line in _end(log))
            raise Problem(f"{name} {what}. It says:\n{said or 'nothing'}")
        time.sleep(LOOK_EVERY)


def _end(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-LINES:]


def _free_id() -> int:
    taken = {user.pw_uid for user in pwd.getpwall()}
    return next(number for number in range(FIRST_ID, 2 * FIRST_ID) if number not in taken)
