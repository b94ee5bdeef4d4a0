"""One SMTP connection and what becomes of a message on it (RFC 5321).

The connection is an `smtplib.SMTP` that somebody else opened and logged in, so that TLS, certificates and OAuth are
theirs. Here is only the mail transaction, with every answer told apart: what the server took, what it refused for now
or for good, what never left, and what nobody can know.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

#: accepted: the server has it. transient: refused for now (4yz). permanent: refused for good (5yz).
#: unsent: it never left whole, the server can't have it. unknown: it left whole and no answer came.
Result = Literal["accepted", "transient", "permanent", "unsent", "unknown"]

_ENHANCED = re.compile(r"\A([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z)")
# What would end an address or a command, or can't be sent at all; a quoted local part with blanks is refused too.
_UNSAFE = re.compile("[\x00-\x20\x7f<>\ud800-\udfff]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_SERVICE_CLOSING = 421
_START_INPUT = 354
_MAX_TEXT = 500
_GOODBYE_TIMEOUT = 5.0  # seconds; nothing depends on the answer


@dataclass(frozen=True)
class Mail:
    """A message ready to leave: `key` names it to the caller; `data` has CRLF line ends, no line with a dot first."""

    key: int
    mail_from: str
    rcpt_to: str
    data: bytes
    smtputf8: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of the mail `key`: SMTP code, enhanced code (RFC 3463) and text as answered, and the stage."""

    key: int
    result: Result
    code: int = 0
    enhanced: str = ""
    text: str = ""
    stage: str = ""


