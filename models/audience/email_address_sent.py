from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..erased import NOBODY

# Under a cap a worker tells the addresses every few seconds; it may wait for minutes for the last answers of a server.
LONGEST_UNNOTED = timedelta(minutes=15)


class EmailAddress(models.Model):
    """When something was sent to an address.

    As long as there is a frequency cap this decides who gets an email, so workers note it at once, with the moments of
    the last few, and the log tells what they missed. Without one it is only shown, and all of it comes from the log
    when that is counted: nothing waits for it.
    """

    _inherit = "email.address"

    @api.model
    def _note_sent(self, emails, cap):
        """Note on each of `emails` (normalised) that a message was handed over just now, and what `cap` asks about.

        Rows are taken in order, so that two workers can't block each other.
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_address AS a
                            (email, validity, last_sent_at, hard_bounce_count, soft_bounce_count, sent_moments)
                     SELECT email, 'unknown', now() AT TIME ZONE 'utc', 0, 0,
                            jsonb_build_array(extract(epoch FROM now())::bigint)
                       FROM unnest(%(emails)s::varchar[]) AS email ORDER BY email
                ON CONFLICT (email) DO UPDATE
                        SET last_sent_at = EXCLUDED.last_sent_at,
                            -- The one before the first that is too many is the last that will be asked about.
                            sent_moments = (EXCLUDED.sent_moments || coalesce(a.sent_moments, '[]')) - %(number)s
                """,
                emails=sorted(set(emails)),
                number=cap.number,
            )
        )

    @api.model
    def _note_unnoted(self, mailing_ids):
        """Note at once what `mailing_ids` sent and no address knows of, as the worker died before it told them.

        What a worker has not told yet is among the latest in the log. Without a cap there is no hurry.
        """
        if not self.env["email.audience"]._frequency_cap():
            return
        self._note_from_log(
            SQL(
                """
                SELECT e.recipient_id, e.at
                  FROM unnest(%s) AS m (id)
                 CROSS JOIN LATERAL (SELECT max(at) AS at FROM email_campaign_event
                                      WHERE mailing_id = m.id AND kind = 'sent') AS latest
                  JOIN email_campaign_event e
                       ON e.mailing_id = m.id AND e.kind = 'sent' AND e.at > latest.at - %s
                """,
                list(mailing_ids),
                LONGEST_UNNOTED,
            )
        )

    @api.model
    def _note_logged(self, after, last):
        """Note what was sent by the events of the log above the id `after` and up to `last`, and is not noted yet.

        Under a cap not what workers may still tell.

        :return: the id of the event up to which it is noted
        """
        if self.env["email.audience"]._frequency_cap():
            [(last,)] = self.env.execute_query(
                SQL(
                    """
                    SELECT coalesce(min(id) - 1, %(last)s) FROM email_campaign_event
                     WHERE id > %(after)s AND id <= %(last)s AND at > now() AT TIME ZONE 'utc' - %(span)s
                    """,
                    after=after,
                    last=last,
                    span=LONGEST_UNNOTED,
                )
            )
        self._note_from_log(
            SQL(
                "SELECT recipient_id, at FROM email_campaign_event WHERE kind = 'sent' AND id > %s AND id <= %s",
                after,
                last,
            )
        )
        return last

    def _note_from_log(self, events):
        """Note on addresses what was sent to them by `events` (SQL that gives recipient_id and at), where it is news.

        Under a cap also what that asks about; but what a recount is about to take from the log is left to it.
        """
        self.flush_model()
        cap = self.env["email.audience"]._frequency_cap()
        column = value = moments = SQL()
        news = SQL("TRUE")
        if cap:
            column = SQL(", sent_moments")
            value = SQL(", to_jsonb((array_agg(extract(epoch FROM e.at)::bigint ORDER BY e.at DESC))[:%s])", cap.number)
            moments = SQL(
                """
                , sent_moments = jsonb_path_query_array(
                    EXCLUDED.sent_moments || coalesce(a.sent_moments, '[]'), '$[0 to $last]',
                    jsonb_build_object('last', %s::int - 1))
                """,
                cap.number,
            )
            news = SQL("NOT EXISTS (SELECT FROM email_address_recount c WHERE c.until IS NULL OR e.at <= c.until)")
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_address AS a
                            (email, validity, last_sent_at, hard_bounce_count, soft_bounce_count%(column)s)
                     SELECT r.email, 'unknown', max(e.at), 0, 0%(value)s
                       FROM (%(events)s) AS e
                       JOIN email_campaign_recipient r ON r.id = e.recipient_id
                  LEFT JOIN email_address known ON known.email = r.email
                      WHERE e.at > coalesce(known.last_sent_at, '-infinity')
                        AND r.email NOT LIKE %(erased)s AND %(news)s
                      -- In the order in which workers take them, so that none blocks the other.
                      GROUP BY r.email ORDER BY r.email
                ON CONFLICT (email) DO UPDATE SET last_sent_at = EXCLUDED.last_sent_at%(moments)s
                """,
                column=column,
                value=value,
                events=events,
                erased=NOBODY,
                news=news,
                moments=moments,
            ),
            log_exceptions=False,
        )
        self.invalidate_model(["last_sent_at", "sent_moments"], flush=False)
