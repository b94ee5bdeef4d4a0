"""Clients that send ready-made messages and do nothing else, to compare with.

`python -m benchmarks.client KIND FOLDER COUNT PORT CONNECTIONS RESULT`, where KIND is `pipelined` (our own client, fed
with finished messages: the ceiling of what the engine can reach) or `smtplib` (Python's own, one thread a connection).
"""

from __future__ import annotations

import json
import resource
import smtplib
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tools.lanes import Lanes
from tools.smtp import Mail

from .ready import read, repeated
from .sink import HOST

CAPACITY = 1024
ENOUGH = 128  # outcomes worth waking up for


def pipelined(mails: Iterator[Mail], port: int, connections: int) -> int:
    """Send by our lanes; how many were accepted."""
    lanes = Lanes(connections, capacity=CAPACITY)
    accepted = 0
    ahead = list(islice(mails, CAPACITY))
    while ahead or lanes.pending:
        if lanes.missing:
            connection = smtplib.SMTP(HOST, port)
            connection.ehlo()
            lanes.add(connection)
        lanes.put(ahead)
        # While connections are missing nothing is waited for but the next of them; the others work meanwhile.
        outcomes = lanes.collect(0 if lanes.missing else ENOUGH, 60)
        if refused := [outcome for outcome in outcomes if outcome.result != "accepted"]:
            raise RuntimeError(f"Not accepted: {refused[0]}")
        accepted += len(outcomes)
        ahead = list(islice(mails, lanes.room))
    lanes.close()
    return accepted


def plain(mails: Iterator[Mail], port: int, connections: int) -> int:
    """Send by smtplib; how many were accepted."""
    lock = threading.Lock()
    accepted = [0] * connections

    def serve(number: int) -> None:
        with smtplib.SMTP(HOST, port) as connection:
            while True:
                with lock:
                    mail = next(mails, None)
                if mail is None:
                    return
                connection.sendmail(mail.mail_from, mail.rcpt_to, mail.data)
                accepted[number] += 1

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(accepted)


def main(kind: str, folder: str, count: str, port: str, connections: str, result: str) -> None:
    """Send and write what it took."""
    mails = repeated(read(Path(folder)), int(count))
    send = {"pipelined": pipelined, "smtplib": plain}[kind]
    cpu, begin = _cpu(), time.perf_counter()
    accepted = send(mails, int(port), int(connections))
    seconds = time.perf_counter() - begin
    Path(result).write_text(json.dumps({"seconds": seconds, "cpu_seconds": _cpu() - cpu, "accepted": accepted}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
