"""Postmark's webhooks: one event, whose caller logs in with a name and a password."""

from __future__ import annotations

from . import body
from .proof import Call, Keys, check_login
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
    POLICY,
    SOFT,
    SUPPRESSED,
    Says,
    Told,
    weigh,
)

METADATA = "email-campaign"  # our key in the metadata that every event repeats

_EVENTS = {
    "Delivery": DELIVERED,
    "SpamComplaint": COMPLAINT,
    "Open": OPEN,
    "Click": CLICK,
    "Inbound": OTHER,
    "SMTPApiError": OTHER,
}
# Bounces by their type, with its number.
_BOUNCES: dict[str, tuple[int, Says]] = {
    "HardBounce": (1, HARD),
    "Transient": (2, DELAYED),
    "Unsubscribe": (16, OPT_OUT),
    "Subscribe": (32, OTHER),
    "AutoResponder": (64, AUTO_REPLY),
    "AddressChange": (128, AUTO_REPLY),
    "DnsError": (256, Says("soft", "network")),
    # A filter's word, not that of a person.
    "SpamNotification": (512, CONTENT),
    "OpenRelayTest": (1024, OTHER),
    "Unknown": (2048, SOFT),
    "SoftBounce": (4096, SOFT),
    "VirusNotification": (8192, CONTENT),
    "ChallengeVerification": (16384, AUTO_REPLY),
    "BadEmailAddress": (100000, DEAD),
    "SpamComplaint": (100001, COMPLAINT),
    "ManuallyDeactivated": (100002, SUPPRESSED),
    "Unconfirmed": (100003, POLICY),
    "Blocked": (100006, BLOCKED),
    "SMTPApiError": (100007, POLICY),
    "InboundError": (100008, OTHER),
    "DMARCPolicy": (100009, POLICY),
    "TemplateRenderingFailed": (100010, OTHER),
}
_TYPES = {str(number): name for name, (number, _says) in _BOUNCES.items()}


def check(call: Call, data: object, keys: Keys) -> None:
    """Refuse who doesn't know the password."""
    check_login(call, keys)


def read(data: object) -> list[Told]:
    """Give what the event in `data` tells."""
    return [_told(event) for event in body.events(data)]


def _told(event: dict[str, object]) -> Told:
    name = body.text(event.get("RecordType"), 60)
    diagnostic = body.text(event.get("Details")) or body.text(event.get("Description"))
    word, says = name, _EVENTS.get(name)
    if name == "Bounce":
        kind = body.text(event.get("Type"), 60)
        if kind not in _BOUNCES:
            kind = _TYPES.get(body.text(event.get("TypeCode")), kind)
        word, says = f"{name}/{kind}", _BOUNCES[kind][1] if kind in _BOUNCES else None
    elif name == "SubscriptionChange":
        word, says = _subscription(event)
    kind, permanent, reason = weigh(says or OTHER, "", diagnostic)
    address = body.text(event.get("Email"), 320) or body.text(event.get("Recipient"), 320)
    written = next(filter(None, map(event.get, ("BouncedAt", "DeliveredAt", "ChangedAt", "ReceivedAt"))), None)
    number = body.text(event.get("ID"), 40)
    return Told(
        "postmark",
        word,
        kind,
        address,
        number or body.digest(word, event.get("MessageID"), address, written),
        body.written(written),
        reason,
        permanent,
        diagnostic=diagnostic,
        # Its own MessageID is a number that it gave the mail, and no Message-ID.
        message_id=body.text(body.part(event, "Metadata").get(METADATA), 200),
        known=says is not None,
        raw=body.raw({key: value for key, value in event.items() if key != "Content"}),
    )


def _subscription(event: dict[str, object]) -> tuple[str, Says]:
    """Give (word, what it means): Postmark tells here too whom it suppresses since a bounce or a complaint."""
    if event.get("SuppressSending") is not True:
        return "SubscriptionChange/resumed", OTHER
    why, origin = body.text(event.get("SuppressionReason"), 60), body.text(event.get("Origin"), 60)
    by_owner = why == "ManualSuppression" and origin == "Recipient"
    return "/".join(filter(None, ("SubscriptionChange", why, origin))), OPT_OUT if by_owner else OTHER
