"""A line with a delay: a TCP proxy that hands on every byte so many milliseconds after it came, in both directions.

There is no limit to how much may be on the way, and nothing overtakes anything. Only opening a connection is not
delayed. `python -m benchmarks.proxy PORT TARGET_PORT MILLISECONDS`; ended by SIGTERM.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dev.errors import Problem
from dev.paths import CHECKOUT
from dev.process import Child

from .sink import HOST, free_port

CHUNK = 1 << 18
START_SECONDS = 10.0


@dataclass(eq=False)
class Way:
    """One direction of one connection."""

    source: socket.socket
    target: socket.socket
    waiting: bytearray = field(default_factory=bytearray)  # due, but the target's buffer was full
    ended: bool = False  # the source will send nothing more, and that is due too

    def flush(self) -> None:
        """Give the target what is due."""
        try:
            while self.waiting:
                del self.waiting[: self.target.send(self.waiting)]
            if self.ended:
                self.target.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            pass
        except OSError:
            # It is gone: what was for it is nobody's any more, and the source shall hear of it.
            self.waiting.clear()
            with contextlib.suppress(OSError):
                self.source.shutdown(socket.SHUT_RDWR)


class Line:
    """The proxy itself; one thread, which `run` keeps."""

    def __init__(self, port: int, target_port: int, delay: float) -> None:
        self._target_port = target_port
        self._delay = delay
        self._server = socket.create_server((HOST, port), backlog=256)
        self._ways: dict[socket.socket, Way] = {}  # by source
        # All are delayed by as much, so one queue for all of them is in the order of what is due.
        self._under_way: deque[tuple[float, Way, bytes]] = deque()

    def run(self) -> None:
        """Serve until the process ends."""
        while True:
            timeout = max(0.0, self._under_way[0][0] - time.monotonic()) if self._under_way else None
            stuck = {way.target: way for way in self._ways.values() if way.waiting}
            # Not epoll: it counts in milliseconds, select in microseconds.
            readable, writable, _ = select.select([self._server, *self._ways], stuck, [], timeout)
            for source in readable:
                if source is self._server:
                    self._accept()
                else:
                    self._read(self._ways[source])
            for target in writable:
                stuck[target].flush()
            self._hand_on()

    def _accept(self) -> None:
        caller = self._server.accept()[0]
        try:
            called = socket.create_connection((HOST, self._target_port))
        except OSError:
            caller.close()
            return
        for source, target in ((caller, called), (called, caller)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            source.setblocking(False)
            self._ways[source] = Way(source, target)

    def _read(self, way: Way) -> None:
        try:
            data = way.source.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._under_way.append((time.monotonic() + self._delay, way, data))
        if not data:
            del self._ways[way.source]

    def _hand_on(self) -> None:
        now = time.monotonic()
        while self._under_way and self._under_way[0][0] <= now:
            _due, way, data = self._under_way.popleft()
            if data:
                way.waiting += data
            else:
                way.ended = True
            way.flush()


@contextmanager
def delayed(python: Path, target_port: int, round_trip: float) -> Iterator[int]:
    """A port for the time of the block that leads to `target_port`, `round_trip` seconds away."""
    port = free_port()
    command: list[str | Path] = [python, "-m", "benchmarks.proxy", str(port), str(target_port), str(round_trip * 500)]
    with Child(command, cwd=CHECKOUT) as child:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection((HOST, port), 1).close()
                break
            except OSError as error:
                if not child.is_running() or time.monotonic() > deadline:
                    raise Problem(f"The delaying proxy does not answer on port {port}: {error}") from error
                time.sleep(0.02)
        yield port


if __name__ == "__main__":
    Line(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000).run()
