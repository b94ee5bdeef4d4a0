from odoo import api, fields, models
from odoo.tools import SQL

from .email_figures import COUNTS

RESPONDED = ("opened_count", "clicked_count", "replied_count", "bounced_count", "opted_out_count")
# The figures that change after the end of sending, as a condition on recipient rows.
RESPONSES = {name: COUNTS[name] for name in RESPONDED}


class EmailCampaignMailing(models.Model):
    """The figures of a mass email whose sending is over: counted once, as there may be hundreds of millions of rows.

    Two things go on changing. What is in doubt may turn out to be sent: so only the sum of both is kept, and what is
    in doubt, which is little, is counted anew. And people respond, for which there is an index of those who did.
    Everything else that can happen to a recipient makes the mass email `queued` again (`_reopen`, `_sweep`). Then it
    has another `done_at` at its next end, and what was counted before is no longer valid.
    """

    _inherit = "email.campaign.mailing"

    # {done_at: the end of sending that it was counted at, name of a count: number, settled_count: sent and in doubt}
    settled_figures = fields.Json(readonly=True, copy=False)

    @api.model
    def _finish(self):
        # Two ends within one transaction would have the same `done_at`.
        self.env.cr.execute(
            SQL(
                """
                UPDATE email_campaign_mailing SET settled_figures = NULL
                 WHERE state NOT IN ('done', 'cancelled') AND settled_figures IS NOT NULL
                """
            )
        )
        return super()._finish()

    @api.model
    def _settle_figures(self):
        """Count the recipients of mass emails whose sending has ended since the last time."""
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_mailing m SET settled_figures = counted.figures
                  FROM (SELECT e.id, c.figures || jsonb_build_object('done_at', e.done_at::text) AS figures
                          FROM email_campaign_mailing e
                         -- One look at the index for each of them: there are few, and recipients by the million.
                         CROSS JOIN LATERAL (
                               SELECT jsonb_build_object(
                                          'recipient_count', count(*) FILTER (WHERE r.state <> 'skipped'),
                                          'settled_count', count(*) FILTER (WHERE r.state IN ('sent', 'in_doubt')),
                                          'failed_count', count(*) FILTER (WHERE r.state = 'failed'),
                                          'cancelled_count', count(*) FILTER (WHERE r.state = 'cancelled'),
                                          'skipped_count', count(*) FILTER (WHERE r.state = 'skipped')) AS figures
                                 FROM email_campaign_recipient r WHERE r.mailing_id = e.id
                               HAVING count(*) FILTER
                                          (WHERE r.state IN ('queued', 'claimed', 'handed', 'retry')) = 0
                              ) AS c
                         WHERE e.state IN ('done', 'cancelled')
                           AND e.settled_figures->>'done_at' IS DISTINCT FROM e.done_at::text
                       ) AS counted
                 WHERE m.id = counted.id
             RETURNING m.id
                """
            )
        )
        self.invalidate_model(["settled_figures"])

    @api.model
    def _settled_figures_query(self):
        """Give SQL for the figures of mass email `m` that are settled, NULL if they are not."""
        return SQL(
            """
            CASE WHEN m.state IN ('done', 'cancelled') AND m.settled_figures->>'done_at' = m.done_at::text
                 THEN m.settled_figures END
            """
        )

    def _settled_counts(self):
        """Give {name: number} of the COUNTS of this mass email if they are settled, else None. Responses are 0."""
        if self.state not in ("done", "cancelled"):
            return None
        self.flush_recordset(["state", "done_at", "settled_figures"])
        rows = self.env.execute_query(
            SQL("SELECT m.id, %s FROM email_campaign_mailing m WHERE m.id = %s", self._settled_figures_query(), self.id)
        )
        settled = {row_id: figures for row_id, figures in rows if figures}
        return self._counted_since(settled, with_responses=False).get(self.id)

    @api.model
    def _counted_since(self, settled, with_responses=True):
        """Give {id: {name: number}} of all COUNTS of mass emails, of which `settled` has what was counted."""
        if not settled:
            return {}
        doubts = self.env.execute_query(
            SQL(
                """
                SELECT mailing_id, count(*) FROM email_campaign_recipient
                 WHERE is_trouble IS TRUE AND state = 'in_doubt' AND mailing_id = ANY(%s) GROUP BY 1
                """,
                list(settled),
            )
        )
        in_doubt = dict(doubts)
        # Uses the index of those who responded, which is why all of them are asked about at once.
        responses = with_responses and self.env.execute_query(
            SQL(
                """
                SELECT mailing_id, %s FROM email_campaign_recipient
                 WHERE coalesce(opened_at, clicked_at, replied_at, bounced_at, opted_out_at) IS NOT NULL
                   AND mailing_id = ANY(%s)
                 GROUP BY 1
                """,
                SQL(", ").join(SQL(f"count(*) FILTER (WHERE {condition})") for condition in RESPONSES.values()),
                list(settled),
            )
        )
        responded = {mailing_id: dict(zip(RESPONSES, values, strict=True)) for mailing_id, *values in responses or ()}
        result = {}
        for mailing_id, figures in settled.items():
            counts = dict.fromkeys(COUNTS, 0)
            counts.update({name: figures[name] for name in COUNTS if name in figures})
            counts.update(responded.get(mailing_id, {}))
            counts["in_doubt_count"] = in_doubt.get(mailing_id, 0)
            counts["sent_count"] = figures["settled_count"] - counts["in_doubt_count"]
            result[mailing_id] = counts
        return result
