"""What the short way in (`controllers/short_way`) works with: facts that a visit by the long way left, a connection."""

import contextlib
import threading
import time
from typing import NamedTuple

import psycopg2

from odoo import sql_db

from ...tools.token import Signer
from . import visit_statements

# Seconds for which facts are good. So long a worker may not know of another key, or that the addon was removed.
GOOD = 1.0
# Hosts whose facts are kept, and how long their names may be (RFC 1035 section 2.3.4, and a port); whoever asks names
# any host.
HOSTS, LONGEST_HOST = 1000, 261
# Connections of this process beside those of Odoo's pool, whatever databases they are to.
LINES = 2
# Seconds after which one that nobody used is closed.
IDLE = 60.0
STATEMENT = "email_visit"
# Milliseconds to wait for what somebody else is writing, as on the long way.
SETTINGS = "SET lock_timeout = 500; SET statement_timeout = 5000; SET synchronous_commit = off"
_EXECUTE = f"EXECUTE {STATEMENT} ({', '.join(['%s'] * len(visit_statements.PARAMETERS))})"


class Facts(NamedTuple):
    """What must be known to answer without Odoo's registry. `until` is by the monotonic clock."""

    dbname: str
    signer: Signer
    opens: bool
    until: float


_facts: dict[str, Facts] = {}


def remember(host, dbname, signer, opens):
    """Keep the facts of the database that answers to `host`; `opens`: openings are written down."""
    if len(host) > LONGEST_HOST:
        return
    now = time.monotonic()
    if len(_facts) >= HOSTS:
        for known, old in list(_facts.items()):
            if old.until <= now:
                _facts.pop(known, None)
        if len(_facts) >= HOSTS:
            return
    _facts[host] = Facts(dbname, signer, opens, now + GOOD)


def facts(host):
    """Give the Facts for `host`, None where there are none that are good."""
    found = _facts.get(host)
    return found if found and found.until > time.monotonic() else None


class Line:
    """A connection on which each visit is one statement and one transaction, prepared, not waiting for the disk.

    It is none of Odoo's pool, which can't close a connection that somebody holds, and is full after some.
    """

    def __init__(self, dbname):
        self.dbname = dbname
        self.used = time.monotonic()
        _name, where = sql_db.connection_info_for(dbname)
        self.connection = psycopg2.connect(**where)
        try:
            self.connection.autocommit = True
            self._cursor = self.connection.cursor()
            self._cursor.execute(SETTINGS)
            statement = visit_statements.preparing(STATEMENT)
            self._cursor.execute(statement.code, statement.params)
        except BaseException:
            self.close()
            raise

    def keep(self, values):
        """Keep a visit with the parameters `values`; give the row of `visit_statements.kept`.

        :raises psycopg2.Error: where it can't be kept
        """
        self._cursor.execute(_EXECUTE, [values[name] for name in visit_statements.PARAMETERS])
        self.used = time.monotonic()
        return self._cursor.fetchone()

    def close(self):
        """End it."""
        with contextlib.suppress(psycopg2.Error):
            self.connection.close()


class Lines:
    """The lines of this process: few, so that a busy moment takes no more connections than a quiet one."""

    def __init__(self):
        self._lock = threading.Lock()
        self._idle = []
        self._open = 0

    def keep(self, dbname, values):
        """Keep a visit; give the row of `visit_statements.kept`, None where all lines are in use.

        :raises psycopg2.Error: where it can't be kept; that line is closed
        """
        line, closing = self._take(dbname)
        for old in closing:
            old.close()
        if line is None:
            return None
        try:
            line = Line(dbname) if line is NEW else line
            row = line.keep(values)
        except BaseException:
            with self._lock:
                self._open -= 1
            if line is not NEW:
                line.close()
            raise
        with self._lock:
            self._idle.append(line)
        return row

    def close(self):
        """Close those that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._open -= len(idle)
        for line in idle:
            line.close()

    def _take(self, dbname):
        """Give (a free line, `NEW` for one to be opened or None for none, those to be closed)."""
        with self._lock:
            until = time.monotonic() - IDLE
            closing = [line for line in self._idle if line.used < until]
            line = next((line for line in self._idle if line.dbname == dbname and line not in closing), None)
            if line is None and self._open - len(closing) >= LINES and len(self._idle) > len(closing):
                # One of another database makes room.
                closing.append(next(line for line in self._idle if line not in closing))
            self._open -= len(closing)
            self._idle = [each for each in self._idle if each is not line and each not in closing]
            if line is None and self._open < LINES:
                self._open += 1
                line = NEW
            return line, closing


NEW = object()
lines = Lines()
