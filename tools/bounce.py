"""What an incoming message says about mail that we sent: bounce, delay, complaint, automatic reply.

Reads delivery status notifications (RFC 3464, 6533), abuse reports (RFC 5965), automatic replies (RFC 3834).
The same table of reasons serves the replies of a server during the sending (`classify`).
"""

from __future__ import annotations

import binascii
import logging
import quopri
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message
from typing import Any, Literal

from .address import AddressError, normalize

_logger = logging.getLogger(__name__)

Kind = Literal["bounce", "delayed", "complaint", "auto_reply", "other"]
Reason = Literal[
    "dead_address",
    "disabled",
    "mailbox_full",
    "blocked",
    "policy",
    "content",
    "size",
    "rate",
    "expired",
    "network",
    "unknown",
]

# Bounds on what strangers can make us do; reports have their fields in the first few kilobytes.
MAX_OCTETS = 2_000_000
MAX_LINES = 40_000
MAX_BOUNDARIES = 30  # each open boundary is compared with each line
MAX_PARTS = 100
MAX_RECIPIENTS = 1_000
MAX_TEXT = 2_000  # characters of a diagnostic that are looked at and kept

# (reason, enhanced status or None for any, text or None for any): the first row that fits decides. Texts come
# first because many servers answer everything with 5.1.1 or 5.7.1; what blames the address alone comes last.
_VAGUE = r"|5\.[0135]\.\d+"  # no status, or one that doesn't tell
_TABLE: tuple[tuple[Reason, str | None, str | None], ...] = (
    ("dead_address", r"5\.4\.1", r"recipient address rejected: access denied"),
    ("rate", None, r"too many|rate[ -]?limit|throttl|too (?:fast|quickly|frequent)|unexpected volume"),
    ("rate", None, r"(?:connection|message|sending|hourly|daily) (?:rate|limit|quota)|gr[ae]y-?list"),
    ("mailbox_full", None, r"over ?quota|quota (?:is )?(?:full|exceeded)|exceed.{0,30}\b(?:quota|storage)"),
    (
        "mailbox_full",
        None,
        r"(?:mailbox|inbox|mail ?folder) (?:.{0,20} )?full\b|\bdisk full|not enough space",
    ),
    ("mailbox_full", None, r"insufficient (?:system |disk )?(?:storage|space)|out of (?:storage|disk)"),
    ("size", None, r"(?:message|mail|size).{0,30}\b(?:too (?:large|big)|exceed)|exceed.{0,30}\bsize"),
    ("disabled", None, r"(?:account|mailbox|recipient|user)\b.{0,60}\b(?:disabled|discontinued|suspended)"),
    ("disabled", None, r"(?:disabled|suspended) (?:recipient|account|mailbox|user)"),
    ("disabled", None, r"(?:account|mailbox) is (?:blocked|locked|frozen)"),
    (
        "content",
        None,
        r"\b(?:spam|virus|malware|phishing|unsolicited|infected)\b|spam-?(?:like|score|message)",
    ),
    ("content", None, r"\bcontent\b.{0,40}\b(?:reject|denied|block|not accept|potential)|attachment"),
    ("blocked", None, r"black ?list|block ?list|\bblocked\b|\b(?:dns)?[rd]bl\b|spamhaus|reputation"),
    ("blocked", None, r"\bbanned\b|client host .{0,80}\brejected|reverse dns|\bptr\b|name lookup failed"),
    ("policy", None, r"\b(?:dmarc|spf|dkim)\b|relay(?:ing)? (?:access )?(?:denied|not|prohibited)"),
    ("policy", None, r"(?:unable|not) to relay|sender address\b.{0,80}not exist|preferences"),
    ("policy", None, r"sender (?:address )?(?:\S+ )?(?:rejected|denied|unknown|not )"),
    ("policy", None, r"\bpolic(?:y|ies)\b|prohibited|not authori[sz]ed|authentication (?:is )?required"),
    ("expired", r".\.4\.7", None),
    ("mailbox_full", r".\.2\.2", None),
    ("size", r".\.2\.3|.\.3\.4", None),
    ("disabled", r".\.2\.1|.\.7\.13", None),
    ("policy", r".\.1\.[78]", None),
    ("dead_address", r"5\.1\.(?:[1236]|10|351)|5\.4\.4", None),
    ("dead_address", r"5\.1\.0", r"address rejected"),
    ("dead_address", None, r"(?:host|domain)\b.{0,40} does(?: not|n't) (?:accept|receive) e?-?mail|null mx"),
    ("content", r".\.6\.\d+", None),
    ("rate", r"4\.7\.\d+", None),
    ("blocked", r".\.7\.1", None),
    ("policy", r".\.7\.\d+", None),
    ("expired", None, r"expired|(?:retry|delivery) time(?:out)? .{0,20}exceeded|too long in .{0,10}queue"),
    ("network", r".\.4\.\d+", None),
    ("dead_address", _VAGUE, r"(?:user|recipient|mailbox|addressee?|account) (?:is )?(?:unknown|invalid)"),
    ("dead_address", _VAGUE, r"(?:unknown|invalid|no such|bad) (?:local |virtual )?(?:user|recipient)"),
    ("dead_address", _VAGUE, r"(?:unknown|invalid|no such|bad) (?:mailbox|person|(?:e-?mail )?address)"),
    (
        "dead_address",
        _VAGUE,
        r"(?:user|recipient|mailbox|address|account)\b.{0,60}(?:no|n')t (?:found|exist)",
    ),
    ("dead_address", _VAGUE, r"doesn't have an? .{0,60}account|not our customer|no mailbox here"),
    ("dead_address", r"5\.5\.0", r"requested action not taken: mailbox unavailable"),
    ("dead_address", _VAGUE, r"(?:no such|unknown|illegal) (?:host|domain)"),
    ("dead_address", _VAGUE, r"(?:host|domain)\b.{0,40}(?:unknown|not found|not exist)"),
    ("network", None, r"connect(?:ion)? .{0,80}(?:timed out|refused|reset|lost)|no route|unreachable"),
    ("network", None, r"\bdns\b|hop count|\bloop"),
)
_RULES = tuple(
    (reason, re.compile(status or ".*"), re.compile(text, re.IGNORECASE) if text else None)
    for reason, status, text in _TABLE
)

