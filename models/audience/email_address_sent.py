from odoo import api, models
from odoo.tools import SQL


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
    def _recount_sent_moments(self):
        """Take from the log when the latest mass emails were sent to each address, as the frequency cap wants it now.

        They are not kept while there is no cap, so that sending costs nothing for it.
        """
        self.env.flush_all()
        self.env.cr.execute("UPDATE email_address SET sent_moments = NULL WHERE sent_moments IS NOT NULL")
        if cap := self.env["email.audience"]._frequency_cap():
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE email_address a SET sent_moments = counted.moments
                      FROM (SELECT email, jsonb_agg(at ORDER BY at DESC) AS moments
                              FROM (SELECT r.email, extract(epoch FROM e.at)::bigint AS at,
                                           row_number() OVER (PARTITION BY r.email ORDER BY e.at DESC) AS place
                                      FROM email_campaign_event e
                                      JOIN email_campaign_recipient r ON r.id = e.recipient_id
                                     WHERE e.kind = 'sent'
                                       AND e.at > now() AT TIME ZONE 'utc' - make_interval(days => %(days)s)) AS sent
                             WHERE place <= %(number)s GROUP BY email) AS counted
                     WHERE a.email = counted.email
                    """,
                    days=cap.days,
                    number=cap.number,
                )
            )
        self.invalidate_model(["sent_moments"], flush=False)
