"""Who speaks in a message: a mail system, or a person who may quote one."""

from __future__ import annotations

import re

from . import phrases
from .parts import Part

_SYSTEM = re.compile(
    r"\b(?:mailer[-_. ]?daemon|mail[-_. ]?daemon|post_?master|mdaemon|mmdf|mailadmin|e500_smtp\w*"
    r"|mail[-_. ]delivery[-_. ](?:service|system|subsystem|robot)|mail[-_. ](?:system|subsystem)|mail delivery"
    r"|delivery[-_. ](?:subsystem|system)|(?:system|mail|ndr) administrator|microsoft exchange)\b",
    re.IGNORECASE,
)
# Names that carriers of parcels and others have too.
_LOOSE = re.compile(
    r"\b(?:mail[-_. ](?:service|robot)|mail_service|delivery[-_. ](?:service|notification|failure)|ndr|system)\b",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"\s*(?:re|fw|fwd|aw|wg|sv|vs|antw|tr|rv|res|enc|odp|ynt|回复|答复|转发)\s*(?:\[\d+\])?[:：]",
    re.IGNORECASE,
)
_SUBMITTED = re.compile(r"auto-generated \((?:failure|warning)", re.IGNORECASE)
_MAX_FIELD = 500  # characters of a field that are looked at


def answers(message: Part) -> bool:
    """Whether the subject is that of an answer or of something passed on."""
    return _ANSWER.match(message.header("subject")[:_MAX_FIELD]) is not None


def announced(message: Part) -> bool:
    """Whether the subject begins as that of a report does."""
    return phrases.SUBJECT.match(message.header("subject").strip()[:_MAX_FIELD]) is not None


def named_system(message: Part) -> bool:
    """Whether a mail system gives its name, or writes what only systems do."""
    sender = message.header("from")[:_MAX_FIELD].strip()
    if "x-failed-recipients" in message.fields or sender.endswith(("<>", '<"">')) or _SYSTEM.search(sender):
        return True
    if message.parameter("report-type").lower() == "delivery-status":
        return True
    path = message.fields.get("return-path", "")[:_MAX_FIELD]
    submitted = message.fields.get("auto-submitted", "")
    return not answers(message) and bool(_SYSTEM.search(path) or _SUBMITTED.search(submitted))


def by_system(message: Part) -> bool:
    """Whether a mail system may speak: by its name, or by an empty return path, which absence notes have too."""
    if named_system(message):
        return True
    sender = message.header("from")[:_MAX_FIELD]
    path = message.fields.get("return-path", "-").strip() if sender else ""
    return not answers(message) and (path in ("", "<>") or _LOOSE.search(sender) is not None)
