"""The last resort for what came back: bounces in prose, read by `flufl.bounce`.

For messages that are known to answer one of ours (by their signed return path) and that `bounce.read` doesn't
understand: what qmail and older servers write. It guesses, so an address is called dead only in clear words.
"""

from __future__ import annotations

import hashlib
import logging
import re
from email import message_from_bytes, policy
from email.message import Message
from itertools import takewhile
from typing import Any

from flufl.bounce import all_failures

from .bounce import Failed, Verdict, classify

_logger = logging.getLogger(__name__)
# It tells of each detector that it tries.
logging.getLogger("flufl.bounce").setLevel(logging.WARNING)

# The report stands at the top; what comes after it is our own message.
MAX_OCTETS = 64_000
MAX_LINES = 2_000
MAX_FAILED = 100
MAX_DIAGNOSTIC = 1_000  # characters
RULE = "flufl.bounce"

_OURS_FOLLOWS = re.compile(r"below|original|copy|return|message|header", re.IGNORECASE)
_PARAGRAPH_ENDS = re.compile(r"\n[ \t]*\n")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")


def octets(message: Message[Any, Any]) -> bytes:
    """Return the message as it came, or something else that is the same for the same message."""
    try:
        return message.as_bytes(policy=policy.compat32)
    except (AttributeError, KeyError, LookupError, TypeError, ValueError):  # raised on what no standard allows
        return repr((list(message.raw_items()), message.get_payload())).encode("utf-8", "backslashreplace")


def reference(message: Message[Any, Any]) -> str:
    """Return a name for a message that has none: the same for the same octets."""
    return hashlib.sha256(octets(message)).hexdigest()[:32]


def read(message: Message[Any, Any]) -> Verdict | None:
    """Return the verdict on a report in prose, or None where it is none. Never raises."""
    try:
        # Parsed again: what the detectors expect is a message of the old kind, and no more than we want to read.
        raw = b"\n".join(octets(message)[:MAX_OCTETS].split(b"\n", MAX_LINES)[:MAX_LINES])
        plain = message_from_bytes(raw, policy=policy.compat32)
        temporary, permanent = all_failures(plain)
        text = _text(plain)
    except Exception:  # detectors of many hands, on text that a stranger wrote
        _logger.warning("An incoming message could not be analysed.", exc_info=True)
        return None
    failed = tuple(_failed(address, text, True) for address in sorted(permanent)[:MAX_FAILED])
    if failed:
        return Verdict("bounce", RULE, failed)
    delayed = tuple(_failed(address, text, False) for address in sorted(temporary)[:MAX_FAILED])
    return Verdict("delayed", RULE, delayed) if delayed else None


def _failed(octets_of_address: bytes, text: str, permanent: bool) -> Failed:
    address = octets_of_address.decode("utf-8", "replace")
    diagnostic = _diagnostic(address, text)
    # Without an answer of a server the words alone decide; they stand for a permanent failure or they don't.
    _permanent, reason = classify(None, None, diagnostic)
    status = _STATUS.search(diagnostic)
    action = "failed" if permanent else "delayed"
    return Failed(address, action, status[1] if status else "", diagnostic, permanent, reason)


def _text(message: Message[Any, Any]) -> str:
    """Return what the mail system wrote: the first text, up to where it quotes our message."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            lines = text.replace("\r\n", "\n").split("\n")
            return "\n".join(takewhile(lambda line: not _ours_follows(line), lines))
    return ""


def _ours_follows(line: str) -> bool:
    return line.lstrip(" >").startswith("--") and _OURS_FOLLOWS.search(line[:200]) is not None


def _diagnostic(address: str, text: str) -> str:
    """Return what the report says about `address`: the rest of its paragraph, or the next one if that is empty."""
    start = text.lower().find(address.lower())
    if start < 0:
        return ""
    for paragraph in _PARAGRAPH_ENDS.split(text[start + len(address) :][: 2 * MAX_DIAGNOSTIC])[:2]:
        if any(char.isalpha() for char in paragraph):
            return " ".join(paragraph.strip("<>():;\"' \t\n").split())[:MAX_DIAGNOSTIC]
    return ""