_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
_CODE = re.compile(r"(?<![\d.])[245]\d\d(?=[ \-=#])")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")
_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_BLANK = re.compile(r"\n[ \t]*\n")
_NOISE = re.compile(r"https?://\S+|\S+@\S+")
_FINAL = re.compile(r"^final-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_RETURNED = ("message-id", "from", "to", "subject", "date", "return-path", "list-unsubscribe", "feedback-id")
_DELIVERY_STATUS = frozenset(("message/delivery-status", "message/global-delivery-status"))
_ORIGINAL = frozenset(("message/rfc822", "message/global"))
_ORIGINAL_HEADERS = frozenset(("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"))
_NOT_FAILED = frozenset(("delayed", "delivered", "relayed", "expanded"))


@dataclass(frozen=True)
class Failed:
    """One recipient that a report is about. `status` is x.y.z (RFC 3463) or empty."""

    address: str
    action: str
    status: str
    diagnostic: str
    permanent: bool
    reason: Reason

    @property
    def kind(self) -> Literal["hard", "soft"]:
        """Hard only if the address itself is dead; a permanent refusal for any other reason is soft."""
        return "hard" if self.permanent and self.reason == "dead_address" else "soft"


@dataclass(frozen=True)
class Verdict:
    """What a message is. `message_id` and `returned_headers` (lower-case names) are of what it returns."""

    kind: Kind
    rule: str
    recipients: tuple[Failed, ...] = ()
    message_id: str | None = None
    returned_headers: dict[str, str] = field(default_factory=dict)


def classify(code: int | None, enhanced: str | None, text: str) -> tuple[bool, Reason]:
    """Return (permanent, reason) of an SMTP reply: its code (RFC 5321), enhanced status (RFC 3463), text.

    `code` and `enhanced` may be None; an enhanced status in the text is then used. The class of the code, or
    else of the status, says whether it is permanent; without both it is not.
    """
    text = text[:MAX_TEXT]
    if not enhanced and (found := _ENHANCED.search(text)):
        enhanced = found[0]
    permanent = code // 100 == 5 if code else (enhanced or "").startswith("5")
    # "<spam@example.com>: user unknown" and ".../policy.html" say nothing about spam and policies.
    text = " ".join(_NOISE.sub(" ", text).split())
    for reason, status, pattern in _RULES:
        if status.fullmatch(enhanced or "") and (pattern is None or pattern.search(text)):
            return permanent, reason
    return permanent, "unknown"


def read(message: bytes | Message[Any, Any]) -> Verdict:
    """Return the verdict on an incoming message. Never raises: what can't be understood is `other`."""
    try:
        if isinstance(message, bytes):
            raw = b"\n".join(message[:MAX_OCTETS].split(b"\n", MAX_LINES)[:MAX_LINES])
            if raw.lower().count(b"boundary=") > MAX_BOUNDARIES:
                return Verdict("other", "too many MIME boundaries")
            message = message_from_bytes(raw, policy=policy.compat32)
        return _verdict(message)
    except Exception:  # the standard parser raises what it does not document on hostile input
        _logger.warning("An incoming message could not be analysed.", exc_info=True)
        return Verdict("other", "malformed message")


def _verdict(message: Message[Any, Any]) -> Verdict:
    parts = [(_content_type(part), part) for part in _parts(message)]
    returned = next((headers for kind, part in parts if (headers := _returned(kind, part))), {})
    message_id = _first(_MESSAGE_ID, returned.get("message-id", "")) or None
    for kind, part in parts:
        if kind == "message/feedback-report":
            report = _text(part)
            feedback = _fields(report).get("feedback-type", "abuse").lower()
            if feedback in ("auth-failure", "not-spam", "dmarc"):
                return Verdict("other", f"RFC 5965 feedback-type {feedback}")
            return Verdict("complaint", "RFC 5965 feedback report", _complainers(report), message_id, returned)
    statuses = [part for kind, part in parts if kind in _DELIVERY_STATUS]
    blocks = [block for part in statuses for block in _blocks(_text(part))][:MAX_RECIPIENTS]
    recipients = [recipient for block in blocks if (recipient := _recipient(block))]
    if failed := tuple(r for r in recipients if r.action not in _NOT_FAILED):
        return Verdict("bounce", "RFC 3464 delivery status", failed, message_id, returned)
    if delayed := tuple(r for r in recipients if r.action == "delayed"):
        return Verdict("delayed", "RFC 3464 delivery status", delayed, message_id, returned)
    if statuses:
        return Verdict("other", "RFC 3464 delivery status without a failure", (), message_id, returned)
    if parts[0][0] == "multipart/report":
        return Verdict("other", "report that is neither a delivery status nor feedback", (), message_id, returned)
    return _auto_reply(_headers(message))


def _auto_reply(headers: dict[str, str]) -> Verdict:
    submitted = re.split(r"[\s;(]", headers.get("auto-submitted", "").strip().lower(), maxsplit=1)[0]
    # Exchange calls its absence notes auto-generated, although they answer a message.
    answers = submitted == "auto-generated" and ("in-reply-to" in headers or "references" in headers)
    if submitted != "auto-replied" and not answers:
        return Verdict("other", "ordinary message")
    if any(name.startswith("list-") for name in headers) or headers.get("precedence", "").lower() == "list":
        return Verdict("other", "mailing list")
    if re.search(r"\b(?:mailer-daemon|postmaster)@", headers.get("from", ""), re.IGNORECASE):
        return Verdict("other", "report of a mail system in no known format")
    return Verdict("auto_reply", f"RFC 3834 {submitted}")


def _recipient(block: str) -> Failed | None:
    """Read one group of per-recipient fields (RFC 3464 2.3); None if it is none or says nothing."""
    fields = _fields(block)
    if not fields.keys() & {"original-recipient", "final-recipient"}:
        return None
    address = _recipient_address(fields)
    diagnostic = fields.get("diagnostic-code", "").partition(";")[2].strip() or fields.get("diagnostic-code", "")
    diagnostic = diagnostic[:MAX_TEXT]
    action = (fields.get("action", "").lower().split() or [""])[0][:20]
    status = _first(_ENHANCED, fields.get("status", ""))
    told = _first(_ENHANCED, diagnostic)
    if told and (not status or (status.endswith(".0.0") and told[0] == status[0])):
        status = told
    code = _first(_CODE, diagnostic)
    if action != "failed" and action not in _NOT_FAILED:
        if not action and not status and not code:
            return None
        action = "delivered" if (status or code).startswith("2") else "failed"
    permanent, reason = classify(None, status or None, diagnostic)
    if status[:1] not in ("4", "5"):
        permanent = not code.startswith("4")
    return Failed(address, action, status, diagnostic, permanent, reason)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""


def _recipient_address(fields: dict[str, str]) -> str:
    """Return the recipient as we addressed it: Original-Recipient, unless that is no email address."""
    shown = ""
    for name in ("original-recipient", "final-recipient"):
        kind, semicolon, value = fields.get(name, "").partition(";")
        address, valid = _address(value if semicolon else kind)
        if valid:
            return address
        shown = address or shown
    return shown


def _address(text: str) -> tuple[str, bool]:
    """Return (normal form, True) of an address in a report (RFC 6533 3), or (text, False) if it is none."""
    text = _UNITEXT.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), text[:MAX_TEXT])
    try:
        return normalize(text), True
    except AddressError:
        return " ".join(text.split()).strip("<>")[:320], False


