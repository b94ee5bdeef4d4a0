from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from ..models.sending.worker import LOCK_CLASS, living_workers

WAITING = ("queued", "retry", "claimed", "handed")


@contextmanager
def environment(registry):
    """Give an environment in a transaction of its own, committed at the end."""
    with registry.cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


class Rows:
    """What the database says of one mass email at this moment, seen from outside of all workers."""

    def __init__(self, registry, mailing, server):
        self._registry = registry
        self._mailing = mailing
        self._server = server

    def addresses(self, *states):
        """Give the addresses of all rows in one of `states`."""
        query = "SELECT email FROM email_campaign_recipient WHERE mailing_id = %s AND state = ANY(%s)"
        return {email for (email,) in self._ask(query, self._mailing, list(states))}

    def counts(self):
        """Give {state: number of rows}."""
        query = "SELECT state, count(*) FROM email_campaign_recipient WHERE mailing_id = %s GROUP BY state"
        return dict(self._ask(query, self._mailing))

    def handed_by_the_dead(self):
        """Give the addresses that workers held when they died, and whose fate nobody knows."""
        return {
            email
            for (email,) in self._ask(
                SQL(
                    "SELECT email FROM email_campaign_recipient"
                    " WHERE mailing_id = %s AND state = 'handed' AND worker NOT IN (%s)",
                    self._mailing,
                    living_workers(),
                )
            )
        }

    def logged(self, kind):
        """Give how many log entries of `kind` there are, and of how many recipients."""
        query = SQL(
            """
            SELECT count(*), count(DISTINCT recipient_id) FROM email_campaign_event WHERE mailing_id = %s AND kind = %s
            """,
            self._mailing,
            kind,
        )
        return self._ask(query)[0]

    def state(self):
        """Give the state of the mass email."""
        return self._ask("SELECT state FROM email_campaign_mailing WHERE id = %s", self._mailing)[0][0]

    def shown(self):
        """Give how many recipients the form accounts for."""
        with environment(self._registry) as env:
            mailing = env["email.campaign.mailing"].browse(self._mailing)
            return mailing.sent_count + mailing.failed_count + mailing.in_doubt_count + mailing.remaining_count

    def make_due(self):
        """Let what waits for a later moment be tried at once."""
        self._change(
            "UPDATE email_campaign_recipient SET next_try_at = now() AT TIME ZONE 'utc' - interval '1 second'"
            " WHERE mailing_id = %s AND next_try_at IS NOT NULL",
            self._mailing,
        )
        self._change("UPDATE email_campaign_mailing SET next_try_at = NULL WHERE id = %s", self._mailing)
        self._change(
            "UPDATE email_provider SET next_try_at = NULL, state = 'green', trouble_count = 0"
            " WHERE mail_server_id = %s",
            self._server,
        )
        self._change(
            "DELETE FROM email_provider_pace USING email_provider p"
            " WHERE domain <> '' AND provider_id = p.id AND p.mail_server_id = %s",
            self._server,
        )

    def is_connected(self, pid):
        """Say whether PostgreSQL still does something for the process `pid`."""
        return bool(self._ask("SELECT 1 FROM pg_stat_activity WHERE application_name = %s", f"odoo-{pid}"))

    def hang_up(self, pid, only_lock=False):
        """Cut the connections of a worker to the database, or only the one by which it shows that it lives.

        Give how many; none before it shows that.
        """
        living = SQL(
            """
            SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
             WHERE a.application_name = %s AND l.locktype = 'advisory' AND l.classid = %s
            """,
            f"odoo-{pid}",
            LOCK_CLASS,
        )
        chosen = SQL("pid IN (%s)", living) if only_lock else SQL("EXISTS (%s)", living)
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s AND %s"
        return len(self._ask(SQL(query, f"odoo-{pid}", chosen)))

    def _change(self, query, *values):
        """Change what living workers change as well: wait for them instead of failing, and hold no second lock."""
        with environment(self._registry) as env:
            env.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            env.cr.execute(query, values)

    def _ask(self, query, *values):
        with environment(self._registry) as env:
            env.cr.execute(query, values or None)
            return env.cr.fetchall()
