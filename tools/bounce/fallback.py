"""The last resort: what nothing else recognises, read by the detectors of `flufl.bounce`, for the recipients only.

They were written by many hands for messages of many decades, raise on some, and take seconds for large ones: so
they are given the start of a message, and only one that a mail system has written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from email import message_from_bytes, policy

from flufl.bounce import all_failures

_logger = logging.getLogger(__name__)
# It tells of each detector that it tries.
logging.getLogger("flufl.bounce").setLevel(logging.WARNING)

MAX_OCTETS = 20_000
MAX_LINES = 400
MAX_LINE = 500  # octets
MAX_FAILED = 100


def recipients(octets: bytes) -> tuple[list[str], list[str]]:
    """Return the addresses that failed for now, and for good. Never raises."""
    try:
        lines = octets[:MAX_OCTETS].split(b"\n", MAX_LINES)[:MAX_LINES]
        raw = b"\n".join(line[:MAX_LINE] for line in lines)
        temporary, permanent = all_failures(message_from_bytes(raw, policy=policy.compat32))
    except Exception:  # detectors of many hands, on text that a stranger wrote
        _logger.warning("An incoming message could not be analysed.", exc_info=True)
        return [], []
    return _texts(temporary - permanent), _texts(permanent)


def _texts(found: Iterable[bytes]) -> list[str]:
    return [address.decode("utf-8", "replace") for address in sorted(found)[:MAX_FAILED]]
