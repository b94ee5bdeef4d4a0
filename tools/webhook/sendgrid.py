"""SendGrid's Event Webhook: a list of events, signed as a whole (ECDSA over timestamp and body)."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from . import body
from .proof import Call, Keys, Refused, check_age
from .told import (
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

ARGUMENT = "email_campaign"  # our unique argument, which every event repeats
_OWN_HOST = "ismtpd"  # in the names of SendGrid's servers, and so in Message-IDs that they make

_SIGNATURE, _TIMESTAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"
_EVENTS = {
    "delivered": DELIVERED,
    "deferred": DELAYED,
    "spamreport": COMPLAINT,
    "unsubscribe": OPT_OUT,
    "group_unsubscribe": OPT_OUT,
    "group_resubscribe": OTHER,
    "processed": OTHER,
    "open": OPEN,
    "click": CLICK,
    "account_status_change": OTHER,
}
# bounce_classification, by its first word.
_CLASSES = {
    "invalid": DEAD,
    "mailbox": SOFT,
    "technical": Says("soft", "network"),
    "content": CONTENT,
    "reputation": BLOCKED,
    "frequency": Says("soft", "rate"),
}
# Why it was not even tried, by the beginning of `reason`.
_DROPPED = {
    "invalid smtpapi": POLICY,
    "invalid": DEAD,
    "bounced": SUPPRESSED,
    "unsubscribed": SUPPRESSED,
    "spam report": SUPPRESSED,
    "spam content": CONTENT,
    "recipient list": Says("soft", "rate"),
}


def check(call: Call, data: object, keys: Keys) -> None:
    """Refuse what SendGrid did not sign with the key of the account."""
    if not keys.secret:
        raise Refused("no_key")
    signature, timestamp = call.headers.get(_SIGNATURE, ""), call.headers.get(_TIMESTAMP, "")
    if not signature or not timestamp:
        raise Refused("unsigned")
    try:
        key = load_der_public_key(base64.b64decode("".join(keys.secret.split("-----")[::2]), validate=False))
    except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
        raise Refused("bad_key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Refused("bad_key")
    try:
        signed = timestamp.encode("latin-1", "replace") + call.body
        key.verify(base64.b64decode(signature, validate=True), signed, ec.ECDSA(hashes.SHA256()))
    except (binascii.Error, ValueError, InvalidSignature) as error:
        raise Refused("wrong_signature") from error
    check_age(body.since_1970(timestamp), call.now)


def read(data: object) -> list[Told]:
    """Give what the events in `data` tell."""
    return [_told(event) for event in body.events(data)]


def _told(event: dict[str, object]) -> Told:
    name, diagnostic = body.text(event.get("event"), 60), body.text(event.get("reason") or event.get("response"))
    status = body.status(event.get("status"))
    word, says = name, _EVENTS.get(name)
    if name == "bounce":
        word, says = _bounced(event)
    elif name == "dropped":
        word = f"dropped/{diagnostic[:60]}"
        says = next((says for start, says in _DROPPED.items() if diagnostic.lower().startswith(start)), SUPPRESSED)
    kind, permanent, reason = weigh(says or OTHER, status, diagnostic)
    moment = event.get("timestamp")
    message_id = body.text(event.get("smtp-id"), 400)
    if _OWN_HOST in message_id:
        message_id = ""  # SendGrid's own name of it
    return Told(
        "sendgrid",
        word,
        kind,
        body.text(event.get("email"), 320),
        body.text(event.get("sg_event_id"), 120)
        or body.digest(name, event.get("sg_message_id"), event.get("smtp-id"), event.get("email"), moment),
        body.since_1970(moment),
        reason,
        permanent,
        status,
        diagnostic,
        # Reports of spam have our argument, and no Message-ID.
        body.text(event.get(ARGUMENT), 200) or message_id,
        known=says is not None,
        raw=body.raw(event),
    )


def _bounced(event: dict[str, object]) -> tuple[str, Says]:
    """Give (word, what it means) of a refusal: of type "bounce", or "blocked", which is for now, or "expired"."""
    kind, named = body.text(event.get("type"), 40) or "bounce", body.text(event.get("bounce_classification"), 60)
    says = _CLASSES.get(named.partition(" ")[0].lower())
    if kind == "expired":
        says = Says("soft", "expired")
    elif kind != "bounce" and (says is None or says.kind == "hard"):
        says = BLOCKED
    return "/".join(filter(None, ("bounce" if kind == "bounce" else f"bounce {kind}", named))), says or HARD
