"""What long steps show: a bar on a terminal, one line per step elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType

BAR = 24
REDRAW_SECONDS = 0.1


def say(message: str) -> None:
    """Print one line at once, also when the output goes to a file."""
    print(message, flush=True)


class Step:
    """A step with a known or unknown end, used as a context manager.

    >>> with Step("Unpacking Odoo") as step:  # doctest: +SKIP
    ...     step.update(0.5, "one half")
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._tty = sys.stdout.isatty()
        self._started = time.monotonic()
        self._drawn = 0.0

    def __enter__(self) -> Step:
        if self._tty:
            self._draw(0.0, "")
        else:
            say(f"{self.title} …")
        return self

    def update(self, fraction: float, detail: str = "") -> None:
        """Show how far it is: `fraction` from 0 to 1, `detail` for the few words behind the bar."""
        if self._tty and time.monotonic() - self._drawn >= REDRAW_SECONDS:
            self._draw(min(max(fraction, 0.0), 1.0), detail)

    def _draw(self, fraction: float, detail: str) -> None:
        self._drawn = time.monotonic()
        full = round(fraction * BAR)
        line = f"{self.title} [{'█' * full}{'·' * (BAR - full)}] {fraction:4.0%} {detail}"
        width = shutil.get_terminal_size().columns - 1
        print("\r\x1b[K" + line[:width], end="", flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        took = f"{time.monotonic() - self._started:.0f} s"
        start = "\r\x1b[K" if self._tty else ""
        say(f"{start}{self.title}: {'done, ' if kind is None else 'not finished, '}{took}")
