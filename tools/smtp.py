"""One SMTP connection and what becomes of a message on it (RFC 5321).

The connection is an `smtplib.SMTP` that somebody else opened and logged in, so that TLS, certificates and OAuth are
theirs. Here is only the mail transaction, with every answer told apart: what the server took, what it refused for now
or for good, what never left, and what nobody can know. It runs step by step, so that one thread can serve many.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from .smtp_line import IDLE, MAX_TEXT, Line, LineError, Steps, blocking, reply_text

#: accepted: the server has it. transient: refused for now (4yz). permanent: refused for good (5yz).
#: unsent: it never left whole, the server can't have it. unknown: it left whole and no answer came.
Result = Literal["accepted", "transient", "permanent", "unsent", "unknown"]

# What would end an address or a command, or can't be sent at all; a quoted local part with blanks is refused too.
_UNSAFE = re.compile("[\x00-\x20\x7f<>\ud800-\udfff]")
_SERVICE_CLOSING = 421
_START_INPUT = 354
_GOODBYE_TIMEOUT = 5.0  # seconds; nothing depends on the answer
_DOT = b".\r\n"
_LEADING_DOT = re.compile(rb"\n\.")  # faster than `in`, which stops at every line end
_RESET = b"RSET\r\n"
_QUIT = b"QUIT\r\n"
_ENVELOPE = ("MAIL", "RCPT", "DATA")


@dataclass(frozen=True)
class Mail:
    """A message ready to leave: `key` names it to the caller; `data` has CRLF line ends, no line with a dot first.

    `dotless` is set by whoever makes messages that can't have such a line: then it is not looked for.

    Other classes may keep it as `segments`, which share what many have in common; the last one holds the line end.
    """

    key: int
    mail_from: str
    rcpt_to: str
    data: bytes
    smtputf8: bool = False
    dotless: bool = False

    @property
    def segments(self) -> tuple[bytes, ...]:
        """The data as what is to be joined."""
        return (self.data,)

    @property
    def is_ascii(self) -> bool:
        """Whether the data is ASCII."""
        return self.data.isascii()


class Outcome(NamedTuple):
    """What became of the mail `key`: SMTP code, enhanced code (RFC 3463) and text as answered, and the stage.

    Stages: check (refused here) | MAIL | RCPT | DATA (the command whose answer it is, or that got none) | content
    (it broke within) | end of data (the answer to the whole) | connection (its turn had not come: no try).
    """

    key: int
    result: Result
    code: int = 0
    enhanced: str = ""
    text: str = ""
    stage: str = ""


class Lane:
    """Sends mails over one open connection.

    Where the server offers PIPELINING, the content of a mail and the envelope of the next leave in one flight (RFC 2920
    section 3.1), which is one round trip for each mail. Where it doesn't, each command waits for its answer.

    :param connection: an open, logged-in `smtplib.SMTP` (or what behaves like one) after EHLO
    :param timeout: seconds to wait for any single answer but the last
    :param final_timeout: seconds to wait for the answer to a whole message: servers scan it while we wait, and without
        an answer nobody knows what became of it. RFC 5321 section 4.5.3.2.6 suggests ten minutes.
    :param max_mails: after how many mails the connection is not used again; servers hang up on those who stay
    """

    def __init__(
        self, connection: Any, timeout: float = 60.0, final_timeout: float = 300.0, max_mails: int = 1000
    ) -> None:
        self._connection = connection
        self._timeout = timeout
        self._final_timeout = final_timeout
        self._left = max_mails
        self._open = connection.sock is not None
        self._trouble = "" if self._open else "the connection was closed before"
        self._line = Line(connection.sock, min(timeout, final_timeout)) if self._open else None
        self._pipelining = connection.has_extn("pipelining")
        self._size = connection.has_extn("size")
        self._max_size = _number(connection.esmtp_features.get("size", ""))
        self._eight_bit = connection.has_extn("8bitmime")
        self._utf8 = connection.has_extn("smtputf8")
        self._clearing = b""  # what ends the transaction that was refused
        self._mail: Mail | None = None  # it has the line
        self._next: Mail | None = None  # its envelope is behind the content of that one
        self._stage = "connection"  # of the mail that has the line, if the line broke now

    @property
    def is_open(self) -> bool:
        """Whether another mail can be sent over this connection."""
        return self.left > 0

    @property
    def left(self) -> int:
        """How many mails this connection may still carry; none once it is lost."""
        return self._left if self._open else 0

    @property
    def is_spent(self) -> bool:
        """Whether it has carried as many mails as it may, and another connection should go on."""
        return self._open and self._left <= 0

    @property
    def trouble(self) -> str:
        """Why the connection can't be used any more; empty while nothing is wrong with it."""
        return self._trouble

    def run(self, source: Callable[[], Mail | None], report: Callable[[Outcome], object]) -> None:
        """Send what `source` gives until it has nothing more, or this connection is spent or lost; wait here for all.

        For the rest see `steps`.
        """
        blocking(self.steps(source, report), self._connection.sock)

    def steps(self, source: Callable[[], Mail | None], report: Callable[[Outcome], object]) -> Steps[None]:
        """Send what `source` gives, and what it gives later, until nothing comes or this connection is spent or lost.

        Each mail that was taken from `source` gets one outcome. Never raises for what the server or the line does.

        :param source: gives the next mail, or None when there is none at the moment
        :param report: takes the outcomes, each as soon as it is known
        """
        try:
            while True:
                if taken := self._take(source, report):
                    self._mail, envelope = taken
                    self._next, self._stage = None, "connection"
                    wanted = yield from self._begin(envelope, report)
                    while wanted:
                        wanted = yield from self._finish(source, report)
                elif not self.is_open or not (yield IDLE, 0.0):
                    return
        except LineError as error:
            self._give_up(error.text, report)
        except BaseException:
            # Not the server's doing. Whoever mends it must find no mail without an outcome.
            self._give_up("an error in this program", report)
            raise

    def send_all(self, mails: Iterable[Mail]) -> Iterator[Outcome]:
        """Give the outcome of each of `mails`; once the connection is gone the rest is `unsent`."""
        outcomes: list[Outcome] = []
        rest = iter(mails)
        self.run(lambda: next(rest, None), outcomes.append)
        yield from outcomes
        for mail in rest:
            yield unsent(mail, self._trouble or "the connection has carried as many mails as it may")

    def send(self, mail: Mail) -> Outcome:
        """Run the transaction of one mail. Never raises for what the server or the line does."""
        [outcome] = self.send_all([mail])
        return outcome

    def close(self) -> None:
        """Say goodbye (QUIT), or just hang up when the server doesn't answer any more."""
        blocking(self.goodbye(), self._connection.sock)

    def goodbye(self) -> Steps[None]:
        """Do what `close` does, step by step."""
        line = self._line
        try:
            if self._open and line:
                if self._clearing.startswith(_DOT):
                    # It waits for a content for nobody, and would take the goodbye for that.
                    yield from line.send(_DOT)
                    yield from line.read(_GOODBYE_TIMEOUT)
                yield from line.send(_QUIT)
                yield from line.read(_GOODBYE_TIMEOUT)
        except LineError:
            pass  # the mails have their outcomes already; a failing goodbye changes none of them
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        """Close the connection without a word."""
        self._open = False
        self._connection.close()

    def _take(
        self, source: Callable[[], Mail | None], report: Callable[[Outcome], object]
    ) -> tuple[Mail, bytes] | None:
        """Give the next mail that may be sent over this connection, and its envelope."""
        while self._open and self._left > 0 and (mail := source()):
            self._next = mail
            envelope = self._envelope(mail)
            if isinstance(envelope, bytes):
                self._left -= 1
                return mail, envelope
            self._next = None
            report(envelope)
        return None

    def _envelope(self, mail: Mail) -> bytes | Outcome:
        """Give the three commands before the content; or refuse, before the socket is touched, what can't be sent."""
        mail_from, rcpt_to = mail.mail_from, mail.rcpt_to
        if not mail_from or _UNSAFE.search(mail_from):
            return _refusal(mail, 553, "5.1.7", f"{mail_from!a} can't be a sender address")
        if not rcpt_to or _UNSAFE.search(rcpt_to):
            return _refusal(mail, 553, "5.1.3", f"{rcpt_to!a} can't be a recipient address")
        if not mail.segments[-1].endswith(b"\r\n") or not (mail.dotless or _is_dotless(mail.data)):
            # The server would take commands for content, or content for commands.
            return _refusal(
                mail, 554, "5.6.0", "the message has no proper end of its last line, or a line that begins with a dot"
            )
        octets = sum(map(len, mail.segments)) if self._size else 0
        if self._max_size and octets > self._max_size:
            text = f"the message has {octets:,} bytes and the server takes {self._max_size:,}"
            return _refusal(mail, 552, "5.3.4", text)
        size = f" SIZE={octets}" if self._size else ""
        body = ""
        if mail.smtputf8 or not (mail.is_ascii and rcpt_to.isascii() and mail_from.isascii()):
            if needs_utf8 := _needs_utf8(mail):
                if not self._utf8:
                    text = f"the server can't send to {rcpt_to}: it doesn't offer SMTPUTF8"
                    return _refusal(mail, 553, "5.6.7", text)
            elif not (self._eight_bit or self._utf8):
                return _refusal(mail, 554, "5.6.3", "the server doesn't take a content of 8 bits: it has no 8BITMIME")
            # RFC 6531 section 3.4: an internationalised message needs both.
            body = " SMTPUTF8 BODY=8BITMIME" if needs_utf8 else " BODY=8BITMIME"
        return f"MAIL FROM:<{mail_from}>{size}{body}\r\nRCPT TO:<{rcpt_to}>\r\nDATA\r\n".encode()

    def _begin(self, envelope: bytes, report: Callable[[Outcome], object]) -> Steps[bool]:
        """Send `envelope` alone, nothing being under way; give whether the server wants the content."""
        assert self._line
        if said := (yield from self._line.unasked()):
            raise LineError(said)
        clearing, self._clearing = self._clearing, b""
        flight = clearing + envelope
        if self._pipelining:
            yield from self._line.send(flight)
        steps = iter(() if self._pipelining else flight.splitlines(keepends=True))
        for command in clearing.splitlines(keepends=True):
            for step in steps:
                yield from self._line.send(step)
                break
            code, reply = self._line.take() or (yield from self._line.read(self._timeout))
            # What it says to the content for nobody is of no interest; but after RSET nothing may be left.
            if code == _SERVICE_CLOSING or (command == _RESET and not _is_ok(code)):
                raise LineError(_said(code, reply))
        return (yield from self._read_envelope(report, steps, "MAIL"))

    def _read_envelope(self, report: Callable[[Outcome], object], steps: Iterator[bytes], first: str) -> Steps[bool]:
        """Read the answers to MAIL, RCPT and DATA; give whether the server wants the content.

        :param steps: the commands that have not been sent
        :param first: the stage of the mail if the line breaks before the answer to MAIL
        """
        assert self._mail and self._line
        line, refused, code = self._line, None, 0
        self._stage = first
        for stage in _ENVELOPE:
            try:
                for step in steps:
                    yield from line.send(step)
                    break
                code, reply = line.take() or (yield from line.read(self._timeout))
            except LineError as error:
                if not refused:
                    raise
                self._close(error.text)  # what was said before counts
                break
            if refused:
                if code == _SERVICE_CLOSING or (stage == "RCPT" and _is_ok(code)):
                    # A server that takes the recipient of no sender may take an empty content for them, too.
                    self._close(_said(code, reply))
                    break
            elif code != _START_INPUT if stage == "DATA" else not _is_ok(code):
                self._stage = stage
                refused = self._refused(self._mail, code, reply)
                if not (self._pipelining and self._open):
                    break
            elif stage != "DATA":
                self._stage = "DATA" if stage == "RCPT" else "RCPT"
        if refused:
            # RFC 2920 section 3.1: a server may want content for nobody; it gets none.
            self._clearing = _DOT + _RESET if code == _START_INPUT else _RESET
            self._mail = None
            report(refused)
            return False
        if line.is_ahead:
            self._stage = "connection"
            raise LineError((yield from line.unasked()))
        return True

    def _finish(self, source: Callable[[], Mail | None], report: Callable[[Outcome], object]) -> Steps[bool]:
        """Send the content and the next envelope; give whether the server wants the content of that, too."""
        mail, line = self._mail, self._line
        assert mail and line
        self._stage = "connection"
        following = self._take(source, report) if self._pipelining else None
        # At one go: the content is large, and copied once.
        flight = b"".join((*mail.segments, _DOT, following[1] if following else b""))
        self._stage = "end of data"
        try:
            yield from line.send(flight)
        except LineError as error:
            if error.left <= sum(map(len, mail.segments)):
                self._stage = "content"  # without its final dot the server has no message: it can be sent again
            raise
        code, reply = yield from line.read(self._final_timeout)
        if _is_ok(code):
            outcome = Outcome(mail.key, "accepted", code, *reply_text(reply), "end of data")
        else:
            outcome = self._refused(mail, code, reply)
            self._clearing = b"" if self._next else _RESET
        self._mail, self._next = self._next, None
        self._stage = "connection"
        report(outcome)
        if not self._open:
            raise LineError(self._trouble)
        if not self._mail:
            return False
        return line.take_go_ahead() or (yield from self._read_envelope(report, iter(()), "connection"))

    def _refused(self, mail: Mail, code: int, reply: bytes) -> Outcome:
        """Give the outcome of an answer that is not the one that was hoped for."""
        if code // 100 in (4, 5):
            result: Result = "permanent" if code // 100 == 5 else "transient"
        else:
            # Something out of turn. Only before the end of the content it is certain that the server has nothing.
            result = "unknown" if self._stage == "end of data" else "unsent"
        if result in ("unknown", "unsent") or code == _SERVICE_CLOSING:
            self._close(_said(code, reply))
        return Outcome(mail.key, result, code, *reply_text(reply), self._stage)

    def _close(self, trouble: str) -> None:
        self._open = False
        self._trouble = self._trouble or trouble

    def _give_up(self, text: str, report: Callable[[Outcome], object]) -> None:
        """Give the mails under way the outcome that the end of the line leaves them."""
        self._close(text)
        mail, following = self._mail, self._next
        self._mail = self._next = None
        if mail:
            result: Result = "unknown" if self._stage == "end of data" else "unsent"
            report(Outcome(mail.key, result, text=text, stage=self._stage))
        if following:
            report(unsent(following, text))


