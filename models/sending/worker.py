"""A sending process as others see it: alive as long as it holds its lock."""

import secrets
from contextlib import ExitStack

from odoo import sql_db
from odoo.tools import SQL

from .prepared import Statements

# "ECMP": the class of our advisory locks, so that they don't meet those of others.
LOCK_CLASS = 0x45434D50
_LARGEST = 2**31 - 1


class Worker:
    """Holds a session advisory lock under a `number` of its own while it is used as a context manager.

    The lock is on a connection of its own: it neither ends with a transaction nor waits for one. If the process dies,
    PostgreSQL lets go of it, and the next worker sees at once that the rows of this number are nobody's any more.
    """

    def __init__(self, dbname):
        self._dbname = dbname
        self._stack = ExitStack()
        self.number = 0
        self.statements = Statements()

    def __enter__(self):
        self._cr = self._stack.enter_context(sql_db.db_connect(self._dbname).cursor())
        while not self.number:
            number = secrets.randbelow(_LARGEST) + 1
            self._cr.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, number])
            if self._cr.fetchone()[0]:
                self.number = number
        self._cr.commit()  # pylint: disable=invalid-commit
        return self

    def __exit__(self, *exception):
        with self._stack:  # closed whatever happens
            try:
                self._cr.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, self.number])
                self._cr.commit()  # pylint: disable=invalid-commit
            except Exception:
                # A connection that still has the lock must not go back to the pool: it would feign a living worker.
                self._cr._cnx.close()
                raise


def living_workers():
    """Give SQL for a query of the numbers of all workers that are alive in this database."""
    return SQL(
        """
        SELECT objid::bigint FROM pg_locks
         WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        LOCK_CLASS,
    )
