"""An SMTP server for tests of faults: fast, with PIPELINING, and wrong at the moments that a test chooses."""

import asyncio
import enum
import socket
import struct
import threading
import time
from collections import Counter

EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8")


class Fault(enum.Enum):
    """What a server can do instead of answering."""

    RESET = "hang up with RST: neither side can know what the other has read"
    SILENCE = "answer nothing any more, and keep the connection"
    HALF = "begin an answer, then silence"


class FaultPeer:
    """Counts how often each address was accepted in `accepted`; `behave(moment, rcpt)` says what goes wrong when.

    It is called at the moments connect, EHLO, MAIL, RCPT, DATA, content (354 was said), body (the content has begun to
    come), dot (it is there and not accepted), taken (accepted and not answered), answered; with the recipient, or "" as
    long as there is none. It gives None (go on), a reply, after which a 421 also closes the connection, or a `Fault`.

    :param seconds: how long it takes for each message, and for nothing else meanwhile
    :param extensions: what EHLO offers; None: the server doesn't know EHLO
    :param for_nobody: what it answers to DATA when it has refused all recipients
    """

    def __init__(self, seconds=0, extensions=EXTENSIONS, for_nobody="503 5.5.1 for whom?"):
        self.behave = lambda moment, rcpt: None
        self.seconds = seconds
        self.extensions = extensions
        self.for_nobody = for_nobody
        self.accepted = Counter()
        self.refused = {}  # address → codes of its refusals
        self.unanswered = set()  # of which a client can't know whether they were accepted
        self.mixed_up = []  # addresses that got a content which is not theirs
        self.connections = 0
        self.faults = 0
        self.total = 0
        self.sessions = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault peer", daemon=True)

    def start(self):
        self._thread.start()
        serving = self._loop.create_server(lambda: _Session(self), "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        self.address = self._server.sockets[0].getsockname()[:2]

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self):
        self._server.close()
        for session in list(self.sessions):
            session.transport.abort()
        await asyncio.sleep(0)


class _Session(asyncio.Protocol):
    def __init__(self, peer):
        self.peer = peer
        self.buffer = b""
        self.sender = self.rcpt = ""
        self.in_content = self.began = self.gone = False

    def connection_made(self, transport):
        self.transport = transport
        self.peer.connections += 1
        self.peer.sessions.add(self)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._do("connect", "220 fault.example ESMTP")

    def connection_lost(self, error):
        self.gone = True
        self.peer.sessions.discard(self)

    def data_received(self, data):
        if self.gone:
            return
        self.buffer += data
        while self.buffer and not self.gone:
            if not (self._content() if self.in_content else self._command()):
                break

    def _command(self):
        line, found, rest = self.buffer.partition(b"\r\n")
        if not found:
            return False
        self.buffer = rest
        verb, _blank, argument = line.decode().partition(" ")
        getattr(self, f"_on_{verb.lower()}", self._on_unknown)(argument)
        return True

    def _content(self):
        if not self.began:
            self.began = True
            if self._wrong("body"):
                return False
        if self.buffer.startswith(b".\r\n"):
            data, self.buffer = b"", self.buffer[3:]
        else:
            data, found, rest = self.buffer.partition(b"\r\n.\r\n")
            if not found:
                return False
            self.buffer = rest
        self.in_content = False
        rcpt = self.rcpt
        if not rcpt:
            self._say("554 5.5.1 no valid recipients")
        elif not self._wrong("dot"):
            time.sleep(self.peer.seconds)
            if rcpt.encode() not in data:
                self.peer.mixed_up.append(rcpt)
            self.peer.accepted[rcpt] += 1
            self.peer.total += 1
            if not self._wrong("taken"):
                self._say("250 2.0.0 taken")
                self._wrong("answered")
        self.sender = self.rcpt = ""
        return True

    def _on_ehlo(self, _argument):
        if self.peer.extensions is None:
            self._say("502 5.5.1 no such command")
        elif not self._wrong("EHLO"):
            lines = ["fault.example", *self.peer.extensions]
            self._say("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))

    def _on_helo(self, _argument):
        self._say("250 fault.example")

    def _on_mail(self, argument):
        self.sender, self.rcpt = argument, ""
        self._do("MAIL", "250 2.1.0 go on")

    def _on_rcpt(self, argument):
        rcpt = argument.partition("<")[2].partition(">")[0]
        if not self.sender:
            self._say("503 5.5.1 from whom?")
            return
        self.rcpt = rcpt
        if self._wrong("RCPT"):
            self.rcpt = ""
        else:
            self._say("250 2.1.5 go on")

    def _on_data(self, _argument):
        if not self.rcpt:
            reply = self.peer.for_nobody
            self._say(reply)
            self.in_content = self.began = reply.startswith("354")
        elif not self._wrong("DATA"):
            self._say("354 go on")
            self.in_content, self.began = True, False
            self._wrong("content")

    def _on_rset(self, _argument):
        self.sender = self.rcpt = ""
        self._say("250 2.0.0 forgotten")

    def _on_noop(self, _argument):
        self._say("250 2.0.0 nothing done")

    def _on_quit(self, _argument):
        self._say("221 2.0.0 goodbye")
        self.transport.close()

    def _on_unknown(self, _argument):
        self._say("502 5.5.1 no such command")

    def _do(self, moment, reply):
        if not self._wrong(moment):
            self._say(reply)

    def _say(self, reply):
        self.transport.write(f"{reply}\r\n".encode())

    def _wrong(self, moment):
        """Do what goes wrong at `moment`; give whether something does."""
        fault = self.peer.behave(moment, self.rcpt)
        if fault is None:
            return False
        self.peer.faults += 1
        if isinstance(fault, str):
            if self.rcpt:
                self.peer.refused.setdefault(self.rcpt, []).append(fault[:3])
            self._say(fault)
            if fault.startswith("421"):
                self._leave(self.transport.close)
            return True
        if moment in ("content", "body", "dot", "taken", "answered"):
            self.peer.unanswered.add(self.rcpt)
        if fault is Fault.HALF:
            self.transport.write(b"25")
        if fault is Fault.RESET:
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._leave(self.transport.abort)
        else:
            self.gone = True
        return True

    def _leave(self, close):
        self.gone = True
        close()
