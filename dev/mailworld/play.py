"""The play: a campaign goes out, people and servers answer, Odoo fetches what they say, all of it is judged."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..demo.client import Client
from ..errors import Problem
from ..odoo import Odoo
from ..paths import LOGS
from ..progress import Step
from ..server import HOST, Server, start, wait
from . import cast, dovecot, judge, people, postfix
from .judge import Row
from .office import Office
from .place import Place, free_port, place

LOG = LOGS / "integration.log"
FETCHED = re.compile(r"Fetched \d+ email\(s\) on .*; \d+ succeeded, (?P<failed>\d+) failed\.")
# Otherwise a job whose next call is changed waits for up to a minute.
WAKING = {"ODOO_NOTIFY_CRON_CHANGES": "1"}
STANDSTILL = 60.0  # seconds without any change after which something is wrong
LOOK_EVERY = 0.5  # seconds
DOMAINS = (cast.OURS, cast.GOOD, cast.LATE)
USERS = tuple(dict.fromkeys(cast.BOXES.values()))


def play(odoo: Odoo, database: str) -> list[Row]:
    """Play it on `database`, which has the addon; the rows of the table.

    :raises Problem: when something does not start, or nothing happens any more
    """
    audience = cast.audience()
    with (
        place() as where,
        postfix.running(where, cast.boxes(audience), cast.TRANSPORT, cast.REFUSED, DOMAINS) as mta,
        dovecot.running(where) as imap,
        _odoo(odoo, database) as server,
    ):
        stage = Stage(where, mta, imap, Office(Client(server, LOG)), audience)
        stage.office.set_up(mta, imap)
        return stage.rows()


@contextmanager
def _odoo(odoo: Odoo, database: str) -> Iterator[Server]:
    port = free_port()
    server = Server(f"http://{HOST}:{port}", database, "admin", "admin", inbox_url="", smtp_port=0)
    options = ["-d", database, f"--http-port={port}", "--db-filter", f"^{database}$"]
    with start(odoo.command(*options), odoo, LOG, signal.SIGINT, WAKING) as child:
        with Step("Starting Odoo") as step:
            wait(f"{server.url}/web/login", child, LOG, step)
        yield server


class Stage:
    """The acts, one after another."""

    def __init__(
        self,
        where: Place,
        mta: postfix.Postfix,
        imap: dovecot.Dovecot,
        office: Office,
        audience: list[cast.Person],
    ) -> None:
        self.place = where
        self.postfix = mta
        self.dovecot = imap
        self.office = office
        self.audience = audience

    def rows(self) -> list[Row]:
        """Play all; judge."""
        self.office.launch(self.audience)
        before = self.office.counts()
        self._send()
        self._delayed_arrive()
        people.act(self.place, self.postfix.port, self.audience)
        self._notices_arrive()
        self._fetch("Fetching what came back")
        first = self.office.known()
        rows = [
            *judge.of_mailboxes(self.audience, self.place, self.postfix),
            *judge.of_recipients(self.audience, first),
        ]
        rows += judge.of_the_log(self.audience, first)
        rows += judge.of_records(before, first, failures(LOG))
        number = sum(self.dovecot.unread_all(user) for user in USERS)
        self._fetch("Fetching it again")
        rows += judge.of_a_second_fetch(number, first, self.office.known())
        return rows

    def _send(self) -> None:
        total = len(self.audience)

        def look() -> tuple[bool, float, str]:
            left = self.office.waiting()
            return not left, 1 - left / total, f"{total - left} of {total}"

        _until("Sending the campaign", look, LOG)

    def _delayed_arrive(self) -> None:
        """Once their servers have told of the delay, those who are delayed get their mail."""
        expected = sum(person.role.notices + person.role.delays for person in self.audience)
        later = sum(bool(person.role.notices and person.role.delays) for person in self.audience)
        boxes = [person.box for person in self.audience if person.role.box]

        def told() -> tuple[bool, float, str]:
            come = len(self.place.maildir("bounce"))
            return come >= expected - later, come / expected, f"{come} notices"

        def arrived() -> tuple[bool, float, str]:
            full = sum(bool(self.place.maildir(box)) for box in boxes)
            return full == len(boxes), full / len(boxes), f"{full} of {len(boxes)} mailboxes"

        _until("Waiting for bounces and delays", told, self.postfix.log)
        self.postfix.deliver_now(cast.DELAYED)
        _until("Waiting for the mailboxes", arrived, self.postfix.log)

    def _notices_arrive(self) -> None:
        def look() -> tuple[bool, float, str]:
            come = sum(len(self.place.maildir(user)) for user in USERS)
            return self.postfix.is_idle(), 0.5, f"{come} messages came back"

        _until("Waiting until Postfix has given up on what can't be delivered", look, self.postfix.log)

    def _fetch(self, title: str) -> None:
        """Until Odoo's own job has read every message."""
        total = sum(len(self.place.maildir(user)) for user in USERS)

        def look() -> tuple[bool, float, str]:
            left = sum(self.dovecot.unread(user) for user in USERS)
            if left:
                self.office.wake_fetching()
            return not left, 1 - left / total if total else 1.0, f"{total - left} of {total}"

        _until(title, look, LOG)
        self.office.settle()


def failures(log: Path) -> int:
    """How many messages Odoo says that it failed to take."""
    return sum(int(match["failed"]) for match in FETCHED.finditer(log.read_text(errors="replace")))


def _until(title: str, look: Callable[[], tuple[bool, float, str]], log: Path) -> None:
    """Until `look` gives (True, …); it gives (whether it is over, the fraction done, a few words)."""
    with Step(title) as step:
        last, since = None, time.monotonic()
        while True:
            seen = over, fraction, words = look()
            if over:
                return
            step.update(fraction, words)
            if seen != last:
                last, since = seen, time.monotonic()
            elif time.monotonic() - since > STANDSTILL:
                raise Problem(f"{title}: nothing changes any more ({words}). Why, is at the end of the log {log}.")
            time.sleep(LOOK_EVERY)
