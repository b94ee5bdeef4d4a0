"""A message cut into its parts, whatever strangers wrote: in bounded time and memory, and without an exception.

The standard parser promises neither, and reads a delivery status as messages. A report has its fields in the first
kilobytes or at its very end, so no more is looked at. Structure is read as RFC 2045 and 2046 have it, and forgiven
where it is broken; texts are decoded at last, and only those that are asked for.
"""

from __future__ import annotations

import binascii
import codecs
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

# Bounds on what strangers can make us do.
MAX_HEAD, MAX_TAIL = 1_000_000, 100_000  # octets of a message that are looked at, from its start and from its end
MAX_HEADER = 100_000  # characters of one header
MAX_FIELDS = 1_000  # fields of one header or block
MAX_VALUE = 10_000  # characters of one field
MAX_DEPTH = 10
MAX_PARTS = 200
MAX_TRIES = 5_000  # lines of one part that may be boundaries
MAX_TEXT = 64_000  # characters of one text

_LINE_END = re.compile(r"\r+\n?|\x00")
_BLANK = re.compile(r"\n[ \t]*\n")
_FIELD = re.compile(r"^([!-9;-~]{1,100})[ \t]*:[ \t]*(.*)")
_FOLDED = re.compile(r"\n[ \t]+")
_PARAMETER = re.compile(r';\s*([\w-]{1,40})\*?\s*=\s*(?:"([^"]{0,300})"|([^\s;]{0,300}))')
_BOUNDARY = re.compile(r"^--([^\n]{1,70}?)[ \t]*\n(?=content-[a-z-]{1,30}:)", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{0,20})?\?([bq])\?([^?\s]{0,2000})\?=", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")
_SOFT_BREAK = re.compile(r"=[ \t]*\n")
_QUOTED = re.compile(r"=([0-9A-Fa-f]{2})")
_NOT_SEEN = re.compile(r"<(/?)(style|script|head)\b[^<>]{0,300}>?|<!--|-->", re.IGNORECASE)
_BREAK = re.compile(r"=[ \t]*\n")
_QUOTED = re.compile(r"=([0-9A-Fa-f]{2})")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d|/table|p|hr)\b[^<>]{0,500}>", re.IGNORECASE)
_TAG = re.compile(r"<[a-z/!][^<>]{0,2000}>", re.IGNORECASE)
# Text encodings of Python that are none of mail, and slow or surprising.
_NO_CHARSETS = frozenset(("punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"))


@dataclass
class Part:
    """One part: its fields, lower-case and unfolded, the first of each name; `raw` has an octet per character."""

    fields: dict[str, str]
    head: str
    raw: str
    parts: list[Part] = field(default_factory=list)

    @cached_property
    def kind(self) -> str:
        """The media type in lower case, without parameters."""
        return self.fields.get("content-type", "text/plain").partition(";")[0].strip().lower()

    def parameter(self, name: str) -> str:
        """Return a parameter of Content-Type, or an empty text."""
        for found in _PARAMETER.finditer(self.fields.get("content-type", "")):
            if found[1].lower() == name:
                return found[2] if found[2] is not None else found[3]
        return ""

    @property
    def attached(self) -> bool:
        """Whether it is a file, and not something to be read with the message."""
        disposition = self.fields.get("content-disposition", "").lower()
        return disposition.startswith("attachment") or bool(self.parameter("name"))

    @cached_property
    def text(self) -> str:
        """The body as text, at most MAX_TEXT characters, lines ending in a line feed."""
        body = self.raw[: 4 * MAX_TEXT]
        encoding = self.fields.get("content-transfer-encoding", "").strip().lower()
        if encoding == "base64":
            octets = _base64(body)
        elif encoding == "quoted-printable":
            octets = _quoted_printable(body)
        else:
            octets = body.encode("latin-1")
        text = _LINE_END.sub("\n", _decoded(octets, self.parameter("charset")))
        return text[:MAX_TEXT]

    @cached_property
    def shown(self) -> str:
        """The body as people see it: without the markup, if it is HTML."""
        return _without_markup(self.text) if self.kind == "text/html" else self.text

    def header(self, name: str) -> str:
        """Return a field with its encoded words decoded (RFC 2047)."""
        return decoded_words(self.fields.get(name, ""))

    def every(self, name: str) -> list[str]:
        """Return the values of all fields of that name, which is in lower case."""
        found = (match for match in map(_FIELD.match, _FOLDED.sub(" ", self.head).split("\n")) if match)
        return [match[2].strip() for match in found if match[1].lower() == name][:MAX_FIELDS]

    def walk(self) -> Iterator[Part]:
        """Go through this part and those in it, in order, but not into enclosed messages: these are not for us."""
        yield self
        for part in self.parts:
            yield from part.walk()


def bounded(message: bytes) -> bytes:
    """Return what is looked at of a message: all of it, or its beginning and its end."""
    if len(message) <= MAX_HEAD + MAX_TAIL:
        return message
    return message[:MAX_HEAD] + b"\n" + message[-MAX_TAIL:]


