"""One-click opt-out: what a mail says of it, and what mail programs post then (RFC 8058 section 3)."""

from __future__ import annotations

from collections.abc import Mapping

NAME, VALUE = "List-Unsubscribe", "One-Click"
#: What a mail says beside its List-Unsubscribe.
HEADERS = {"List-Unsubscribe-Post": f"{NAME}={VALUE}"}


def is_asked(posted: Mapping[str, str]) -> bool:
    """Say whether `posted`, the fields of a form, come from the button of a mail program."""
    return posted.get(NAME) == VALUE
