"""What may be asked of `make bench`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from dev.errors import Problem

from .figures import FIGURES, OTHERS

USAGE = """\
make bench                          all figures
make bench ARGS="a c"               some of them: {names}
make bench ARGS="--json FILE"       write them as JSON too
make bench ARGS="--readme"          write them into README.rst; needs all figures
make bench ARGS="--connections 4"   how many connections our engine uses for (a), (b) and (c); 2 if not given
make bench ARGS="--runs 1"          how often the short ones are measured, of which the median counts; 3 if not given
"""


@dataclass(frozen=True)
class Wanted:
    """What one run shall do."""

    figures: tuple[str, ...]
    json: Path | None
    readme: bool
    connections: int
    runs: int


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Problem(f"make bench: {message}.\n{usage()}")


def usage() -> str:
    """The ways to call it."""
    return USAGE.format(names=", ".join([*FIGURES, *OTHERS]))


def parse(arguments: Sequence[str]) -> Wanted:
    """Read the arguments; what is wrong with them raises Problem with all that may be said."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("figures", nargs="*")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--connections", type=_count, default=2)
    parser.add_argument("--runs", type=_count, default=3)
    found = parser.parse_args(list(arguments))
    for name in found.figures:
        if name not in FIGURES and name not in OTHERS:
            parser.error(f"there is no figure `{name}`")
    figures = tuple(dict.fromkeys(found.figures)) or tuple(FIGURES)
    if found.readme and set(figures) != set(FIGURES):
        parser.error("--readme needs all figures, so that those in the README are from one run")
    if found.json and not found.json.absolute().parent.is_dir():
        parser.error(f"--json {found.json}: there is no folder {found.json.absolute().parent}")
    return Wanted(figures, found.json, found.readme, found.connections, found.runs)


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 100:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number from 1 to 100")
    return int(text)
