"""Ready-made messages: the very bytes that our engine sent, read from what smtp-sink kept of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tools.smtp import Mail

# What smtp-sink puts before a message: its own headers, and one Received: of two or more lines.
PREAMBLE = re.compile(
    rb"(?:X-(?!Mail-Args|Rcpt-Args)[\w-]+: .*\n)*"
    rb"X-Mail-Args: <(?P<mail_from>[^>]*)>.*\n"
    rb"X-Rcpt-Args: <(?P<rcpt_to>[^>]*)>.*\n"
    rb"Received: .*\n(?:[ \t].*\n)+"
)


def read(folder: Path) -> list[Mail]:
    """All messages that were kept in `folder`.

    :raises ValueError: for a file that is not what smtp-sink writes
    """
    return [_mail(number, path.read_bytes()) for number, path in enumerate(sorted(folder.iterdir()))]


def repeated(mails: list[Mail], count: int) -> Iterator[Mail]:
    """`count` mails: the same again and again, each with a key of its own."""
    for key in range(count):
        mail = mails[key % len(mails)]
        yield Mail(key, mail.mail_from, mail.rcpt_to, mail.data, mail.smtputf8, dotless=True)


def _mail(number: int, kept: bytes) -> Mail:
    preamble = PREAMBLE.match(kept)
    if not preamble:
        raise ValueError(f"This does not begin as smtp-sink begins a message: {kept[:300]!r}")
    # It ends them by an empty line of its own.
    content = kept[preamble.end() :].removesuffix(b"\n")
    if re.search(rb"^\.", content, re.MULTILINE):
        raise ValueError(f"A line of message {number} begins with a dot, and it is not known whether it was doubled")
    mail_from, rcpt_to = (preamble[name].decode() for name in ("mail_from", "rcpt_to"))
    return Mail(number, mail_from, rcpt_to, content.replace(b"\n", b"\r\n"))
