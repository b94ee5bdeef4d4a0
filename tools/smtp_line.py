"""The line to a mail server: bytes out, replies in (RFC 5321 section 4.2), over plain sockets and TLS alike.

`smtplib` reads a reply through three layers, octet counts and all, which costs more than everything else of a mail.
Here is one buffer; the replies of a whole flight are most often one call.

Nothing here blocks: what takes time is a generator that yields what it waits for (`Wait`) and is sent whether that has
come or time was up. One thread can so serve many lines (`tools.lane_loop`), or wait for one (`blocking`).
"""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import ssl
from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

from . import smtp_tls

T = TypeVar("T")
#: What is waited for, and for how many seconds at most. IDLE waits for another mail, without an end.
Wait = tuple[int, float]
Steps = Generator[Wait, bool, T]
READ, WRITE, IDLE = selectors.EVENT_READ, selectors.EVENT_WRITE, 0

MAX_TEXT = 500
_MAX_LINE = 8192  # octets; RFC 5321 section 4.5.3.1.5 asks for 512
_MAX_REPLY = 65536
_RECEIVE = 4096
_TLS_RECORD = 16384  # what one call gives to TLS, so that we know what can't have left
_DASH = ord("-")
_BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

_CODES = {b"%03d" % code: code for code in range(200, 600)}
_ENHANCED = re.compile(r"\A([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z)")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
# The answers to MAIL, RCPT and DATA that let the content follow, each on one line.
_GO_AHEAD = re.compile(rb"(?:2\d\d(?!-)[^\n]*\n){2}354(?!-)[^\n]*\n")


