"""Where tokens of ours may stand in a message that comes in: in its addresses, and in what it answers.

Nothing here says that a token is ours: that takes the keys (`tools.token`). Header fields are read as they came,
without the standard parser's structure, which strangers can make slow or fail; each is cut, and only so many are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.message import Message
from typing import Any

# Where a mail system writes whom it delivered to, and where the sender does.
DELIVERED = ("x-original-to", "delivered-to", "envelope-to")
RECIPIENTS = (*DELIVERED, "to")

# Bounds on what strangers can make us do.
MAX_FIELDS = 20  # of one name
MAX_VALUE = 8_000  # characters of one field
MAX_REFERENCES = 50  # Message-IDs of one message
MAX_ID = 998  # characters of one: a line of RFC 5322 has no more

_HEX = r"[0-9a-f]{16,80}"
_PLUS = re.compile(rf"\+({_HEX})@", re.IGNORECASE)
_OWN_ID = re.compile(rf"<({_HEX})@([^<>\s@]{{1,255}})>", re.IGNORECASE)
_ID = re.compile(r"<[^<>\s]{1,996}>")
_BETWEEN_ADDRESSES = re.compile(r"[\s<>,;:\"()]+")
_LINK = re.compile(r"<(?:https?://[^<>\s?]{1,2000}/|mailto:[^<>\s?]{1,400}\?subject=)([\w-]{12,80})>", re.ASCII)


def values(message: Message[Any, Any], names: Iterable[str]) -> Iterator[str]:
    """Give the fields of `message` of these lower-case names, in this order of names, unfolded and cut."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for name, value in message.raw_items():
        kept = found.get(str(name).lower())
        if kept is not None and len(kept) < MAX_FIELDS:
            kept.append(str(value)[:MAX_VALUE].replace("\r", "").replace("\n", " "))
    for kept in found.values():
        yield from kept


def plus_tokens(texts: Iterable[str]) -> Iterator[str]:
    """Give what may be a token behind the plus of an address (RFC 5233) in `texts`."""
    for text in texts:
        yield from _PLUS.findall(text)


def addresses(texts: Iterable[str]) -> list[str]:
    """Give what looks like an address in `texts`, in lower case. For comparing with known ones only."""
    return [word.lower() for text in texts for word in _BETWEEN_ADDRESSES.split(text) if "@" in word.strip("@")]


def answered(message: Message[Any, Any]) -> list[str]:
    """Give the Message-IDs that `message` answers, the nearest first, at most MAX_REFERENCES (RFC 5322, 3.6.4)."""
    nearest = [found for value in values(message, ("in-reply-to",)) for found in _ID.findall(value)]
    thread = [found for value in _tails(message, "references") for found in _ID.findall(value)]
    return list(dict.fromkeys([*nearest[:MAX_REFERENCES], *reversed(thread)]))[:MAX_REFERENCES]


def _tails(message: Message[Any, Any], wanted: str) -> list[str]:
    """Give the ends of the fields of that name: what a long thread answers last stands last."""
    found = [str(value)[-MAX_VALUE:] for name, value in message.raw_items() if str(name).lower() == wanted]
    return found[:MAX_FIELDS]


def id_token(message_id: str | None) -> tuple[str, str] | None:
    """Return (what may be a token, domain) of a Message-ID that has the form of ours, else None."""
    found = _OWN_ID.search(message_id[:MAX_ID]) if message_id else None
    return (found[1], found[2]) if found else None


def link_tokens(list_unsubscribe: str) -> list[str]:
    """Return what may be tokens in a List-Unsubscribe field: at the end of a link, or as the subject of a mailto."""
    return _LINK.findall(list_unsubscribe[:MAX_VALUE])
