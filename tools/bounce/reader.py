"""The order in which a message is asked what it is.

1. abuse reports (RFC 5965), and the other forms of complaints
2. receipts, DMARC and TLS reports: nothing that concerns us
3. delivery status (RFC 3464), over all blocks
4. reports in prose, of which the sender and the words show that they are some
5. automatic replies
6. `flufl.bounce`, for what a mail system wrote and nothing else recognised
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import replace
from email import policy
from email.errors import MessageError
from email.message import Message
from typing import Any

from . import addresses, autoreply, dsn, fallback, feedback, notices, reasons, speakers
from .parts import Part, fields_of, parse
from .said import Said
from .texts import Report
from .verdict import MALFORMED, ORDINARY, Failed, Kind, Verdict

_logger = logging.getLogger(__name__)

_FEEDBACK_TYPE = re.compile(r"^feedback-type[ \t]*:", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")
_KEPT = ("message-id", "from", "to", "subject", "date", "return-path", "list-unsubscribe", "feedback-id")
_ENCLOSED = frozenset(("message/rfc822", "message/global", "message/partial"))
_HEADERS = frozenset(("text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global-headers"))
_MAX_KEPT = 2_000  # characters of one field
_MAX_HEADER = 100_000


def octets(message: Message[Any, Any]) -> bytes:
    """Return the message as it came, or something else that is the same for the same message."""
    try:
        return message.as_bytes(policy=policy.compat32)
    except (AttributeError, LookupError, MessageError, RecursionError, TypeError, ValueError):
        # Raised on what no standard allows.
        return repr((list(message.raw_items()), message.get_payload())).encode("utf-8", "backslashreplace")


def reference(message: Message[Any, Any]) -> str:
    """Return a name for a message that has none: the same for the same octets."""
    return hashlib.sha256(octets(message)).hexdigest()[:32]


def read(message: bytes | Message[Any, Any]) -> Verdict:
    """Return the verdict on an incoming message. Never raises: what can't be understood is `other`."""
    try:
        return _verdict(message if isinstance(message, bytes) else octets(message))
    except Exception:  # the texts of strangers meet much that is not ours
        _logger.warning("An incoming message could not be analysed.", exc_info=True)
        return Verdict("other", MALFORMED)


def _verdict(raw: bytes) -> Verdict:
    message = parse(raw)
    parts = list(message.walk())
    enclosed, returned = _returned(parts)
    report = Report(message)
    found = _complaint(message, parts, report, enclosed, returned)
    if found is None and (notice := notices.kind_of(message, parts)):
        found = Verdict("other", notice)
    if found is None:
        returned = returned or {name: value for name, value in report.returned.items() if name in _KEPT}
        found = _delivery_status(parts, report, returned) or _prose(report, returned)
    if found is None and (rule := autoreply.rule(message)):
        return Verdict("auto_reply", rule)
    if found is None and _doubtful(message):
        found = _last_resort(raw, report)
    if found is None:
        return Verdict("other", ORDINARY)
    returned = {name: value[:_MAX_KEPT] for name, value in (found.returned_headers or returned).items()}
    match = _MESSAGE_ID.search(returned.get("message-id", ""))
    return replace(found, message_id=match[0] if match else None, returned_headers=returned)


def _returned(parts: list[Part]) -> tuple[str, dict[str, str]]:
    """Return the header of the message that is enclosed, and those of its fields that are kept."""
    for part in parts:
        if part.kind in _ENCLOSED or part.kind in _HEADERS:
            head = part.text.lstrip("\n").partition("\n\n")[0][:_MAX_HEADER]
            fields = fields_of(head)
            return head, {name: fields[name] for name in _KEPT if name in fields}
    return "", {}


def _complaint(
    message: Part, parts: list[Part], report: Report, enclosed: str, returned: dict[str, str]
) -> Verdict | None:
    for part in parts:
        if part.kind == feedback.TYPE:
            said = dsn.text_of(part)
            about = feedback.feedback_type(said)
            if about in feedback.NO_COMPLAINTS:
                return Verdict("other", f"RFC 5965 feedback-type {about}")
            return Verdict("complaint", "RFC 5965 feedback report", feedback.complainers(said, returned))
    if message.parameter("report-type").lower() == "feedback-report" and _FEEDBACK_TYPE.search(report.whole):
        return Verdict("complaint", "RFC 5965 fields in the text", feedback.complainers(report.whole, returned))
    if (named := feedback.form(message, returned, enclosed)) is not None:
        return Verdict("complaint", "complaint form of a mailbox provider", named)
    if (told := feedback.notification(report.whole)) is None:
        return None
    kind, recipients, ours = told
    rule = "notification of Amazon SES"
    if kind == "complaint":
        return Verdict("complaint", rule, recipients, None, ours)
    if kind == "bounce" and recipients:
        return Verdict(_kind(recipients), rule, recipients, None, ours)
    return Verdict("other", rule, (), None, ours)


