"""Bodies of webhooks: JSON of strangers, read within bounds and never trusted in its types."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from .proof import Refused

MOST_OCTETS = 5_000_000  # SendGrid, whose are the largest, sends up to 768 kB
MOST_EVENTS = 5_000
DEEPEST = 40  # levels; the services have seven at most
LONGEST_TEXT = 2_000  # characters
LONGEST_RAW = 20_000  # octets of an event that are kept

_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d{1,12})?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_FIRST, _LAST = datetime(2000, 1, 1), datetime(2200, 1, 1)


def parse(body: bytes) -> object:
    """Give what `body` holds.

    Raises Refused for what is no JSON, or nested deeper than any service does.
    """
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError) as error:  # with UnicodeDecodeError
        raise Refused("malformed") from error
    level = [data]
    for _depth in range(DEEPEST):
        level = [child for value in level for child in _children(value)]
        if not level:
            return data
    raise Refused("malformed")


def _children(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from (child for child in value.values() if isinstance(child, dict | list))
    elif isinstance(value, list):
        yield from (child for child in value if isinstance(child, dict | list))


def events(data: object) -> list[dict[str, object]]:
    """Give the events of a body that holds one, or a list of them; what is none is left out.

    Raises Refused where there are too many.
    """
    found = data if isinstance(data, list) else [data]
    if len(found) > MOST_EVENTS:
        raise Refused("too_large")
    return [event for event in found if isinstance(event, dict)]


def part(value: object, *names: str) -> dict[str, object]:
    """Give the object that is found in `value` by `names`, one in the other, or an empty one."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[object]:
    """Give `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object, longest: int = LONGEST_TEXT) -> str:
    """Give a text or an integer as text on one line, without what no database takes; anything else is empty."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64:
        return str(value)
    if not isinstance(value, str):
        return ""
    return " ".join(_NOT_TEXT.sub(" ", value[:longest]).split())


def status(*values: object) -> str:
    """Give the first of `values` that is an enhanced status code (RFC 3463), else an empty text."""
    return next((said for said in map(text, values) if _STATUS.fullmatch(said)), "")


def since_1970(value: object, unit: float = 1) -> datetime | None:
    """Give the moment that is `value` units (of so many seconds) after 1970, in naive UTC."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,16}(?:\.\d{1,9})?", value):
        value = float(value)
    # Compared before anything is computed: integers of JSON may be larger than any other number.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 7e12:
        return None
    if not 0 < value * unit < 7e9:
        return None
    return _plausible(datetime(1970, 1, 1) + timedelta(seconds=value * unit))


def written(value: object) -> datetime | None:
    """Give the moment that `value` says in the form of ISO 8601, in naive UTC; without a zone it is UTC."""
    found = _DATE.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 60 else None
    if found is None:
        return None
    zone = found[3] or "Z"
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}")
        if zone[0] in "+-":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            moment = moment - offset if zone[0] == "+" else moment + offset
    except (ValueError, OverflowError):
        return None
    return _plausible(moment)


def utc_now() -> datetime:
    """Give this moment in naive UTC."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def digest(*values: object) -> str:
    """Give a name for an event that has none of its own, of what tells it from others."""
    return hashlib.sha256("\n".join(map(text, values)).encode()).hexdigest()[:40]


def raw(event: object) -> bytes:
    """Give `event` as it is kept for people who ask why."""
    return json.dumps(event, ensure_ascii=True, indent=1)[:LONGEST_RAW].encode("ascii")


def _plausible(moment: datetime) -> datetime | None:
    return moment.replace(microsecond=0) if _FIRST < moment < _LAST else None
