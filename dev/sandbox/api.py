"""The JSON API. Its shapes are documented on the help page."""

import dataclasses
import datetime
import json
from collections.abc import Mapping

from .inbox import Inbox
from .links import find_links
from .mime import content
from .records import Message
from .responses import Response

MOST = 1000  # messages in one reply


def whole_number(text: str, default: int, lowest: int, highest: int) -> int:
    """``text`` as a number within the bounds, ``default`` where it is none."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        return default
    return min(highest, max(lowest, int(digits)))


def json_response(value: object, status: int = 200) -> Response:
    return Response(status, "application/json", json.dumps(value, indent=1).encode() + b"\n")


def stats(inbox: Inbox) -> dict[str, int | dict[str, int]]:
    """The counters; refusals also by reply code, answers also by kind."""
    counters = inbox.stats()
    plain: dict[str, int | dict[str, int]] = {}
    refused, sent = {}, {}
    for name, value in counters.items():
        if name.startswith("sent_"):
            sent[name.removeprefix("sent_")] = value
        elif name.startswith("refused_") and name[8:].isdigit():
            refused[name.removeprefix("refused_")] = value
        else:
            plain[name] = value
    return plain | {"refused_by_code": refused, "bounces_by_kind": sent}


def messages(inbox: Inbox, query: Mapping[str, str]) -> Response:
    """Metadata, the newest last."""
    since = query.get("since_id")
    found = inbox.find(
        to=query.get("to", ""),
        subject=query.get("subject", ""),
        since_id=None if since is None else whole_number(since, 0, lowest=0, highest=10**18),
        limit=whole_number(query.get("limit", ""), 100, lowest=1, highest=MOST),
    )
    return json_response([metadata(message) for message in found])


def metadata(message: Message) -> dict[str, object]:
    received = datetime.datetime.fromtimestamp(message.received_at).astimezone()
    return dataclasses.asdict(message) | {"received_at": received.isoformat()}


def whole(message: Message, raw: bytes) -> dict[str, object]:
    """Metadata and what the message says."""
    parts = content(raw)
    return metadata(message) | {
        "headers": parts.headers,
        "text": parts.text,
        "html": parts.html,
        "links": [link.href for link in find_links(parts.html, parts.text)],
        "attachments": [
            {"name": item.name, "content_type": item.content_type, "size": len(item.content)}
            for item in parts.attachments
        ],
    }
