"""How many mails may be on their way at a time, by the speed at which they are answered."""

import time

from .line import WINDOW

# What is marked and written down in one transaction: a few dozen, or what takes half a second.
LARGEST_GROUP = 64
GROUP_SECONDS = 0.5


class Flow:
    """Lets `window` mails be on their way: as many as take half a second, and at least two for each connection."""

    def __init__(self, window):
        self.window = window
        self._counted, self._counted_from, self._measured = 0, 0.0, False

    def pause(self):
        """Don't count the time until the next mails leave."""
        self._counted, self._counted_from = 0, 0.0

    def leave(self):
        """Measure the speed from now on, unless that is being done."""
        self._counted_from = self._counted_from or time.monotonic()

    def adapt(self, answered, width):
        """Count another `answered` mails over `width` connections."""
        least = min(WINDOW, max(2, 2 * width))
        self.window = max(self.window, least)
        now = time.monotonic()
        self._counted += answered
        passed = now - (self._counted_from or now)
        rate = self._counted / max(passed, 0.001)
        if self._counted >= LARGEST_GROUP or passed >= GROUP_SECONDS:
            self.window = max(least, int(min(WINDOW, rate * GROUP_SECONDS)))
            self._counted, self._counted_from, self._measured = 0, now, True
        elif not self._measured:
            # As TCP begins slowly: each answer lets one more be on its way, unless the first few tell already how fast
            # it is. While another connection is opened, those that are open must have enough to do.
            guess = int(rate * GROUP_SECONDS) if self._counted >= 8 else 0
            self.window = min(WINDOW, max(self.window + answered, 4 * width, guess))
