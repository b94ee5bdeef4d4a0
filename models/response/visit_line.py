"""What the short way in (`controllers/short_way`) works with: facts that a visit by the long way left, a connection."""

import time
from typing import NamedTuple

from odoo import sql_db

from ...tools.token import Signer
from . import visit_statements

# Seconds for which facts are good. So long a worker may not know of another key, or that the addon was removed.
GOOD = 1.0
# Hosts whose facts are kept; whoever asks names any host.
HOSTS = 1000
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
    if len(_facts) >= HOSTS:
        _facts.clear()
    _facts[host] = Facts(dbname, signer, opens, time.monotonic() + GOOD)


def facts(host):
    """Give the Facts for `host`, None where there are none that are good."""
    found = _facts.get(host)
    return found if found and found.until > time.monotonic() else None


class Line:
    """A connection on which each visit is one statement and one transaction, prepared, not waiting for the disk.

    It is taken out of Odoo's pool and never given back as it is, because what was set on it stays set.
    """

    def __init__(self, dbname):
        self._cursor = sql_db.db_connect(dbname).cursor()
        try:
            self._connection = self._cursor.connection
            self._connection.autocommit = True
            self._fast = self._connection.cursor()
            self._fast.execute(SETTINGS)
            self._cursor.execute(visit_statements.preparing(STATEMENT))
        except BaseException:
            self.close()
            raise

    def keep(self, values):
        """Keep a visit with the parameters `values`; give the row of `visit_statements.kept`.

        :raises psycopg2.Error: where it can't be kept
        """
        self._fast.execute(_EXECUTE, [values[name] for name in visit_statements.PARAMETERS])
        return self._fast.fetchone()

    def close(self):
        """End it."""
        self._cursor.connection.close()
        self._cursor.close()


class Lines:
    """The lines of this process that nobody uses just now, by database."""

    def __init__(self):
        self._idle: dict[str, list[Line]] = {}

    def keep(self, dbname, values):
        """Keep a visit by a line that is free, or a new one.

        :raises psycopg2.Error: where it can't be kept; that line is closed
        """
        idle = self._idle.setdefault(dbname, [])
        try:
            line = idle.pop()
        except IndexError:
            line = Line(dbname)
        try:
            row = line.keep(values)
        except BaseException:
            line.close()
            raise
        idle.append(line)
        return row


lines = Lines()
