"""Several connections to one mail server, served by one thread beside the caller's.

A lane knows sockets and bytes; no ORM and no cursor ever comes here. One thread, the caller's, puts mails and collects
outcomes; each mail that is put comes back with exactly one outcome.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import Any

from .lane_loop import LaneLoop
from .smtp import Lane, Mail, Outcome, unsent
from .smtp_line import Steps

_NEVER = float("inf")


class Lanes:
    """Up to `count` lanes that share one queue of mails, so that a fast one takes more.

    To be used by one thread.

    :param count: how many connections there may be at a time
    :param capacity: how many mails may be under way or wait for a lane
    :param timeout: see `Lane`, as `final_timeout` and `max_mails`
    """

    def __init__(
        self,
        count: int,
        capacity: int = 128,
        timeout: float = 60.0,
        final_timeout: float = 300.0,
        max_mails: int = 1000,
    ) -> None:
        self._count = count
        self._capacity = capacity
        self._settings = (timeout, final_timeout, max_mails)
        self._mails: deque[Mail] = deque()
        self._outcomes: deque[Outcome] = deque()
        self._pending = 0
        self._closed = False
        self._loop = LaneLoop(lambda: bool(self._mails), lambda: self._closed)
        self._lock = threading.Lock()  # of what changes when a lane ends
        self._living = 0
        self._last_trouble = ""
        self._error: BaseException | None = None
        self._deserted = False  # no lane is left, and the caller knows or the line was lost
        self._enough = _NEVER  # so many outcomes are worth waking who collects
        self._awake = threading.Event()

    @property
    def living(self) -> int:
        """How many lanes have a connection, as far as they know."""
        return self._living

    @property
    def missing(self) -> int:
        """How many connections can be added now."""
        return self._count - self._living

    @property
    def pending(self) -> int:
        """How many mails were put whose outcome has not been collected."""
        return self._pending

    @property
    def room(self) -> int:
        """How many mails can be put now."""
        return self._capacity - self._pending

    @property
    def last_trouble(self) -> str:
        """Why a connection was lost last; empty if none was."""
        return self._last_trouble

    def add(self, connection: Any) -> None:
        """Let a lane work with `connection`, an open, logged-in `smtplib.SMTP`.

        :raises ValueError: when there are as many as there may be, or after `close`
        """
        if self._closed or self.missing <= 0:
            raise ValueError(f"There are {self._living} of {self._count} connections already, or they are closed.")
        lane = Lane(connection, *self._settings)
        with self._lock:
            self._deserted = False
            self._living += 1
        try:
            self._loop.add(connection.sock, self._served(lane), partial(self._ended, lane))
        except BaseException:
            with self._lock:
                self._living -= 1
            lane.hang_up()
            raise

    def put(self, mails: Sequence[Mail]) -> None:
        """Have `mails` sent.

        :raises ValueError: when there is not so much room, and then none is
        """
        if len(mails) > self.room or self._closed:
            raise ValueError(f"There is room for {0 if self._closed else self.room} mails, not for {len(mails)}.")
        self._pending += len(mails)
        self._mails.extend(mails)
        self._loop.ring()

    def collect(self, enough: int, timeout: float) -> list[Outcome]:
        """Give the outcomes that there are, waiting for `enough`, for all that is pending or for `timeout` seconds.

        When no connection is left, what waits comes back as unsent; but if the last one was in order and had only
        carried as many mails as it may, then with the call after this one, so that another can be added in time.

        :raises BaseException: what a lane has died of by our fault; the outcomes come with the next call
        """
        if self._error:
            error, self._error = self._error, None
            raise error
        deadline = monotonic() + timeout
        enough = min(enough, self._pending)
        while len(self._outcomes) < enough:
            self._awake.clear()
            self._enough = enough
            # Whoever has changed one of these in the meantime may not have seen that somebody waits.
            if len(self._outcomes) < enough and self._living:
                self._awake.wait(max(0.0, deadline - monotonic()))
            self._enough = _NEVER
            if not self._living:
                with self._lock:
                    if self._deserted:
                        self._return_queued()
                    self._deserted = True
                break
            if monotonic() >= deadline:
                break
        return self._collected()

    def close(self) -> list[Outcome]:
        """End all: what nobody has begun comes back as unsent; what is under way is waited for; then QUIT.

        What a lane has died of by our fault is still raised by `collect`.
        """
        self._closed = True
        self._return_queued()
        self._loop.ring()
        self._loop.join()
        return self._collected()

    def _collected(self) -> list[Outcome]:
        outcomes = [self._outcomes.popleft() for _number in range(len(self._outcomes))]
        self._pending -= len(outcomes)
        return outcomes

    def _return_queued(self) -> None:
        """Give what no lane has taken back to the caller."""
        text = self._last_trouble or "no connection was left"
        while mail := self._next():
            self._report(unsent(mail, text))

    def _served(self, lane: Lane) -> Steps[None]:
        """Do all that one connection is for."""
        error: Exception | None = None
        try:
            try:
                yield from lane.steps(self._next, self._report)
            except Exception as raised:  # noqa: BLE001 - it is raised where the caller collects
                error = raised
            yield from lane.goodbye()
        finally:
            lane.hang_up()
        if error:
            raise error

    def _ended(self, lane: Lane, error: BaseException | None) -> None:
        if error:
            self._error = error
        with self._lock:
            self._living -= 1
            self._last_trouble = lane.trouble
            if lane.trouble:
                self._deserted = not self._living
        self._awake.set()

    def _next(self) -> Mail | None:
        # Two threads may take at once, when the last lane ends.
        try:
            return self._mails.popleft()
        except IndexError:
            return None

    def _report(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        if len(self._outcomes) >= self._enough:
            self._enough = _NEVER
            self._awake.set()
