import logging
import threading

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models, sql_db
from odoo.modules.registry import Registry
from odoo.tools import SQL

from . import visit_statements

_logger = logging.getLogger(__name__)

# "ECVI": the class of the advisory lock of who judges visits. One does at a time, so that it sees all around each.
LOCK_CLASS = 0x45435649
# Visits in one transaction.
PORTION = 500
# Seconds for which visits gather. Nobody sees a number that much later.
PAUSE = 0.25
# Seconds to wait where somebody writes what they need, or nothing can be written.
BUSY_PAUSE, BROKEN_PAUSE = 2.0, 60.0
# How often it looks again where nothing can be written.
TRIES = 10
# All that judging looks at it finds by an index. PostgreSQL does not know how few visits wait, and would rather read
# all recipients of a middling table several times for each handful. A foreign key would be checked in a table that was
# empty when the connection was new, and is not any more, by reading all of it for each visit.
SETTINGS = SQL(
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '5s'; SET LOCAL synchronous_commit = off;"
    "SET LOCAL enable_seqscan = off; SET LOCAL random_page_cost = 1.1;"
    "SELECT pg_try_advisory_xact_lock(%s, 0)",
    LOCK_CLASS,
)
EVIDENCE = "known from what came back"
# What another transaction is to blame for: it will be over.
BUSY = (
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.QueryCanceled,
)
# What one of the visits is to blame for.
UNFIT = psycopg2.DataError


class EmailVisitWaiting(models.Model):
    """Opens and clicks as they came, until they are judged and in the log, a fraction of a second later.

    Whoever clicks waits for one small row. What follows from it is written for many visits together, by a thread of
    the process that took one of them (`Judging`); if that dies, by the next one anywhere, or by the job that counts
    the log.
    """

    _name = "email.visit.waiting"
    _description = "Visits to Be Judged"
    _log_access = False

    recipient_id = fields.Integer(required=True, readonly=True)
    url_id = fields.Integer(required=True, readonly=True, help="The tracking URL; 0 for none: the hidden link.")
    kind = fields.Char(required=True, readonly=True)
    at = fields.Datetime(required=True, readonly=True)
    machine = fields.Char(readonly=True, help="Why the request is a machine's; empty if it may be a person's.")
    human = fields.Char(readonly=True)
    ip = fields.Char(readonly=True)
    user_agent = fields.Char(readonly=True)

    @api.model
    def _judge(self, portion=PORTION):
        """Judge and log the visits that wait longest, in the transaction as it is; give how many were taken."""
        rules = self.env["email.visit"]._rules()
        rows = self.env.execute_query(visit_statements.judged(portion, EVIDENCE, **rules))
        addresses = self.env["email.address"]
        for _count, kind, emails in rows[:-1]:
            found = SQL("SELECT email FROM unnest(%s::varchar[]) AS email ORDER BY email", emails)
            addresses._change(emails, addresses._activity_change(kind, found), "activity")
        return rows[-1][0]

    @api.model
    def _judge_all(self):
        """Judge all that wait, in transactions of their own; give in how many seconds to look again, None for never.

        Only for a cursor that nobody else works with.
        """
        portion = PORTION
        while True:
            try:
                self.env.cr.execute(SETTINGS)
                if not self.env.cr.fetchone()[0]:
                    # The one who has the lock may not see what was kept just now.
                    self.env.cr.rollback()
                    return PAUSE
                count = self._judge(portion) if portion > 1 else self._judge_or_drop()
                self.env.cr.commit()  # pylint: disable=invalid-commit
            except BUSY as busy:
                self.env.cr.rollback()
                _logger.info("Visits wait for another transaction (%s)", busy.pgcode)
                return BUSY_PAUSE
            except UNFIT:
                self.env.cr.rollback()
                portion = portion // 8 or 1
            except psycopg2.Error:
                if not self.env.cr.connection.closed:
                    self.env.cr.rollback()
                _logger.exception("Visits can't be written down; they wait")
                return BROKEN_PAUSE
            else:
                if count < portion:
                    # What waits still is about emails that are under way.
                    return BUSY_PAUSE if self.search_count([], limit=1) else None

    @api.model
    def _judge_or_drop(self):
        """Judge one visit, or let go of it, so that one that can't be logged does not keep the others from it."""
        try:
            with self.env.cr.savepoint(flush=False):
                return self._judge(1)
        except UNFIT:
            self.env.cr.execute(
                SQL(
                    """
                    DELETE FROM email_visit_waiting WHERE id IN (%s)
                    RETURNING recipient_id, url_id, kind, at::text, ip, user_agent
                    """,
                    visit_statements.following(1),
                )
            )
            _logger.exception("A visit does not fit into the log: %s", self.env.cr.fetchall())
            return 1


class Judging:
    """What judges the visits of one database in this process: a thread that comes a moment after a visit."""

    _of = {}
    _guard = threading.Lock()

    def __init__(self, dbname):
        self._dbname = dbname
        self._timer = None
        self._failed = 0
        self._lock = threading.Lock()

    @classmethod
    def of(cls, dbname):
        """Give the one of a database."""
        with cls._guard:
            return cls._of.setdefault(dbname, cls(dbname))

    def wake(self, seconds=PAUSE):
        """Have what waits judged in a moment."""
        if self._timer is None:
            with self._lock:
                if self._timer is None:
                    self._timer = threading.Timer(seconds, self._come)
                    self._timer.daemon = True
                    self._timer.start()

    def run(self):
        """Judge what waits now; give in how many seconds to look again, None for never."""
        # Not the registry's cursor, which belongs to the test in tests.
        with sql_db.db_connect(self._dbname).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            return env["email.visit.waiting"]._judge_all()

    def _come(self):
        # Before it looks: whatever is kept from now on has another look.
        self._timer = None
        threading.current_thread().dbname = self._dbname
        again = BROKEN_PAUSE
        try:
            if "email.visit.waiting" not in Registry(self._dbname):
                return  # uninstalled meanwhile
            again = self.run()
        except psycopg2.Error as error:  # no database any more, or no connection now
            _logger.warning("Visits of %s wait: %s", self._dbname, error)
        self._failed = self._failed + 1 if again == BROKEN_PAUSE else 0
        # The next visit, or the job that counts the log, comes back to what is left then.
        if again and self._failed < TRIES:
            self.wake(again)
