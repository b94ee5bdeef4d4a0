"""The connections to one provider, kept open as long as a worker has something for it."""

import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from ...tools.lanes import Lanes
from .connecting import ConnectingError

# How many mails may be with the server and without an answer: what a crash leaves in doubt at the most.
WINDOW = 128
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
        self._openers = None
        self._opening = set()

    @property
    def width(self):
        """The number of connections that are open."""
        return self.lanes.living

    @property
    def may_widen(self):
        """Whether it is worth trying to open another connection, or one was opened meanwhile."""
        if any(future.done() for future in self._opening):
            return True
        return self.lanes.missing > len(self._opening) and (not self.width or time.monotonic() >= self._not_before)

    def widen(self, outgoing):
        """See to it that connections are opened where some are missing, and use those that are open by now.

        :raises ConnectingError: when none can be opened and there is no other
        """
        if self._opening:
            self._use_opened(wait_for_one=not self.width)
        if not self.may_widen:
            return
        if not self.width or not outgoing.may_open_apart:
            self._use(outgoing.open)
            return
        self._openers = self._openers or ThreadPoolExecutor(OPENED_AT_ONCE, "email connections")
        while len(self._opening) < self.lanes.missing:
            self._opening.add(self._openers.submit(outgoing.open_apart))

    def close(self):
        """Give the outcomes of what was still under way."""
        wait(self._opening)
        for future in self._opening:
            if not future.exception():
                future.result().close()
        self._opening.clear()
        if self._openers:
            self._openers.shutdown()
        return self.lanes.close()

    def _use_opened(self, wait_for_one):
        if wait_for_one:
            wait(self._opening, return_when=FIRST_COMPLETED)
        for future in [future for future in self._opening if future.done()]:
            self._opening.remove(future)
            self._use(future.result)

    def _use(self, opened):
        """Let a lane have the connection that `opened` gives."""
        try:
            self.lanes.add(opened())
        except ConnectingError:
            self._not_before = time.monotonic() + REFUSED_PAUSE
            if not self.width and not self._opening:
                raise
