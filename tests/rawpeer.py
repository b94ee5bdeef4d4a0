"""A mail server of sockets and threads that breaks the line, or the protocol, where a test tells it to."""

import smtplib
import socket
import threading
import time
from collections import deque

GARBAGE = b"HTTP/1.1 400 Bad Request\r\n"
RESET = b"\1\0\0\0\0\0\0\0"  # SO_LINGER with no time: closing sends RST


class HungUp(Exception):
    """The session is over."""


class RawPeer:
    """Takes mails whose envelope sender is "<key>@…" and notes the keys of those it took in `taken`.

    `script` says for a key what to do, for one try after the other: "STAGE ACTION". The stages are MAIL, RCPT, DATA,
    content (after its first line), dot (nothing is taken) and taken (it is, and the answer differs). The actions are
    a reply ("451 4.7.1 later"; 421 closes), reset, close, silent, garbage and endless (a line without an end). Without
    an entry a mail is taken.

    :param offers: extensions; None for a server without EHLO
    :param pieces: whether each answer comes in pieces; else those to all that has come are one packet
    :param wants_nobody: whether DATA gets 354 although no recipient was taken
    :param tls: context of a server, for which `connect` starts TLS with `client_tls`
    """

    def __init__(self, script=None, offers=("PIPELINING",), pieces=False, wants_nobody=False, tls=None):
        self.script = {key: list(tries) for key, tries in (script or {}).items()}
        self.offers = offers and (*offers, "STARTTLS") if tls else offers
        self.pieces = pieces
        self.wants_nobody = wants_nobody
        self.tls = tls
        self.taken, self.contents, self.strange = [], [], []
        self.commands = []
        self.connections = 0
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def connect(self, client_tls=None):
        connection = smtplib.SMTP(*self._socket.getsockname(), local_hostname="client.example", timeout=10)
        if client_tls:
            connection.starttls(context=client_tls)
        connection.ehlo_or_helo_if_needed()
        return connection

    def stop(self):
        if not self.stopped.is_set():
            self.stopped.set()
            # Closed while a thread waits on it, its number could be another socket's before the thread knows.
            self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join()
            self._socket.close()

    def next_try(self, key):
        """Give (stage, action) of what goes wrong with the mail `key` this time."""
        with self._lock:
            tries = self.script.get(key)
            return tries.pop(0).split(" ", 1) if tries else ("", "")

    def _listen(self):
        while True:
            try:
                connected, _address = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=Session(self, connected).run, daemon=True).start()


class Session:
    def __init__(self, peer, connected):
        self.peer = peer
        self.socket = connected
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines, self.begun, self.answers = deque(), b"", b""
        self._forget()

    def run(self):
        try:
            self.answer(b"220 peer")
            while True:
                self.command(self.line())
        except (HungUp, OSError) as reason:
            self.ended = reason
        finally:
            self.socket.close()

    def command(self, line):
        verb = line[:4].upper().decode()
        self.peer.commands.append(verb)
        if verb in ("MAIL", "RCPT", "DATA"):
            getattr(self, f"do_{verb.lower()}")(line.decode())
        elif verb == "EHLO" and self.peer.offers is None:
            self.answer(b"502 what?")
        elif verb == "EHLO":
            self.answer(b"\r\n".join([b"250-peer", *(f"250-{offer}".encode() for offer in self.peer.offers), b"250 ."]))
        elif verb == "STAR":
            self.answer(b"220 go on")
            self.flush()
            self.socket = self.peer.tls.wrap_socket(self.socket, server_side=True)
        elif verb == "QUIT":
            self.answer(b"221 bye")
            self.flush()
            raise HungUp
        else:
            if verb not in ("HELO", "RSET"):
                self.peer.strange.append(line)
            self._forget()
            self.answer(b"250 OK")

    def do_mail(self, line):
        if self.sender:
            self.peer.strange.append(line)
        self.key = int(line.partition("<")[2].partition("@")[0])
        self.stage, self.action = self.peer.next_try(self.key)
        self.sender = self.go_through("MAIL", b"250 2.1.0 OK")

    def do_rcpt(self, _line):
        if not self.sender:
            self.answer(b"503 5.5.1 MAIL first")
        else:
            self.recipient = self.go_through("RCPT", b"250 2.1.5 OK")

    def do_data(self, _line):
        if not self.recipient and not (self.sender and self.peer.wants_nobody):
            self.answer(b"554 5.5.1 no valid recipients")
        elif self.go_through("DATA", b"354 go on"):
            self.take_content()

    def take_content(self):
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line)
            self.go_through("content", b"")
        content = b"".join(lines)
        if not self.recipient:
            self.answer(b"554 5.5.1 no valid recipients")
            if content:
                self.peer.strange.append(content)
        elif self.stage == "dot":
            self.go_through("dot", b"250 OK")
        else:
            self.peer.taken.append(self.key)
            self.peer.contents.append(content)
            self.go_through("taken", b"250 2.0.0 Ok: queued as %d" % self.key)
        self._forget()

    def go_through(self, stage, usual):
        """Answer as usual, or do what the script says for this stage; give whether it went well."""
        if self.stage != stage:
            if usual:
                self.answer(usual)
            return True
        self.flush()
        if self.action == "reset":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        elif self.action == "silent":
            self.peer.stopped.wait(20)
        elif self.action == "garbage":
            self.socket.sendall(GARBAGE)
            self.peer.stopped.wait(20)
        elif self.action == "endless":
            while True:
                self.socket.sendall(b"250 and so on" * 1000)
        elif self.action != "close":
            self.answer(self.action.encode())
            if not self.action.startswith("421"):
                return False
            self.flush()
        raise HungUp

    def line(self):
        while not self.lines:
            self.flush()
            received = self.socket.recv(65536)
            if not received:
                raise HungUp
            *lines, self.begun = (self.begun + received).split(b"\n")
            self.lines += lines
        return self.lines.popleft() + b"\n"

    def answer(self, answer):
        self.answers += answer + b"\r\n"
        if self.peer.pieces:
            self.flush()

    def flush(self):
        answers, self.answers = self.answers, b""
        if not self.peer.pieces:
            self.socket.sendall(answers)
            return
        for at in range(0, len(answers), 4):
            self.socket.sendall(answers[at : at + 4])
            time.sleep(0.0002)

    def _forget(self):
        self.sender = self.recipient = False
        self.key = self.stage = self.action = None
