"""The connections to one provider, kept open as long as a worker has something for it."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

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
        self._first = None  # a connection that is opened aside while there is none, to be waited for
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
            self._first = self._opened_apart(outgoing)

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
        if not (others and outgoing.may_open_apart and self._misses_some()):
            return
        # Who was refused asks for one at a time, until one is granted.
        wanted = 1 if self._refused else self.lanes.missing
        while len(self._opening) < wanted:
            self._opening.add(self._opened_apart(outgoing))

    def close(self):
        """Give the outcomes of what was still under way."""
        try:
            # What has not begun is not waited for.
            self._opening = {future for future in filter(None, [self._first, *self._opening]) if not future.cancel()}
            self._first = None
            wait(self._opening)
            for future in self._opening:
                if not future.exception():
                    with suppress(OSError):
                        future.result().close()
            self._opening.clear()
            if self._openers:
                self._openers.shutdown()
        finally:
            outcomes = self.lanes.close()
        return outcomes

    def _misses_some(self):
        return self.lanes.missing > len(self._opening) and (not self.width or time.monotonic() >= self._not_before)

    def _opened_apart(self, outgoing):
        self._openers = self._openers or ThreadPoolExecutor(OPENED_AT_ONCE, "email connections")
        return self._openers.submit(outgoing.open_apart)

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
        """Give the connection that `first` opens, None if it can't be known whether there is one.

        :raises ConnectingError: when there is none
        """
        try:
            return first and first.result()
        except ConnectingError:
            raise
        except Exception:
            # As when the database has no connection to spare, which this thread has.
            _logger.warning("a connection to %s could not be opened aside", self.provider.id, exc_info=True)
            return None

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
