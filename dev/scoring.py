"""`make score`: what `tools.bounce` makes of labelled messages, which are no part of this project.

The folder holds the messages and `labels.csv`; `score.py`, which knows how to compare, lies in it or beside it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import environment, paths, progress
from .errors import Problem
from .process import Child
from .settings import Settings

# Each figure of the scorer with what it must reach.
FIGURES: dict[str, tuple[str, str]] = {
    "messages": ("Messages", ""),
    "detected_%": ("Bounces detected", "≥ 97 %"),
    "recipients_exact_%": ("Recipients exact", "≥ 95 %"),
    "permanent_or_temporary_right_%": ("Permanent or temporary right", "≥ 95 %"),
    "hard_precision_%": ("Hard: precision", "≥ 95 %"),
    "hard_recall_%": ("Hard: recall", "≥ 85 %"),
    "false_positives_%": ("False positives", "≤ 1 %"),
    "complaints_found": ("Complaints found", "≥ 90 %"),
    "complaints_as_bounce": ("Complaints taken for bounces", "0"),
    "auto_replies_found": ("Automatic replies found", "≥ 90 %"),
    "raised": ("Exceptions", "0"),
    "slowest_ms": ("Slowest message, ms", "≤ 150"),
}


def score(_settings: Settings, arguments: Sequence[str]) -> int:
    """Print the table, and with --misses what was read otherwise than its label says."""
    folder, misses = _folder(arguments), "--misses" in arguments
    scorer = next((path for path in (folder / "score.py", folder.parent / "score.py") if path.is_file()), None)
    if scorer is None:
        raise Problem(f"There is no score.py in {folder} or beside it. It belongs to the labelled messages.")
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    log = paths.LOGS / "score.log"
    command: list[str | Path] = [environment.python(), scorer, folder, *(["--misses"] if misses else [])]
    with log.open("wb") as sink, Child(command, cwd=paths.CHECKOUT, stdout=subprocess.PIPE, stderr=sink) as child:
        output = child.process.communicate()[0].decode()
        code = child.wait()
    if code:
        raise Problem(f"The scorer {scorer} ended with {code}. What it said is in {log}.")
    found, end = json.JSONDecoder().raw_decode(output)
    progress.say(table(found))
    if misses:
        progress.say(output[end:].strip())
    return 0


def table(found: Mapping[str, object]) -> str:
    """The figures as a table of reStructuredText."""
    rows = [
        (FIGURES.get(name, (name, ""))[0], str(value), FIGURES.get(name, ("", ""))[1]) for name, value in found.items()
    ]
    rows = [("Figure", "Here", "Must reach"), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    rule = " ".join("=" * width for width in widths)
    lines = [f"{name:<{widths[0]}} {here:>{widths[1]}} {goal:>{widths[2]}}".rstrip() for name, here, goal in rows]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def _folder(arguments: Sequence[str]) -> Path:
    named = [argument for argument in arguments if not argument.startswith("-")]
    if len(named) != 1:
        raise Problem('Name the folder with the labelled messages: make score ARGS="/path/to/bounces [--misses]"')
    folder = Path(named[0]).expanduser().resolve()
    if not (folder / "labels.csv").is_file():
        raise Problem(f"There is no labels.csv in {folder}. Name the folder with the labelled messages.")
    return folder
