"""One SMTP connection and what becomes of a message on it (RFC 5321).

The connection is an `smtplib.SMTP` that somebody else opened and logged in, so that TLS, certificates and OAuth are
theirs. Here is only the mail transaction, with every answer told apart: what the server took, what it refused for now
or for good, what never left, and what nobody can know.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

#: accepted: the server has it. transient: refused for now (4yz). permanent: refused for good (5yz).
#: unsent: it never left whole, the server can't have it. unknown: it left whole and no answer came.
Result = Literal["accepted", "transient", "permanent", "unsent", "unknown"]

_ENHANCED = re.compile(r"\A([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z)")
_UNSAFE = re.compile(r"[\r\n\x00]")
_SERVICE_CLOSING = 421
_START_INPUT = 354
_MAX_TEXT = 500


@dataclass(frozen=True)
class Mail:
    """A message ready to leave: `key` names it to the caller; `data` has CRLF line ends and no line with a dot first."""

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

    :param connection: an open, logged-in `smtplib.SMTP` (or what behaves like one) after EHLO
    :param timeout: seconds to wait for any single answer
    """

    def __init__(self, connection: Any, timeout: float = 60.0) -> None:
        self._connection = connection
        self._open = True
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        self._max_size = _number(connection.esmtp_features.get("size", ""))

    @property
    def is_open(self) -> bool:
        """Whether another mail can be sent over this connection."""
        return self._open

    def send_all(self, mails: Iterable[Mail]) -> Iterator[Outcome]:
        """Give the outcome of each of `mails`, in order; once the connection is gone the rest is `unsent`."""
        for mail in mails:
            if self._open:
                yield self.send(mail)
            else:
                yield Outcome(mail.key, "unsent", text="the connection was lost before", stage="connection")

    def send(self, mail: Mail) -> Outcome:
        """Run the transaction of one mail. Never raises for what the server or the line does."""
        if refusal := self._refuse(mail):
            return refusal
        stage = "MAIL"
        try:
            code, reply = self._connection.mail(mail.mail_from, self._mail_options(mail))
            if _is_ok(code):
                stage = "RCPT"
                code, reply = self._connection.rcpt(mail.rcpt_to)
            if stage == "RCPT" and _is_ok(code):
                stage = "DATA"
                code, reply = self._connection.docmd("DATA")
            if stage != "DATA" or code != _START_INPUT:
                return self._refused(mail, code, reply, stage)
            stage = "content"
            self._connection.send(mail.data)
        except (OSError, smtplib.SMTPException) as error:
            # Without the final dot the server has no message: it can be sent again.
            return self._lost(mail, error, stage, "unsent")
        try:
            self._connection.send(b".\r\n")
            code, reply = self._connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return self._lost(mail, error, "end of data", "unknown")
        if _is_ok(code):
            return Outcome(mail.key, "accepted", code, *_reply_text(reply), stage="end of data")
        return self._refused(mail, code, reply, "end of data")

    def close(self) -> None:
        """Say goodbye (QUIT), or just hang up when the server doesn't answer any more."""
        try:
            if self._open:
                self._connection.quit()
        except (OSError, smtplib.SMTPException):
            pass  # the mails have their outcomes already; a failing goodbye changes none of them
        finally:
            self._open = False
            self._connection.close()

    def _refuse(self, mail: Mail) -> Outcome | None:
        """Refuse before the socket is touched what must not, or can't, be sent."""
        for name, value in (("sender", mail.mail_from), ("recipient", mail.rcpt_to)):
            if not value or _UNSAFE.search(value) or any(char in value for char in "<> "):
                return Outcome(
                    mail.key, "permanent", 553, "5.1.3", f"{value!r} can't be a {name} address", "check"
                )
        if mail.smtputf8 and not self._connection.has_extn("smtputf8"):
            text = f"the server can't send to {mail.rcpt_to}: it doesn't offer SMTPUTF8"
            return Outcome(mail.key, "permanent", 553, "5.6.7", text, "check")
        if self._max_size and len(mail.data) > self._max_size:
            text = f"the message has {len(mail.data):,} bytes and the server takes {self._max_size:,}"
            return Outcome(mail.key, "permanent", 552, "5.3.4", text, "check")
        return None

    def _mail_options(self, mail: Mail) -> list[str]:
        options = [f"SIZE={len(mail.data)}"] if self._connection.has_extn("size") else []
        if mail.smtputf8:
            # RFC 6531 section 3.4: such a message needs both.
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        return options

    def _refused(self, mail: Mail, code: int, reply: bytes, stage: str) -> Outcome:
        enhanced, text = _reply_text(reply)
        if code == _SERVICE_CLOSING or code // 100 not in (4, 5):
            self._open = False  # closing, or talking something that isn't SMTP
        else:
            try:
                self._connection.docmd("RSET")
            except (OSError, smtplib.SMTPException):
                self._open = False
        result: Result = "permanent" if code // 100 == 5 else "transient"
        return Outcome(mail.key, result, code, enhanced, text, stage)

    def _lost(self, mail: Mail, error: Exception, stage: str, result: Result) -> Outcome:
        self._open = False
        return Outcome(mail.key, result, text=f"{type(error).__name__}: {error}"[:_MAX_TEXT], stage=stage)


def _reply_text(reply: bytes) -> tuple[str, str]:
    """Give (enhanced code, text) of a reply without its three digits."""
    text = reply.decode("utf-8", "replace").strip()
    if match := _ENHANCED.match(text):
        # In a reply of several lines each repeats the code (RFC 2034 section 4).
        text = re.sub(rf"(?m)^{re.escape(match[1])}\s*", "", text)
        return match[1], " ".join(text.split())[:_MAX_TEXT]
    return "", " ".join(text.split())[:_MAX_TEXT]


def _is_ok(code: int) -> bool:
    return code // 100 == 2


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
