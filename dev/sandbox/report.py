"""Put a multipart/report together (RFC 6522), octet by octet, so that what is returned stays as it came."""

import email.utils
import hashlib
from collections.abc import Sequence

from .mime import header_block
from .records import Message

Fields = Sequence[tuple[str, str]]
REPORTING_MTA = "sandbox.localhost"
RETURN_LIMIT = 50_000  # octets; a larger message comes back as its header only, as Postfix does it


def fields(pairs: Fields) -> bytes:
    """Header fields on lines of their own; a field without a value is left out."""
    lines = (f"{name}: {' '.join(value.split())}\r\n" for name, value in pairs if value)
    return "".join(lines).encode("utf-8", "replace")


def rfc_date(seconds: float) -> str:
    return email.utils.formatdate(seconds, localtime=False)


def identifier(message: Message) -> str:
    """The Message-ID of the answer: the same at every try, so that a repeated push is recognised."""
    return f"<{message.answer}.{message.id}.{int(message.received_at * 1e6)}@{REPORTING_MTA}>"


def multipart_report(top: Fields, report_type: str, parts: Sequence[tuple[Fields, bytes]], seed: str) -> bytes:
    """The whole report. ``seed`` makes the boundary, so the same input gives the same octets."""
    boundary = hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:32]
    eight_bit = any(not content.isascii() for _fields, content in parts)
    head = fields(
        [
            *top,
            ("MIME-Version", "1.0"),
            ("Content-Type", f'multipart/report; report-type={report_type}; boundary="{boundary}"'),
            ("Content-Transfer-Encoding", "8bit" if eight_bit else ""),
        ]
    )
    body = b"".join(
        f"--{boundary}\r\n".encode() + fields(part_fields) + b"\r\n" + content + b"\r\n"
        for part_fields, content in parts
    )
    return head + b"\r\n" + body + f"--{boundary}--\r\n".encode()


def returned(raw: bytes, full: bool) -> tuple[Fields, bytes]:
    """The part that gives the message back: all of it, or its header."""
    if full and len(raw) <= RETURN_LIMIT:
        kind, content = "message/rfc822", raw
    else:
        kind, content = "text/rfc822-headers", header_block(raw) + b"\r\n"
    encoding = "7bit" if content.isascii() else "8bit"
    return [("Content-Type", kind), ("Content-Transfer-Encoding", encoding)], content


def human_part(text: str) -> tuple[Fields, bytes]:
    encoding = "7bit" if text.isascii() else "8bit"
    part_fields = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", encoding)]
    return part_fields, text.replace("\n", "\r\n").encode("utf-8", "replace")