def _complainers(report: str) -> tuple[Failed, ...]:
    values = [value for name, value in _FIELD.findall(report) if name.lower() == "original-rcpt-to"]
    addresses = dict.fromkeys(_address(value)[0] for value in values[:MAX_RECIPIENTS])
    return tuple(Failed(address, "complaint", "", "", False, "unknown") for address in addresses if address)


def _parts(message: Message[Any, Any]) -> Iterator[Message[Any, Any]]:
    """Walk the parts in order, but not into messages that are enclosed: their reports are not for us."""
    stack = [message]
    for _ in range(MAX_PARTS):
        if not stack:
            return
        part = stack.pop()
        yield part
        payload = part.get_payload()
        if isinstance(payload, list) and not _content_type(part).startswith("message/"):
            stack.extend(sub for sub in reversed(payload[:MAX_PARTS]) if isinstance(sub, Message))


def _headers(part: Message[Any, Any]) -> dict[str, str]:
    """Return the first header of each name, in lower case, unfolded, raw: structured parsing may raise."""
    headers: dict[str, str] = {}
    for name, value in part.raw_items():
        headers.setdefault(name.lower(), " ".join(_unicode(str(value)).split("\n")).replace("\r", "").strip())
    return headers


def _content_type(part: Message[Any, Any]) -> str:
    return _headers(part).get("content-type", "text/plain").partition(";")[0].strip().lower()


