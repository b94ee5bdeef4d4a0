"""The connections to one provider, kept open as long as a worker has something for it."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import NamedTuple

from ...tools.lanes import Lanes
from .connecting import ConnectingError

_logger = logging.getLogger(__name__)

# How many mails may be with the server and without an answer: what a crash leaves in doubt at the most.
WINDOW = 192
# A provider may allow fewer connections than are set. One that it refuses is asked for again after this many seconds.
REFUSED_PAUSE = 30
TIMEOUT, FINAL_TIMEOUT = 60.0, 300.0
# So many are opened side by side, each with a connection to the database for its password or token.
OPENED_AT_ONCE = 8
# A connection that nobody has used for so many seconds may have been hung up since: some servers wait for 10 only.
FRESH_SECONDS = 5.0


class Line:
    """The lanes of one `provider` (as superuser).

    Whether the first connection can be opened decides about all. The others are opened aside, while the first has mails
    to carry: far away each takes several round trips.
    """

    def __init__(self, provider):
        self.provider = provider
        self.lanes = Lanes(
            max(1, provider.connections),
            capacity=WINDOW,
            timeout=TIMEOUT,
            final_timeout=FINAL_TIMEOUT,
            max_mails=max(1, provider.max_mails),
        )
        self._not_before = 0.0
        self._refused = False  # the last one that was asked for
        self._openers = None
        self._first = None  # opened aside while there is none, to be waited for: gives what `_tried` does
        self._opening = set()

    @property
    def width(self):
        """The number of connections that are open."""
        return self.lanes.living

    @property
    def may_widen(self):
        """Whether it is worth trying to open another connection, or one was opened meanwhile."""
        return any(future.done() for future in self._opening) or self._misses_some()

    def begin(self, outgoing):
        """Have a connection opened aside if there is none, while the caller prepares the first mails for it."""
        if not (self.width or self._first or self._opening) and outgoing.may_open_apart:
            with suppress(RuntimeError):  # no thread is to be had: the worker's own opens it
                self._first = self._aside(_tried, outgoing)

    def widen(self, outgoing, others=True):
        """See to it that connections are opened where some are missing, and use those that are open by now.

        Only the first decides about the provider: others are a gain, and what keeps one of them from being opened may
        be over.

        :param others: whether there is something to do for more than one
        :raises ConnectingError: when none can be opened and there is no other
        """
        self._use_opened()
        if not self._misses_some():
            return
        if not self.width or not outgoing.may_open_apart:
            self._open(outgoing)
        if not (others and self.width and outgoing.may_open_apart and self._misses_some()):
            return
        # Who was refused asks for one at a time, until one is granted.
        wanted = 1 if self._refused else self.lanes.missing
        while len(self._opening) < wanted:
            self._opening.add(self._aside(outgoing.open_apart))

    def close(self):
        """Give the outcomes of what was still under way."""
        try:
            # What has not begun is not waited for.
            self._opening = {future for future in self._opening if not future.cancel()}
            wait(self._opening)
            for future in self._opening:
                if not future.exception():
                    _hang_up(future.result())
            self._opening.clear()
            if self._first and not self._first.cancel() and not self._first.exception():
                _hang_up(self._first.result().connection)
            self._first = None
            if self._openers:
                self._openers.shutdown()
        finally:
            outcomes = self.lanes.close()
        return outcomes

    def _misses_some(self):
        if self.lanes.missing <= len(self._opening):
            return False
        # Who was refused waits for a while, and then for the one that it has asked for.
        return not self.width or (time.monotonic() >= self._not_before and not (self._refused and self._opening))

    def _aside(self, work, *arguments):
        self._openers = self._openers or ThreadPoolExecutor(OPENED_AT_ONCE, "email connections")
        return self._openers.submit(work, *arguments)

    def _open(self, outgoing):
        """Add a connection: the one that was begun, or one that is opened in this thread."""
        first, self._first = self._first, None
        try:
            self.lanes.add(self._begun(first) or outgoing.open())
            self._refused = False
        except ConnectingError:
            self._note_refusal()
            if not self.width:
                raise

    def _begun(self, first):
        """Give the connection that `first` opens, None if it says nothing of how it is now.

        :raises ConnectingError: when there is none
        """
        try:
            tried = first and first.result()
        except Exception:
            # As when the database has no connection to spare, which this thread has.
            _logger.warning("a connection to %s could not be opened aside", self.provider.id, exc_info=True)
            return None
        if not tried:
            return None
        if time.monotonic() - tried.at > FRESH_SECONDS:
            _hang_up(tried.connection)
            return None
        if tried.error:
            raise tried.error
        return tried.connection

    def _use_opened(self):
        for future in [future for future in self._opening if future.done()]:
            self._opening.remove(future)
            error = future.exception()
            if error is None:
                self.lanes.add(future.result())
                self._refused = False
                continue
            self._note_refusal()
            if not isinstance(error, ConnectingError):
                _logger.warning("another connection to %s could not be opened", self.provider.id, exc_info=error)

    def _note_refusal(self):
        self._refused = True
        self._not_before = time.monotonic() + REFUSED_PAUSE


class _Tried(NamedTuple):
    """A connection, or why there is none, and when (of the monotonic clock) that was known."""

    connection: object
    error: ConnectingError | None
    at: float


def _tried(outgoing):
    try:
        return _Tried(outgoing.open_apart(), None, time.monotonic())
    except ConnectingError as error:
        return _Tried(None, error, time.monotonic())


def _hang_up(connection):
    if connection:
        with suppress(OSError):
            connection.close()