class LineError(Exception):
    """Nothing more can be said over this line; `left` is how many octets of the last flight may have left at most."""

    def __init__(self, text: str, left: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.left = left


class Line:
    """Sends flights of commands over `sock` and reads the replies to them.

    :param sock: a connected socket or TLS socket, which does not block from here on
    :param tick: seconds within which the server has to take something of what is sent
    """

    def __init__(self, sock: Any, tick: float) -> None:
        self._sock = sock = smtp_tls.plain(sock)
        self._tick = tick
        self._buffer = b""
        self._at = 0
        # What a call on a bare socket has raised for it has not taken. With TLS a record may be on its way.
        self._exact = type(sock) is socket.socket
        sock.setblocking(False)
        # Nagle's algorithm would wait up to 40 ms for the ACK of what left before.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_ahead(self) -> bool:
        """Whether there are replies that were received and not read."""
        return self._at < len(self._buffer)

    def send(self, flight: bytes) -> Steps[None]:
        """Send all of `flight`.

        :raises LineError: with `left`
        """
        sent, end = 0, len(flight)
        step = end if self._exact else min(end, _TLS_RECORD)
        view = memoryview(flight)
        try:
            while sent < end:
                try:
                    sent += self._sock.send(view[sent : sent + step])
                except _BLOCKED as error:
                    if not (yield _wanted(error, WRITE), self._tick):
                        raise TimeoutError from error
        except (OSError, ValueError) as error:
            left = sent if self._exact else min(end, sent + step)
            raise LineError(_reason(error, self._tick), left) from error

    def take(self) -> tuple[int, bytes] | None:
        """Give the next reply as (code, text without the codes) if it has come whole and is of one line."""
        buffer, at = self._buffer, self._at
        end = buffer.find(b"\n", at)
        if 3 <= end - at <= _MAX_LINE and buffer[at + 3] != _DASH and (code := _CODES.get(buffer[at : at + 3])):
            self._at = end + 1
            return code, buffer[at + 4 : end]
        return None

    def take_go_ahead(self) -> bool:
        """Take the answers to MAIL, RCPT and DATA if they are good and all there is; give whether it did."""
        if _GO_AHEAD.fullmatch(self._buffer, self._at):
            self._at = len(self._buffer)
            return True
        return False

    def read(self, seconds: float) -> Steps[tuple[int, bytes]]:
        """Give the next reply as (code, text without the codes), waiting for at most `seconds`.

        :raises LineError: when none comes, or something else
        """
        deadline = monotonic() + seconds
        if self._at == len(self._buffer):
            # A bare socket has most often nothing yet. TLS may have deciphered more than was asked for.
            if self._exact and not (yield READ, seconds):
                raise _late(seconds)
            yield from self._receive(deadline, seconds)
        if reply := self.take():
            return reply
        return (yield from self._read_pieces(deadline, seconds))

    def unasked(self) -> Steps[str]:
        """Give what the server said, or that it hung up, while nobody asked for anything; most often nothing.

        :raises LineError: when it said something that is no reply
        """
        if not self.is_ahead:
            try:
                self._buffer, self._at = self._sock.recv(_RECEIVE), 0
            except _BLOCKED:
                return ""
            except (OSError, ValueError) as error:
                raise LineError(_reason(error, 0)) from error
            if not self._buffer:
                raise LineError("the server closed the connection")
        code, text = yield from self.read(self._tick)
        return " ".join(filter(None, (str(code), *reply_text(text))))

    def _read_pieces(self, deadline: float, seconds: float) -> Steps[tuple[int, bytes]]:
        """Read a reply of several lines, or one that comes in pieces."""
        lines: list[bytes] = []
        first, size = b"", 0
        while True:
            line = yield from self._line(deadline, seconds)
            code, size = line[:3], size + len(line)
            if code not in _CODES or (first and code != first):
                raise LineError(clean(f"the server answered what is no SMTP: {line.decode('utf-8', 'replace')}"))
            if size > _MAX_REPLY:
                raise LineError(f"the server's answer is longer than {_MAX_REPLY:,} bytes")
            lines.append(line[4:])
            if line[3:4] != b"-":
                return _CODES[code], b"\n".join(lines)
            first = code

    def _line(self, deadline: float, seconds: float) -> Steps[bytes]:
        line = b""
        while True:
            end = self._buffer.find(b"\n", self._at) + 1
            piece = self._buffer[self._at : end or None]
            line += piece
            self._at += len(piece)
            if len(line) > _MAX_LINE:
                raise LineError(f"the server answered a line of more than {_MAX_LINE:,} bytes")
            if end:
                return line.rstrip(b"\r\n")
            yield from self._receive(deadline, seconds)

    def _receive(self, deadline: float, seconds: float) -> Steps[None]:
        """Take into the buffer what comes next, at least one octet; there is nothing else in it.

        :raises LineError: when `deadline` is over, or the line broke
        """
        while True:
            try:
                received = self._sock.recv(_RECEIVE)
            except _BLOCKED as error:
                left = deadline - monotonic()
                if left <= 0 or not (yield _wanted(error, READ), left):
                    raise _late(seconds) from error
            except (OSError, ValueError) as error:
                raise LineError(_reason(error, seconds)) from error
            else:
                if not received:
                    raise LineError("the server closed the connection")
                self._buffer, self._at = received, 0
                return


def blocking(steps: Steps[T], sock: Any) -> T:
    """Run `steps` of the line over `sock` to their end, waiting here; no other mail comes."""
    ready: bool | None = None
    while True:
        try:
            events, seconds = next(steps) if ready is None else steps.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result
        ready = bool(events) and _comes(sock, events, seconds)


def _comes(sock: Any, events: int, seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        try:
            selector.register(sock, events)
        except (ValueError, OSError):
            return True  # it is closed, which shows as soon as it is used
        return bool(selector.select(max(0.0, seconds)))


def _wanted(error: Exception, usual: int) -> int:
    """Give what has to be waited for before the call can be repeated: TLS may have to read in order to write."""
    if isinstance(error, ssl.SSLWantReadError):
        return READ
    return WRITE if isinstance(error, ssl.SSLWantWriteError) else usual


def reply_text(reply: bytes) -> tuple[str, str]:
    """Give (enhanced code of RFC 3463, text) of a reply without its three digits."""
    text = reply.decode("utf-8", "replace").strip()
    enhanced = ""
    if match := _ENHANCED.match(text):
        enhanced, text = match[1], text[match.end() :]
        if "\n" in text:
            # In a reply of several lines each repeats the code (RFC 2034 section 4).
            text = re.sub(rf"(?m)^{re.escape(enhanced)}\s*", "", text)
    return enhanced, clean(text)


def clean(text: str) -> str:
    """Give `text` on one line, of bounded length, without what a database or a screen can't take."""
    if not text.isprintable():
        text = _UNPRINTABLE.sub(" ", text)
    return text.strip()[:MAX_TEXT]


def _late(seconds: float) -> LineError:
    return LineError(f"timed out: no answer within {seconds:g} seconds")


def _reason(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"timed out: the server took nothing for {seconds:g} seconds"
    return clean(f"{type(error).__name__}: {error}")
