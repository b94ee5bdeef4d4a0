"""Reports that people are to read: whom they name, and what they say about each.

Exim, qmail, Gmail, Exchange, Yahoo, WorkMail, DragonFly, sendmail and their like differ in words, and agree in form: a
sentence that something was not delivered, then the recipients, each at the start of a line or in the sentence itself,
each with what was answered about it, and last what comes back. So they are read by that form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from . import addresses, phrases, reasons
from .addresses import ADDRESS
from .parts import MAX_TEXT, Part, fields_of

MAX_RECIPIENTS = 200
MAX_TOP = 8_000  # characters: where the sentence stands that something failed
_TRANSCRIPT = re.compile(r"<<<[ ]?([245]\d\d[^\n]{0,500})")
_ADDRESS = re.compile(ADDRESS)
_BLANKS = re.compile(r"[ \t\xa0]+")

_SYSTEM = re.compile(
    r"\b(?:mailer[-_. ]?daemon|mail[-_. ]?daemon|post_?master|mdaemon|mmdf|mail(?:[-_. ]delivery)?[-_. ](?:service|system|subsystem|robot)"
    r"|mail_service|delivery[-_. ](?:subsystem|system|service|notification|failure)|(?:system|mail) administrator|ndr|e500_smtp\w*"
    r"|microsoft exchange|mail delivery|autoresponder-bounce|mailadmin|no-?reply-?dsn|complaints)\b",
    re.IGNORECASE,
)
_LABEL = r"(?:[^\W\d_][\w ()#./-]{0,40}(?:[:=]|\bwith)[ \t]*)"
_LINE = re.compile(
    rf"^[ \t>*•·–|~-]{{0,40}}(?:<<<[ \t]*|(?:sent )?>>> RCPT )?(?P<label>{_LABEL})?(?:[245]\d\d[ -](?:\d\.\d+\.\d+[ ])?)?"
    rf"[<\"'\[({{]{{0,3}}(?:SMTP:|rfc822;[ ]?|mailto:)?(?P<address>{ADDRESS})[>\"'\])}}]{{0,3}}(?:<mailto:[^>\n]{{0,300}}>)?(?P<rest>[^\n]{{0,500}})",
    re.IGNORECASE | re.MULTILINE,
)
_NO_LABEL = re.compile(r"from|sender|reply|return|contact|mail from|cc\b|message-id|bcc|to(?!:<)\b|envelope-from|postmaster|support|help", re.IGNORECASE)
_REST = re.compile(
    r"[ \t]*(?:$|[:;,(\[{]|\.\.\.|[–-]|<|on\b|at\b|is\b|was\b|has\b|does\b|did\b|invalid\b|error\b|failed\b|rejected\b|unknown\b|user\b"
    r"|mailbox\b|because\b|[245]\d\d\b|not\b|couldn|could\b|cannot\b|no\b|wasn|isn|doesn)",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"(?:contact|mail|e-mail|write|send .{0,20})(?: to| the)?:?[ \t]*$", re.IGNORECASE)
_SENTENCES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"SMTP=({ADDRESS})",
        rf"originally addressed to[ ]*<?({ADDRESS})",
        rf"(?:deliver|sen[dt]\b|sending|message|mail|addressed|attempt|postponed|reach)[^\n@]{{0,80}}?[ \n](?:to|for|recipients?|address)[ ]?:?[ \n]{{0,3}}[<\"'(]?({ADDRESS})",
        rf"(?:recipients?|attempts|userid|user|full|mailbox|errors|addresse?s?|account|unknown)(?:\(s\))?[ ]?:[ \n]{{0,3}}[<\"'(]?({ADDRESS})",
        rf"(?:recipient|user|address|mailbox|account|delivery to)[ \n]+[<\"'(]?({ADDRESS})",
        rf"({ADDRESS})[>\"')]?[ \n](?:could not|couldn't|was not|wasn't|does not|doesn't|is not|isn't|cannot|has been delayed|n['’]a|konnte|kunde|no )",
        rf"(?:an|à|a|naar|aan|para|do|til) [<\"'(]?({ADDRESS})",
    )
)
_STAGES: tuple[tuple[reasons.Stage, re.Pattern[str]], ...] = tuple(
    (stage, re.compile(pattern, re.IGNORECASE))
    for stage, pattern in (
        ("rcpt", r"in reply to RCPT|after RCPT|\bour RCPT|not like recipient|\[RCPT_TO\]|SMTP:RCPT|\(state 14\)|sent: RCPT|RCPT (?:TO )?command"),
        ("rcpt", r"has rejected address|recipient was rejected|RCPT failed|in response to RCPT|during RCPT|>>> RCPT"),
        ("data", r"in reply to (?:end of )?DATA|after (?:end of )?DATA|\bour final DATA|after I sent the message|\(state 18\)|TEXT command|\(DATA\)"),
        ("data", r"\[DATA\]|end of data|smtp command\s+DATA|after sending data|message was rejected after"),
        ("mail", r"in reply to MAIL|after MAIL FROM|\bour MAIL|MAIL_FROM|\(state 13\)|sender was rejected|MAIL (?:FROM )?command|>>> MAIL"),
        # All was sent at once (RFC 2920), so that the answer to RCPT stands after DATA.
        ("piped", r"<<< 5\d\d[^\n]{0,20} (?:error: )?(?:need RCPT|no valid recipients|no recipients)"),
        ("data", r">>> DATA"),
        ("connect", r"after initial connection|refused to talk to me|in reply to (?:EHLO|HELO)|initial greeting"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What a report says about one address."""

    address: str
    words: str
    stage: reasons.Stage
    quoted: bool = False  # in brackets: what some server answered


