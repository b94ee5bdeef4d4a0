"""What a file is before anybody knows: not a table at all, or a table in which encoding and with which separator.

No library is asked. The encodings that programs write today can be told apart by their bytes: a mark at the beginning,
zeros at every other place, or sequences that no text but UTF-8 has. The many code pages of one byte a letter can't be
told apart by any means but guessing at the language, so a person chooses there and sees at once what comes of it.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from collections import Counter
from itertools import islice

from .csvfile import MAX_COLUMNS, SEPARATORS, Form, Row, read

_SAMPLE_BYTES = 131_072
_SAMPLE_ROWS = 100
_CHUNK = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_KINDS = (
    (b"%PDF", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"RIFF", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"\xd0\xcf\x11\xe0", "old_excel"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"Rar!", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"{\\rtf", "document"),
    (b"BEGIN:VCARD", "vcard"),
    (b"<?xml", "markup"),
    (b"<!DOCTYPE", "markup"),
    (b"<html", "markup"),
)
_INSIDE_ZIP = (("xl/", "excel"), ("word/", "document"), ("ppt/", "document"), ("content.xml", "opendocument"))
_ADDRESS = re.compile(r"""\s*(?:[^<>]*<)?[^@\s<>()\[\],;:\\"|]+@[^@\s<>()\[\],;:\\"|]+\.[^@\s<>()\[\],;:\\"|]+>?\s*""")
_CONTROL = re.compile(b"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


class WrongFileError(ValueError):
    """A file that is no table of text.

    `kind` is one of empty, excel, old_excel, opendocument, document, pdf, image, archive, vcard, markup, binary,
    too_many_columns.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def detect(data: bytes) -> Form:
    """Return the form that the file most likely has.

    :raises WrongFileError: if it is something else than a table of text
    """
    encoding = detect_encoding(data)
    form = detect_separator(data, encoding)
    rows = _sample(data, encoding, form)
    if not rows:
        raise WrongFileError("empty")
    if max(len(row.cells) for row in rows) > MAX_COLUMNS:
        raise WrongFileError("too_many_columns")
    return Form(encoding, form, not is_address(*rows[0].cells))


def detect_encoding(data: bytes) -> str:
    """Return utf-8, utf-16-le, utf-16-be or windows-1252.

    :raises WrongFileError: as `detect`
    """
    if not data.strip():
        raise WrongFileError("empty")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    beginning = data[:256].lstrip()
    for magic, kind in _KINDS:
        if data.startswith(magic) or (kind in ("vcard", "markup") and beginning.lower().startswith(magic.lower())):
            raise WrongFileError(kind)
    if data.startswith(b"PK\x03\x04"):
        raise WrongFileError(_kind_of_zip(data))
    sample = data[:_SAMPLE_BYTES]
    if encoding := _utf16_without_mark(sample):
        return encoding
    controls = len(_CONTROL.findall(sample))
    if controls >= 8 and controls > len(sample) / 20:
        raise WrongFileError("binary")
    return "utf-8" if _is_utf8(data) else "windows-1252"


def _kind_of_zip(data: bytes) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return "archive"
    return next((kind for start, kind in _INSIDE_ZIP if any(name.startswith(start) for name in names)), "archive")


def _utf16_without_mark(sample: bytes) -> str:
    """Tell by the zeros, of which Latin letters have one each."""
    half = len(sample) // 2
    even, odd = sample[0 : 2 * half : 2].count(0), sample[1 : 2 * half : 2].count(0)
    if odd > 0.4 * half and even <= 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * half and odd <= 0.05 * half else ""


def _is_utf8(data: bytes) -> bool:
    """Tell whether `data` is UTF-8; a few broken places among many good ones do not change that."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    for begin in range(0, len(data), _CHUNK):
        chunk = data[begin : begin + _CHUNK]
        text = decoder.decode(chunk, final=begin + _CHUNK >= len(data))
        if text.isascii():
            continue
        broken = text.count("\N{REPLACEMENT CHARACTER}")
        bad += broken
        good += sum(1 for char in text if char > "\x7f") - broken
    return good >= 4 * bad


def detect_separator(data: bytes, encoding: str) -> str:
    """Return the separator by which most rows have an address in one and the same column, and as many cells."""
    found = {separator: _fitness(_sample(data, encoding, separator)) for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda separator: found[separator])


def _fitness(rows: list[Row]) -> tuple[float, float, int]:
    good = [row.cells for row in rows if not row.problem]
    if not good:
        return 0.0, 0.0, 0
    width, count = max(Counter(map(len, good)).items(), key=lambda item: (item[1], item[0]))
    if width < 2:
        # Everything is in one cell: it may be so, if nothing else fits.
        count = 0
    return max(addresses_by_column(good), default=0) / len(good), count / len(good), width


def _sample(data: bytes, encoding: str, separator: str) -> list[Row]:
    """The first rows; not the last of them where it may be cut off."""
    beginning = io.BytesIO(data[:_SAMPLE_BYTES])
    text = io.TextIOWrapper(beginning, encoding, errors="replace", newline="")
    rows = list(islice(read(text, separator), _SAMPLE_ROWS))
    return rows[:-1] if len(data) > _SAMPLE_BYTES and 1 < len(rows) < _SAMPLE_ROWS else rows


def is_address(*cells: str) -> bool:
    """Tell whether one of `cells` looks like an email address, with or without a name."""
    return any("@" in cell and _ADDRESS.fullmatch(cell) for cell in cells)


def addresses_by_column(rows: list[list[str]]) -> list[int]:
    """Return for each column how many of its cells look like an email address."""
    width = max(map(len, rows), default=0)
    return [sum(1 for cells in rows if len(cells) > column and is_address(cells[column])) for column in range(width)]