class Lane:
    """Sends mails over one open connection, one transaction after the other.

    Where the server offers PIPELINING (RFC 2920), MAIL, RCPT and DATA leave together, which saves two round trips.

    :param connection: an open, logged-in `smtplib.SMTP` (or what behaves like one) after EHLO
    :param timeout: seconds to wait for any single answer but the last
    :param final_timeout: seconds to wait for the answer to a whole message: servers scan it while we wait, and without
        an answer nobody knows what became of it. RFC 5321 section 4.5.3.2.6 suggests ten minutes.
    :param max_mails: after how many mails the connection is not used again; servers hang up on those who stay
    """

    def __init__(
        self, connection: Any, timeout: float = 60.0, final_timeout: float = 300.0, max_mails: int = 500
    ) -> None:
        self._connection = connection
        self._timeout = timeout
        self._final_timeout = final_timeout
        self._left = max_mails
        self._open = True
        self._stage = ""
        self._wait(timeout)
        self._send_at_once()
        self._max_size = _number(connection.esmtp_features.get("size", ""))
        self._pipelining = connection.has_extn("pipelining")

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

    def send_all(self, mails: Iterable[Mail]) -> Iterator[Outcome]:
        """Give the outcome of each of `mails`, in order; once the connection is gone the rest is `unsent`."""
        for mail in mails:
            if self.is_open:
                yield self.send(mail)
            else:
                yield Outcome(mail.key, "unsent", text="the connection was closed before", stage="connection")

    def send(self, mail: Mail) -> Outcome:
        """Run the transaction of one mail. Never raises for what the server or the line does."""
        utf8 = mail.smtputf8 or not (mail.mail_from.isascii() and mail.rcpt_to.isascii() and mail.data.isascii())
        if refusal := self._refuse(mail, utf8):
            return refusal
        self._left -= 1
        self._stage = "MAIL"
        try:
            self._wait(self._timeout)
            if refused := self._start(mail, utf8):
                return refused
            self._stage = "content"
            self._connection.send(mail.data)
        except (OSError, smtplib.SMTPException) as error:
            # Without the final dot the server has no message: it can be sent again.
            return self._lost(mail, error, "unsent")
        self._stage = "end of data"
        try:
            self._wait(self._final_timeout)
            self._connection.send(b".\r\n")
            code, reply = self._connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return self._lost(mail, error, "unknown")
        if _is_ok(code):
            return Outcome(mail.key, "accepted", code, *_reply_text(reply), stage=self._stage)
        return self._refused(mail, code, reply)

    def close(self) -> None:
        """Say goodbye (QUIT), or just hang up when the server doesn't answer any more."""
        try:
            if self._open:
                self._wait(_GOODBYE_TIMEOUT)
                self._connection.quit()
        except (OSError, smtplib.SMTPException):
            pass  # the mails have their outcomes already; a failing goodbye changes none of them
        finally:
            self._open = False
            self._connection.close()

    def _refuse(self, mail: Mail, utf8: bool) -> Outcome | None:
        """Refuse before the socket is touched what must not, or can't, be sent."""
        for name, value, enhanced in (
            ("sender", mail.mail_from, "5.1.7"),
            ("recipient", mail.rcpt_to, "5.1.3"),
        ):
            if not value or _UNSAFE.search(value):
                text = f"{value!a} can't be a {name} address"[:_MAX_TEXT]
                return Outcome(mail.key, "permanent", 553, enhanced, text, "check")
        if utf8 and not self._connection.has_extn("smtputf8"):
            text = f"the server can't send to {mail.rcpt_to}: it doesn't offer SMTPUTF8"
            return Outcome(mail.key, "permanent", 553, "5.6.7", text, "check")
        if self._max_size and len(mail.data) > self._max_size:
            text = f"the message has {len(mail.data):,} bytes and the server takes {self._max_size:,}"
            return Outcome(mail.key, "permanent", 552, "5.3.4", text, "check")
        return None

    def _start(self, mail: Mail, utf8: bool) -> Outcome | None:
        """Bring the server to the point where it wants the content; or give why it doesn't."""
        commands = (
            ("MAIL", f"MAIL FROM:<{mail.mail_from}>{self._mail_options(mail, utf8)}\r\n".encode()),
            ("RCPT", f"RCPT TO:<{mail.rcpt_to}>\r\n".encode()),
            ("DATA", b"DATA\r\n"),
        )
        if self._pipelining:
            self._connection.send(b"".join(command for _stage, command in commands))
        refused = None
        for stage, command in commands:
            if refused is None:
                self._stage = stage
            elif not self._pipelining or not self._open:
                break
            try:
                if not self._pipelining:
                    self._connection.send(command)
                code, reply = self._connection.getreply()
            except (OSError, smtplib.SMTPException) as error:
                lost = self._lost(mail, error, "unsent")
                return refused or lost
            wanted = code == _START_INPUT if stage == "DATA" else _is_ok(code)
            if refused is None and not wanted:
                refused = self._outcome(mail, code, reply)
        if refused and self._open:
            self._reset(end_data=self._pipelining and code == _START_INPUT)
        return refused

    def _reset(self, end_data: bool = False) -> None:
        """End the transaction that was refused; the connection stays fit for another, or is closed."""
        try:
            if end_data:
                # RFC 2920 section 3.1: a server may want content for nobody; it gets none.
                self._connection.send(b".\r\n")
                self._connection.getreply()
            code, _reply = self._connection.docmd("RSET")
            self._open = _is_ok(code)
        except (OSError, smtplib.SMTPException):
            self._open = False

    def _mail_options(self, mail: Mail, utf8: bool) -> str:
        options = f" SIZE={len(mail.data)}" if self._connection.has_extn("size") else ""
        # RFC 6531 section 3.4: such a message needs both.
        return options + (" SMTPUTF8 BODY=8BITMIME" if utf8 else "")

    def _refused(self, mail: Mail, code: int, reply: bytes) -> Outcome:
        outcome = self._outcome(mail, code, reply)
        if self._open:
            self._reset()
        return outcome

    def _outcome(self, mail: Mail, code: int, reply: bytes) -> Outcome:
        """Give the outcome of an answer that is not the one that was hoped for."""
        enhanced, text = _reply_text(reply)
        if code // 100 in (4, 5):
            result: Result = "permanent" if code // 100 == 5 else "transient"
        else:
            # Something that isn't SMTP. Only before the end of the content it is certain that the server has nothing.
            result = "unknown" if self._stage == "end of data" else "unsent"
        if result in ("unknown", "unsent") or code == _SERVICE_CLOSING:
            self._open = False
        return Outcome(mail.key, result, max(code, 0), enhanced, text, self._stage)

    def _lost(self, mail: Mail, error: Exception, result: Result) -> Outcome:
        self._open = False
        text = _clean(f"{type(error).__name__}: {error}")
        return Outcome(mail.key, result, text=text, stage=self._stage)

    def _send_at_once(self) -> None:
        """Have the final dot leave at once: Nagle's algorithm would wait up to 40 ms for the content's ACK."""
        with contextlib.suppress(OSError, AttributeError):
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _wait(self, seconds: float) -> None:
        if self._connection.sock is not None:
            self._connection.sock.settimeout(seconds)


def _reply_text(reply: bytes) -> tuple[str, str]:
    """Give (enhanced code, text) of a reply without its three digits."""
    text = reply.decode("utf-8", "replace").strip()
    if match := _ENHANCED.match(text):
        # In a reply of several lines each repeats the code (RFC 2034 section 4).
        text = re.sub(rf"(?m)^{re.escape(match[1])}\s*", "", text)
        return match[1], _clean(text)
    return "", _clean(text)


def _clean(text: str) -> str:
    """Give `text` on one line, of bounded length, without what a database or a screen can't take."""
    return _UNPRINTABLE.sub(" ", text).strip()[:_MAX_TEXT]


def _is_ok(code: int) -> bool:
    return code // 100 == 2


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
