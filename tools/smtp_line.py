"""The line to a mail server: bytes out, replies in (RFC 5321 section 4.2), over plain sockets and TLS alike.

`smtplib` reads a reply through three layers, octet counts and all, which costs more than everything else of a mail.
Here is one buffer; the replies of a whole flight are most often one call.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import sys
from time import monotonic
from typing import Any

MAX_TEXT = 500
_MAX_LINE = 8192  # octets; RFC 5321 section 4.5.3.1.5 asks for 512
_MAX_REPLY = 65536
_RECEIVE = 4096
_TLS_RECORD = 16384  # what one call gives to TLS, so that we know what can't have left
_SHORTEST_WAIT = 0.001  # seconds; none at all would mean without end
_DASH = ord("-")

_CODES = {b"%03d" % code: code for code in range(200, 600)}
_ENHANCED = re.compile(r"\A([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z)")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")


class LineError(Exception):
    """Nothing more can be said over this line; `left` is how many octets of the last flight may have left at most."""

    def __init__(self, text: str, left: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.left = left


class Line:
    """Sends flights of commands over `sock` and reads the replies to them.

    :param sock: a connected socket or TLS socket, whose time limit is set here
    :param tick: seconds for which one call may block
    """

    def __init__(self, sock: Any, tick: float) -> None:
        self._sock = sock
        self._tick = tick
        self._buffer = b""
        self._at = 0
        # What a call on a bare socket has raised for it has not taken. With TLS a record may be on its way.
        self._exact = type(sock) is socket.socket
        # The system's own limit saves a call to poll() before each of ours, and a handing over of the GIL with it.
        self._by_system = self._exact and sys.platform == "linux"
        if self._by_system:
            sock.settimeout(None)
        self._limit(tick)
        # Nagle's algorithm would wait up to 40 ms for the ACK of what left before.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_ahead(self) -> bool:
        """Whether there are replies that were received and not read."""
        return self._at < len(self._buffer)

    def send(self, flight: bytes) -> None:
        """Send all of `flight`.

        :raises LineError: with `left`
        """
        sent, end, step = 0, len(flight), 0
        try:
            if self._exact:
                step = end
                sent = self._sock.send(flight)
            if sent < end:
                step = step or _TLS_RECORD
                view = memoryview(flight)
                while sent < end:
                    sent += self._sock.send(view[sent : sent + step])
        except (OSError, ValueError) as error:
            left = sent if self._exact else min(end, sent + step)
            raise LineError(_reason(error, self._tick), left) from error

    def read(self, seconds: float) -> tuple[int, bytes]:
        """Give the next reply as (code, text without the codes), waiting for at most `seconds`.

        :raises LineError: when none comes, or something else
        """
        deadline = 0.0
        if self._at == len(self._buffer):
            deadline = monotonic() + seconds
            self._buffer, self._at = self._receive(deadline, seconds), 0
        buffer, at = self._buffer, self._at
        end = buffer.find(b"\n", at)
        if 3 <= end - at <= _MAX_LINE and buffer[at + 3] != _DASH and (code := _CODES.get(buffer[at : at + 3])):
            self._at = end + 1
            return code, buffer[at + 4 : end]
        return self._read_pieces(deadline or monotonic() + seconds, seconds)

    def unasked(self) -> str:
        """Give what the server said, or that it hung up, while nobody asked for anything; most often nothing.

        :raises LineError: when it said something that is no reply
        """
        if not self.is_ahead:
            try:
                self._sock.settimeout(0.0)
                self._buffer, self._at = self._sock.recv(_RECEIVE), 0
                self._restore()
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self._restore()
                return ""
            except (OSError, ValueError) as error:
                raise LineError(_reason(error, 0)) from error
            if not self._buffer:
                raise LineError("the server closed the connection")
        code, text = self.read(self._tick)
        return " ".join(filter(None, (str(code), *reply_text(text))))

    def _read_pieces(self, deadline: float, seconds: float) -> tuple[int, bytes]:
        """Read a reply of several lines, or one that comes in pieces."""
        lines: list[bytes] = []
        first, size = b"", 0
        while True:
            line = self._line(deadline, seconds)
            code, size = line[:3], size + len(line)
            if code not in _CODES or (first and code != first):
                raise LineError(clean(f"the server answered what is no SMTP: {line.decode('utf-8', 'replace')}"))
            if size > _MAX_REPLY:
                raise LineError(f"the server's answer is longer than {_MAX_REPLY:,} bytes")
            lines.append(line[4:])
            if line[3:4] != b"-":
                return _CODES[code], b"\n".join(lines)
            first = code

    def _line(self, deadline: float, seconds: float) -> bytes:
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
            self._buffer, self._at = self._receive(deadline, seconds), 0

    def _receive(self, deadline: float, seconds: float) -> bytes:
        """Give what comes next, at least one octet.

        :raises LineError: when `deadline` is over, or the line broke
        """
        waiting = False
        try:
            while monotonic() < deadline:
                try:
                    if received := self._sock.recv(_RECEIVE):
                        return bytes(received)
                    raise LineError("the server closed the connection")
                except (BlockingIOError, TimeoutError):
                    waiting = True
                    self._limit(min(self._tick, deadline - monotonic()))
            raise LineError(f"timed out: no answer within {seconds:g} seconds")
        except (OSError, ValueError) as error:
            raise LineError(_reason(error, seconds)) from error
        finally:
            if waiting:
                self._limit(self._tick)

    def _limit(self, seconds: float) -> None:
        """Let no call block for longer."""
        seconds = max(seconds, _SHORTEST_WAIT)
        if not self._by_system:
            self._sock.settimeout(seconds)
            return
        whole, part = divmod(round(seconds * 1_000_000), 1_000_000)
        limit = struct.pack("@ll", whole, part)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def _restore(self) -> None:
        self._sock.settimeout(None if self._by_system else self._tick)


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


def _reason(error: Exception, seconds: float) -> str:
    if isinstance(error, (BlockingIOError, TimeoutError)):
        return f"timed out: the server took nothing for {seconds:g} seconds"
    return clean(f"{type(error).__name__}: {error}")
