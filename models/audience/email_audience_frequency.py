from datetime import timedelta, timezone
from typing import NamedTuple

from odoo import fields, models
from odoo.tools import SQL


class Cap(NamedTuple):
    """At most so many mass emails to one address in so many days."""

    number: int
    days: int


class EmailAudience(models.AbstractModel):
    """The frequency cap: who got enough mass emails lately, from whomever, gets no more for a while.

    An address keeps the moments of its last few, so that no table of recipients is searched for them. Without a cap
    nothing is kept and nothing is asked.
    """

    _inherit = "email.audience"

    def _frequency_cap(self):
        """Give the cap, or None."""
        parameters = self.env["ir.config_parameter"]
        number = parameters._email_campaign_number("email_campaign.frequency_cap", 0)
        days = parameters._email_campaign_number("email_campaign.frequency_days", 7) or 7
        return Cap(number, days) if number else None

    def _too_often(self, mailing, email, few):
        """Give (joins, expression): whether the cap keeps an address from `mailing`.

        :param few: whether it is about to be sent to a few. Then what others have claimed and what is not noted on the
            addresses yet counts as well.
        """
        cap = self._frequency_cap()
        if not cap:
            return SQL(), SQL("FALSE")
        # What is to be sent later is asked about that day.
        at = max(filter(None, (fields.Datetime.now(), not few and mailing.scheduled_at)))
        since = int((at - timedelta(days=cap.days)).replace(tzinfo=timezone.utc).timestamp())
        parts = {"email": email, "number": cap.number, "since": since, "mailing": mailing.id}
        if few:
            return SQL("LEFT JOIN email_address often ON often.email = %s", email), self._too_often_few(parts)
        joins = SQL(
            """
            LEFT JOIN email_address often
                   ON often.email = %(email)s AND (often.sent_moments ->> %(number)s - 1)::bigint > %(since)s
            """,
            **parts,
        )
        return joins, SQL("often.id IS NOT NULL")

    def _too_often_few(self, parts):
        """Each other mass email that may be on its way is asked by the index that finds an address in it."""
        others, ranges = self._on_their_way(parts["mailing"])
        return SQL(
            """
            (SELECT count(*) FROM jsonb_array_elements(often.sent_moments) AS moment
              WHERE moment::bigint > %(since)s)
            + (SELECT count(*) FROM email_campaign_recipient o
                WHERE o.mailing_id = ANY(%(others)s::int[]) AND o.skip_reason IS NULL AND o.email = %(email)s
                  AND (o.state IN ('claimed', 'handed')
                       -- One that waits for another time is nobody's yet, whatever ids lie around it.
                       OR o.state IN ('queued', 'retry')
                          AND coalesce(o.next_try_at, '-infinity') <= now() AT TIME ZONE 'utc'
                          AND EXISTS (SELECT FROM unnest(%(mailings)s::int[], %(firsts)s::bigint[], %(lasts)s::bigint[])
                                                  AS taken (mailing_id, first_id, last_id)
                                       WHERE taken.mailing_id = o.mailing_id
                                         AND o.id BETWEEN taken.first_id AND taken.last_id)
                       OR o.state = 'sent' AND o.sent_at > coalesce(often.last_sent_at, '-infinity')
                          AND o.sent_at > to_timestamp(%(since)s) AT TIME ZONE 'utc'))
            >= %(number)s
            """,
            **parts,
            others=others,
            mailings=[row[0] for row in ranges],
            firsts=[row[1] for row in ranges],
            lasts=[row[2] for row in ranges],
        )

    def _on_their_way(self, mailing_id):
        """Give what may reach an address and is not noted on it, besides one mass email.

        That is: ids of the mass emails, and (id of one, first, last recipient) that workers take care of. It is read
        once, and not again for each address.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM email_campaign_mailing
                 WHERE id <> %s AND (state IN ('queued', 'sending', 'paused')
                                     OR done_at > now() AT TIME ZONE 'utc' - interval '1 hour')
                """,
                mailing_id,
            )
        )
        others = [row[0] for row in rows]
        if not others:
            return [], []
        ranges = self.env.execute_query(
            SQL(
                """
                SELECT mailing_id, first_id, last_id FROM email_campaign_worker
                 WHERE mailing_id = ANY(%s) AND first_id IS NOT NULL
                UNION ALL
                SELECT mailing_id, retried::bigint, retried::bigint
                  FROM email_campaign_worker, jsonb_array_elements_text(retry_ids) AS retried
                 WHERE mailing_id = ANY(%s) AND jsonb_typeof(retry_ids) = 'array'
                """,
                others,
                others,
            )
        )
        return others, ranges

    def _hold_addresses(self, recipient_ids):
        """Keep others from claiming the same addresses at this moment.

        Neither of two workers would see what the other claims for another mass email. As both write the row of the
        address, the database lets only one of them go on; the other begins anew and sees.
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_address (email, validity, hard_bounce_count, soft_bounce_count)
                     SELECT DISTINCT email, 'unknown', 0, 0 FROM email_campaign_recipient
                      WHERE id = ANY(%s) ORDER BY email
                ON CONFLICT (email) DO UPDATE SET write_date = now() AT TIME ZONE 'utc'
                """,
                recipient_ids,
            ),
            log_exceptions=False,
        )
