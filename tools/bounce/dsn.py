"""Delivery status notifications (RFC 3464, 6533): the blocks of fields about each recipient."""

from __future__ import annotations

import re

from . import addresses, reasons
from .parts import MAX_TEXT, Part, fields_of
from .verdict import Failed

MAX_RECIPIENTS = 1_000
TYPES = frozenset(("message/delivery-status", "message/global-delivery-status"))

_ACTIONS = frozenset(("failed", "delayed", "delivered", "relayed", "expanded"))
_BLANK = re.compile(r"\n[ \t]*\n")
_RECIPIENT = re.compile(r"^(?:original|final)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_FINAL = re.compile(r"^final-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_DISABLED = re.compile(r"disabled|inactive|suspended", re.IGNORECASE)


def text_of(part: Part) -> str:
    """Return the fields of a delivery status. Some systems forget the blank line that begins its body."""
    if part.raw.strip():
        return part.text
    return part.head.partition("\n")[2][:MAX_TEXT]


def blocks(text: str) -> list[dict[str, str]]:
    """Cut a text into its groups of fields about recipients; some systems forget the blank line between them."""
    found = []
    for block in _BLANK.split(text, MAX_RECIPIENTS):
        if not _RECIPIENT.search(block):
            continue
        cuts = [match.start() for match in _FINAL.finditer(block)][1:MAX_RECIPIENTS]
        found += [fields_of(block[start:end].strip("\n")) for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
    return found[:MAX_RECIPIENTS]


def action(fields: dict[str, str]) -> str:
    """Return what became of a recipient: one of RFC 3464's actions, or empty if the block doesn't say.

    Status goes before Action: a block that speaks of a failure and has another action is one.
    """
    said = (fields.get("action", "").lower().split() or [""])[0][:20].strip(";,.")
    status, code = reasons.first_status(fields.get("status", "")), reasons.first_code(diagnostic(fields))
    if said in _ACTIONS:
        return "failed" if said in ("delivered", "relayed") and status.startswith("5") else said
    told = (status or code)[:1]
    if said or told:
        succeeded = fields.get("status", "").strip().startswith("2") or re.match(r"deliver(?!y)", said)
        return "delivered" if succeeded and told not in ("4", "5") else "failed"
    return ""


def diagnostic(fields: dict[str, str]) -> str:
    """Return what the server said, without the type of its words."""
    kind, semicolon, words = fields.get("diagnostic-code", "").partition(";")
    return (words if semicolon and len(kind) < 40 else fields.get("diagnostic-code", "")).strip()[: reasons.MAX_TEXT]


def address(fields: dict[str, str], embedded: list[str]) -> str:
    """Return the recipient as we addressed it: Original-Recipient, then whom our message was to, then Final-Recipient.

    :param embedded: the addresses in the To of the message that came back, if this is its only recipient
    """
    shown = ""
    for name in ("original-recipient", "final-recipient"):
        kind, semicolon, value = fields.get(name, "").partition(";")
        found, valid = addresses.read(value if semicolon else kind)
        if valid and name == "final-recipient" and len(embedded) == 1 and _aliased(found, embedded[0]):
            return embedded[0]
        if valid:
            return found
        shown = found or shown
    return embedded[0] if len(embedded) == 1 else shown


def _aliased(final: str, ours: str) -> bool:
    """Tell whether `final` may be what became of `ours` on its way: the same person, or the same organisation."""
    local, _at, domain = final.rpartition("@")
    our_local, _at, our_domain = ours.rpartition("@")
    return final != ours and local == our_local and domain.endswith("." + our_domain)


def failed(fields: dict[str, str], where: str, said: str, embedded: list[str], stage: reasons.Stage) -> Failed:
    """Return the verdict on one block.

    :param where: its `action`
    :param said: what the readable part of the report says about the recipient, where the block has no diagnostic
    """
    words = diagnostic(fields)
    comment = fields.get("status", "")
    kind, semicolon, _words = fields.get("diagnostic-code", "").partition(";")
    first_hand = not words or (bool(semicolon) and kind.strip().lower() != "smtp" and "said:" not in words)
    if not reasons.plain(words).strip("0123456789.- "):
        words = said or words
    status, permanent, reason = reasons.judge(words, reasons.first_status(comment), stage, first_hand)
    if reason == "dead_address" and status.endswith(".2.1") and _DISABLED.search(comment):
        reason = "disabled"
    if reason == "unknown" and fields.get("action", "").lower().startswith("expired"):
        reason = "expired"
    return Failed(address(fields, embedded), where, status, words or comment, permanent, reason)
