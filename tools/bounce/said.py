"""How a report names a recipient, and when in the SMTP session the answer was given that it quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from . import addresses, reasons
from .addresses import ADDRESS

MAX_RECIPIENTS = 200
_MAX_SENTENCES = 8_000  # characters that are searched for sentences

_LABEL = r"(?:[^\W\d_][\w ()#./-]{0,40}(?:[:=]|\bwith)[ ]?)"
_LINE = re.compile(
    rf"^[ \t>*•·–|~-]{{0,40}}(?:<<<[ ]?|(?:sent )?>>> RCPT )?(?P<label>{_LABEL})?"
    r"(?:[245]\d\d[ -](?:\d\.\d+\.\d+[ ])?)?[<\"'\[({]{0,3}(?:SMTP:|rfc822;[ ]?|mailto:)?"
    rf"(?P<address>{ADDRESS})[>\"'\])}}]{{0,3}}(?:<mailto:[^>\n]{{0,300}}>)?(?P<rest>[^\n]{{0,500}})",
    re.IGNORECASE | re.MULTILINE,
)
# Labels of those who didn't fail.
_OTHERS = re.compile(
    r"from|sender|reply|return|contact|mail from|cc\b|message-id|bcc|to(?!:<)\b|envelope|postmaster|support|help",
    re.IGNORECASE,
)
# What follows an address that stands at the start of a line for itself, and not in a sentence that is wrapped there.
_REST = re.compile(
    r"[ ]?(?:$|[:;,(\[{]|\.\.\.|[–-]|<|[245]\d\d\b|(?:on|at|is|was|has|does|did|invalid|error|failed|rejected)\b"
    r"|(?:am|le|el|il|em|op|dnia|в|den) \d|(?:unknown|user|mailbox|because|not|could|cannot|no)\b"
    r"|couldn|wasn|isn|doesn)",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"(?:contact|mail|e-mail|write|send .{0,20})(?: to| the)?:?[ ]?$", re.IGNORECASE)
_OPEN = r"[<\"'(]?"
_SENTENCES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"SMTP=({ADDRESS})",
        rf"originally addressed to[ ]?<?({ADDRESS})",
        r"(?:deliver|sen[dt]\b|sending|message|mail|addressed|attempt|postponed|reach)[^\n@]{0,80}?[ \n]"
        rf"(?:to|for|recipients?|address)[ ]?:?[ \n]{{0,3}}{_OPEN}({ADDRESS})",
        r"(?:recipients?|attempts|userid|user|full|mailbox|size|errors|addresse?s?|account|unknown)(?:\(s\))?[ ]?:"
        rf"[ \n]{{0,3}}{_OPEN}({ADDRESS})",
        rf"(?:recipient|user|address|mailbox|account|delivery to)[ \n]{{1,2}}{_OPEN}({ADDRESS})",
        rf"({ADDRESS})[>\"')]?[ \n](?:could not|couldn't|was not|wasn't|does not|doesn't|is not|isn't|cannot|no )",
        rf"({ADDRESS})[>\"')]?[ \n](?:has been delayed|n['’]a|konnte|kunde)",
        rf"(?:an|à|a|naar|aan|para|do|til) {_OPEN}({ADDRESS})",
    )
)
_STAGES: tuple[tuple[reasons.Stage, str], ...] = (
    ("rcpt", r"in reply to rcpt|after rcpt|\bour rcpt|not like recipient|\[rcpt_to\]|smtp:rcpt|\(state 14\)"),
    ("rcpt", r"sent: rcpt|rcpt (?:to )?command"),
    ("rcpt", r"has rejected address|recipient was rejected|rcpt failed|in response to rcpt|during rcpt"),
    # Transcripts mark what was sent with an arrow.
    ("rcpt", r"(?:>>>|--?>) ?rcpt"),
    ("rcpt", r"smtp command\s+rcpt"),
    ("data", r"in reply to (?:end of )?data|after (?:end of )?data|\bour final data|after i sent the message"),
    ("data", r"\(state 18\)|text command|\(data\)"),
    ("data", r"\[data\]|end of data|smtp command\s+data|after sending data|message was rejected after"),
    ("mail", r"in reply to mail|after mail from|\bour mail|mail_from|\(state 13\)|sender was rejected"),
    ("mail", r"mail (?:from )?command|(?:>>>|--?>) ?mail"),
    # All was sent at once (RFC 2920), so that the answer to RCPT stands after DATA.
    ("piped", r"(?:<<<|<--?) ?5\d\d[^\n]{0,20} (?:error: )?(?:need rcpt|no valid recipients|no recipients)"),
    ("data", r"(?:>>>|--?>) ?data"),
    ("connect", r"after initial connection|refused to talk to me|in reply to (?:ehlo|helo)|initial greeting"),
)
_STAGE_ROWS = tuple((stage, re.compile(pattern)) for stage, pattern in _STAGES)
_MAX_STAGE = 2_000  # characters


class Named(NamedTuple):
    """An address in a text, and from where to where it stands."""

    address: str
    start: int
    end: int


class Said(NamedTuple):
    """What a report says about one address."""

    address: str
    words: str
    stage: reasons.Stage
    quoted: bool = False  # in brackets: what some server answered


def at_lines(text: str, start: int = 0) -> list[Named]:
    """Return the addresses that begin a line, from `start` on."""
    return list(_at_lines(text, start))


def _at_lines(text: str, start: int) -> Iterator[Named]:
    for number, found in enumerate(_LINE.finditer(text, start)):
        if number >= MAX_RECIPIENTS:
            return
        label = found["label"]
        if _OTHERS.match(label) if label else not _REST.match(found["rest"]):
            continue
        if not _CONTACT.search(text[max(0, found.start() - 80) : found.start()].rstrip("\n")):
            yield Named(addresses.read(found["address"])[0], found.start(), found.end("address"))


def in_sentences(text: str, start: int = 0) -> list[Named]:
    """Return the addresses that sentences speak of, from `start` on: by the first form of a sentence that fits."""
    for pattern in _SENTENCES:
        rows = [
            Named(addresses.read(found[1])[0], found.start(1), found.end(1))
            for found in pattern.finditer(text, start, start + _MAX_SENTENCES)
        ]
        if rows:
            return rows[:MAX_RECIPIENTS]
    return []


def stage_of(words: str) -> reasons.Stage:
    """Return the part of the SMTP session that some words of a report are about."""
    words = words[:_MAX_STAGE].lower()
    for stage, pattern in _STAGE_ROWS:
        if pattern.search(words):
            return stage
    return ""


def trimmed(words: str) -> str:
    """Return words on one line, without what closes an address before them."""
    return " ".join(words[: reasons.MAX_TEXT].split()).lstrip("<>\"'()[]:;,. ")[: reasons.MAX_TEXT]
