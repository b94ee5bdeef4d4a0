"""A Dovecot of our own: IMAP on loopback, for the mailboxes that Postfix delivers into."""

from __future__ import annotations

import imaplib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import Problem
from ..paths import LOGS
from ..process import Child, run
from . import packages
from .place import HOST, Place, answers, await_start, free_port

UNDERSTOOD = "2.3"  # 2.4 has another syntax
TIMEOUT = 30  # seconds for one command of IMAP
CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = mailworld
log_path = {log}
protocols = imap
listen = {host}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{mail}/%n
mail_uid = {uid}
mail_gid = {uid}
first_valid_uid = 100
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={mail}/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running one. Each mailbox is a user of its own, all with one password."""

    place: Place
    port: int
    password: str

    def unread(self, user: str) -> int:
        """How many messages nobody has read yet."""
        with self._mailbox(user, readonly=True) as imap:
            return len(imap.search(None, "UNSEEN")[1][0].split())

    def unread_all(self, user: str) -> int:
        """Take the marks of being read away, so that all is fetched once more; how many messages there are."""
        with self._mailbox(user, readonly=False) as imap:
            numbers = imap.search(None, "ALL")[1][0].split()
            if numbers:
                imap.store(b",".join(numbers).decode(), "-FLAGS", "\\Seen")
            return len(numbers)

    @contextmanager
    def _mailbox(self, user: str, *, readonly: bool) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4(HOST, self.port, timeout=TIMEOUT) as imap:
            imap.login(user, self.password)
            imap.select("INBOX", readonly)
            yield imap


@contextmanager
def running(place: Place) -> Iterator[Dovecot]:
    """A Dovecot for the time of the block."""
    program = packages.program("dovecot")
    _check_version(program)
    dovecot = Dovecot(place, free_port(), secrets.token_hex(16))
    folder, log = place.folder / "dv", place.folder / "dv.log"
    for each in (folder, folder / "state"):
        each.mkdir()
    config = folder / "dovecot.conf"
    config.touch(0o600)
    config.write_text(
        CONFIG.format(
            folder=folder,
            log=log,
            host=HOST,
            mail=place.mail,
            uid=place.uid,
            port=dovecot.port,
            password=dovecot.password,
        )
    )
    output = LOGS / "mailworld-dovecot.log"
    with output.open("wb") as sink, Child([program, "-F", "-c", config], stdout=sink, stderr=sink) as child:
        await_start("Dovecot", child, answers(dovecot.port, b"* OK"), output, log)
        yield dovecot


def _check_version(program: Path) -> None:
    said = run([program, "--version"])[1]
    found = re.match(r"\d+\.\d+", said)
    if not found or found[0] != UNDERSTOOD:
        raise Problem(f"This needs Dovecot {UNDERSTOOD}, as in Debian 12, and the one here is {said or 'unknown'}.")
