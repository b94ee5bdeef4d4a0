"""Spam complaints: abuse reports (RFC 5965), the forms of Hotmail and AOL, Amazon's notifications by email."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from . import addresses, reasons
from .parts import Part, fields_of
from .verdict import Failed

MAX_RECIPIENTS = 1_000
TYPE = "message/feedback-report"
# RFC 5965, 6591, 6650 and the registry: what is not about somebody who doesn't want our email.
NO_COMPLAINTS = frozenset(("auth-failure", "not-spam", "dmarc"))

_RECIPIENT = re.compile(
    r"^(?:original-rcpt-to|removal-recipient|original-recipient|redacted-address|final-recipient)[ \t]*:[ \t]*(.*)",
    re.IGNORECASE | re.MULTILINE,
)
_FORMS = re.compile(
    r"^(?:(?:fw|fwd): ?)?(?:complaint about message from|client tos notification|email feedback report for ip)",
    re.IGNORECASE,
)
_PROVIDERS = re.compile(
    r"@(?:[\w-]+\.){0,5}(?:hotmail\.com|outlook\.com|live\.com|microsoft\.com|aol\.com|aol\.net|senderscore\.net)\b|\bscomp@",
    re.IGNORECASE,
)
_NAMED = re.compile(r"^x-hmxmroriginalrecipient[ \t]*:[ \t]*(.*)", re.IGNORECASE | re.MULTILINE)


def feedback_type(report: str) -> str:
    """Return the Feedback-Type of an abuse report in lower case; abuse if it has none."""
    return fields_of(report).get("feedback-type", "abuse").lower().split(";")[0].strip()


def complainers(report: str, returned: dict[str, str]) -> tuple[Failed, ...]:
    """Return who complained: as the report says, or else to whom the message was."""
    named = [address for value in _RECIPIENT.findall(report)[:MAX_RECIPIENTS] for address in addresses.within(value)]
    return complained(named or addresses.within(returned.get("to", "")))


def complained(named: list[str]) -> tuple[Failed, ...]:
    unique = [address for address in dict.fromkeys(named) if "redacted" not in address.partition("@")[0]]
    return tuple(Failed(address, "complaint", "", "", False, "unknown") for address in unique)


def form(message: Part, returned: dict[str, str], enclosed: str) -> tuple[Failed, ...] | None:
    """Return who complained in a message that says so without RFC 5965; None if it is no such message.

    Hotmail (JMRP) and AOL enclose what is complained about, with the recipient in a field of their own.
    """
    named = [address for value in _NAMED.findall(message.head + "\n" + enclosed) for address in addresses.within(value)]
    known = _FORMS.search(message.header("subject")) and _PROVIDERS.search(message.header("from")[:500])
    if not enclosed or not (named or known):
        return None
    return complained(named or addresses.within(returned.get("to", "")))


def notification(text: str) -> tuple[str, tuple[Failed, ...], dict[str, str]] | None:
    """Read a notification of Amazon SES that came by email: (kind, recipients, fields of our message), or None.

    The kinds are bounce, complaint and delivery, in lower case.
    """
    start = text.find("{")
    if start < 0 or ('"notificationType"' not in text and '"eventType"' not in text):
        return None
    try:
        said, _end = json.JSONDecoder(strict=False).raw_decode(text[start:])
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    if isinstance(said.get("Message"), str):  # as the notification service wraps it
        return notification(said["Message"])
    kind = str(said.get("notificationType") or said.get("eventType") or "").lower()
    headers = _object(_object(said, "mail"), "commonHeaders")
    returned = {"message-id": _text(headers, "messageId"), "subject": _text(headers, "subject")}
    returned = {name: value for name, value in returned.items() if value}
    if kind == "complaint":
        rows = _rows(said, "complaint", "complainedRecipients")
        named = [address for row in rows for address in addresses.within(_text(row, "emailAddress"))]
        return kind, complained(named), returned
    if kind == "bounce":
        passing = _text(_object(said, "bounce"), "bounceType").lower() == "transient"
        return kind, tuple(_bounced(row, passing) for row in _rows(said, "bounce", "bouncedRecipients")), returned
    return kind, (), returned


def _object(said: dict[str, Any], name: str) -> dict[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _text(said: dict[str, Any], name: str) -> str:
    return str(said.get(name) or "")[:1_000]


def _rows(said: dict[str, Any], name: str, recipients: str) -> Iterator[dict[str, Any]]:
    rows = _object(said, name).get(recipients)
    for row in rows[:MAX_RECIPIENTS] if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("emailAddress"):
            yield row


def _bounced(row: dict[str, Any], passing: bool) -> Failed:
    said = _text(row, "diagnosticCode")
    words = said.partition(";")[2].strip() or said
    status, permanent, reason = reasons.judge(words, reasons.first_status(_text(row, "status")), "", not words)
    address, _valid = addresses.read(_text(row, "emailAddress"))
    return Failed(address, "failed", status, words, permanent and not passing, reason)
