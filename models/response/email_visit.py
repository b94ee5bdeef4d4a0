import logging

import psycopg2
from psycopg2 import extensions

from odoo import SUPERUSER_ID, api, models
from odoo.sql_db import Cursor
from odoo.tools import SQL, ormcache

from . import visit, visit_line, visit_statements
from .email_visit_waiting import Judging

_logger = logging.getLogger(__name__)

# Milliseconds to wait for what somebody else is writing. People wait for the page meanwhile.
LOCK_TIMEOUT = 500
SETTINGS = SQL(
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = %s; SET LOCAL synchronous_commit = off;",
    LOCK_TIMEOUT,
)
# Numbers that decide on human or machine: parameter, what nothing stored means, the smallest and the largest.
RULES = {
    "soon": ("email_campaign.soon_seconds", 5, 0, 3_600),
    "links": ("email_campaign.burst_links", 3, 0, 1_000),
    "seconds": ("email_campaign.burst_seconds", 3, 1, 60),
}


class EmailVisit(models.AbstractModel):
    """Opens and clicks as they arrive: kept in one statement, and judged a moment later (`email.visit.waiting`).

    Public routes call this for images and links of every email, so that nothing is done here that is not needed: no
    record is read, and what the ORM has in its cache is not asked for. Most are answered without it, by
    `controllers/short_way`.
    """

    _name = "email.visit"
    _description = "Visits of Recipients"

    @api.model
    def _opened(self, token, request):
        """Keep that the image of `token` was asked for; give whether the token is ours."""
        signer = self.env["email.link"]._signer()
        ids = visit.opened(signer, token)
        if ids and ids[0] and self._open_tracking() != "never":
            self._keep("open", ids, request)
        return bool(ids)

    @api.model
    def _clicked(self, token, request):
        """Keep that the link of `token` was followed; give its Target, None for a token that is not ours."""
        ids = visit.clicked(self.env["email.link"]._signer(), token)
        if not ids:
            return None
        row = self._keep("click", ids, request) if ids[0] else None
        return visit.target(ids, row or self._leads_to(ids))

    @api.model
    def _open_tracking(self):
        """Give what the system says of the open pixel: on, off (but for mass emails that switch it on), or never."""
        return self.env["ir.config_parameter"]._email_campaign_setting("email_campaign.open_tracking", "on")

    @api.model
    def _is_hidden_link_on(self):
        return self.env["ir.config_parameter"]._email_campaign_switch("email_campaign.hidden_link")

    @api.model
    @ormcache(cache="stable")
    def _rules(self):
        """Give {name: number} of the RULES."""
        parameters = self.env["ir.config_parameter"]
        return {name: parameters._email_campaign_number(*number) for name, number in RULES.items()}

    @api.model
    def _keep(self, kind, ids, request):
        """Keep a visit; give what `visit_statements.kept` gives, None where it could not be kept.

        What can't be written keeps nobody from what they asked for.
        """
        if visit.KEPT in request.environ:
            return None
        agent = request.headers.get("User-Agent")
        values = visit.parameters(kind, ids, request.method, agent, request.headers, request.remote_addr)
        way = self._way(request)
        # What a worker reads at its first visit has begun a transaction that nobody needs any more.
        self.env.cr.rollback()
        try:
            if self.env.cr.connection.status != extensions.STATUS_READY:
                return self._keep_within(values)
            row = self._keep_alone(values)
        except psycopg2.Error:
            _logger.exception("%s of recipient %s could not be written down", kind, ids[0])
            return None
        Judging.of(self.env.cr.dbname).wake()
        if way:
            visit_line.remember(*way)
        return row

    @api.model
    def _remember_way(self, request):
        """Let the short way answer those who come after `request`; it would not see what a test has written."""
        if type(self.env.cr) is not Cursor:
            return
        if way := self._way(request):
            visit_line.remember(*way)

    @api.model
    def _way(self, request):
        """Give what there is to remember of a request, None where it says more than its host about the database."""
        if request.cookies.get("session_id") or "X-Odoo-Database" in request.headers:
            return None
        signer, opens = self.env["email.link"]._signer(), self._open_tracking() != "never"
        return request.environ.get("HTTP_HOST", ""), self.env.cr.dbname, signer, opens

    @api.model
    def _keep_alone(self, values):
        """Keep a visit in a transaction of its own.

        What was committed a moment before the database server itself breaks down may be lost, as with any counter;
        waiting for its disk at every image would be dear.
        """
        cr = self.env.cr
        try:
            cr.execute(SQL("%s%s", SETTINGS, visit_statements.kept(**values)))
            row = cr.fetchone()
            cr.commit()  # pylint: disable=invalid-commit
        except psycopg2.Error:
            if not cr.connection.closed:
                cr.rollback()
            raise
        return row

    @api.model
    def _keep_within(self, values):
        """Keep and judge a visit within the transaction of whoever calls this, as a test does."""
        with self.env.cr.savepoint(flush=False):
            [row] = self.env.execute_query(visit_statements.kept(**values))
        try:
            with self.env.cr.savepoint(flush=False):
                self.env["email.visit.waiting"]._judge()
        except psycopg2.Error:
            _logger.exception("A visit can't be judged; it waits")
        return row

    @api.model
    def _leads_to(self, ids):
        """Give (url, explains, added) of a tracking URL, all empty where there is none any more."""
        recipient_id, url_id = ids
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
