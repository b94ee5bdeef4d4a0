"""One thread that serves many lines at once: each goes on when what it waits for has come.

A thread for each connection would be simpler, but only one of them runs at a time, and to hand over Python's lock at
every answer costs more than the answers.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from .smtp_line import IDLE, READ, Steps

_NEVER = float("inf")


class _Served:
    """One line: its socket, its steps, what it waits for and until when."""

    __slots__ = ("deadline", "ended", "events", "sock", "steps")

    def __init__(self, sock: Any, steps: Steps[None], ended: Callable[[BaseException | None], None]) -> None:
        self.sock = sock
        self.steps = steps
        self.ended = ended
        self.events = 0  # for which the selector has it
        self.deadline = _NEVER


class LaneLoop:
    """Runs steps in a thread of its own, which is there as long as any are.

    :param is_more: says whether steps that are IDLE may find something to do; rung for by `ring`
    :param is_over: says whether nothing comes any more
    """

    def __init__(self, is_more: Callable[[], bool], is_over: Callable[[], bool]) -> None:
        self._is_more = is_more
        self._is_over = is_over
        self._lock = threading.Lock()  # of the next three
        self._thread: threading.Thread | None = None  # the last one, which may be ending
        self._bell: socket.socket | None = None  # there as long as that takes up what is added
        self._added: list[_Served] = []
        self._served: set[_Served] = set()
        self._idle: list[_Served] = []
        self._check_at = _NEVER  # no deadline is before this
        self._selector: selectors.BaseSelector

    def add(self, sock: Any, steps: Steps[None], ended: Callable[[BaseException | None], None]) -> None:
        """Run `steps`, which wait for `sock`; then call `ended` with what they raised or None, in the loop's thread."""
        served = _Served(sock, steps, ended)
        with self._lock:
            self._added.append(served)
            if self._bell:
                self._ring()
                return
            try:
                self._start()
            except BaseException:
                self._added.remove(served)
                raise

    def _start(self) -> None:
        bell, rung = socket.socketpair()
        bell.setblocking(False)
        thread = threading.Thread(target=self._run, args=(rung,), name="email lanes", daemon=True)
        try:
            thread.start()
        except BaseException:
            bell.close()
            rung.close()
            raise
        self._bell, self._thread = bell, thread

    def ring(self) -> None:
        """Have it look whether there is more, or whether it is over. To be called after that has changed."""
        # Whoever becomes idle after this looks once more by itself.
        if self._idle or self._is_over():
            with self._lock:
                self._ring()

    def join(self) -> None:
        """Wait until no steps are left, and the thread is gone."""
        if self._thread:
            self._thread.join()

    def _ring(self) -> None:
        if self._bell:
            with suppress(OSError):  # it was rung often enough, or nobody is there any more
                self._bell.send(b"!")

    def _run(self, rung: socket.socket) -> None:
        try:
            with selectors.DefaultSelector() as self._selector, rung:
                self._selector.register(rung, READ)
                while self._is_needed():
                    self._turn(rung)
        except BaseException as error:  # noqa: BLE001 - it is given to whoever asks for the outcomes
            with self._lock:
                self._retire()
                left = [*self._served, *self._added]
                for some in (self._served, self._added, self._idle):
                    some.clear()
            for served in left:
                with suppress(Exception):  # what it is closed for is told, and comes first
                    served.steps.close()
                served.ended(error)

    def _is_needed(self) -> bool:
        """Take up what was added; give whether there is anything to serve. If not, the thread is no longer there."""
        with self._lock:
            added, self._added = self._added, []
            if not (added or self._served):
                self._retire()
                return False
        self._served.update(added)
        for served in added:
            self._advance(served, None)
        return True

    def _retire(self) -> None:
        if self._bell:
            self._bell.close()
            self._bell = None

    def _turn(self, rung: socket.socket) -> None:
        """Serve those that need not wait until some end, others are added, or nothing comes any more."""
        count = len(self._served)
        while self._served and len(self._served) == count:
            while self._idle and (self._is_over() or self._is_more()):
                self._advance(self._idle.pop(), not self._is_over())
            if len(self._served) != count:
                return
            timeout = None if self._check_at == _NEVER else max(0.0, self._check_at - monotonic())
            for key, _events in self._selector.select(timeout):
                if key.data:
                    self._advance(key.data, True)
                else:
                    rung.recv(4096)
                    count = -1
            if monotonic() >= self._check_at:
                self._check_deadlines()

    def _check_deadlines(self) -> None:
        now = monotonic()
        for served in [served for served in self._served if served.deadline <= now]:
            self._advance(served, False)
        self._check_at = min((served.deadline for served in self._served), default=_NEVER)

    def _advance(self, served: _Served, ready: bool | None) -> None:
        """Let `served` go on, until it waits again or ends.

        :param ready: whether what it waited for has come; None at the begin
        """
        try:
            # A generator that has not begun takes None.
            events, seconds = served.steps.send(ready)  # type: ignore[arg-type]
            # What is wrong with a socket that can't be watched shows as soon as it is used; else its time is up.
            for ready in (True, False, False, False):
                if events == served.events or self._watch(served, events):
                    break
                events, seconds = served.steps.send(ready)
        except StopIteration:
            self._end(served, None)
        except BaseException as error:  # noqa: BLE001 - it is raised where the outcomes are collected
            self._end(served, error)
        else:
            served.deadline = monotonic() + seconds if events else _NEVER
            self._check_at = min(self._check_at, served.deadline)
            if events == IDLE:
                self._idle.append(served)

    def _watch(self, served: _Served, events: int) -> bool:
        """Have the selector watch for `events`; give whether it does."""
        try:
            if not served.events:
                self._selector.register(served.sock, events, served)
            elif events:
                self._selector.modify(served.sock, events, served)
            else:
                self._selector.unregister(served.sock)
        except (KeyError, ValueError, OSError):
            self._forget(served)
            return not events
        served.events = events
        return True

    def _forget(self, served: _Served) -> None:
        # By its key, as its socket may be closed by now.
        with suppress(KeyError, ValueError):
            self._selector.unregister(served.sock)
        served.events = 0

    def _end(self, served: _Served, error: BaseException | None) -> None:
        if served.events:
            self._forget(served)
        self._served.discard(served)
        served.ended(error)
