"""Brevo's transactional webhooks: an event or a list of them, whose caller logs in with a name and a password."""

from __future__ import annotations

from . import body
from .proof import Call, Keys, check_login
from .told import (
    CLICK,
    COMPLAINT,
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
    Told,
    weigh,
)

CUSTOM = "email_campaign:"  # what our custom header begins with, which every event repeats

_EVENTS = {
    "request": OTHER,
    "delivered": DELIVERED,
    "hard_bounce": HARD,
    "soft_bounce": SOFT,
    "invalid_email": DEAD,
    "blocked": SUPPRESSED,
    "error": POLICY,
    "deferred": DELAYED,
    "spam": COMPLAINT,
    "complaint": COMPLAINT,
    "unsubscribe": OPT_OUT,
    "unsubscribed": OPT_OUT,
    "opened": OPEN,
    "unique_opened": OPEN,
    "proxy_open": OPEN,
    "unique_proxy_open": OPEN,
    "click": CLICK,
    "list_addition": OTHER,
}


def check(call: Call, data: object, keys: Keys) -> None:
    """Refuse who doesn't know the password."""
    check_login(call, keys)


def read(data: object) -> list[Told]:
    """Give what the events in `data` tell."""
    return [_told(event) for event in body.events(data)]


def _told(event: dict[str, object]) -> Told:
    name, diagnostic = body.text(event.get("event"), 60), body.text(event.get("reason"))
    says = _EVENTS.get(name)
    kind, permanent, reason = weigh(says or OTHER, "", diagnostic)
    address, message_id = body.text(event.get("email"), 320), body.text(event.get("message-id"), 400)
    # These two are in UTC; the others are in the time zone of the account.
    at = body.since_1970(event.get("ts_epoch"), 0.001) or body.since_1970(event.get("ts_event"))
    custom = body.text(event.get("X-Mailin-custom"), 200)
    return Told(
        "brevo",
        name,
        kind,
        address,
        body.digest(name, message_id, address, event.get("ts_event"), event.get("ts_epoch"), event.get("date")),
        at,
        reason,
        permanent,
        diagnostic=diagnostic,
        message_id=custom.removeprefix(CUSTOM) if custom.startswith(CUSTOM) else message_id,
        known=says is not None,
        raw=body.raw(event),
    )
