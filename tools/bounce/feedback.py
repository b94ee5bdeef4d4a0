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
NO_COMPLAINTS = frozenset(("auth-failure", "not-spam", "dmarc", "tls-report", "virus-none"))

_RECIPIENT = re.compile(
    r"^(?:original-rcpt-to|removal-recipient|original-recipient|redacted-address|final-recipient)[ \t]*:[ \t]*(.*)",
    re.IGNORECASE | re.MULTILINE,
)
_FORMS = re.compile(r"^(?:(?:fw|fwd): ?)?(?:complaint about message from|client tos notification|email feedback report for ip|abuse report\b)", re.IGNORECASE)
_FORM_SENDERS = re.compile(r"@(?:[\w-]+\.)*(?:hotmail\.com|outlook\.com|live\.com|microsoft\.com|aol\.(?:com|net)|fbl\.[\w.-]+|feedback[\w-]*\.[\w.-]+|senderscore\.net)\b|\bscomp@", re.IGNORECASE)
_HOTMAIL = ("x-hmxmroriginalrecipient", "x-aol-recipient", "x-apparently-to")
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
    sender, subject = message.header("from"), message.header("subject")
    if not enclosed or not (named or (_FORMS.search(subject) and _FORM_SENDERS.search(sender))):
        return None
    if not named and not _FORMS.search(subject):
        return None
    return complained(named or addresses.within(returned.get("to", "")))


def notification(text: str) -> tuple[str, tuple[Failed, ...], dict[str, str]] | None:
    """Read a notification of Amazon SES that came by email: (kind, recipients, fields of our message), or None.

    The kinds are bounce, complaint and delivery, in lower case.
    """
    start = text.find("{")
    if start < 0 or '"notificationType"' not in text and '"eventType"' not in text:
        return None
    try:
        said, _end = json.JSONDecoder(strict=False).raw_decode(text[start:])
    except (ValueError, RecursionError):
        return None
    if isinstance(said, dict) and isinstance(said.get("Message"), str):
        return notification(said["Message"])
    if not isinstance(said, dict):
        return None
    kind = str(said.get("notificationType") or said.get("eventType") or "").lower()
    mail = said.get("mail") if isinstance(said.get("mail"), dict) else {}
    headers = mail.get("commonHeaders") if isinstance(mail.get("commonHeaders"), dict) else {}
    returned = {"message-id": str(headers.get("messageId") or "")[:1_000], "subject": str(headers.get("subject") or "")[:1_000]}
    returned = {name: value for name, value in returned.items() if value}
    if kind == "complaint":
        return kind, complained([address for row in _rows(said, "complaint", "complainedRecipients") for address in addresses.within(str(row.get("emailAddress") or ""))]), returned
    if kind == "bounce":
        passing = str((said.get("bounce") or {}).get("bounceType") or "").lower() == "transient"
        return kind, tuple(_bounced(row, passing) for row in _rows(said, "bounce", "bouncedRecipients")), returned
    return kind, (), returned


def _rows(said: dict[str, Any], name: str, recipients: str) -> Iterator[dict[str, Any]]:
    about = said.get(name)
    rows = about.get(recipients) if isinstance(about, dict) else None
    for row in rows[:MAX_RECIPIENTS] if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("emailAddress"):
            yield row


def _bounced(row: dict[str, Any], passing: bool) -> Failed:
    words = str(row.get("diagnosticCode") or "").partition(";")[2].strip() or str(row.get("diagnosticCode") or "")
    status, permanent, reason = reasons.judge(words, reasons.first_status(str(row.get("status") or "")), "", not words)
    address, _valid = addresses.read(str(row["emailAddress"]))
    return Failed(address, "failed", status, words[: reasons.MAX_TEXT], permanent and not passing, reason)
