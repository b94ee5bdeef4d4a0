"""Comma-separated files as people really have them: read row by row, and written so that a spreadsheet runs nothing.

RFC 4180 is what such a file should be. Here nothing is given up because a part of it is not: what can't be used is
handed on as a row with a problem, and costs no row but its own.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

SEPARATORS = (",", ";", "\t", "|")
MAX_LINE = 65_536  # characters of one line; no honest one is longer
MAX_ROW_LINES = 50  # lines of one row, as a cell in quotation marks may hold line breaks
MAX_COLUMNS = 200  # of a header; nobody maps more
DAMAGED = "\N{REPLACEMENT CHARACTER}"

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_SEP_LINE = re.compile(r"sep=(.)[\r\n]*", re.IGNORECASE)  # how Excel is told the separator
# What makes a spreadsheet take a cell for a formula (OWASP, CSV injection), the full-width forms included.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NEUTRALISED = re.compile("'(?='*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True)
class Form:
    """How a file is written down."""

    encoding: str = "utf-8"
    separator: str = ","
    has_header: bool = True


@dataclass(frozen=True)
class Row:
    """One row that is not empty.

    `number` is the one that a spreadsheet shows, the header being 1. `problem` says why the row can't be used: one of
    damaged, too_long, open_quote, other_separator, too_many_cells, header_again; None if nothing is wrong.
    """

    number: int
    cells: list[str]
    problem: str | None = None


class _OpenQuoteError(Exception):
    """A row begins within quotation marks that nothing closes."""


def _without_nul(line: str) -> str:
    """NUL can't be kept in the database, and some versions of the csv module refuse it."""
    return line.replace("\0", DAMAGED) if "\0" in line else line


class _Overlong(str):
    """The beginning of a line that is longer than any may be; the rest of it was passed over."""

    __slots__ = ()


@dataclass
class _Lines:
    """The lines of a text, of which some can be given back; what the row at hand is made of is in `taken`."""

    text: IO[str]
    taken: list[str] = field(default_factory=list)
    _back: deque[str] = field(default_factory=deque)
    _length: int = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        # Whoever asks for more within a row is between quotation marks.
        if self.taken and (len(self.taken) >= MAX_ROW_LINES or self._length > MAX_LINE):
            raise _OpenQuoteError
        line = self._back.popleft() if self._back else self._read()
        if self.taken and (not line or isinstance(line, _Overlong)):
            if line:
                self._back.appendleft(line)
            raise _OpenQuoteError
        if not line:
            raise StopIteration
        self.taken.append(line)
        self._length += len(line)
        return line

    def begin(self) -> None:
        self.taken = []
        self._length = 0

    def keep_first(self) -> None:
        """Give back all lines of the row at hand but its first."""
        self._back.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    def _read(self) -> str:
        line = self.text.readline(MAX_LINE)
        if len(line) == MAX_LINE and line[-1] not in "\r\n":
            beginning = _Overlong(_without_nul(line[:200]))
            while line and line[-1] not in "\r\n":
                line = self.text.readline(MAX_LINE)
            return beginning
        return _without_nul(line)


class Table:
    """The rows of one file, read in a given form. They are read anew each time that they are asked for."""

    def __init__(self, data: bytes, form: Form) -> None:
        self._data = data
        self.form = form
        first = next(self._all(), None)
        cells = first.cells if first else []
        #: The names of the columns; empty where the file has none for a column.
        self.header = [cell.strip() for cell in cells] if form.has_header else [""] * self._width()
        self._header_key = [cell.casefold() for cell in self.header]

    def _width(self) -> int:
        return max((len(row.cells) for row, _number in zip(self._all(), range(100), strict=False)), default=0)

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Give the rows below the header that come after the one with the number `after`."""
        rows = self._all()
        if self.form.has_header:
            next(rows, None)
        return (self._checked(row) for row in rows if row.number > after)

    def count(self) -> int:
        """Give how many rows there are below the header."""
        return sum(1 for _row in self._all()) - bool(self.form.has_header and self.header)

    def _checked(self, row: Row) -> Row:
        width = len(self.header)
        if row.problem:
            return row
        if self.form.has_header and [cell.strip().casefold() for cell in row.cells] == self._header_key:
            return Row(row.number, row.cells, "header_again")
        if len(row.cells) == width:
            return row
        if self._is_of_other_separator(row.cells, width):
            return Row(row.number, row.cells, "other_separator")
        if any(cell.strip() for cell in row.cells[width:]):
            return Row(row.number, row.cells, "too_many_cells")
        # Many programs leave out empty cells at the end, or add some.
        return Row(row.number, (row.cells + [""] * width)[:width])

    def _is_of_other_separator(self, cells: list[str], width: int) -> bool:
        line = self.form.separator.join(cells)
        others = (other for other in SEPARATORS if other != self.form.separator and other in line)
        return any(len(next(csv.reader([line], delimiter=other), [])) == width for other in others)

    def _all(self) -> Iterator[Row]:
        text = io.TextIOWrapper(io.BytesIO(self._data), self.form.encoding, errors="replace", newline="")
        return read(text, self.form.separator)


def read(text: IO[str], separator: str) -> Iterator[Row]:
    """Give the rows of `text`, which was opened with newline="", the first included. A damaged row costs no other."""
    lines = _Lines(text)
    _skip_preface(lines)
    reader = csv.reader(lines, delimiter=separator)
    number = 0
    while True:
        lines.begin()
        problem = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_OpenQuoteError, csv.Error):
            problem = "open_quote"
        else:
            if len(lines.taken) > 1 and not _is_one_row(lines.taken, separator):
                problem = "open_quote"
            elif isinstance(lines.taken[0], _Overlong):
                problem = "too_long"
        number += 1
        if problem:
            lines.keep_first()
            reader = csv.reader(lines, delimiter=separator)
            cells = [lines.taken[0].rstrip("\r\n")]
        elif not any(cell and not cell.isspace() for cell in cells):
            continue
        elif any(DAMAGED in line for line in lines.taken):
            problem = "damaged"
        yield Row(number, cells, problem)


def _skip_preface(lines: _Lines) -> None:
    """Pass over what is before the first row: the mark of the byte order, and a line that names the separator."""
    first = next(lines, "").removeprefix(_BOM)
    if first and not _SEP_LINE.fullmatch(first):
        lines._back.append(_Overlong(first) if isinstance(lines.taken[0], _Overlong) else first)


def _is_one_row(taken: list[str], separator: str) -> bool:
    """Tell whether lines that were read as one row are one by the letter: quotation marks only around whole cells."""
    try:
        return len(list(csv.reader(taken, delimiter=separator, strict=True))) == 1
    except csv.Error:
        return False


def neutralised(cell: str) -> str:
    """Return `cell` so that no spreadsheet takes it for a formula; `restored` is the way back."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def restored(cell: str) -> str:
    """Return what `neutralised` was given."""
    return cell[1:] if cell[:1] == "'" and _NEUTRALISED.match(cell) else cell


def written(rows: Iterable[Sequence[str]], separator: str) -> bytes:
    """Return `rows` as a file that a spreadsheet opens rightly: UTF-8 with its mark, no cell a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerows([neutralised(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", errors="replace")