class Report:
    """The readable side of a message that may be a report."""

    def __init__(self, message: Part) -> None:
        self.message = message

    @cached_property
    def subject(self) -> str:
        return self.message.header("subject")

    @cached_property
    def named_system(self) -> bool:
        """Whether a mail system gives its name, or what only systems write."""
        sender = self.message.header("from")[:500].strip()
        if self.every_failed or sender.endswith(("<>", '<"">')) or _SYSTEM.search(sender):
            return True
        if self.message.parameter("report-type").lower() == "delivery-status":
            return True
        submitted = self.message.fields.get("auto-submitted", "")
        return not self.answers and re.search(r"auto-generated \((?:failure|warning)", submitted) is not None

    @cached_property
    def by_system(self) -> bool:
        """Whether a mail system speaks, and no person: by its name, or by an empty return path."""
        fields = self.message.fields
        path = fields.get("return-path", "-").strip() if fields.get("from") else ""
        return self.named_system or (not self.answers and (path in ("", "<>") or _SYSTEM.search(path[:300]) is not None))

    @cached_property
    def announced(self) -> bool:
        """Whether the subject begins as that of a report does."""
        return phrases.SUBJECT.match(self.subject.strip()[:500]) is not None

    @cached_property
    def answers(self) -> bool:
        return re.match(r"\s*(?:re|fw|fwd|aw|wg|sv|vs|antw|tr|rv|res|enc|odp|ynt|回复|答复|转发)\s*(?:\[\d+\])?[:：]", self.subject, re.IGNORECASE) is not None

    @cached_property
    def every_failed(self) -> list[str]:
        """The addresses of X-Failed-Recipients, which Exim and Gmail write."""
        return addresses.within(", ".join(self.message.every("x-failed-recipients")), MAX_RECIPIENTS)

    @cached_property
    def whole(self) -> str:
        """Everything that there is to read, up to the first part that holds what came back."""
        texts: list[str] = []
        for part in self.message.walk():
            if texts and part.kind in ("message/rfc822", "message/global", "text/rfc822-headers"):
                break
            if part.parts or part.attached or not part.kind.startswith(("text/", "multipart/")):
                continue
            if part.kind == "text/html" and any(text.strip() for text in texts):
                continue
            texts.append(part.shown)
        text = _BLANKS.sub(" ", "\n".join(texts)[:MAX_TEXT])
        # Who answers a report quotes it.
        return "\n".join(line for line in text.split("\n") if line[:1] != ">") if self.answers else text

    @cached_property
    def text(self) -> str:
        """What the mail system wrote, without what came back."""
        return self.whole[: self._cut]

    @cached_property
    def _cut(self) -> int:
        first = phrases.FAILED.search(self.whole[:MAX_TOP])
        for found in phrases.RETURNED.finditer(self.whole):
            # What comes back comes after the sentence, where there is one.
            if first is None or found.start() > first.start() or found[0].lstrip(" \t>-").lower().startswith(("received", "return-path")):
                return found.start()
        return len(self.whole)

    @cached_property
    def returned(self) -> dict[str, str]:
        """The fields of what came back, where they are part of the text."""
        rest = self.whole[self._cut :].lstrip("\n")
        lines = rest.split("\n", 60)
        start = next((n for n, line in enumerate(lines[:12]) if re.match(r"[ \t>]*[A-Za-z-]{2,40}[ ]?:[ \t]?\S", line)), None)
        if start is None:
            return {}
        block = "\n".join(line.lstrip(">") if line.startswith(">") else line for line in lines[start:])
        return fields_of(block.partition("\n\n")[0])

    @cached_property
    def delayed(self) -> bool:
        """Whether delivery is still being tried."""
        text = f"{self.subject[:500]}\n{self.text[:MAX_TOP]}"
        return phrases.DELAYED.search(text) is not None and phrases.FINAL.search(text) is None

    @cached_property
    def reports(self) -> bool:
        """Whether it has words of a report."""
        return phrases.FAILED.search(self.text[:MAX_TOP]) is not None or self.delayed

    @cached_property
    def recipients(self) -> list[Said]:
        """Whom it names as not reached."""
        if self.every_failed:
            return [self.about(address) for address in self.every_failed]
        named = self._named(self._start, self.text)
        in_sentence = not named
        named = named or self._in_sentences(self.text[self._start :], self._start) or self._in_sentences(self.text, 0)
        named = named or self._named(0, self.text)
        own = set(addresses.within(self.message.header("to")))
        others = [row for row in named if row[0] not in own]
        return self._said(others or named, in_sentence)

    def about(self, address: str) -> Said:
        """Return what the text says about `address`, wherever it does."""
        for said in self._said(self._named(self._start, self.text)):
            if said.address == address and said.words:
                return said
        place = self.text.lower().find(address)
        words = self.text[place + len(address) :] if place >= 0 else self.text[self._start :]
        if place < 0 and not self.every_failed and _ADDRESS.search(words):
            words = ""  # it is about somebody else
        return Said(address, _trimmed(words), stage_of(words))

    @cached_property
    def _start(self) -> int:
        top = self.text[:MAX_TOP]
        first = phrases.FAILED.search(top) or phrases.DELAYED.search(top)
        return self.text.rfind("\n", 0, first.start()) + 1 if first else 0

    def _named(self, start: int, text: str) -> list[tuple[str, int, int]]:
        """Return (address, start, end) of the addresses that begin a line."""
        rows: list[tuple[str, int, int]] = []
        for found in _LINE.finditer(text, start):
            label, rest = found["label"] or "", found["rest"]
            if label and _NO_LABEL.match(label):
                continue
            if not label and not _REST.match(rest):
                continue
            before = text[max(0, found.start() - 80) : found.start()].rstrip("\n")
            if _CONTACT.search(before):
                continue
            address = addresses.read(found["address"])[0]
            rows.append((address, found.start(), found.end("address")))
            if len(rows) >= MAX_RECIPIENTS:
                break
        return rows

    def _in_sentences(self, text: str, offset: int) -> list[tuple[str, int, int]]:
        for pattern in _SENTENCES:
            rows = [
                (addresses.read(found[1].rstrip("."))[0], found.start(1) + offset, found.end(1) + offset)
                for found in pattern.finditer(text[:8_000])
            ]
            if rows:
                return rows[:MAX_RECIPIENTS]
        return []

    def _said(self, rows: list[tuple[str, int, int]], in_sentence: bool = False) -> list[Said]:
        said: dict[str, Said] = {}
        for number, (address, start, end) in enumerate(rows):
            following = next((begin for other, begin, _end in rows[number + 1 :] if other != address), len(self.text))
            words = self.text[end:following]
            if address in said:
                continue
            line = self.text.rfind("\n", 0, start) + 1
            # What stands before it on its line belongs to the sentence.
            trimmed = _trimmed(f"{_trimmed(self.text[line:start])} {words}" if in_sentence else words)
            before = _trimmed(self.text[self._start : rows[0][1]])
            if not re.search(r"\w{3}", trimmed):
                trimmed = _trimmed(self.text[self._start :])
            elif not _answered(trimmed) and _answered(before):
                trimmed = before
            elif not _answered(trimmed) and (transcript := _TRANSCRIPT.search(self.text)):
                trimmed = _trimmed(transcript[1])
            quoted = words.lstrip(" >)\"'").startswith("[")
            said[address] = Said(address, trimmed, stage_of(words) or (stage_of(self.text) if len({row[0] for row in rows}) == 1 else ""), quoted)
        return list(said.values())


def _answered(words: str) -> bool:
    return bool(reasons.first_status(words) or reasons.first_code(words))


def stage_of(words: str) -> reasons.Stage:
    """Return the part of the SMTP session that some words of a report are about."""
    for stage, pattern in _STAGES:
        if pattern.search(words[:4_000]):
            return stage
    return ""


def _trimmed(words: str) -> str:
    return " ".join(words[: reasons.MAX_TEXT].split()).lstrip("<>\"'()[]:;,. ")[: reasons.MAX_TEXT]
