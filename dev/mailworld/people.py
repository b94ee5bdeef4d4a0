"""People and machines who answer what they find in their mailbox, through Postfix, like everybody else."""

from __future__ import annotations

import email
import email.policy
import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr

from ..errors import Problem
from . import cast
from .cast import Act, Person
from .place import HOST, Place

TIMEOUT = 30  # seconds for a dialogue with Postfix
STRANGER = "stranger@good.test"
ENQUIRY = "Do you deliver to islands?"
# What only the mailbox of the email itself knows, and a report repeats.
TRACES = ("Return-Path", "Delivered-To", "X-Original-To")


def read(place: Place, person: Person) -> EmailMessage:
    """The one email in somebody's mailbox.

    :raises Problem: when there is none, or more than one
    """
    found = place.maildir(person.box)
    if len(found) != 1:
        raise Problem(f"{person.email} got {len(found)} emails instead of one; what Postfix did is in its log.")
    return email.message_from_bytes(found[0].read_bytes(), policy=email.policy.default)


def act(place: Place, port: int, people: list[Person]) -> int:
    """Have everybody do what they do; how many emails that were. Odoo may not have seen the sender of the last."""
    written = 0
    with smtplib.SMTP(HOST, port, timeout=TIMEOUT) as smtp:
        for person in people:
            if person.role.act is Act.NOTHING:
                continue
            got = read(place, person)
            sender, to, message = WAYS[person.role.act](person, got)
            _send(smtp, sender, to, message)
            written += 1
        _send(smtp, STRANGER, cast.SENDER, _enquiry())
    return written + 1


def _send(smtp: smtplib.SMTP, sender: str, to: str, message: EmailMessage) -> None:
    message["To"] = to
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(str(message["From"]))[1].rpartition("@")[2])
    smtp.send_message(message, sender, [to])


def _return_path(got: EmailMessage) -> str:
    return str(got["Return-Path"]).strip().strip("<>")


def _answering(got: EmailMessage, answer: EmailMessage) -> EmailMessage:
    """Thread it as RFC 5322, section 3.6.4, says."""
    answer["In-Reply-To"] = str(got["Message-ID"])
    answer["References"] = f"{got.get('References', '')} {got['Message-ID']}".strip()
    return answer


def _away(person: Person, got: EmailMessage) -> tuple[str, str, EmailMessage]:
    """RFC 3834: to the return path, with an empty one of its own.

    It should not answer bulk mail. This one does, as those do which a campaign has to cope with.
    """
    answer = _answering(got, EmailMessage())
    answer["From"] = f"{person.name} <{person.email}>"
    answer["Subject"] = f"Auto: {got['Subject']}"
    answer["Auto-Submitted"] = "auto-replied"
    answer.set_content("I am on holiday until Monday, and read my mail when I am back.\n")
    return "", _return_path(got), answer


def _away_to_sender(person: Person, got: EmailMessage) -> tuple[str, str, EmailMessage]:
    answer = _answering(got, EmailMessage())
    answer["From"] = f"{person.name} <{person.email}>"
    answer["Subject"] = f"Automatic reply: {got['Subject']}"
    answer["X-Auto-Response-Suppress"] = "All"
    answer["Auto-Submitted"] = "auto-generated"
    answer.set_content("Thank you for your message. I am out of the office.\n")
    return "", _answer_to(got), answer


def _reply(person: Person, got: EmailMessage) -> tuple[str, str, EmailMessage]:
    """One of them writes from another address of hers."""
    private = person.number % 3 == 0
    sender = f"{person.box}@private.test" if private else person.email
    answer = _answering(got, EmailMessage())
    answer["From"] = f"{person.name} <{sender}>"
    answer["Subject"] = f"Re: {got['Subject']}"
    quoted = got.get_body(("plain",))
    lines = (quoted.get_content() if quoted else "").splitlines()
    answer.set_content("Grüße! Yes, please keep a seat for me.\n\n" + "".join(f"> {line}\n" for line in lines))
    return sender, _answer_to(got), answer


