"""The message as it goes over the line: what is the same for everybody is encoded once, the rest per recipient.

Both bodies are quoted-printable (RFC 2045 section 6.7). A soft line break before and after each slot makes literal
and personal pieces independent of each other, so each is encoded on its own and filling is joining bytes. No line
begins with a dot, so the content needs no dot-stuffing (RFC 5321 section 4.5.2).
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.charset import QP, Charset
from email.header import Header
from email.utils import encode_rfc2231

from .links import safe_target
from .template import Parts, Slot

Value = Callable[[Slot], str]


@dataclass(frozen=True)
class Hole:
    """A slot where it stands in a message: in markup, where its value must be escaped, or in plain text."""

    slot: Slot
    markup: bool


Segment = bytes | Hole

SOFT_BREAK = b"=\r\n"
_UTF8 = Charset("utf-8")
_UTF8.header_encoding = QP
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
# What quoted-printable leaves as it is, on one line that neither begins with a dot nor ends in a space.
_PLAIN_VALUE = re.compile(r"[!-\-/-<>-~](?:[ -<>-~]{0,70}[!-<>-~])?")


@dataclass(frozen=True)
class Attachment:
    """A file to go along; `mimetype` as in RFC 2045, `name` in any script."""

    name: str
    mimetype: str
    data: bytes


class Skeleton:
    """One mass email in one language: everything but the personal pieces is already bytes.

    :param headers: those that are the same for everybody, encoded already, in order
    :param subject: compiled subject
    :param html: compiled HTML
    :param text: compiled plain text
    :param attachments: encoded once, here
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        subject: Parts,
        html: Parts,
        text: Parts,
        attachments: Sequence[Attachment] = (),
    ) -> None:
        self._subject = subject
        fixed = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if all(isinstance(part, str) for part in subject):
            fixed += header("Subject", "".join(part for part in subject if isinstance(part, str)))
            self._subject = ()
        self._fixed_headers = fixed.encode("ascii") + b"MIME-Version: 1.0\r\n"
        self._segments = _body(html, text, attachments)

    def fill(self, headers: Mapping[str, str], value: Value) -> bytes:
        """Give the whole message, CRLF line ends, ending in CRLF.

        :param headers: the personal ones, encoded already (To, Message-ID, …)
        :param value: gives the raw value of a slot; escaping and encoding are done here
        """
        personal = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        if self._subject:
            personal += header(
                "Subject", "".join(p if isinstance(p, str) else value(p) for p in self._subject)
            )
        body = (s if isinstance(s, bytes) else _encode_hole(s, value(s.slot)) for s in self._segments)
        return b"".join((personal.encode("ascii"), self._fixed_headers, *body))


def header(name: str, text: str) -> str:
    """Give the header line `name: text` with its CRLF: folded, RFC 2047 where it must be, free of control characters."""
    text = _CONTROL.sub(" ", text).strip()
    if text.isascii() and len(name) + len(text) < 76 and "=?" not in text:
        return f"{name}: {text}\r\n"
    charset = "us-ascii" if text.isascii() and "=?" not in text else _UTF8
    encoded = Header(text, charset, maxlinelen=76, header_name=name).encode(linesep="\r\n")
    return f"{name}: {encoded}\r\n"


def personal_text(hole: Hole, value: str) -> str:
    """Give `value` written as it must be where it stands: escaped in markup, harmless in a link."""
    slot = hole.slot
    # The opt-out link and tracked links are ours; only a field can bring in something strange.
    if slot.kind == "field" and slot.context in ("url", "url_part"):
        value = safe_target(value, at_start=slot.context == "url")
    if not hole.markup:
        return value
    value = html.escape(value)
    return value.replace("\n", "<br>") if slot.context == "html" else value


def quoted_printable(text: str) -> bytes:
    """Give `text` in quoted-printable with CRLF line ends, no line beginning with a dot."""
    lines = _NOT_IN_TEXT.sub("", text).replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    encoded = binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)
    # Where the data has no line end of its own, Python's encoder makes its soft breaks without CR.
    encoded = _BARE_LF.sub(b"\r\n", encoded)
    while _LEADING_DOT.search(encoded):
        encoded = _LEADING_DOT.sub(b"=2E=\r\n", encoded)
    return encoded


def _encode_hole(hole: Hole, value: str) -> bytes:
    text = personal_text(hole, value)
    if _PLAIN_VALUE.fullmatch(text):
        return text.encode("ascii") + SOFT_BREAK
    return quoted_printable(text) + SOFT_BREAK


def _text_part(subtype: str, parts: Parts) -> list[Segment]:
    """Encode what is literal; every segment ends in a line break, hard or soft, so that any other may follow it."""
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    segments: list[Segment] = [head.encode("ascii")]
    for part in parts:
        if isinstance(part, Slot):
            segments.append(Hole(part, markup=subtype == "html"))
        else:
            literal = quoted_printable(part)
            segments.append(literal if literal.endswith(b"\r\n") else literal + SOFT_BREAK)
    segments.append(b"\r\n")
    return segments


def _attachment_part(attachment: Attachment) -> bytes:
    mimetype = attachment.mimetype if re.fullmatch(r"[\w.+-]+/[\w.+-]+", attachment.mimetype) else ""
    name = _CONTROL.sub(" ", attachment.name)
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        parameter = f'filename="{escaped}"'
    else:
        parameter = f"filename*={encode_rfc2231(name, 'utf-8')}"
    head = (
        f"Content-Type: {mimetype or 'application/octet-stream'}\r\n"
        f"Content-Disposition: attachment;\r\n {parameter}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode("ascii") + base64.encodebytes(attachment.data).replace(b"\n", b"\r\n")


def _multipart(subtype: str, children: Sequence[Sequence[Segment]]) -> list[Segment]:
    # "=_" can't occur in quoted-printable or base64, so a boundary never occurs in a part (RFC 2045 section 6.7).
    boundary = f"=_{secrets.token_hex(12)}"
    segments: list[Segment] = [
        f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")
    ]
    for child in children:
        segments += [f"--{boundary}\r\n".encode("ascii"), *child, b"\r\n"]
    segments.append(f"--{boundary}--\r\n".encode("ascii"))
    return segments


def _body(html_parts: Parts, text_parts: Parts, attachments: Sequence[Attachment]) -> tuple[Segment, ...]:
    body = _multipart("alternative", [_text_part("plain", text_parts), _text_part("html", html_parts)])
    if attachments:
        body = _multipart("mixed", [body, *([_attachment_part(attachment)] for attachment in attachments)])
    return tuple(_joined(body))


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    """Join neighbouring bytes, so that filling handles as few pieces as there are slots."""
    joined: list[Segment] = []
    for segment in segments:
        if isinstance(segment, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += segment
        else:
            joined.append(segment)
    return joined
