"""A message as the standard library has it, opened without a risk: its header, and what people would see of it."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from typing import Any

from .parts import MAX_HEADER, MAX_VALUE, bounded, decoded_words, parse

# Neither XML nor a database takes them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Comments and groups of addresses, which the standard library reads one within the other until it can't any more.
_MOST_NESTED = 100
_FLAT = str.maketrans("(:", "  ")
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")


class _Forgiving(EmailPolicy):
    """Fields are plain texts, unfolded and decoded (RFC 2047), without NUL.

    The standard ones raise on some of what strangers write into From, To or Message-ID.
    """

    def header_fetch_parse(self, _name: str, value: str) -> Any:
        if value.count("(") + value.count(":") > _MOST_NESTED:
            value = value.translate(_FLAT)
        octets = value[:MAX_VALUE].encode("utf-8", "surrogateescape").replace(b"\0", b"")
        return _CONTROLS.sub("", decoded_words(" ".join(octets.decode("utf-8", "replace").split())))


class Opened(EmailMessage):
    """A message in one part, the first text that it has; as octets it is what came."""

    came = b""

    def as_bytes(self, unixfrom: bool = False, policy: Any = None) -> bytes:
        """Return what came, or of a large message its beginning and its end."""
        return self.came

    def get_content_type(self) -> str:
        """Return the type of `get_content`, whatever the message says of itself."""
        return "text/plain"

    def get_content(self, *_arguments: Any, **_options: Any) -> str:
        """Return the first text, without markup, at most 64,000 characters."""
        texts = (part.shown for part in parse(self.came).walk() if part.kind.startswith("text/") and not part.attached)
        return _CONTROLS.sub("", next(texts, ""))


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
    return message
