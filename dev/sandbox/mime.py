"""Reading messages that may be malformed or hostile. Nothing here raises for what a message contains.

Header values and texts come back as ``str`` with what cannot be decoded replaced by U+FFFD; they are still
hostile and have to be escaped where they are shown.
"""

import dataclasses
import email.errors
import email.header
import email.message
import email.parser
import re
from collections.abc import Iterator

HEADERS_END = re.compile(rb"\r?\n\r?\n")
HEADER_LIMIT = 256 * 1024  # octets of a header block that are looked at


@dataclasses.dataclass(frozen=True)
class Summary:
    """The header fields that the list shows."""

    subject: str
    sender: str
    message_id: str


@dataclasses.dataclass(frozen=True)
class Attachment:
    """A part that is not the body. ``number`` is its place among the parts, ``content_id`` is without <>."""

    number: int
    name: str
    content_type: str
    content_id: str
    content: bytes


@dataclasses.dataclass(frozen=True)
class Content:
    """A message taken apart. ``text`` and ``html`` are empty where the message has none."""

    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[Attachment]

    def header(self, name: str) -> str:
        """The first field called ``name``, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def summary(raw: bytes) -> Summary:
    """Subject, From and Message-ID without parsing the body."""
    message = email.parser.BytesHeaderParser().parsebytes(header_block(raw))
    found = {"subject": "", "from": "", "message-id": ""}
    for name, value in message.raw_items():
        if found.get(name.lower()) == "":
            found[name.lower()] = decode_header(value)
    return Summary(found["subject"], found["from"], found["message-id"])


def header_block(raw: bytes) -> bytes:
    """The octets before the first empty line."""
    end = HEADERS_END.search(raw, 0, HEADER_LIMIT)
    return raw[: end.start()] if end else raw[:HEADER_LIMIT]


def decode_header(value: str) -> str:
    """RFC 2047 words and raw UTF-8 as text on one line."""
    as_text = decode_bytes(value.encode("utf-8", "surrogateescape"), "utf-8")
    try:
        pieces = email.header.decode_header(as_text) if "=?" in as_text else [(as_text, None)]
    except (email.errors.HeaderParseError, ValueError):  # ValueError: bad base64
        pieces = [(as_text, None)]
    decoded = "".join(
        decode_bytes(piece, charset or "utf-8") if isinstance(piece, bytes) else piece for piece, charset in pieces
    )
    return " ".join(decoded.split())


def decode_bytes(octets: bytes, charset: str) -> str:
    """``octets`` in ``charset``, or in UTF-8 where that is unknown or no charset of text."""
    try:
        text = octets.decode(charset, "replace")
    except (LookupError, ValueError):
        text = octets.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode()  # UTF-7 can smuggle in lone surrogates


def content(raw: bytes) -> Content:
    """Take a whole message apart."""
    try:
        message = email.message_from_bytes(raw)
    except RecursionError:  # a thousand multiparts inside each other
        message = email.message_from_bytes(header_block(raw) + b"\r\n\r\n")
    headers = [(name, decode_header(value)) for name, value in message.raw_items()]
    bodies = {"text/plain": "", "text/html": ""}
    attachments: list[Attachment] = []
    for number, part in enumerate(_leaves(message)):
        kind = part.get_content_type()
        octets = _octets(part)
        if bodies.get(kind) == "" and part.get_content_disposition() != "attachment":
            bodies[kind] = decode_bytes(octets, _charset(part)).replace("\r\n", "\n")
            continue
        attachments.append(Attachment(number, _name(part, number), kind, _content_id(part), octets))
    return Content(headers, bodies["text/plain"], bodies["text/html"], attachments)


def _leaves(message: email.message.Message) -> Iterator[email.message.Message]:
    """The parts that hold something; an attached message counts as one part."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            if isinstance(part, email.message.Message):
                yield from _leaves(part)
    else:
        yield message


def _octets(part: email.message.Message) -> bytes:
    if part.is_multipart():  # message/rfc822, message/delivery-status
        inner = part.get_payload()
        return b"\r\n".join(item.as_bytes() for item in inner if isinstance(item, email.message.Message))
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(part: email.message.Message) -> str:
    return part.get_content_charset() or "utf-8"


def _content_id(part: email.message.Message) -> str:
    return decode_header(str(part.get("Content-ID", ""))).strip("<>")


def _name(part: email.message.Message, number: int) -> str:
    """A file name without folders or control characters."""
    name = decode_header(part.get_filename() or "")
    name = "".join(character for character in name if character.isprintable())
    return re.split(r"[/\\]", name)[-1].strip(". ") or f"part-{number}"
