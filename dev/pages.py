"""Pages of which a part is written by a command, between two marker lines."""

from __future__ import annotations

import re


def replaced(page: str, begin: str, end: str, text: str) -> str:
    """`page` with `text` between the lines `begin` and `end`.

    :raises ValueError: where the markers are not there, or not once
    """
    pattern = re.compile(rf"^{re.escape(begin)}\n.*?^{re.escape(end)}$", re.MULTILINE | re.DOTALL)
    changed, count = pattern.subn(lambda _: f"{begin}\n\n{text.strip()}\n\n{end}", page)
    if count != 1:
        raise ValueError(f"it must have the lines “{begin}” and “{end}” once, and has them {count} times")
    return changed
