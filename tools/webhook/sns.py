"""Messages of Amazon SNS: signed with a key whose certificate Amazon serves.

The text that is signed, for both versions of signatures, and what is to be checked, are in Amazon's "Verifying the
signatures of Amazon SNS messages".
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime, timezone
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from . import body
from .proof import Call, Keys, Refused, check_age, same

CONFIRMATION = "SubscriptionConfirmation"
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}
_HOST = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}\.amazonaws\.com(?:\.cn)?")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]{1,80}\.pem")


def is_ours(url: str) -> bool:
    """Say whether Amazon SNS itself is behind `url`."""
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > 2_000:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # The whole of what names the server: no name, password or port in it.
    return parts.scheme == "https" and bool(_HOST.fullmatch(parts.netloc))


def is_certificate(url: str) -> bool:
    """Say whether `url` is where Amazon SNS has a certificate, and nothing else that it serves."""
    # The whole of what follows the server's name: without a query, which would be another one to keep.
    return is_ours(url) and bool(_CERTIFICATE.fullmatch(url[len("https://") + len(urlsplit(url).netloc) :]))


def is_topic(arn: str) -> bool:
    """Say whether `arn` names a topic."""
    return bool(_TOPIC.fullmatch(arn))


def check(call: Call, data: object, keys: Keys) -> None:
    """Refuse what Amazon did not sign, and what is not of the topic that was agreed, if one was."""
    message = body.part({"message": data}, "message")
    kind, version = message.get("Type"), message.get("SignatureVersion")
    names = _SIGNED.get(kind) if isinstance(kind, str) else None
    hashed = _HASHES.get(version) if isinstance(version, str) else None
    signature, url = message.get("Signature"), message.get("SigningCertURL")
    if names is None or hashed is None or not isinstance(signature, str) or not isinstance(url, str):
        raise Refused("unsigned")
    if not is_certificate(url):
        raise Refused("foreign_url", body.text(url, 200))
    signed = _text(message, names)
    topic = body.text(message.get("TopicArn"), 400)
    # This costs less than a certificate; what isn't signed is refused as well.
    if not is_topic(topic) or (keys.topic and not same(topic, keys.topic)):
        raise Refused("other_topic", topic)
    if keys.certificate is None:
        raise Refused("no_key")
    key = _public_key(keys.certificate(url), call.now)
    try:
        key.verify(base64.b64decode(signature, validate=True), signed, padding.PKCS1v15(), hashed())
    except (binascii.Error, ValueError, InvalidSignature) as error:
        raise Refused("wrong_signature") from error
    check_age(body.written(message.get("Timestamp")), call.now)


def topic(data: object) -> str:
    """Give the topic that a checked message is of."""
    return body.text(body.part({"message": data}, "message").get("TopicArn"), 400)


def confirmation(data: object) -> str:
    """Give the URL to visit where a checked message asks whether its topic is wanted here, else an empty text.

    Raises Refused where it leads elsewhere.
    """
    message = body.part({"message": data}, "message")
    if message.get("Type") != CONFIRMATION:
        return ""
    url = message.get("SubscribeURL")
    if not isinstance(url, str) or not is_ours(url):
        raise Refused("foreign_url", body.text(url, 200))
    return url


def _text(message: dict[str, object], names: tuple[str, ...]) -> bytes:
    """Give what is signed: each name and value on a line of its own; a notification may have no subject."""
    lines = []
    for name in names:
        value = message.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            raise Refused("unsigned")
        lines += [name, value]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _public_key(pem: bytes, now: datetime) -> rsa.RSAPublicKey:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except ValueError as error:
        raise Refused("bad_certificate") from error
    moment = now.replace(tzinfo=timezone.utc)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not isinstance(key, rsa.RSAPublicKey) or not begin <= moment <= end:
        raise Refused("bad_certificate")
    return key
