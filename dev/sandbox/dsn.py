"""Delivery status notifications as a mail server writes them (RFC 3464, in a report of RFC 6522)."""

import dataclasses

from .behaviour import Answer
from .records import Message
from .report import REPORTING_MTA, human_part, identifier, multipart_report, returned, rfc_date
from .report import fields as report_fields

FOUR_DAYS = 4 * 86400.0  # seconds; how much longer a delayed message would be tried


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What one kind of notification says. ``diagnostic`` has a place for the address."""

    action: str
    status: str
    diagnostic: str
    subject: str
    sentence: str


VERDICTS = {
    Answer.NO_SUCH_USER: Verdict(
        "failed",
        "5.1.1",
        "smtp; 550 5.1.1 <{address}>: Recipient address rejected: User unknown",
        "Undelivered Mail Returned to Sender",
        "The recipient's mail server says that there is no such user.",
    ),
    Answer.FULL: Verdict(
        "failed",
        "4.2.2",
        "smtp; 452 4.2.2 <{address}>: Mailbox full, quota exceeded",
        "Undelivered Mail Returned to Sender",
        "The recipient's mailbox is full. Delivery was tried for five days and is now given up.",
    ),
    Answer.BLOCKED: Verdict(
        "failed",
        "5.7.1",
        "smtp; 550 5.7.1 Message rejected by local policy: sender has a poor reputation",
        "Undelivered Mail Returned to Sender",
        "The recipient's mail server refuses messages from this sender.",
    ),
    Answer.SLOW: Verdict(
        "delayed",
        "4.4.1",
        "smtp; 451 4.4.1 Connection timed out",
        "Delayed Mail (still being retried)",
        "The recipient's mail server does not answer. THIS IS A WARNING ONLY: delivery will be tried again.",
    ),
}


def build(message: Message, answer: Answer, raw: bytes) -> bytes:
    """The notification about ``message``, whose octets are ``raw``; ``answer`` is a key of ``VERDICTS``."""
    verdict = VERDICTS[answer]
    domain = message.rcpt_to.rpartition("@")[2]
    text = (
        f"This is the mail system at host {REPORTING_MTA}.\n\n{verdict.sentence}\n\n"
        f"<{message.rcpt_to}>: {verdict.diagnostic.format(address=message.rcpt_to)}\n"
    )
    top = [
        ("Return-Path", "<>"),
        ("Date", rfc_date(message.received_at)),
        ("From", f"Mail Delivery System <MAILER-DAEMON@{domain}>"),
        ("To", message.mail_from),
        ("Subject", verdict.subject),
        ("Message-ID", identifier(message)),
        ("Auto-Submitted", "auto-replied"),
    ]
    is_final = verdict.action == "failed"
    parts = [
        human_part(text),
        ([("Content-Type", "message/delivery-status")], _status(message, verdict, domain)),
        returned(raw, full=message.return_full and is_final),  # RFC 3461 section 4.3: RET is for failures
    ]
    return multipart_report(top, "delivery-status", parts, seed=identifier(message))


def _status(message: Message, verdict: Verdict, domain: str) -> bytes:
    """The two groups of RFC 3464 section 2: about the message, about the recipient."""
    about_message = [
        ("Original-Envelope-Id", _printable(message.envelope_id)),
        ("Reporting-MTA", f"dns; {REPORTING_MTA}"),
        ("Arrival-Date", rfc_date(message.received_at)),
    ]
    about_recipient = [
        ("Original-Recipient", _printable(message.original_recipient).replace(";", "; ", 1)),
        ("Final-Recipient", typed_address(message.rcpt_to)),
        ("Action", verdict.action),
        ("Status", verdict.status),
        ("Remote-MTA", f"dns; mx.{domain}"),
        ("Diagnostic-Code", _printable(verdict.diagnostic.format(address=message.rcpt_to))),
        ("Last-Attempt-Date", rfc_date(message.received_at)),
        (
            "Will-Retry-Until",
            rfc_date(message.received_at + FOUR_DAYS) if verdict.action == "delayed" else "",
        ),
    ]
    return report_fields(about_message) + b"\r\n" + report_fields(about_recipient)


def typed_address(address: str) -> str:
    """``rfc822; …``, or RFC 6533's ``utf-8; …`` with ``\\x{…}`` where the address is not ASCII."""
    return f"rfc822; {address}" if address.isascii() else f"utf-8; {_printable(address)}"


def _printable(value: str) -> str:
    """ASCII only: any other character as RFC 6533's ``\\x{HEX}``."""
    return "".join(character if character.isascii() else f"\\x{{{ord(character):X}}}" for character in value)
