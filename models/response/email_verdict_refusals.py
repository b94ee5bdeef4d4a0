import json

from odoo import api, models
from odoo.tools import SQL

from ..audience.email_address_changes import NOW

# The reason for a refusal, in the words of `rule`.
RULE = "SMTP reply"


class EmailVerdict(models.Model):
    """What servers say while mass emails are handed over to them."""

    _inherit = "email.verdict"

    @api.model
    def _take_refusals(self, provider, refusals):
        """Write down refusals for good, which the sending job has logged and stamped on the recipients already.

        One statement, and one for the addresses; nothing where nothing was refused.

        Temporary ones are among them; of these only such count that were the last.

        :param provider: what they were sent by
        :param refusals: dicts with id (of the recipient), kind (hard|soft), counts, status, reason and text
        """
        if not refusals:
            return
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO email_verdict
                            (at, noted_at, counted_at, recipient_id, mailing_id, campaign_id, company_id, email, kind,
                             reason, status_code, diagnostic, rule, matched_by, channel, provider_id, reference,
                             raw_size, counts, state, event_id)
                     SELECT %(now)s, %(now)s, %(now)s, r.id, r.mailing_id, m.campaign_id, m.company_id, r.email, o.kind,
                            o.reason, o.status, o.text, %(rule)s, 'dialogue', 'dialogue', %(provider)s,
                            'dialogue ' || extract(epoch FROM now()), 0, o.counts,
                            CASE WHEN o.counts THEN 'counted' ELSE 'noted' END,
                            (SELECT max(e.id) FROM email_campaign_event e
                              WHERE e.recipient_id = r.id AND e.kind IN ('bounce', 'failed'))
                       FROM json_to_recordset(%(refusals)s) AS o (
                                id int, kind varchar, counts bool, status varchar, reason varchar, text varchar)
                       JOIN email_campaign_recipient r ON r.id = o.id AND r.state = 'failed'
                       JOIN email_campaign_mailing m ON m.id = r.mailing_id
                      ORDER BY r.id
                ON CONFLICT DO NOTHING
                  RETURNING email, kind = 'hard', state
                """,
                now=NOW,
                rule=RULE,
                provider=provider.id or None,
                refusals=json.dumps(refusals),
            )
        )
        self.invalidate_model(flush=False)
        self.env["email.address"]._recount([(email, hard) for email, hard, state in rows if state == "counted"])

    @api.model
    def _supersede(self, recipient_ids):
        """Note that these are tried again: what was said while they were handed over is about the try before."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE email_verdict SET superseded = TRUE
                 WHERE recipient_id = ANY(%s) AND channel = 'dialogue' AND superseded IS NOT TRUE
                """,
                list(recipient_ids),
            )
        )
        self.invalidate_model(["superseded"], flush=False)
