"""A Postfix of our own: a configuration folder, a queue, a port on loopback; the machine's own is left alone."""

from __future__ import annotations

import os
import pwd
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Problem
from ..paths import LOGS
from ..process import Child, run
from . import packages
from .place import HOST, Place, answers, await_start, free_port

# Debian's packages put the prototype at one of these.
PROTOTYPES = (Path("/usr/share/postfix/master.cf.dist"), Path("/etc/postfix/master.cf.proto"))
LIFETIME = 14  # seconds that mail is tried for; in real life, days
RETRY = 3  # seconds between tries
DELIVERED = re.compile(r"postfix/virtual\[\d+\]: \w+: to=<(?P<to>[^>]*)>.* status=sent ")
EMPTY = "Mail queue is empty"


@dataclass
class Postfix:
    """A running one.

    `boxes` are the addresses that it delivers with their folders, `transport` patterns of addresses with what becomes
    of their mail, `refused` patterns with what is answered to RCPT.
    """

    place: Place
    port: int
    boxes: Mapping[str, str]
    transport: dict[str, str]
    refused: Mapping[str, str]
    own_domains: tuple[str, ...]
    _folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self._folder = self.place.folder / "pf"

    @property
    def log(self) -> Path:
        """What it says about each mail."""
        return self.place.folder / "pf.log"

    def delivered(self) -> Counter[str]:
        """How many mails it has put into a mailbox, by the address that they were sent to."""
        lines = self.log.read_text(errors="replace").splitlines()
        return Counter(match["to"].lower() for line in lines if (match := DELIVERED.search(line)))

    def is_idle(self) -> bool:
        """Whether nothing waits in its queue."""
        return EMPTY in self._ask("postqueue", "-p")

    def deliver_now(self, pattern: str) -> None:
        """Deliver what was delayed: whatever matches `pattern` is no exception any more."""
        del self.transport[pattern]
        self._write_transport()
        self._ask("postfix", "reload")
        self._ask("postqueue", "-f")

    def write(self) -> None:
        """Write the configuration and make its folders."""
        self._folder.mkdir()
        for name in ("q", "data"):
            (self.place.folder / name).mkdir()
        os.chown(self.place.folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
        (self._folder / "boxes").write_text("".join(f"{address} {box}/\n" for address, box in self.boxes.items()))
        (self._folder / "refused").write_text("".join(f"/{name}/ {said}\n" for name, said in self.refused.items()))
        self._write_transport()
        (self._folder / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in self._settings()))
        (self._folder / "master.cf").write_text(self._services())

    def command(self, name: str, *arguments: str) -> list[str | Path]:
        """One of its programs, on this configuration."""
        return [packages.program(name), "-c", self._folder, *arguments]

    def server(self) -> list[str | Path]:
        """The process that is Postfix; it keeps to the foreground, and ends all of its own."""
        self._ask("postfix", "check")
        return [Path(self._ask("postconf", "-h", "daemon_directory").strip()) / "master", "-s", "-c", self._folder]

    def _ask(self, name: str, *arguments: str) -> str:
        code, output = run(self.command(name, *arguments))
        if code:
            raise Problem(f"{name} {' '.join(arguments)} failed: {output}")
        return output

    def _write_transport(self) -> None:
        lines = (f"/{pattern}/ {what}\n" for pattern, what in self.transport.items())
        partial = self._folder / "transport.new"
        partial.write_text("".join(lines))
        partial.replace(self._folder / "transport")

    def _settings(self) -> Iterator[tuple[str, object]]:
        place = self.place.folder
        yield "compatibility_level", "3.6"
        yield "queue_directory", place / "q"
        yield "data_directory", place / "data"
        yield "mail_owner", "postfix"
        yield "setgid_group", "postdrop"
        yield "myhostname", f"mx.{self.own_domains[0]}"
        yield "inet_interfaces", HOST
        yield "inet_protocols", "ipv4"
        yield "mynetworks", "127.0.0.0/8"
        yield "mydestination", ""
        yield "alias_maps", ""
        yield "local_recipient_maps", ""
        yield "virtual_mailbox_domains", ", ".join(self.own_domains)
        yield "virtual_mailbox_base", self.place.mail
        yield "virtual_mailbox_maps", f"texthash:{self._folder}/boxes"
        yield "virtual_uid_maps", f"static:{self.place.uid}"
        yield "virtual_gid_maps", f"static:{self.place.uid}"
        yield "virtual_minimum_uid", "100"
        yield "recipient_delimiter", "+"
        # Nothing leaves this machine, whoever it is for.
        yield "default_transport", "discard:not for this world"
        yield "transport_maps", f"regexp:{self._folder}/transport"
        yield "smtpd_relay_restrictions", "permit_mynetworks, reject"
        yield "smtpd_recipient_restrictions", f"check_recipient_access regexp:{self._folder}/refused, permit_mynetworks"
        # Unknown users are taken, and bounce afterwards: the servers of many large organisations do so.
        yield "smtpd_reject_unlisted_recipient", "no"
        yield "notify_classes", ""
        yield "maillog_file", self.log
        yield "maillog_file_prefixes", place
        yield "queue_run_delay", f"{RETRY}s"
        yield "minimal_backoff_time", f"{RETRY}s"
        yield "maximal_backoff_time", f"{RETRY}s"
        yield "delay_warning_time", "1s"
        yield "maximal_queue_lifetime", f"{LIFETIME}s"
        yield "bounce_queue_lifetime", f"{LIFETIME}s"

    def _services(self) -> str:
        prototype = next((path for path in PROTOTYPES if path.exists()), None)
        if prototype is None:
            raise Problem(f"Postfix's package should bring {PROTOTYPES[0]}, and didn't. Is it Debian's?")
        lines = []
        for line in prototype.read_text().splitlines():
            if line and not line.startswith(("#", " ", "\t")):
                fields = line.split()
                # No chroot: in there it would need copies of the machine's files.
                fields[4] = "n"
                if fields[:2] == ["smtp", "inet"]:
                    fields[0] = f"{HOST}:{self.port}"
                line = " ".join(fields)
            lines.append(line)
        return "\n".join(lines) + "\n"


@contextmanager
def running(
    place: Place,
    boxes: Mapping[str, str],
    transport: Mapping[str, str],
    refused: Mapping[str, str],
    own_domains: tuple[str, ...],
) -> Iterator[Postfix]:
    """A Postfix for the time of the block."""
    postfix = Postfix(place, free_port(), boxes, dict(transport), refused, own_domains)
    postfix.write()
    log = LOGS / "mailworld-postfix.log"
    # The command `postfix start` leaves its server alone; started by itself, it ends with the block.
    with log.open("wb") as sink, Child(postfix.server(), stdout=sink, stderr=sink) as child:
        await_start("Postfix", child, answers(postfix.port, b"220 "), log, postfix.log)
        yield postfix
