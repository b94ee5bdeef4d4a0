from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..erased import ERASED_DOMAIN

# A worker tells the addresses every few seconds; it may wait for minutes for the last answers of a server.
LONGEST_UNNOTED = timedelta(minutes=15)


class EmailAddress(models.Model):
    """When something was sent to an address.

    As long as there is a frequency cap this decides who gets an email, so workers note it at once, with the moments of
    the last few. Without one it is only shown, and taken from the log when that is counted: nothing waits for it.
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
        """Note what `mailing_ids` sent and no address knows of, as the worker died before it told them.

        What a worker has not told yet is among the latest in the log.
        """
        if not (cap := self.env["email.audience"]._frequency_cap()):
            return
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_address AS a
                            (email, validity, last_sent_at, hard_bounce_count, soft_bounce_count, sent_moments)
                     SELECT r.email, 'unknown', max(e.at), 0, 0,
                            jsonb_agg(extract(epoch FROM e.at)::bigint ORDER BY e.at DESC)
                       FROM unnest(%(mailings)s) AS m (id)
                 CROSS JOIN LATERAL (SELECT max(at) AS at FROM email_campaign_event
                                      WHERE mailing_id = m.id AND kind = 'sent') AS latest
                       JOIN email_campaign_event e
                            ON e.mailing_id = m.id AND e.kind = 'sent' AND e.at > latest.at - %(span)s
                       JOIN email_campaign_recipient r ON r.id = e.recipient_id
                  LEFT JOIN email_address known ON known.email = r.email
                      WHERE e.at > coalesce(known.last_sent_at, '-infinity')
                      GROUP BY r.email ORDER BY r.email
                ON CONFLICT (email) DO UPDATE
                        SET last_sent_at = EXCLUDED.last_sent_at,
                            sent_moments = jsonb_path_query_array(
                                EXCLUDED.sent_moments || coalesce(a.sent_moments, '[]'), '$[0 to $last]',
                                jsonb_build_object('last', %(number)s::int - 1))
                """,
                mailings=list(mailing_ids),
                span=LONGEST_UNNOTED,
                number=cap.number,
            ),
            log_exceptions=False,
        )
        self.invalidate_model(["last_sent_at", "sent_moments"], flush=False)

    @api.model
    def _note_logged(self, after, last):
        """Note what was sent by the events of the log above the id `after` and up to `last`; not while there is a cap.

        Rows are taken in the order in which workers take them.
        """
        if self.env["email.audience"]._frequency_cap():
            return  # workers have noted it
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_address AS a (email, validity, last_sent_at, hard_bounce_count, soft_bounce_count)
                     SELECT r.email, 'unknown', max(e.at), 0, 0
                       FROM email_campaign_event e
                       JOIN email_campaign_recipient r ON r.id = e.recipient_id
                  LEFT JOIN email_address known ON known.email = r.email
                      WHERE e.id > %(after)s AND e.id <= %(last)s AND e.kind = 'sent'
                        AND e.at > coalesce(known.last_sent_at, '-infinity') AND r.email NOT LIKE %(erased)s
                      GROUP BY r.email ORDER BY r.email
                ON CONFLICT (email) DO UPDATE SET last_sent_at = EXCLUDED.last_sent_at
                """,
                after=after,
                last=last,
                erased=f"%@{ERASED_DOMAIN}",
            ),
            log_exceptions=False,
        )
        self.invalidate_model(["last_sent_at"], flush=False)