def _unicode(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _body(part: Message[Any, Any]) -> object:
    """Return the payload; octets that the parser could not decode are taken for UTF-8 (RFC 6533)."""
    payload = part.get_payload()
    if isinstance(payload, str) and "\ufffd" in payload:
        octets = part.get_payload(decode=True)
        return octets.decode("utf-8", "replace") if isinstance(octets, bytes) else payload
    return payload


def _text(part: Message[Any, Any]) -> str:
    """Return the body of a part as text again where the standard parser read it as messages."""
    payload = _body(part)
    if isinstance(payload, list):
        # A status block ends at its blank line; any other message goes on with a body after it.
        gap = "\n" if _content_type(part) == "message/delivery-status" else "\n\n"
        blocks = []
        for sub in [sub for sub in payload[:MAX_RECIPIENTS] if isinstance(sub, Message)]:
            head = "\n".join(f"{name}: {value}" for name, value in sub.raw_items())
            body = _body(sub)
            blocks.append(gap.join(piece for piece in (head, body) if isinstance(piece, str) and piece))
        payload = "\n\n".join(blocks)
    encoding = _headers(part).get("content-transfer-encoding", "").lower()
    octets = str(payload).encode("utf-8", "surrogateescape")
    if encoding == "base64":
        with suppress(binascii.Error):
            octets = binascii.a2b_base64(octets)
    elif encoding == "quoted-printable":
        octets = quopri.decodestring(octets)
    return octets.decode("utf-8", "replace").replace("\r\n", "\n")


def _blocks(text: str) -> list[str]:
    """Cut a delivery status into its groups of fields; some senders forget the blank line between them."""
    blocks = []
    for block in _BLANK.split(text, MAX_RECIPIENTS):
        cuts = [found.start() for found in _FINAL.finditer(block)][1:MAX_RECIPIENTS]
        blocks += [block[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
    return blocks


def _fields(text: str) -> dict[str, str]:
    """Return the fields of one block, the first of each name, in lower case, unfolded."""
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        fields.setdefault(name.lower(), " ".join(value.split()))
    return fields


def _returned(kind: str, part: Message[Any, Any]) -> dict[str, str]:
    """Return some headers of the original message, if this part is that message or its headers."""
    payload = part.get_payload()
    if kind in _ORIGINAL and isinstance(payload, list) and payload and isinstance(payload[0], Message):
        headers = _headers(payload[0])
    elif kind in _ORIGINAL_HEADERS:
        headers = _fields(_BLANK.split(_text(part).lstrip("\n"), 1)[0])
    else:
        return {}
    return {name: headers[name][:MAX_TEXT] for name in _RETURNED if name in headers}
