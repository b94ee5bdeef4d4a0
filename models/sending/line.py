"""The connections to one provider, kept open as long as a worker has something for it."""

import time

from ...tools.lanes import Lanes
from .connecting import ConnectingError

# How many mails may be with the server and without an answer: what a crash leaves in doubt at the most.
WINDOW = 128
# A provider may allow fewer connections than are set. One that it refuses is asked for again after this many seconds.
REFUSED_PAUSE = 30
TIMEOUT, FINAL_TIMEOUT = 60.0, 300.0


class Line:
    """The lanes of one `provider` (as superuser). Connections are opened here, in the worker's own thread: that needs
    the database, for passwords and tokens.
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

    @property
    def width(self):
        """The number of connections that are open."""
        return self.lanes.living

    @property
    def may_widen(self):
        """Whether it is worth trying to open another connection."""
        return self.lanes.missing and (not self.width or time.monotonic() >= self._not_before)

    def widen(self, outgoing):
        """Open one more connection, where one is missing.

        :raises ConnectingError: when it can't be opened and there is no other
        """
        if not self.may_widen:
            return
        try:
            self.lanes.add(outgoing.open())
        except ConnectingError:
            self._not_before = time.monotonic() + REFUSED_PAUSE
            if not self.width:
                raise

    def close(self):
        """Give the outcomes of what was still under way."""
        return self.lanes.close()
