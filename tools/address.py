"""Email addresses: one normal form to compare, one form for the wire, one form for headers.

Syntax is checked by `email-validator`, the maintained checker of the field (RFC 5321, 5322, 6531, IDNA 2008).
Only syntax: reserved and private domains (``.test``, ``.local``, ``localhost``) are good addresses here.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import TypeVar

import idna
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

_Text = TypeVar("_Text", str, bytes)

MAX_OCTETS = 254  # RFC 5321 4.5.3.1.3: a path is 256 octets with its angle brackets
MAX_LOCAL_OCTETS = 64  # RFC 5321 4.5.3.1.1
_MAX_FIELD = 2_000  # characters of one "name <address>"; no honest one is longer

_EXPLANATIONS = {
    "empty": "There is no email address",
    "no_at": "An email address needs exactly one part before and one after an @-sign",
    "several": "One email address is expected, this holds several",
    "bad_format": "This does not have the form of one email address",
    "bad_local": "The part before the @-sign is not valid",
    "bad_domain": "The part after the @-sign is not a valid domain name",
    "no_dot": "The part after the @-sign has no dot, so it is only part of a domain name",
    "control_character": "Line breaks and control characters are not allowed in an email address",
    "too_long": "The email address is too long (64 octets before the @-sign, 254 in all)",
}

# C0 without TAB, DEL, C1, Unicode line ends, and lone surrogates: none can be carried by a header field.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*@((?:{_LABEL}\.)*{_LABEL})")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_ALL_DIGITS = re.compile(r"(?:.*\.)?[0-9]+")
# A quote that never closes runs to the end of the line, so that no text makes the search start over and over.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)|\([^()]*\)|[,;]|[^",;()]+|.')
_TOKEN_NO_QUOTES = re.compile(r"[,;]|[^,;]+")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMMENT_AROUND = re.compile(r"^\([^()]*\)\s*|\s*\([^()]*\)$")

# Without "=" and "?", which could spell an encoded word (RFC 2047) that a reader would decode.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/^_`{|}~-]+)*")
_UNFOLDABLE = re.compile(r"[^ ]{61}")
_QUOTED_PAIR = re.compile(r'(["\\])')
# RFC 2047 2: a line with encoded words has 76 characters, of which "Reply-To: ", "=?utf-8?q?" and "?=" take 22.
_WORD_OCTETS = 54
_BARE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q_ENCODED = ["_" if o == 32 else chr(o) if o in _BARE else f"={o:02X}" for o in range(256)]
_Q_OF_LATIN = dict(enumerate(_Q_ENCODED))  # of octets that are written as characters


class AddressError(ValueError):
    """A text is not one valid email address. `reason` is a stable code, `explanation` an English sentence."""

    def __init__(self, reason: str, value: str) -> None:
        self.reason = reason
        self.value = value
        self.explanation = f"{_EXPLANATIONS[reason]}: {_shown(value)}."
        super().__init__(self.explanation)


def _shown(value: str) -> str:
    return ascii(value) if len(value) <= 100 else ascii(value[:100]) + "…"


def has_control(text: str) -> bool:
    """Tell whether `text` holds a character that no header field or SMTP command may carry (CR, LF, NUL)."""
    return _CONTROL.search(text) is not None


def normalize(text: str) -> str:
    """Return the normal form of the single address in `text`, the key by which addresses are compared.

    A display name, comments around and angle brackets are dropped. An ASCII local part is lower-cased, any
    other is kept as written (as Odoo's `email_normalize` does); the domain is in lower case, as A-labels
    (RFC 5890), so that both spellings of an international domain are one key.

    Raises AddressError, with one of the reasons of `_EXPLANATIONS`.
    """
    if len(text) > _MAX_FIELD:
        raise AddressError("too_long", text)
    spec = text.strip()
    matched = _PLAIN.fullmatch(spec)
    if matched is None:
        spec = _addr_spec(text)
        matched = _PLAIN.fullmatch(spec)
    local, _at, domain = spec.rpartition("@")
    if matched is not None and "--" not in domain and not _ALL_DIGITS.fullmatch(domain):
        if len(spec) > MAX_OCTETS or len(local) > MAX_LOCAL_OCTETS:
            raise AddressError("too_long", text)
        return spec.lower()
    return _checked(local, domain, text)


def entered(text: str) -> str:
    """Return the normal form of the single address in `text` as somebody enters or imports it.

    A domain name without a dot is most often a slip there, as in bob@example; ``localhost`` and the like are not.

    Raises AddressError as `normalize` does, and with no_dot.
    """
    found = normalize(text)
    domain = found.rpartition("@")[2]
    if "." not in domain and domain not in SPECIAL_USE_DOMAIN_NAMES:
        raise AddressError("no_dot", text)
    return found


def _addr_spec(text: str) -> str:
    """Return what is left of one "name <address> (comment)" without the name and the comments."""
    if has_control(text.strip()):
        raise AddressError("control_character", text)
    pieces = split(text)
    if len(pieces) != 1:
        raise AddressError("several" if pieces else "empty", text)
    spec = _COMMENT_AROUND.sub("", pieces[0].strip()).strip()
    if spec.endswith(">"):
        name, bracket, spec = spec[:-1].rpartition("<")
        if not bracket:
            raise AddressError("bad_format", text)
        if "@" in _QUOTED.sub("", name):
            raise AddressError("several", text)
        spec = spec.strip()
        if not spec:
            raise AddressError("empty", text)
    elif "<" in spec or ">" in spec:
        raise AddressError("bad_format", text)
    if "@" not in spec:
        raise AddressError("no_at", text)
    return spec


def _checked(local: str, domain: str, text: str) -> str:
    """Have the library check what is not a plain ASCII address, and return its normal form."""
    if not local or not domain:
        raise AddressError("no_at", text)
    if len(local.encode()) > MAX_LOCAL_OCTETS or len(domain.encode()) > MAX_OCTETS:
        raise AddressError("too_long", text)
    if _ALL_DIGITS.fullmatch(domain):
        raise AddressError("bad_domain", text)
    checked_domain = _valid_domain(domain)
    if checked_domain is None:
        raise AddressError("bad_domain", text)
    try:
        validate_email(f"{local}@example.com", check_deliverability=False, allow_quoted_local=False)
    except (EmailNotValidError, UnicodeError) as error:
        raise AddressError("several" if "@" in local else "bad_local", text) from error
    ascii_domain, unicode_domain = checked_domain
    if len(local.encode()) + 1 + max(len(ascii_domain), len(unicode_domain.encode())) > MAX_OCTETS:
        raise AddressError("too_long", text)
    return f"{local.lower() if local.isascii() else local}@{ascii_domain}"


@lru_cache(maxsize=1024)
def _valid_domain(domain: str) -> tuple[str, str] | None:
    """Return (A-label form, U-label form) of a domain name, or None if it is not one (RFC 5891)."""
    # The library refuses reserved names and names without a dot as a policy; below "example" it does not.
    last = domain.rpartition(".")[2].lower()
    suffix = ".example" if last in SPECIAL_USE_DOMAIN_NAMES or last == domain.lower() else ""
    try:
        checked = validate_email(f"a@{domain}{suffix}", check_deliverability=False)
    except (EmailNotValidError, UnicodeError):
        return None
    return checked.ascii_domain.removesuffix(suffix), checked.domain.removesuffix(suffix)


def split(text: str) -> list[str]:
    """Cut a field with several addresses into its raw pieces, "name <address>", in their order.

    Commas, semicolons and line ends separate, except inside quoted strings and comments. Nothing is checked.
    """
    pieces = []
    for line in re.split(r"[\r\n]+", text):
        tokens = _TOKEN.findall(line)
        # A quote that never closes must not swallow the addresses behind it.
        if tokens and tokens[-1].startswith('"') and not _QUOTED.fullmatch(tokens[-1]):
            tokens = _TOKEN_NO_QUOTES.findall(line)
        piece = ""
        for token in [*tokens, ","]:
            if token in (",", ";"):
                if piece := piece.strip():
                    pieces.append(piece)
                piece = ""
            else:
                piece += token
    return pieces


def key(text: str) -> str:
    """Return the normal form of the address in `text`, or `text` as it is if it holds none; never raises."""
    try:
        return normalize(text)
    except AddressError:
        return text


def spelled(email: str) -> str:
    """Return a normal form with its domain as people write it, in U-labels: the other way round of `normalize`."""
    local, _at, domain = email.rpartition("@")
    return f"{local}@{_ulabel(domain)}"


@lru_cache(maxsize=1024)
def _ulabel(domain: str) -> str:
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def display_name(text: str) -> str:
    """Return the name before the angle brackets of "name <address>", without its quotes; empty if there is none."""
    name, bracket, _rest = text.rpartition("<")
    return " ".join(_CONTROL.sub(" ", name).split()).strip('"').strip() if bracket else ""


def envelope(address: str) -> tuple[str, bool]:
    """Return `address` as SMTP and headers want it, and whether it needs SMTPUTF8 (RFC 6531).

    The domain becomes A-labels (IDNA 2008 with UTS 46 mapping); a non-ASCII local part stays.

    Raises AddressError: control_character, no_at, bad_domain.
    """
    if address.isascii() and address.isprintable() and 0 < address.rfind("@") < len(address) - 1:
        return address, False
    if has_control(address):
        raise AddressError("control_character", address)
    local, _at, domain = address.rpartition("@")
    if not local or not domain:
        raise AddressError("no_at", address)
    if domain.isascii():
        return address, not local.isascii()
    try:
        return f"{local}@{_alabel(domain)}", not local.isascii()
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressError("bad_domain", address) from error


@lru_cache(maxsize=1024)
def _alabel(domain: str) -> str:
    return idna.encode(domain, uts46=True).decode("ascii")


def mailbox(name: str | None, address: str) -> str:
    """Return the header value for one mailbox (RFC 5322 3.4): ``Ann <a@b>``, ``"Doe, Ann" <a@b>``.

    Any `name` is accepted: its control characters become spaces, and what is not ASCII becomes encoded words
    (RFC 2047). The value has no line end and is ASCII, except for a non-ASCII local part, which only a
    message sent with SMTPUTF8 can carry (RFC 6532).

    Raises AddressError when `address` is not in the normal form that `normalize` returns.
    """
    spec = address
    if not _PLAIN.fullmatch(address):
        spec, _smtputf8 = envelope(address)
        if not _PLAIN.fullmatch(_NOT_ASCII.sub("x", spec)):
            raise AddressError("bad_format", address)
    return named(name, spec)


def named(name: str | None, spec: str) -> str:
    """Return `name <spec>` for a header, with any `name` written as `mailbox` does, and `spec` as it is."""
    if not name:
        return spec
    if _PLAIN_NAME.fullmatch(name) and len(name) <= 60:
        return f"{name} <{spec}>"
    # Nothing that `_CONTROL` finds is printable, nor is a tab.
    phrase = _phrase((name if name.isprintable() else _CONTROL.sub(" ", name).replace("\t", " ")).strip())
    return f"{phrase} <{spec}>" if phrase else spec


def _phrase(name: str) -> str:
    """Return a display name as a quoted string, or as encoded words where that would not do."""
    if not name or (name.isascii() and "=?" not in name and not _UNFOLDABLE.search(name)):
        return '"' + _QUOTED_PAIR.sub(r"\\\1", name) + '"' if name else ""
    encoded = name.encode()
    size = (len(encoded) + 2) // 3 * 4
    if size <= _WORD_OCTETS:
        short = encoded.decode("latin-1").translate(_Q_OF_LATIN)
        if len(short) <= size:
            return f"=?utf-8?q?{short}?="
        return f"=?utf-8?b?{base64.b64encode(encoded).decode()}?="
    octets = [char.encode() for char in name]
    quoted = ["".join(_Q_ENCODED[octet] for octet in char) for char in octets]
    if sum(map(len, quoted)) <= (sum(map(len, octets)) + 2) // 3 * 4:
        return " ".join(f"=?utf-8?q?{''.join(word)}?=" for word in _words(quoted, _WORD_OCTETS))
    words = _words(octets, _WORD_OCTETS // 4 * 3)
    return " ".join(f"=?utf-8?b?{base64.b64encode(b''.join(word)).decode()}?=" for word in words)


def _words(chars: list[_Text], limit: int) -> list[list[_Text]]:
    """Group encoded characters into words of at most `limit` units; none straddles two (RFC 2047 5)."""
    words: list[list[_Text]] = [[]]
    room = limit
    for char in chars:
        if len(char) > room:
            words.append([])
            room = limit
        words[-1].append(char)
        room -= len(char)
    return words
