"""Reports that people are to read: whom they name, and what they say about each.

Exim, qmail, Gmail, Exchange, Yahoo, WorkMail, DragonFly, sendmail and their like differ in words, and agree in form: a
sentence that something was not delivered, then the recipients, each at the start of a line or in the sentence itself,
each with what was answered about it, and last what comes back. So they are read by that form.
"""

from __future__ import annotations

import re
from functools import cached_property

from . import addresses, phrases, reasons, speakers
from .parts import MAX_TEXT, Part, fields_of
from .said import MAX_RECIPIENTS, Named, Said, at_lines, in_sentences, stage_of, trimmed

MAX_TOP = 8_000  # characters: where the sentence stands that something failed

_RETURNED = frozenset(("message/rfc822", "message/global", "text/rfc822-headers"))
_TRANSCRIPT = re.compile(r"(?:<<<|<--?)[ ]?([245]\d\d[^\n]{0,500})")
_ADDRESS = re.compile(addresses.ADDRESS)
_SMTP = re.compile(r"\bRCPT TO\b|\bMAIL FROM\b")
_BLANKS = re.compile(r"[ \t\xa0]+")
_FIELD = re.compile(r"[ \t>]*[A-Za-z-]{2,40}[ ]?:[ \t]?\S")
_WORD = re.compile(r"\w{3}")


class Report:
    """The readable side of a message that may be a report."""

    def __init__(self, message: Part) -> None:
        self.message = message

    @cached_property
    def every_failed(self) -> list[str]:
        """The addresses of X-Failed-Recipients, which Exim and Gmail write."""
        return addresses.within(", ".join(self.message.every("x-failed-recipients")), MAX_RECIPIENTS)

    @cached_property
    def whole(self) -> str:
        """Everything that there is to read, up to the first part that holds what came back."""
        texts: list[str] = []
        for part in self.message.walk():
            if texts and part.kind in _RETURNED:
                break
            if part.parts or part.attached or not part.kind.startswith(("text/", "multipart/")):
                continue
            if part.kind == "text/html" and any(text.strip() for text in texts):
                continue
            texts.append(part.shown)
        text = _BLANKS.sub(" ", "\n".join(texts)[:MAX_TEXT])
        if speakers.answers(self.message):
            # Who answers a report quotes it.
            text = "\n".join(line for line in text.split("\n") if line[:1] != ">")
        return text

    @cached_property
    def text(self) -> str:
        """What the mail system wrote, without what came back."""
        return self.whole[: self._cut]

    @cached_property
    def _cut(self) -> int:
        first = phrases.FAILED.search(self.whole[:MAX_TOP])
        for found in phrases.RETURNED.finditer(self.whole):
            # What comes back comes after the sentence, where there is one.
            is_field = found[0].lstrip(" \t>-").lower().startswith(("received", "return-path"))
            if first is None or found.start() > first.start() or is_field:
                return found.start()
        return len(self.whole)

    @cached_property
    def returned(self) -> dict[str, str]:
        """The fields of what came back, where they are part of the text."""
        lines = self.whole[self._cut :].lstrip("\n").split("\n", 60)
        start = next((number for number, line in enumerate(lines[:12]) if _FIELD.match(line)), None)
        if start is None:
            return {}
        return fields_of("\n".join(line.lstrip(">") for line in lines[start:]).partition("\n\n")[0])

    @cached_property
    def delayed(self) -> bool:
        """Whether delivery is still being tried."""
        text = f"{self.message.header('subject')[:500]}\n{self.text[:MAX_TOP]}"
        return phrases.DELAYED.search(text) is not None and phrases.FINAL.search(text) is None

    @cached_property
    def reports(self) -> bool:
        """Whether it has words of a report."""
        return phrases.FAILED.search(self.text[:MAX_TOP]) is not None or self.delayed

    @cached_property
    def answered(self) -> bool:
        """Whether it quotes what a server answered, or was asked."""
        return _answered(self.text) or _SMTP.search(self.text) is not None

    @cached_property
    def recipients(self) -> list[Said]:
        """Whom it names as not reached."""
        if self.every_failed:
            return [self.about(address) for address in self.every_failed]
        named = self._at_lines
        sentence = not named
        named = named or in_sentences(self.text, self._start) or in_sentences(self.text) or at_lines(self.text)
        own = set(addresses.within(self.message.header("to")))
        return list(self._said([row for row in named if row.address not in own] or named, sentence).values())

    def about(self, address: str) -> Said:
        """Return what the text says about `address`, wherever it does."""
        said = self._by_line.get(address)
        if said is not None and said.words:
            return said
        place = self.text.lower().find(address)
        words = self.text[place + len(address) :] if place >= 0 else self.text[self._start :]
        if place < 0 and not self.every_failed and _ADDRESS.search(words[:MAX_TOP]):
            words = ""  # it is about somebody else
        return Said(address, trimmed(words), stage_of(words))

    @cached_property
    def _start(self) -> int:
        """Where the line begins that says that something failed."""
        top = self.text[:MAX_TOP]
        first = phrases.FAILED.search(top) or phrases.DELAYED.search(top)
        return self.text.rfind("\n", 0, first.start()) + 1 if first else 0

    @cached_property
    def _at_lines(self) -> list[Named]:
        return at_lines(self.text, self._start)

    @cached_property
    def _by_line(self) -> dict[str, Said]:
        return self._said(self._at_lines)

    def _said(self, rows: list[Named], sentence: bool = False) -> dict[str, Said]:
        """Return what is said about each: what stands between it and the next."""
        ends: list[int] = []
        for number, row in reversed([*enumerate(rows)]):
            same = number + 1 < len(rows) and rows[number + 1].address == row.address
            following = rows[number + 1].start if number + 1 < len(rows) else len(self.text)
            ends.append(ends[-1] if same else following)
        said: dict[str, Said] = {}
        for row, end in zip(rows, reversed(ends), strict=True):
            if row.address not in said:
                words = self.text[row.end : end]
                quoted = words.lstrip(" >)\"'").startswith("[")
                answer = self._words(row, words, rows[0].start, sentence)
                said[row.address] = Said(row.address, answer, stage_of(words), quoted)
        if len(said) == 1:
            [(address, only)] = said.items()
            said[address] = only._replace(stage=only.stage or stage_of(self.text))
        return said

    def _words(self, row: Named, words: str, first: int, sentence: bool) -> str:
        """Return what was answered: after the address, or before all of them, or in the transcript."""
        line = self.text[self.text.rfind("\n", 0, row.start) + 1 : row.start] if sentence else ""
        after = trimmed(f"{trimmed(line)} {words}" if line else words)
        if not _WORD.search(after):
            return trimmed(self.text[self._start :])
        if _answered(after):
            return after
        before = trimmed(self.text[self._start : first])
        if _answered(before):
            return before
        if transcript := _TRANSCRIPT.search(self.text):
            return trimmed(transcript[1])
        return before if not _tells(after) and _tells(before) else after


def _tells(words: str) -> bool:
    return reasons.judge(words, "", first_hand=True)[2] != "unknown"


def _answered(words: str) -> bool:
    return bool(reasons.first_status(words) or reasons.first_code(words))