def parse(message: bytes) -> Part:
    """Cut `message` into parts. Never raises."""
    message = bounded(message)
    text = _LINE_END.sub("\n", message.decode("latin-1")).lstrip("\n")
    if text.startswith("From ") or text.startswith(">From "):  # of a mailbox file
        text = text.partition("\n")[2]
    budget = [MAX_PARTS]
    return _part(text, 0, budget)


def _part(text: str, depth: int, budget: list[int]) -> Part:
    budget[0] -= 1
    head, body = _split(text)
    part = Part(fields_of(_unicode(head)), head, body)
    if part.kind.startswith("multipart/") and depth < MAX_DEPTH:
        for piece in _pieces(body, part.parameter("boundary")):
            if budget[0] <= 0:
                break
            part.parts.append(_part(piece, depth + 1, budget))
    return part


def _split(text: str) -> tuple[str, str]:
    """Cut a part into header and body. A first line that is no field begins the body: then there is no header."""
    if text.startswith("\n"):
        return "", text[1:]
    first = text[:200].partition("\n")[0]
    if not _FIELD.match(first):
        return "", text
    blank = _BLANK.search(text)
    if blank is None:
        return text[:MAX_HEADER], ""
    return text[: min(blank.start(), MAX_HEADER)], text[blank.end() :]


def _pieces(body: str, boundary: str) -> Iterator[str]:
    mark = "--" + boundary.rstrip()
    if not boundary or not (body.startswith(mark) or "\n" + mark in body):
        # Some systems announce another boundary than the one they write.
        guessed = _BOUNDARY.search(body[:MAX_HEADER])
        if guessed is None:
            return
        mark = "--" + guessed[1]
    start, place = None, 0 if body.startswith(mark) else body.find("\n" + mark) + 1
    for _tried in range(MAX_TRIES):
        end = body.find("\n", place)
        rest = body[place + len(mark) : len(body) if end < 0 else end].strip(" \t")
        if rest in ("", "--"):
            if start is not None:
                yield body[start : max(start, place - 1)]
            start = len(body) if end < 0 else end + 1
            if rest:
                return
        place = body.find("\n" + mark, place) + 1
        if not place:
            break
    if start is not None:
        yield body[start:]


def fields_of(head: str) -> dict[str, str]:
    """Return the fields of a header or of a block of fields: lower-case names, unfolded, the first of each name."""
    fields: dict[str, str] = {}
    name = ""
    for line in head[:MAX_HEADER].split("\n"):
        if line[:1] in (" ", "\t"):
            if name and len(fields[name]) < MAX_VALUE:
                fields[name] += " " + line.strip()
            continue
        found = _FIELD.match(line)
        if found is None:
            name = ""
            continue
        name = found[1].lower()
        if name in fields:
            name = ""
        elif len(fields) < MAX_FIELDS:
            fields[name] = found[2].strip()[:MAX_VALUE]
        else:
            break
    return fields


def decoded_words(text: str) -> str:
    """Return `text` with its encoded words (RFC 2047) decoded as well as it goes."""
    if "=?" not in text:
        return text

    def word(found: re.Match[str]) -> str:
        octets = _base64(found[3]) if found[2] in "bB" else _quoted_printable(found[3].replace("_", " "))
        return _decoded(octets, found[1])

    return _WORD.sub(word, _BETWEEN_WORDS.sub("", text))


def _unicode(head: str) -> str:
    return head.encode("latin-1").decode("utf-8", "replace")


def _base64(text: str) -> bytes:
    text = _NO_BASE64.sub("", text)
    try:
        return binascii.a2b_base64(text[: len(text) // 4 * 4] + (text[len(text) // 4 * 4 :] + "===")[:4])
    except binascii.Error:
        return binascii.a2b_base64(text[: len(text) // 4 * 4])


def _quoted_printable(text: str) -> bytes:
    return _QUOTED.sub(lambda found: chr(int(found[1], 16)), _SOFT_BREAK.sub("", text)).encode("latin-1")


def _decoded(octets: bytes, charset: str) -> str:
    try:
        name = codecs.lookup(charset.strip().strip("'").lower() or "utf-8").name
        if name in _NO_CHARSETS:
            name = "utf-8"
        if name in ("ascii", "utf-8"):
            return _utf8(octets)
        return octets.decode(name, "replace")
    except (LookupError, ValueError, TypeError):  # no charset, or none for text
        return _utf8(octets)


def _utf8(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("utf-8", "replace")


def _without_markup(text: str) -> str:
    seen, start, hidden = [], 0, ""
    for found in _NOT_SEEN.finditer(text):
        opened = (found[2] or "").lower() if found[0] != "-->" else "-"
        if not hidden and not found[1] and found[0] != "-->":
            seen.append(text[start : found.start()])
            hidden = opened or "-"
        elif hidden == opened and (found[1] or found[0] == "-->"):
            start, hidden = found.end(), ""
    if not hidden:
        seen.append(text[start:])
    text = _TAG.sub("", _BREAK.sub("\n", "".join(seen)))
    return html.unescape(text).replace("\xa0", " ")
