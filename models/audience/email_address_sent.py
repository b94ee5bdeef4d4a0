from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

# A worker tells the addresses every few seconds; it may wait for minutes for the last answers of a server.
LONGEST_UNNOTED = timedelta(minutes=15)


class EmailAddress(models.Model):
    """When something was sent to an address: the last time, and the last few while there is a frequency cap."""

    _inherit = "email.address"

    @api.model
    def _note_sent(self, emails, cr=None):
        """Note on each of `emails` (normalised) that a message was handed over just now.

        `cr` is the cursor of the sending worker; rows are taken in order, so that two workers can't block each other.
        """
        moments = SQL()
        cap = self.env["email.audience"]._frequency_cap()
        if cap:
            # The one before the first that is too many is the last that will be asked about.
            latest = SQL("jsonb_build_array(extract(epoch FROM now())::bigint)")
            moments = SQL(", sent_moments = (%s || coalesce(a.sent_moments, '[]')) - %s", latest, cap.number)
        (cr or self.env.cr).execute(
            SQL(
                """
                INSERT INTO email_address AS a
                            (email, validity, last_sent_at, hard_bounce_count, soft_bounce_count%(column)s)
                     SELECT email, 'unknown', now() AT TIME ZONE 'utc', 0, 0%(value)s
                       FROM unnest(%(emails)s::varchar[]) AS email ORDER BY email
                ON CONFLICT (email) DO UPDATE SET last_sent_at = EXCLUDED.last_sent_at%(moments)s
                """,
                column=SQL(", sent_moments") if cap else SQL(),
                value=SQL(", %s", latest) if cap else SQL(),
                emails=sorted(set(emails)),
                moments=moments,
            )
        )

    @api.model
    def _note_unnoted(self, mailing_ids):
        """Note what `mailing_ids` sent and no address knows of, as the worker died before it told them.

        What a worker has not told yet is among the latest in the log.
        """
        self.flush_model()
        cap = self.env["email.audience"]._frequency_cap()
        moments = SQL()
        if cap:
            moments = SQL(
                """
                , sent_moments = jsonb_path_query_array(
                    EXCLUDED.sent_moments || coalesce(a.sent_moments, '[]'), '$[0 to $last]',
                    jsonb_build_object('last', %s::int - 1))
                """,
                cap.number,
            )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_address AS a
                            (email, validity, last_sent_at, hard_bounce_count, soft_bounce_count%(column)s)
                     SELECT r.email, 'unknown', max(e.at), 0, 0%(value)s
                       FROM unnest(%(mailings)s) AS m (id)
                 CROSS JOIN LATERAL (SELECT max(at) AS at FROM email_campaign_event
                                      WHERE mailing_id = m.id AND kind = 'sent') AS latest
                       JOIN email_campaign_event e
                            ON e.mailing_id = m.id AND e.kind = 'sent' AND e.at > latest.at - %(span)s
                       JOIN email_campaign_recipient r ON r.id = e.recipient_id
                  LEFT JOIN email_address known ON known.email = r.email
                      WHERE e.at > coalesce(known.last_sent_at, '-infinity')
                      GROUP BY r.email ORDER BY r.email
                ON CONFLICT (email) DO UPDATE SET last_sent_at = EXCLUDED.last_sent_at%(moments)s
                """,
                column=SQL(", sent_moments") if cap else SQL(),
                value=SQL(", jsonb_agg(extract(epoch FROM e.at)::bigint ORDER BY e.at DESC)") if cap else SQL(),
                mailings=list(mailing_ids),
                span=LONGEST_UNNOTED,
                moments=moments,
            ),
            log_exceptions=False,
        )
        self.invalidate_model(["last_sent_at", "sent_moments"], flush=False)