def _answer_to(got: EmailMessage) -> str:
    return parseaddr(str(got.get("Reply-To") or got["From"]))[1]


def _complaint(person: Person, got: EmailMessage) -> tuple[str, str, EmailMessage]:
    return "", _return_path(got), _report_of_abuse(person, got)


def _complaint_by_loop(person: Person, got: EmailMessage) -> tuple[str, str, EmailMessage]:
    """To the address that was registered for it; nothing in the envelope says whom it is about."""
    return "", cast.FEEDBACK, _report_of_abuse(person, got)


def _report_of_abuse(person: Person, got: EmailMessage) -> EmailMessage:
    """RFC 5965."""
    report = _report(f"Feedback Loop <feedback@{person.role.domain}>", "FW: " + str(got["Subject"]), "feedback-report")
    report.attach(_text("This is an email abuse report for an email message received from 127.0.0.1.\n"))
    fields = (
        "Feedback-Type: abuse\r\nUser-Agent: Mailworld/1\r\nVersion: 1\r\n"
        f"Original-Mail-From: <{_return_path(got)}>\r\nOriginal-Rcpt-To: <{person.email}>\r\n"
        f"Arrival-Date: {got['Date']}\r\nSource-IP: 127.0.0.1\r\n"
    )
    report.attach(_part("message/feedback-report", fields))
    report.attach(_part("message/rfc822", _without_traces(got)))
    return report


def _receipt(person: Person, got: EmailMessage) -> tuple[str, str, EmailMessage]:
    """RFC 8098."""
    report = _report(f"{person.name} <{person.email}>", f"Read: {got['Subject']}", "disposition-notification")
    report.attach(_text(f"Your message to {person.email} was displayed.\n"))
    fields = (
        f"Reporting-UA: mailworld\r\nFinal-Recipient: rfc822;{person.email}\r\n"
        f"Original-Message-ID: {got['Message-ID']}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"
    )
    report.attach(_part("message/disposition-notification", fields))
    return "", _return_path(got), report


def _opt_out(person: Person, got: EmailMessage) -> tuple[str, str, EmailMessage]:
    """What a mail program writes when its button is pressed (RFC 2369 and 6068)."""
    offers = [part.strip(" <>") for part in str(got["List-Unsubscribe"]).split(",")]
    [link] = [offer for offer in offers if offer.startswith("mailto:")]
    to, _, subject = link.removeprefix("mailto:").partition("?subject=")
    message = EmailMessage()
    message["From"] = f"{person.name} <{person.email}>"
    message["Subject"] = subject
    message.set_content("\n")
    return person.email, to, message


def _enquiry() -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"A Stranger <{STRANGER}>"
    message["Subject"] = ENQUIRY
    message.set_content("I found you by chance.\n")
    return message


def _report(sender: str, subject: str, kind: str) -> EmailMessage:
    report = EmailMessage()
    report["From"] = sender
    report["Subject"] = subject
    report["MIME-Version"] = "1.0"
    report.add_header("Content-Type", "multipart/report", **{"report-type": kind})
    return report


def _text(words: str) -> EmailMessage:
    part = EmailMessage()
    part.set_content(words)
    return part


def _part(kind: str, content: str) -> EmailMessage:
    """A part as it is; the library would take its content apart."""
    part = EmailMessage(policy=email.policy.compat32)
    part["Content-Type"] = kind
    part.set_payload(content)
    return part


def _without_traces(got: EmailMessage) -> str:
    copy = email.message_from_bytes(got.as_bytes(), policy=email.policy.compat32)
    for name in TRACES:
        del copy[name]
    return copy.as_bytes().decode("ascii", "surrogateescape")


WAYS: dict[Act, Callable[[Person, EmailMessage], tuple[str, str, EmailMessage]]] = {
    Act.AWAY: _away,
    Act.AWAY_TO_SENDER: _away_to_sender,
    Act.REPLY: _reply,
    Act.COMPLAIN: _complaint,
    Act.COMPLAIN_BY_LOOP: _complaint_by_loop,
    Act.OPT_OUT: _opt_out,
    Act.RECEIPT: _receipt,
}
