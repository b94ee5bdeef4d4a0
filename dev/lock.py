"""Advisory file locks, so that two commands at once do not build the same thing in the same place."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import progress


@contextmanager
def exclusive(path: Path, doing: str) -> Iterator[None]:
    """Hold the lock file `path`; when somebody else holds it, say what is waited for.

    The lock goes with the process, so a killed command never leaves it behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"Another command is {doing}; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class UseCount:
    """Counts the live users of something by shared locks: the last one to leave puts out the light."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def join(self) -> None:
        """Become a user, until `leave` or the end of the process."""
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Whether nobody else uses it. When true, newcomers wait in `join` until `leave`."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        """Give the lock back."""
        os.close(self._handle)


@contextmanager
def slot(folder: Path, name: str) -> Iterator[int]:
    """The first free number from 1: runs at the same time get different ones, one after another the same."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        with (folder / f"{name}-{number}.lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                number += 1
                continue
            yield number
            return
