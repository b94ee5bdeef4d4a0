from odoo import api, fields, models
from odoo.tools import SQL

from ..erased import NOBODY
from ..portions import do_in_portions

# So many addresses, or rows of the log, at a time: short enough not to be in the way of those who send meanwhile.
PORTION = 5000


class EmailAddressRecount(models.Model):
    """How far it is taken from the log when the latest mass emails were sent to each address.

    That is done whenever the frequency cap changes, by a job and in portions: of addresses and of rows in the log there
    are millions. What is sent meanwhile is noted on the addresses as always. There is one record, until it is done.
    """

    _name = "email.address.recount"
    _description = "Recount for the Frequency Cap"
    _rec_name = "until"
    _log_access = False

    until = fields.Datetime(readonly=True, help="What was sent later is noted on the addresses already.")
    address_id = fields.Integer(readonly=True, help="Up to this address nothing from before is kept.")
    is_cleared = fields.Boolean(readonly=True)
    event_id = fields.Integer(readonly=True, help="Up to here the log is counted.")
    last_event_id = fields.Integer(readonly=True)

    @api.model
    def _start(self):
        """Have the job count from the beginning."""
        self.search([("id", "!=", False)]).unlink()
        self.create({})
        self.env.ref("email_campaign.cron_recount")._trigger()

    @api.model
    def _cron_recount(self):
        """Go on until everything is counted, or the time of the job is over."""
        do_in_portions(self.env, self._do_portion)

    @api.model
    def _do_portion(self):
        """Clear or count one portion; give whether there is more to do."""
        self.invalidate_model()
        recount = self.search([], limit=1)
        if not recount:
            return False
        if not recount.until:
            # To the end of this second.
            recount.until = fields.Datetime.add(fields.Datetime.now(), seconds=1)
        cap = self.env["email.audience"]._frequency_cap()
        more = recount._count(cap) if recount.is_cleared else recount._clear(cap)
        if not more:
            recount.unlink()
        return more

    def _clear(self, cap):
        """Forget what is noted on some addresses from before; give whether anything is left to do."""
        rows = self.env.execute_query(
            SQL("SELECT id FROM email_address WHERE id > %s ORDER BY id LIMIT %s", self.address_id, PORTION)
        )
        if not rows:
            return bool(cap) and self._begin_to_count(cap)
        # Rows are taken in the order in which workers take them, so that none blocks the other.
        self.env.cr.execute(
            SQL(
                """
                WITH taken AS (
                    SELECT id FROM email_address
                     WHERE id > %(after)s AND id <= %(last)s AND sent_moments IS NOT NULL
                     ORDER BY email FOR NO KEY UPDATE
                )
                UPDATE email_address a
                   SET sent_moments = (SELECT jsonb_agg(moment ORDER BY moment::bigint DESC)
                                         FROM jsonb_array_elements(a.sent_moments) AS moment
                                        WHERE moment::bigint > extract(epoch FROM %(until)s) AND %(cap)s)
                  FROM taken WHERE a.id = taken.id
                """,
                after=self.address_id,
                last=rows[-1][0],
                until=self.until,
                cap=bool(cap),
            ),
            log_exceptions=False,
        )
        self.env["email.address"].invalidate_model(["sent_moments"], flush=False)
        self.address_id = rows[-1][0]
        return True

    def _begin_to_count(self, cap):
        since = fields.Datetime.subtract(self.until, days=cap.days)
        [(first, last)] = self.env.execute_query(
            # The sums keep it from walking through the log by id; by the time it is found at once.
            SQL(
                "SELECT min(id + 0), max(id + 0) FROM email_campaign_event WHERE at > %s AND at <= %s",
                since,
                self.until,
            )
        )
        if not first:
            return False
        self.write({"is_cleared": True, "event_id": first - 1, "last_event_id": last})
        return True

    def _count(self, cap):
        """Note on the addresses what a portion of the log says; give whether there is more of it."""
        if not cap:
            return False
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM email_campaign_event WHERE id > %s AND id <= %s ORDER BY id LIMIT %s",
                self.event_id,
                self.last_event_id,
                PORTION,
            )
        )
        if not rows:
            return False
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_address AS a
                            (email, validity, last_sent_at, hard_bounce_count, soft_bounce_count, sent_moments)
                     SELECT r.email, 'unknown', max(e.at), 0, 0,
                            to_jsonb((array_agg(extract(epoch FROM e.at)::bigint ORDER BY e.at DESC))[:%(number)s])
                       FROM email_campaign_event e JOIN email_campaign_recipient r ON r.id = e.recipient_id
                      WHERE e.id > %(after)s AND e.id <= %(last)s AND e.kind = 'sent' AND e.at <= %(until)s
                        AND r.email NOT LIKE %(erased)s
                      GROUP BY r.email ORDER BY r.email
                ON CONFLICT (email) DO UPDATE
                        -- What is counted here is not to be found once more as not noted yet.
                        SET last_sent_at = greatest(a.last_sent_at, EXCLUDED.last_sent_at),
                            sent_moments = (SELECT jsonb_agg(latest.moment)
                                              FROM (SELECT moment::bigint AS moment
                                                      FROM jsonb_array_elements(
                                                        coalesce(a.sent_moments, '[]') || EXCLUDED.sent_moments)
                                                        AS moment
                                                     ORDER BY 1 DESC LIMIT %(number)s) AS latest)
                """,
                after=self.event_id,
                last=rows[-1][0],
                until=self.until,
                number=cap.number,
                erased=NOBODY,
            ),
            log_exceptions=False,
        )
        self.env["email.address"].invalidate_model(["last_sent_at", "sent_moments"], flush=False)
        self.event_id = rows[-1][0]
        return True
