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

    The first connection is opened in the worker's own thread: whether that goes well decides about all. The others are
    opened aside, while the first has mails to carry: far away each takes several round trips.
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
        self._opening = set()

    @property
    def width(self):
        """The number of connections that are open."""
        return self.lanes.living

    @property
    def may_widen(self):
        """Whether it is worth trying to open another connection, or one was opened meanwhile."""
        return any(future.done() for future in self._opening) or self._misses_some()

    def widen(self, outgoing):
        """See to it that connections are opened where some are missing, and use those that are open by now.

        Only what the worker's own thread meets decides about the provider: others are a gain, and what keeps one of
        them from being opened may be over.

        :raises ConnectingError: when none can be opened and there is no other
        """
        self._use_opened()
        if not self._misses_some():
            return
        if not self.width or not outgoing.may_open_apart:
            self._open(outgoing)
            return
        self._openers = self._openers or ThreadPoolExecutor(OPENED_AT_ONCE, "email connections")
        # Who was refused asks for one at a time, until one is granted.
        wanted = 1 if self._refused else self.lanes.missing
        while len(self._opening) < wanted:
            self._opening.add(self._openers.submit(outgoing.open_apart))

    def close(self):
        """Give the outcomes of what was still under way."""
        try:
            # What has not begun is not waited for.
            self._opening = {future for future in self._opening if not future.cancel()}
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

    def _open(self, outgoing):
        """Open one connection in this thread."""
        try:
            self.lanes.add(outgoing.open())
            self._refused = False
        except ConnectingError:
            self._note_refusal()
            if not self.width:
                raise

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
