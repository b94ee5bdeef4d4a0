import logging
from contextlib import contextmanager
from typing import NamedTuple

import psycopg2
from psycopg2 import errors, extensions

from odoo import SUPERUSER_ID, api, models
from odoo.tools import SQL, ormcache

from ...tools import visitor
from ...tools.links import with_parameters
from . import visit_statements
from .email_link import CLICK, HIDDEN_LINK, OPEN

_logger = logging.getLogger(__name__)

# "ECVI": the class of the advisory locks that let visits of one recipient take turns.
LOCK_CLASS = 0x45435649
# Milliseconds to wait for what somebody else is writing. People wait for the page meanwhile.
LOCK_TIMEOUT = 500
SETTINGS = SQL(
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = %s; SET LOCAL synchronous_commit = off;"
    "SET LOCAL plan_cache_mode = force_generic_plan;",
    LOCK_TIMEOUT,
)
EVIDENCE = "known from what came back"
# What one of two that write the same row at the same time may get.
BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)
# Numbers that decide on human or machine: parameter, what nothing stored means.
RULES = {
    "soon": ("email_campaign.soon_seconds", 5),
    "links": ("email_campaign.burst_links", 3),
    "seconds": ("email_campaign.burst_seconds", 3),
}


class Target(NamedTuple):
    """Where a click leads: `url` is empty where the link is there no more; `explains`: it shows a message instead."""

    url_id: int
    recipient_id: int
    url: str | None = None
    explains: bool = False


class EmailVisit(models.AbstractModel):
    """Opens and clicks: who it was, written down in one statement that is a transaction of its own.

    Public routes call this for every image and link of every email, so that nothing is done here that is not needed:
    no record is read, and what the ORM has in its cache is not asked for.
    """

    _name = "email.visit"
    _description = "Visits of Recipients"

    @api.model
    def _opened(self, token, request):
        """Write down that the image of `token` was asked for; give whether the token is ours."""
        ids = self.env["email.link"]._signer().read(OPEN, token, 1)
        if ids and ids[0] and self._open_tracking() != "never":
            self._note("open", ids[0], HIDDEN_LINK, request)
        return bool(ids)

    @api.model
    def _clicked(self, token, request):
        """Write down that the link of `token` was followed; give its Target, None for a token that is not ours."""
        signer = self.env["email.link"]._signer()
        # Links of mails that left before links of one mail were signed together.
        ids = signer.read_family(CLICK, token) or signer.read(CLICK, token, 2)
        if not ids:
            return None
        recipient_id, url_id = ids
        row = self._note("click", recipient_id, url_id, request) if recipient_id else None
        url, explains, added = row[1:] if row else self._leads_to(url_id, recipient_id)
        return Target(url_id, recipient_id, with_parameters(url, added or "") if url else url, bool(explains))

    @api.model
    def _open_tracking(self):
        """Give what the system says of the open pixel: on, off (but for mass emails that switch it on), or never."""
        return self.env["ir.config_parameter"].sudo().get_param("email_campaign.open_tracking", "on")

    @api.model
    def _is_hidden_link_on(self):
        return self.env["ir.config_parameter"].sudo().get_param("email_campaign.hidden_link", "True") != "False"

    @api.model
    @ormcache(cache="stable")
    def _rules(self):
        """Give {name: number} of the RULES."""
        parameters = self.env["ir.config_parameter"].sudo()
        found = {}
        for name, (key, default) in RULES.items():
            stored = parameters.get_param(key, "")
            found[name] = int(stored) if stored.isdigit() else default
        return found

    @api.model
    def _note(self, kind, recipient_id, url_id, request):
        """Write down a visit; give what `visit_statements.visited` gives, None where it could not be written.

        A log that can't be written keeps nobody from what they asked for.
        """
        agent = request.headers.get("User-Agent")
        visit = visitor.judge(request.method, agent, request.headers, request.remote_addr)
        hidden = kind == "click" and url_id == HIDDEN_LINK
        machine = visit.reason if visit.verdict == "machine" else None
        values = {
            "recipient": recipient_id,
            "url": url_id,
            "machine": "hidden_link" if hidden else machine,
            "human": visit.reason,
            "ip": request.remote_addr,
            "agent": visitor.recorded(agent),
        }
        values.update(self._rules(), hidden=hidden, evidence=EVIDENCE)
        # What a worker reads at its first visit, keys and rules, has begun a transaction that nobody needs any more.
        self.env.cr.rollback()
        try:
            try:
                return self._judge_and_write(kind, values)
            except BUSY as busy:
                # Somebody writes the recipient or the address and takes long: the log at least takes no turns.
                _logger.info("%s of recipient %s: only the log was written (%s)", kind, recipient_id, busy.pgcode)
                with self._alone() as (before, cr):
                    cr.execute(SQL("%s%s", before, visit_statements.logged_only(kind, **values)))
        except psycopg2.Error:
            _logger.exception("%s of recipient %s could not be written down", kind, recipient_id)
        return None

    @api.model
    def _judge_and_write(self, kind, values):
        name = f"email_visit_{kind}"
        visit = visit_statements.execute(name, values)
        for known in (True, False):
            try:
                with self._alone(values["recipient"]) as (before, cr):
                    if not known:
                        cr.execute(SQL("%s%s", before, visit_statements.prepare(name, self._statement(kind))))
                        before = SQL()
                    cr.execute(SQL("%s%s", before, visit), log_exceptions=False)
                    return cr.fetchone()
            except errors.InvalidSqlStatementName:
                # The first visit on this connection.
                if not known:
                    raise

    @api.model
    def _statement(self, kind):
        addresses = self.env["email.address"]
        working = SQL("SELECT email FROM judged WHERE machine IS NULL AND email IS NOT NULL")
        change = addresses._activity_change(kind, working)
        return visit_statements.visited(kind, addresses._change_parts(SQL("IN (%s)", working), change, "activity"))

    @contextmanager
    def _alone(self, recipient_id=None):
        """Give (what goes before a statement, cursor) for one that is a transaction of its own.

        Not REPEATABLE READ, in which one of two visits at the same moment would fail: those of one recipient take
        turns, so that each sees those before. What was committed a moment before the database server itself breaks
        down may be lost, as with any counter; waiting for its disk at every image would be dear.

        Within a transaction (another one calls this, or a test) it becomes a part of that.
        """
        cr = self.env.cr
        if cr.connection.status != extensions.STATUS_READY:
            with cr.savepoint(flush=False):
                yield SQL(), cr
            return
        turn = SQL("SELECT pg_advisory_xact_lock(%s, %s);", LOCK_CLASS, recipient_id % 2**31) if recipient_id else SQL()
        try:
            yield SQL("%s%s", SETTINGS, turn), cr
            cr.commit()  # pylint: disable=invalid-commit
        except psycopg2.Error:
            if not cr.connection.closed:
                cr.rollback()
            raise

    @api.model
    def _leads_to(self, url_id, recipient_id):
        """Give (url, explains, added) of a tracking URL, all empty where there is none any more."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT u.url, u.show_message, m.link_parameters
                  FROM email_tracking_url u
             LEFT JOIN email_campaign_recipient r ON r.id = %s LEFT JOIN email_campaign_mailing m ON m.id = r.mailing_id
                 WHERE u.id = %s
                """,
                recipient_id,
                url_id,
            )
        )
        return rows[0] if rows else (None, None, None)

    @api.model
    def _superuser(self):
        """Give this for a route without a user."""
        return self.with_env(self.env(user=SUPERUSER_ID))