def unsent(mail: Mail, text: str) -> Outcome:
    """Give the outcome of a mail of which nothing has left."""
    return Outcome(mail.key, "unsent", text=text, stage="connection")


def _refusal(mail: Mail, code: int, enhanced: str, text: str) -> Outcome:
    return Outcome(mail.key, "permanent", code, enhanced, text[:MAX_TEXT], "check")


def _needs_utf8(mail: Mail) -> bool:
    """Say whether addresses or header of `mail` are beyond ASCII (RFC 6531); its body alone needs 8 bits only."""
    if mail.smtputf8 or not (mail.mail_from.isascii() and mail.rcpt_to.isascii()):
        return True
    return not (mail.is_ascii or _header(mail).isascii())


def _header(mail: Mail) -> bytes:
    # Without joining what may be large behind it.
    begin, segments = b"", iter(mail.segments)
    while b"\r\n\r\n" not in begin and (segment := next(segments, None)) is not None:
        begin += segment
    return begin.partition(b"\r\n\r\n")[0]


def _is_dotless(data: bytes) -> bool:
    return not (data.startswith(b".") or _LEADING_DOT.search(data))


def _said(code: int, reply: bytes) -> str:
    return " ".join(filter(None, (str(code), *reply_text(reply))))


def _is_ok(code: int) -> bool:
    return code // 100 == 2


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
