"""Figures as rows: how they are judged, and written as a table for people and for the README."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

from dev import pages

BEGIN, END = ".. begin figures", ".. end figures"
COMPARE = {"≥": operator.ge, "≤": operator.le}


@dataclass(frozen=True)
class Bound:
    """What a figure must reach: at least (≥) or at most (≤) `limit`."""

    sign: str
    limit: float

    def is_met(self, value: float) -> bool:
        """Whether `value` reaches it."""
        return bool(COMPARE[self.sign](value, self.limit))


@dataclass(frozen=True)
class Row:
    """One figure: the letter of its benchmark, what it is, its value and unit, and what it must reach, if anything."""

    letter: str
    what: str
    value: float
    unit: str = ""
    bound: Bound | None = None

    @property
    def verdict(self) -> str:
        """met, missed, or nothing where nothing is asked for."""
        if not self.bound:
            return ""
        return "met" if self.bound.is_met(self.value) else "missed"

    def cells(self) -> tuple[str, ...]:
        """What stands in the table."""
        wanted = f"{self.bound.sign} {number(self.bound.limit)} {self.unit}".rstrip() if self.bound else ""
        return self.letter, self.what, f"{number(self.value)} {self.unit}".rstrip(), wanted, self.verdict

    def as_json(self) -> dict[str, object]:
        """For machines."""
        wanted = {"sign": self.bound.sign, "limit": self.bound.limit} if self.bound else None
        return {
            "benchmark": self.letter,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "wanted": wanted,
            "verdict": self.verdict,
        }


HEADS = ("", "Figure", "Measured", "Wanted", "")


def number(value: float) -> str:
    """As people write it: three digits that tell something, all of them before the point.

    >>> [number(value) for value in (8234.5, 27.3456, 0.0456, 150.0, 3.5)]
    ['8,234', '27.3', '0.0456', '150', '3.5']
    """
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(rows: Sequence[Row]) -> str:
    """A simple table of reStructuredText, which reads well in a terminal too."""
    lines = [HEADS, *(row.cells() for row in rows)]
    # An empty first cell would be read as the line before going on.
    lines[0] = ("..", *lines[0][1:])
    widths = [max(len(line[column]) for line in lines) or 1 for column in range(len(HEADS))]
    rule = " ".join("=" * width for width in widths)
    texts = [" ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([rule, texts[0], rule, *texts[1:], rule])


def replaced(readme: str, figures: str) -> str:
    """`readme` with `figures` between the markers.

    :raises ValueError: where the markers are not there
    """
    return pages.replaced(readme, BEGIN, END, figures)
