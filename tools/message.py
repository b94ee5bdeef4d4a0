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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter
from urllib.parse import quote

from .links import safe_address, safe_target
from .template import Parts, Slot

Value = Callable[[Slot], str]


@dataclass(frozen=True)
class Hole:
    """A slot where it stands in a message: in markup, where its value must be escaped, or in plain text."""

    slot: Slot
    markup: bool

    @property
    def checked(self) -> bool:
        """Whether a value is more than escaped: a field that stands in a link or in CSS can do harm there."""
        return self.slot.kind == "field" and self.slot.context in _CHECKED


Segment = bytes | Hole

SOFT_BREAK = b"=\r\n"
_LARGE = 100_000  # octets
_SHORT = 70  # characters
_LINE_LENGTH = 76  # RFC 2045 section 6.7 and RFC 2047 section 2; RFC 5322 would allow 78
_WORD_LENGTH = 75  # RFC 2047 section 2: an encoded word with everything
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CHECKED = ("url", "url_part", "url_address", "url_tracked", "css")
# RFC 2047 section 5 (3): what may stand for itself wherever an encoded word may.
_BARE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
# A long ASCII text is folded as it is, unless folding could change it or can't be done.
_UNFOLDABLE = re.compile(r"=\?|  |[^ ]{60}")
_MIMETYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}", re.IGNORECASE)
# RFC 2046 sections 5.1 and 5.2: these must not be in base64.
_COMPOSITE = re.compile(r"(?:message|multipart)/", re.IGNORECASE)
_PLAIN_FILE_NAME = re.compile(r"[\w .,;()+@&~#!$-]{1,50}", re.ASCII)
_NOT_IN_CSS = re.compile(r"[^\w#%.,+ -]")
_NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n|\r|\n")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
# Python's encoder makes no room for the soft break that may follow the last line, nor for a blank that it encodes at
# the end of any.
_TOO_LONG = re.compile(rb"^(?:[^\r\n]{77,}|[^\r\n]{76}\Z)", re.MULTILINE)
# What quoted-printable leaves as it is, on one line that neither begins with a dot nor ends in a space.
_PLAIN_VALUE = re.compile(r"[!-\-/-<>-~](?:[ -<>-~]{0,70}[!-<>-~])?")
# The same without what HTML escapes (&, <, >, quotes).
_PLAIN_IN_MARKUP = re.compile(r"[!#-%(-\-/-;?-~](?:[ !#-%(-;?-~]{0,70}[!#-%(-;?-~])?")


@dataclass(frozen=True)
class Attachment:
    """A file to go along; `mimetype` as in RFC 2045, `name` in any script."""

    name: str
    mimetype: str
    data: bytes

    @cached_property
    def part(self) -> bytes:
        """The file as a part of a message, encoded once for however many languages."""
        mimetype = self.mimetype if _MIMETYPE.fullmatch(self.mimetype) else ""
        if _COMPOSITE.match(mimetype):
            mimetype = ""
        head = (
            f"Content-Type: {mimetype or 'application/octet-stream'}\r\n"
            f"Content-Disposition: attachment{_file_name(self.name)}\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n"
        )
        return head.encode("ascii") + base64.encodebytes(self.data).replace(b"\n", b"\r\n")


