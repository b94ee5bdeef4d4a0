"""Spam complaints as a feedback loop sends them (Abuse Reporting Format, RFC 5965)."""

from .records import Message
from .report import REPORTING_MTA, fields, human_part, identifier, multipart_report, returned, rfc_date


def build(message: Message, raw: bytes) -> bytes:
    """The complaint of the recipient of ``message``, whose octets are ``raw``."""
    domain = message.rcpt_to.rpartition("@")[2]
    text = (
        f"This is an email abuse report for an email message received on {rfc_date(message.received_at)}.\n"
        "The recipient has marked it as spam.\n"
    )
    top = [
        ("Return-Path", "<>"),
        ("Date", rfc_date(message.received_at)),
        ("From", f"Feedback Loop <feedback@{domain}>"),
        ("To", message.mail_from),
        ("Subject", f"Abuse report: {message.subject}" if message.subject.isascii() else "Abuse report"),
        ("Message-ID", identifier(message)),
        ("Auto-Submitted", "auto-generated"),
    ]
    feedback = fields(
        [
            ("Feedback-Type", "abuse"),
            ("User-Agent", "sandbox/1"),
            ("Version", "1"),
            ("Original-Mail-From", f"<{message.mail_from}>"),
            ("Original-Rcpt-To", f"<{message.rcpt_to}>"),
            ("Original-Envelope-Id", message.envelope_id),
            ("Arrival-Date", rfc_date(message.received_at)),
            ("Reporting-MTA", f"dns; {REPORTING_MTA}"),
            ("Source-IP", "127.0.0.1"),
        ]
    )
    parts = [
        human_part(text),
        ([("Content-Type", "message/feedback-report")], feedback),
        returned(raw, full=True),
    ]
    return multipart_report(top, "feedback-report", parts, seed=identifier(message))
