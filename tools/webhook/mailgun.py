"""Mailgun's webhooks: one event, with a signature beside it (HMAC-SHA256 over timestamp and token)."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

from . import body
from .proof import Call, Keys, Refused, check_age, same
from .told import (
    BLOCKED,
    CLICK,
    COMPLAINT,
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

_EVENTS = {
    "accepted": OTHER,
    "stored": OTHER,
    "delivered": DELIVERED,
    "complained": COMPLAINT,
    "unsubscribed": OPT_OUT,
    "opened": OPEN,
    "clicked": CLICK,
    "rejected": POLICY,
    "list_member_uploaded": OTHER,
    "list_member_upload_error": OTHER,
    "list_uploaded": OTHER,
}
# `reason` of what failed for good.
_REASONS = {
    "bounce": HARD,
    "generic": HARD,
    "hardfail": HARD,
    "suppress-bounce": SUPPRESSED,
    "suppress-complaint": SUPPRESSED,
    "suppress-unsubscribe": SUPPRESSED,
    "espblock": BLOCKED,
    "old": Says("soft", "expired"),
}
# Codes of its own in place of those of SMTP, for the same: too old, bounced, unsubscribed and complained before.
_CODES = {"602": Says("soft", "expired"), "605": SUPPRESSED, "606": SUPPRESSED, "607": SUPPRESSED}

# It tries again after 10, 10, 15 and 30 minutes, 1, 2 and 4 hours: 8:05 after the first time. Whether it signs anew for
# that is documented nowhere.
OLDEST = timedelta(hours=9)


def check(call: Call, data: object, keys: Keys) -> None:
    """Refuse what was not signed with the webhook signing key of the account.

    The signature does not cover the event. So what comes with one a second time must be the same event.
    """
    if not keys.secret:
        raise Refused("no_key")
    proof = body.part(data, "signature")
    timestamp, token, signature = (body.text(proof.get(name), 200) for name in ("timestamp", "token", "signature"))
    if not timestamp or not token or not signature:
        raise Refused("unsigned")
    right = hmac.new(keys.secret.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    if not same(signature, right):
        raise Refused("wrong_signature")
    check_age(body.since_1970(timestamp), call.now, OLDEST)
    event = json.dumps(body.part(data, "event-data"), sort_keys=True)
    if keys.once and not keys.once(_digest(right), _digest(event)):
        raise Refused("used")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read(data: object) -> list[Told]:
    """Give what the event in `data` tells."""
    event = body.part(data, "event-data")
    name, why = body.text(event.get("event"), 60), body.text(event.get("reason"), 60)
    delivery = body.part(event, "delivery-status")
    said = (delivery.get("message"), delivery.get("description"), body.part(event, "reject").get("reason"))
    diagnostic = next(filter(None, map(body.text, said)), "")
    code, status = body.text(delivery.get("code"), 20), body.status(delivery.get("enhanced-code"))
    word, says = name, _EVENTS.get(name)
    if name == "failed":
        severity = body.text(event.get("severity"), 40)
        word, says = "/".join(filter(None, (name, severity, why))), DELAYED
        if severity != "temporary":
            says = _CODES.get(code) or _REASONS.get(why, HARD)
            if says == HARD and body.text(delivery.get("bounce-type")) == "soft":
                says = SOFT
    if code and code not in diagnostic:
        diagnostic = f"{code} {diagnostic}".strip()
    kind, permanent, reason = weigh(says or OTHER, status, diagnostic)
    headers = body.part(event, "message", "headers")
    # It is written with a fraction of a second.
    moment = event.get("timestamp")
    address = body.text(event.get("recipient"), 320) or body.text(headers.get("to"), 320)
    message_id = body.text(headers.get("message-id"), 400)
    return [
        Told(
            "mailgun",
            word,
            kind,
            address,
            body.text(event.get("id"), 120) or body.digest(name, message_id, address, body.since_1970(moment)),
            body.since_1970(moment),
            reason,
            permanent,
            status,
            diagnostic,
            message_id,
            body.text(body.part(event, "envelope").get("sender"), 320),
            known=says is not None,
            raw=body.raw(event),
        )
    ]
