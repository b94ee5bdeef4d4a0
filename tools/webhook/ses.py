"""What Amazon SES tells in the messages of a topic: notifications of an identity, or events of a configuration set."""

from __future__ import annotations

from . import body
from .proof import Refused
from .told import (
    AUTO_REPLY,
    BLOCKED,
    CLICK,
    COMPLAINT,
    CONTENT,
    DEAD,
    DELAYED,
    DELIVERED,
    HARD,
    OPEN,
    OPT_OUT,
    OTHER,
    SOFT,
    SUPPRESSED,
    Says,
    Told,
    weigh,
)

# Type of an event: (where its own part is, the recipients in that part, its table row).
_EVENTS: dict[str, tuple[str, str, Says]] = {
    "Bounce": ("bounce", "bouncedRecipients", HARD),
    "Complaint": ("complaint", "complainedRecipients", COMPLAINT),
    "Delivery": ("delivery", "recipients", DELIVERED),
    "DeliveryDelay": ("deliveryDelay", "delayedRecipients", DELAYED),
    "Reject": ("reject", "", CONTENT),
    "Subscription": ("subscription", "", OTHER),
    "Rendering Failure": ("failure", "", OTHER),
    "Send": ("send", "", OTHER),
    "Open": ("open", "", OPEN),
    "Click": ("click", "", CLICK),
}
# Type and subtype of a bounce.
_BOUNCES: dict[tuple[str, str], Says] = {
    ("Permanent", "General"): HARD,
    ("Permanent", "NoEmail"): DEAD,
    ("Permanent", "Suppressed"): SUPPRESSED,
    ("Permanent", "OnAccountSuppressionList"): SUPPRESSED,
    ("Permanent", "UnsubscribedRecipient"): SUPPRESSED,
    ("Transient", "General"): SOFT,
    ("Transient", "MailboxFull"): Says("soft", "mailbox_full"),
    ("Transient", "MessageTooLarge"): Says("soft", "size"),
    ("Transient", "CustomTimeoutExceeded"): Says("soft", "expired"),
    ("Transient", "ContentRejected"): CONTENT,
    ("Transient", "AttachmentRejected"): CONTENT,
}
# complaintFeedbackType, where it is none of a person who pressed the button.
_NO_COMPLAINTS = {"not-spam": OTHER, "auth-failure": OTHER, "virus": OTHER}
_MOST_RECIPIENTS = 50  # of one message of SES
_MOST_HEADERS = 200


def read(data: object) -> list[Told]:
    """Give what a checked message of SNS tells; what is no event of SES says nothing about anybody."""
    message = body.part({"message": data}, "message")
    if message.get("Type") != "Notification":
        return []
    inner = message.get("Message")
    try:
        event = body.parse(inner.encode("utf-8", "replace")) if isinstance(inner, str) else None
    except Refused:
        # SES greets a topic in plain words when it is given one.
        event = None
    if not isinstance(event, dict):
        return [Told("ses", "plain text", "other", "", body.digest(message.get("MessageId")))]
    return _told(event)


def _told(event: dict[str, object]) -> list[Told]:
    name = body.text(event.get("eventType"), 60) or body.text(event.get("notificationType"), 60)
    own, listed, says = _EVENTS.get(name, ("", "", OTHER))
    about, mail = body.part(event, own), body.part(event, "mail")
    message_id = _message_id(mail)
    found: list[object] = body.listed(about.get(listed)) or body.listed(mail.get("destination"))
    raw = body.raw(event)
    told = []
    for recipient in found[:_MOST_RECIPIENTS]:
        person = recipient if isinstance(recipient, dict) else {"emailAddress": recipient}
        address = body.text(person.get("emailAddress"), 320)
        status = body.status(person.get("status"))
        diagnostic = body.text(person.get("diagnosticCode")) or body.text(about.get("reason"))
        word, meant = _meaning(name, says, about, status or diagnostic)
        kind, permanent, reason = weigh(meant, status, diagnostic)
        number = body.text(about.get("feedbackId"), 120) or body.digest(mail.get("messageId"), about.get("timestamp"))
        told.append(
            Told(
                "ses",
                word,
                kind,
                address,
                body.digest(name, number, address),
                body.written(about.get("timestamp")) or body.written(mail.get("timestamp")),
                reason,
                permanent,
                status,
                diagnostic,
                message_id,
                body.text(mail.get("source"), 320),
                known=name in _EVENTS,
                raw=raw,
            )
        )
    if told:
        return told
    return [Told("ses", name or "without a type", "other", "", body.digest(name, mail.get("messageId")), known=False)]


def _message_id(mail: dict[str, object]) -> str:
    """Give the Message-ID that the mail came to SES with; what SES calls it has no host."""
    for header in body.listed(mail.get("headers"))[:_MOST_HEADERS]:
        if isinstance(header, dict) and body.text(header.get("name"), 60).lower() == "message-id":
            return body.text(header.get("value"), 400)
    common = body.text(body.part(mail, "commonHeaders").get("messageId"), 400)
    return common if "@" in common else ""


def _meaning(name: str, says: Says, about: dict[str, object], said: str) -> tuple[str, Says]:
    """Give (word, what it means); `said` is what a server said, if any did."""
    if name == "Bounce":
        kind, part = body.text(about.get("bounceType"), 40), body.text(about.get("bounceSubType"), 60)
        meant = _BOUNCES.get((kind, part), HARD if kind == "Permanent" else SOFT)
        if (kind, part) == ("Transient", "General") and not said:
            # SES takes notes of absence for bounces; they have no status.
            meant = AUTO_REPLY
        return f"Bounce/{kind}/{part}", meant
    if name == "Complaint":
        if body.text(about.get("complaintSubType")) == "OnAccountSuppressionList":
            return "Complaint/OnAccountSuppressionList", BLOCKED
        kind = body.text(about.get("complaintFeedbackType"), 40)
        return "/".join(filter(None, (name, kind))), _NO_COMPLAINTS.get(kind, COMPLAINT)
    if name == "DeliveryDelay":
        return "/".join(filter(None, (name, body.text(about.get("delayType"), 60)))), says
    if name == "Subscription" and body.part(about, "newTopicPreferences").get("unsubscribeAll") is True:
        return "Subscription/unsubscribeAll", OPT_OUT
    return name, says
