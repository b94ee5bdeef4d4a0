"""How many mails may be on their way or claimed at a time, by the speed at which they are answered."""

import time

from .line import WINDOW

# What is marked and written down in one transaction: a few dozen, or what takes half a second.
LARGEST_GROUP = 64
GROUP_SECONDS = 0.5
# What is claimed at a time: some while nothing is known, then what these seconds send. To opt out later is too late.
# What the provider did lately is no promise, so that what few of them send is enough until it is measured anew.
FIRST_PORTION = 256
PORTION_SECONDS, FIRST_PORTION_SECONDS = 10.0, 2.0
# So many answers, those of a first group, tell roughly how fast it is; it is measured as soon as there are more.
TELLING = 8


class Flow:
    """Lets `window` mails be on their way: as many as take half a second, and at least two for each connection.

    :param most: how many may be claimed at a time
    :param rate: mails a second that are expected, 0 when nothing is known
    """

    def __init__(self, window, most, rate=0.0):
        self.window = window
        self._most = most
        self._portion = _portion(rate, FIRST_PORTION_SECONDS) if rate else FIRST_PORTION
        self._counted, self._counted_from, self._measured = 0, 0.0, False

    @property
    def portion(self):
        """How many recipients to claim at a time."""
        return min(self._most, self._portion)

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
            self._portion = _portion(rate)
            self._counted, self._counted_from, self._measured = 0, now, True
        elif not self._measured:
            # As TCP begins slowly: each answer lets one more be on its way, unless the first few tell already how fast
            # it is. While another connection is opened, those that are open must have enough to do.
            guess = 0
            if self._counted >= TELLING:
                guess = int(rate * GROUP_SECONDS)
                self._portion = _portion(rate)
            self.window = min(WINDOW, max(self.window + answered, 4 * width, guess))


def _portion(rate, seconds=PORTION_SECONDS):
    return max(LARGEST_GROUP, int(rate * seconds))
