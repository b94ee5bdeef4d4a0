"""`python -m benchmarks.visiting PORT CONNECTIONS ASKED RESULT`: ask a server for many things, several at a time.

ASKED is a JSON file with `method`, `paths`, `body`, the `status` that each answer must have, and `failing`: whether
some may be 500, which are counted. One thread, sockets that do not block; connections are kept where the server keeps
them (Odoo's workers end each after one answer).
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HOST = "127.0.0.1"
SECONDS = 60.0  # without any answer
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Line:
    """One connection at a time, with one request on its way."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port, self._selector = port, selector
        self._socket: socket.socket | None = None
        self._got = b""

    def ask(self, request: bytes) -> None:
        """Send `request`; it is small enough for one call."""
        if not self._socket:
            self._socket = socket.create_connection((HOST, self._port), SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._got = b""
        self._socket.sendall(request)

    def read(self) -> bytes | None:
        """Give the answer when all of it is there."""
        assert self._socket
        data = self._socket.recv(65536)
        self._got += data
        head, ended, rest = self._got.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
        whole = bool(ended) and bool(lengths) and len(rest) >= lengths[0]
        if data and not whole:
            return None
        if not data or b"connection: close" in lines or head.startswith(b"HTTP/1.0"):
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None
        return self._got


def requests(asked: dict[str, object]) -> Iterator[bytes]:
    """Give each request as it is sent."""
    body = str(asked["body"] or "").encode()
    form = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n" if body else ""
    paths = asked["paths"]
    assert isinstance(paths, list)
    for path in paths:
        head = f"{asked['method']} {path} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {BROWSER}\r\n{form}\r\n"
        yield head.encode() + body


def run(port: int, connections: int, asked: dict[str, object]) -> dict[str, float]:
    """Ask for everything; give the seconds, how many answers there were, and how many of them told of a failure."""
    wanted = f" {asked['status']} ".encode()
    waiting, answers, failed = requests(asked), 0, 0
    with selectors.DefaultSelector() as selector:
        begin = time.perf_counter()
        for _ in range(connections):
            if request := next(waiting, b""):
                Line(port, selector).ask(request)
        while selector.get_map():
            ready = selector.select(SECONDS)
            if not ready:
                raise TimeoutError(f"no answer within {SECONDS:.0f} s after {answers} of them")
            for key, _events in ready:
                answer = key.data.read()
                if answer is None:
                    continue
                if asked.get("failing") and b" 500 " in answer[:20]:
                    failed += 1
                elif wanted not in answer[:20]:
                    raise ValueError(f"expected{wanted.decode()}but got {answer[:300]!r}")
                answers += 1
                if request := next(waiting, b""):
                    key.data.ask(request)
                elif key.data._socket:
                    selector.unregister(key.data._socket)
        return {"seconds": time.perf_counter() - begin, "count": answers, "failed": failed}


if __name__ == "__main__":
    port_, connections_, asked_, result_ = sys.argv[1:]
    done = run(int(port_), int(connections_), json.loads(Path(asked_).read_text()))
    Path(result_).write_text(json.dumps(done))