class Skeleton:
    """One mass email in one language: everything but the personal pieces is already bytes.

    :param headers: those that are the same for everybody, encoded already, in order
    :param subject: compiled subject
    :param html: compiled HTML
    :param text: compiled plain text
    :param attachments: encoded once, here
    :param beginnings: by kind of slot, what every value of it begins with; it is encoded once, and a value is then only
        what comes after it, which must need no escaping: letters, digits, hyphens, underscores, full stops
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        subject: Parts,
        html: Parts,
        text: Parts,
        attachments: Sequence[Attachment] = (),
        beginnings: Mapping[str, str] | None = None,
    ) -> None:
        self.subject = subject
        fixed = "".join(folded(name, value) for name, value in headers.items())
        if all(isinstance(part, str) for part in subject):
            fixed += header("Subject", "".join(part for part in subject if isinstance(part, str)))
            self.subject = ()
        body = _begun(_body(html, text, attachments), beginnings or {})
        segments = _joined([fixed.encode() + b"MIME-Version: 1.0\r\n", *body])
        #: What is to be filled in, each once.
        self.holes = tuple(dict.fromkeys(segment for segment in segments if isinstance(segment, Hole)))
        self._literals = [segment for segment in segments if isinstance(segment, bytes)]
        #: Whether what is the same for everybody is ASCII; all is but an address that only SMTPUTF8 can reach.
        self.is_ascii = all(literal.isascii() for literal in self._literals)
        self._order = segments
        self._writers = [(hole.slot, writer(hole)) for hole in self.holes]
        self._segments = self.assembler(range(len(self.holes)), len(self.holes))

    def fill(self, headers: Mapping[str, str], value: Value) -> bytes:
        """Give the whole message, CRLF line ends, ending in CRLF.

        :param headers: the personal ones, encoded already (To, Message-ID, …)
        :param value: gives the raw value of a slot; escaping and encoding are done here
        """
        personal = "".join([folded(name, text) for name, text in headers.items()])
        if self.subject:
            personal += header("Subject", "".join(p if isinstance(p, str) else value(p) for p in self.subject))
        return self.assemble(personal, [write(value(slot)) for slot, write in self._writers])

    def assemble(self, headers: str, pieces: Sequence[bytes]) -> bytes:
        """Give the whole message, of header lines with their CRLF, and for each of `holes` what its `writer` gave."""
        return b"".join(self.segments(headers, pieces))

    def segments(self, headers: str, pieces: Sequence[bytes]) -> tuple[bytes, ...]:
        """Give what `assemble` joins: until whoever sends it does that, messages share what they have in common."""
        return self._segments(headers, pieces)

    def assembler(self, places: Sequence[int], count: int) -> Callable[[str, Sequence[bytes]], tuple[bytes, ...]]:
        """Give what does as `segments`, for `count` pieces in another order.

        :param places: for each of `holes` the number of its piece
        """
        literals = self._literals
        # Picked from [personal headers, pieces, literals] in this order.
        index = {hole: 1 + place for hole, place in zip(self.holes, places, strict=True)}
        rest = iter(range(1 + count, 1 + count + len(literals)))
        order = [index[segment] if isinstance(segment, Hole) else next(rest) for segment in self._order]
        pick = itemgetter(0, *order)

        def segments(headers: str, pieces: Sequence[bytes]) -> tuple[bytes, ...]:
            # UTF-8, because RFC 6532 wants an address so that only SMTPUTF8 can reach; everything else is ASCII.
            picked: tuple[bytes, ...] = pick([headers.encode(), *pieces, *literals])
            return picked

        return segments


def header(name: str, text: str) -> str:
    """Give the header line `name: text` with its CRLF: without control characters, folded, RFC 2047 where needed."""
    if text.isascii() and text.isprintable() and len(name) + len(text) <= 70 and "=?" not in text:
        return f"{name}: {text.strip(' ')}\r\n"
    text = _CONTROL.sub(" ", text).strip(" ")
    if text.isascii() and not (_UNFOLDABLE.search(text) if len(name) + len(text) > 70 else "=?" in text):
        return folded(name, text)
    words = _encoded_words(text, _LINE_LENGTH - len(name) - 2)
    return f"{name}: " + "\r\n ".join(words) + "\r\n"


def folded(name: str, text: str) -> str:
    """Give the header line `name: text`, folded before blanks where it is long (RFC 5322 section 2.2.3)."""
    if len(name) + 2 + len(text) <= _LINE_LENGTH:
        return f"{name}: {text}\r\n"
    lines, line = [], f"{name}:"
    for word in text.split(" "):
        # No line may consist of blanks alone.
        if word and len(line) + 1 + len(word) > _LINE_LENGTH and line.strip() and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]) + "\r\n"


def _encoded_words(text: str, first: int) -> list[str]:
    """Give `text` in encoded words (RFC 2047), the first no longer than `first`; no character straddles two."""
    octets = [char.encode("utf-8", "replace") for char in text]
    quoted = ["".join("_" if o == 32 else chr(o) if o in _BARE else f"={o:02X}" for o in char) for char in octets]
    # base64 leaves nothing to read: only for scripts of which nothing could be read anyway.
    base = sum(map(len, quoted)) > 2 * sum(map(len, octets))
    overhead = len("=?utf-8?q??=")
    words: list[list[int]] = [[]]
    room = first - overhead
    used = 0
    for index, char in enumerate(octets):
        size = len(char) if base else len(quoted[index])
        if (used + size + 2) // 3 * 4 > room if base else used + size > room:
            words.append([])
            room, used = _WORD_LENGTH - overhead, 0
        words[-1].append(index)
        used += size
    if base:
        return [f"=?utf-8?b?{base64.b64encode(b''.join(octets[i] for i in word)).decode()}?=" for word in words]
    return [f"=?utf-8?q?{''.join(quoted[i] for i in word)}?=" for word in words]


def personal_text(hole: Hole, value: str) -> str:
    """Give `value` written as it must be where it stands: escaped in markup, harmless in a link and in CSS."""
    context = hole.slot.context
    # The opt-out link and tracked links are ours; only a field can bring in something strange.
    if hole.checked:
        if context == "css":
            value = _NOT_IN_CSS.sub("", value)
        elif context == "url_address":
            value = safe_address(value)
        else:
            value = safe_target(value, at_start=context != "url_part")
    if not hole.markup:
        return value
    value = html.escape(value)
    if "\n" in value or "\r" in value:
        value = _LINE_END.sub("<br>" if context == "html" else " ", value)
    return value


def quoted_printable(text: str) -> bytes:
    """Give `text` in quoted-printable with CRLF line ends, no line beginning with a dot."""
    if len(text) < _SHORT and text.isprintable():
        # Has nothing that the long way would take care of, unless it turns out to be several lines.
        encoded = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)
        if len(encoded) < _LINE_LENGTH and b"\n" not in encoded and not encoded.startswith(b"."):
            return encoded
    lines = _NOT_IN_TEXT.sub("", text).replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    encoded = binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)
    # Where the data has no line end of its own, Python's encoder makes its soft breaks without CR.
    encoded = _TOO_LONG.sub(_broken, _BARE_LF.sub(b"\r\n", encoded))
    while _LEADING_DOT.search(encoded):
        encoded = _LEADING_DOT.sub(b"=2E=\r\n", encoded)
    return encoded


def _broken(line: re.Match[bytes]) -> bytes:
    """Give a line of quoted-printable in two, with no encoded octet in pieces."""
    whole = line[0]
    equals = whole.rfind(b"=", _LINE_LENGTH - 3, _LINE_LENGTH - 1)
    end = _LINE_LENGTH - 1 if equals < 0 else equals
    return whole[:end] + SOFT_BREAK + whole[end:]


def writer(hole: Hole) -> Callable[[str], bytes]:
    """Give the function that encodes a value for `hole`; most are plain words, which stay as they are."""
    plain = (_PLAIN_IN_MARKUP if hole.markup else _PLAIN_VALUE).fullmatch

    def write(value: str) -> bytes:
        if plain(value):
            return value.encode("ascii")
        return quoted_printable(personal_text(hole, value))

    def write_checked(value: str) -> bytes:
        return quoted_printable(personal_text(hole, value))

    return write_checked if hole.checked else write


def _text_part(subtype: str, parts: Parts) -> list[Segment]:
    """Encode what is literal; every segment ends in a line break, hard or soft, so that any other may follow it."""
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    segments: list[Segment] = [head.encode("ascii")]
    for part in parts:
        if isinstance(part, Slot):
            segments += [Hole(part, markup=subtype == "html"), SOFT_BREAK]
        else:
            literal = quoted_printable(part)
            segments.append(literal if literal.endswith(b"\r\n") else literal + SOFT_BREAK)
    last = segments[-1]
    if not isinstance(last, bytes) or last.endswith(SOFT_BREAK) or len(segments) == 1:
        # A text doesn't end in a soft line break.
        segments.append(b"\r\n")
    return segments


def _file_name(name: str) -> str:
    """Give `name` as parameter of a header: plain, or in UTF-8 and in sections where it is long (RFC 2231)."""
    name = _CONTROL.sub(" ", name).strip()
    if not name:
        return ""
    if _PLAIN_FILE_NAME.fullmatch(name):
        return f';\r\n filename="{name}"'
    sections = [""]
    for char in name:
        encoded = quote(char, safe="", errors="replace")
        if len(sections[-1]) + len(encoded) > 50:
            sections.append("")
        sections[-1] += encoded
    if len(sections) == 1:
        return f";\r\n filename*=utf-8''{sections[0]}"
    sections[0] = f"utf-8''{sections[0]}"
    return "".join(f";\r\n filename*{number}*={section}" for number, section in enumerate(sections))


def _multipart(subtype: str, children: Sequence[Sequence[Segment]]) -> list[Segment]:
    # "=_" can't occur in quoted-printable or base64, so a boundary never occurs in a part (RFC 2045 section 6.7).
    boundary = f"=_{secrets.token_hex(12)}"
    segments: list[Segment] = [f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")]
    for child in children:
        segments += [f"--{boundary}\r\n".encode("ascii"), *child, b"\r\n"]
    segments.append(f"--{boundary}--\r\n".encode("ascii"))
    return segments


def _body(html_parts: Parts, text_parts: Parts, attachments: Sequence[Attachment]) -> tuple[Segment, ...]:
    body = _multipart("alternative", [_text_part("plain", text_parts), _text_part("html", html_parts)])
    if attachments:
        body = _multipart("mixed", [body, *([attachment.part] for attachment in attachments)])
    return tuple(body)


def _begun(segments: Iterable[Segment], beginnings: Mapping[str, str]) -> Iterator[Segment]:
    """Give `segments` with what the values of some kinds begin with as a piece of its own."""
    for segment in segments:
        if isinstance(segment, Hole) and segment.slot.kind in beginnings:
            yield quoted_printable(personal_text(segment, beginnings[segment.slot.kind])) + SOFT_BREAK
            # What comes after it is written in the same way in text and in markup.
            yield Hole(replace(segment.slot, context="text"), markup=False)
        else:
            yield segment


def _joined(segments: Iterable[Segment]) -> list[Segment]:
    """Join neighbouring bytes, so that filling handles as few pieces as there are slots.

    A large file stays as it is: the messages of all languages then hold one and the same.
    """
    joined: list[Segment] = []
    for segment in segments:
        last = joined[-1] if joined else None
        if isinstance(segment, bytes) and isinstance(last, bytes) and len(segment) + len(last) < _LARGE:
            joined[-1] = last + segment
        else:
            joined.append(segment)
    return joined
