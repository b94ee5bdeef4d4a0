"""Several connections to one mail server, each served by a thread of its own.

A lane knows sockets and bytes; no ORM and no cursor ever comes here. One thread, the caller's, puts mails and collects
outcomes; each mail that is put comes back with exactly one outcome.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from .smtp import Lane, Mail, Outcome, unsent

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
        self._mails: SimpleQueue[Mail | None] = SimpleQueue()  # None: nothing comes any more
        self._outcomes: deque[Outcome] = deque()
        self._pending = 0
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._lock = threading.Lock()  # of what threads change that end
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
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._serve, args=(lane,), name="email lane", daemon=True)
        with self._lock:
            self._deserted = False
            self._living += 1
        self._threads.append(thread)
        thread.start()

    def put(self, mails: Sequence[Mail]) -> None:
        """Have `mails` sent.

        :raises ValueError: when there is not so much room, and then none is
        """
        if len(mails) > self.room or self._closed:
            raise ValueError(f"There is room for {0 if self._closed else self.room} mails, not for {len(mails)}.")
        self._pending += len(mails)
        put = self._mails.put
        for mail in mails:
            put(mail)

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
        self._mails.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []
        return self._collected()

    def _collected(self) -> list[Outcome]:
        outcomes = [self._outcomes.popleft() for _number in range(len(self._outcomes))]
        self._pending -= len(outcomes)
        return outcomes

    def _return_queued(self) -> None:
        """Give what no lane has taken back to the caller."""
        text = self._last_trouble or "no connection was left"
        while True:
            try:
                mail = self._mails.get_nowait()
            except Empty:
                return
            if not mail:
                return
            self._report(unsent(mail, text))

    def _serve(self, lane: Lane) -> None:
        """Work for one connection, in a thread of its own."""
        try:
            try:
                lane.run(self._next, self._report)
            finally:
                lane.close()
        except BaseException as error:  # noqa: BLE001 - it is raised where the caller collects
            self._error = error
        finally:
            with self._lock:
                self._living -= 1
                self._last_trouble = lane.trouble
                if lane.trouble:
                    self._deserted = not self._living
            self._awake.set()

    def _next(self, wait: bool) -> Mail | None:
        try:
            mail = self._mails.get(wait)
        except Empty:
            return None
        if not mail:
            self._mails.put(None)  # for the others, and for when this lane asks again
        return mail

    def _report(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        if len(self._outcomes) >= self._enough:
            self._enough = _NEVER
            self._awake.set()
