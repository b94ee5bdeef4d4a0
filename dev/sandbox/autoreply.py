"""Vacation replies (RFC 3834).

A well-behaved responder leaves bulk mail unanswered (section 2). This one answers it, because those that do
so in real life are what a campaign has to cope with.
"""

import email.header

from .mime import content
from .records import Message
from .report import fields, human_part, identifier, rfc_date


def build(message: Message, raw: bytes) -> bytes:
    """The reply of the recipient of ``message``, whose octets are ``raw``, to its envelope sender."""
    parent = content(raw)
    references = f"{parent.header('References')} {message.message_id}".strip()
    subject = f"Automatic reply: {message.subject}"
    part_fields, text = human_part(
        "Thank you for your message. I am out of the office and will read it when I am back.\n"
    )
    top = fields(
        [
            ("Return-Path", "<>"),
            ("Date", rfc_date(message.received_at)),
            ("From", f"<{message.rcpt_to}>"),
            ("To", message.mail_from),
            ("Subject", subject if subject.isascii() else email.header.Header(subject, "utf-8").encode()),
            ("Message-ID", identifier(message)),
            ("In-Reply-To", message.message_id),
            ("References", references),
            ("Auto-Submitted", "auto-replied"),
            ("MIME-Version", "1.0"),
            *part_fields,
        ]
    )
    return top + b"\r\n" + text
