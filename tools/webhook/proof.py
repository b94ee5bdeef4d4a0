"""How a service proves that a call of a webhook is its own, and what is said where it doesn't."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Refusal = Literal[
    "malformed",
    "too_large",
    "no_key",
    "bad_key",
    "unsigned",
    "wrong_signature",
    "too_old",
    "wrong_login",
    "foreign_url",
    "unreachable",
    "bad_certificate",
    "other_topic",
    "no_topic",
    "used",
]
# All services try again what was not taken, for a day at the most. What is replayed within it changes nothing, because
# every event counts once; a signature older than that has leaked from somewhere.
OLDEST = timedelta(hours=25)
AHEAD = timedelta(minutes=15)  # of a clock that is wrong


class Refused(Exception):
    """A call is not taken. `detail` names what was refused, and never a secret."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.detail = detail[:300]


@dataclass(frozen=True)
class Call:
    """One call: its body as it came, its headers with names in lower case, and when it came (naive UTC)."""

    body: bytes
    headers: Mapping[str, str]
    now: datetime


@dataclass(frozen=True)
class Keys:
    """What was agreed with the service.

    `secret` is its key, or the password; `login` the name that goes with a password; `topic` the one that messages
    must be of; `certificate` gives the certificate (PEM) at a URL. `once(signature, content)`, both being digests,
    tells whether that signature has come with no other content before, where it doesn't cover the content.
    """

    secret: str = ""
    login: str = ""
    topic: str = ""
    certificate: Callable[[str], bytes] | None = None
    once: Callable[[str, str], bool] | None = None


def same(one: str, other: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def check_age(moment: datetime | None, now: datetime, oldest: timedelta = OLDEST) -> None:
    """Refuse what was signed too long ago, or in the future, or without saying when."""
    if moment is None or not now - oldest <= moment <= now + AHEAD:
        raise Refused("too_old", "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC")


def check_login(call: Call, keys: Keys) -> None:
    """Refuse a call without the agreed name and password (RFC 7617)."""
    if not keys.secret:
        raise Refused("no_key")
    scheme, _space, encoded = call.headers.get("authorization", "").partition(" ")
    if not encoded:
        raise Refused("unsigned")
    try:
        given = base64.b64decode(encoded.strip()[:2_000], validate=True).decode()
    except (binascii.Error, ValueError):
        given = ""
    login, _colon, password = given.partition(":")
    # Both are compared, whatever the first says.
    right = same(login, keys.login) & same(password, keys.secret)
    if scheme.lower() != "basic" or not right:
        raise Refused("wrong_login")
