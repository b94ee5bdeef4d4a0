"""A message as the standard library has it, opened without a risk: only its header is read, and that forgivingly."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from typing import Any

from .parts import MAX_HEADER, MAX_VALUE, bounded, decoded_words

_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")


class _Forgiving(EmailPolicy):
    """Fields are plain texts, unfolded and decoded (RFC 2047), without NUL.

    The standard ones raise on some of what strangers write into From, To or Message-ID.
    """

    def header_fetch_parse(self, _name: str, value: str) -> Any:
        octets = value[:MAX_VALUE].encode("utf-8", "surrogateescape").replace(b"\0", b"")
        return decoded_words(" ".join(octets.decode("utf-8", "replace").split()))


class Opened(EmailMessage):
    """A message of which the body is not taken apart; as octets it is what came."""

    came = b""

    def as_bytes(self, unixfrom: bool = False, policy: Any = None) -> bytes:
        """Return what came, or of a large message its beginning and its end."""
        return self.came


def opened(octets: bytes) -> Opened:
    """Return a message of which only the first 100,000 octets of the header are read."""
    octets = bounded(octets)
    blank = _BLANK.search(octets)
    head = octets[: blank.start() if blank else len(octets)]
    if len(head) > MAX_HEADER:
        head = head[:MAX_HEADER].rpartition(b"\n")[0]
    parser: Any = BytesParser(Opened, policy=_Forgiving())
    message: Opened = parser.parsebytes(head + b"\r\n\r\n", headersonly=True)
    message.came = octets
    message.set_payload(octets[blank.end() :].decode("ascii", "surrogateescape") if blank else "")
    return message