def _delivery_status(parts: list[Part], report: Report, returned: dict[str, str]) -> Verdict | None:
    rule = "RFC 3464 delivery status"
    statuses = [part for part in parts if part.kind in dsn.TYPES]
    blocks = [block for part in statuses for block in dsn.blocks(dsn.text_of(part))]
    if not blocks and speakers.by_system(report.message):
        # WorkMail and some gateways write the fields into the text.
        blocks, rule = dsn.blocks(report.whole), "RFC 3464 fields in the text"
        blocks = [block for block in blocks if "action" in block or "status" in block]
    told = [(block, action) for block in blocks[: dsn.MAX_RECIPIENTS] if (action := dsn.action(block))]
    embedded = addresses.within(returned.get("to", "")) if len(told) == 1 else []
    failed: dict[str, Failed] = {}
    for action in ("failed", "delayed"):
        for block, said in told:
            if said == action:
                one = _of_block(block, action, report, embedded)
                failed.setdefault(one.address, one)
        if failed:
            recipients = tuple(failed.values())
            return Verdict(_kind(recipients), rule, recipients)
    if told and all(said == "delivered" for _block, said in told):
        return Verdict("other", "delivered")
    if told:
        return Verdict("other", f"{rule} without a failure")
    return None


def _of_block(block: dict[str, str], action: str, report: Report, embedded: list[str]) -> Failed:
    address = dsn.address(block, [])
    said = report.about(address) if report.text else Said(address, "", "")
    return dsn.failed(block, action, said.words, embedded, said.stage)


def _prose(report: Report, returned: dict[str, str]) -> Verdict | None:
    if not _reporting(report, returned):
        return None
    if not report.reports and not report.every_failed:
        return None
    named = report.recipients
    rule = "X-Failed-Recipients" if report.every_failed else "report in prose"
    if not named:
        whom = addresses.within(returned.get("to", ""))
        named = [report.about(whom[0])] if len(whom) == 1 else []
        rule = "report in prose about the message that it returns"
    recipients = tuple(_of_prose(said, report.delayed) for said in named)
    return Verdict(_kind(recipients), rule, recipients) if recipients else None


def _reporting(report: Report, returned: dict[str, str]) -> bool:
    """Tell whether a message may be a report: from a mail system, or announced as one and returning something."""
    message = report.message
    announced = speakers.announced(message)
    if speakers.named_system(message):
        return True
    if speakers.by_system(message):
        return bool(returned) or (announced and report.answered)
    if any(name in message.fields for name in ("in-reply-to", "references", "list-id", "list-unsubscribe")):
        return False
    return announced and bool(report.returned)


def _doubtful(message: Part) -> bool:
    """Tell whether a message that nothing recognised may be a report yet."""
    if speakers.answers(message) or not speakers.by_system(message):
        return False
    return speakers.named_system(message) or speakers.announced(message)


def _of_prose(said: Said, delayed: bool) -> Failed:
    own_words = not reasons.first_code(said.words) and not said.quoted
    status, permanent, reason = reasons.judge(said.words, "", said.stage, own_words)
    action = "delayed" if delayed else "failed"
    return Failed(said.address, action, status, said.words, permanent and not delayed, reason)


def _last_resort(raw: bytes, report: Report) -> Verdict | None:
    temporary, permanent = fallback.recipients(raw)
    found = permanent or temporary
    if not found:
        return None
    recipients = tuple(_of_prose(report.about(addresses.read(address)[0]), not permanent) for address in found)
    return Verdict(_kind(recipients), "flufl.bounce", recipients)


def _kind(recipients: tuple[Failed, ...]) -> Kind:
    return "hard" if any(recipient.kind == "hard" for recipient in recipients) else "soft"
