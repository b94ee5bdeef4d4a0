from odoo import api, fields, models
from odoo.tools import SQL

from ..unchecked import UncheckedMany2one

# What events are counted by, beside the hour. Whatever asks about these alone needs no look at the log itself.
DIMENSIONS = ("mailing_id", "campaign_id", "kind", "verdict", "verdict_reason", "tracking_url_id")
# A number is of one of each; an index takes no NULL for equal to another.
SAME = SQL(
    "mailing_id, kind, at, coalesce(verdict, ''), coalesce(verdict_reason, ''), coalesce(tracking_url_id, 0)"
)


class EmailCampaignEventCount(models.Model):
    """The Campaign Log, counted by the hour: what grouping is answered from, and what stays when events go.

    Events up to `email.campaign.event.rollup.rolled_id` are counted here, and those alone. `number` is how many there
    were, `gone` how many of them retention has removed. The ids of all of them are from `first_id` to `last_id`.
    """

    _name = "email.campaign.event.count"
    _description = "Campaign Log, Counted"
    _order = "id"
    _log_access = False

    mailing_id = UncheckedMany2one("email.campaign.mailing", "Mass Email", required=True, readonly=True)
    campaign_id = UncheckedMany2one("email.campaign", required=True, readonly=True)
    kind = fields.Char(required=True, readonly=True)
    verdict = fields.Char(readonly=True)
    verdict_reason = fields.Char(readonly=True)
    tracking_url_id = UncheckedMany2one("email.tracking.url", "Link", readonly=True)
    at = fields.Datetime("Hour", required=True, readonly=True)
    number = fields.Integer(required=True, readonly=True)
    gone = fields.Integer(required=True, readonly=True, default=0)
    first_id = fields.Integer(required=True, readonly=True)
    last_id = fields.Integer(required=True, readonly=True)

    _same_unique = models.UniqueIndex(
        "(mailing_id, kind, at, coalesce(verdict, ''), coalesce(verdict_reason, ''), coalesce(tracking_url_id, 0))"
    )
    # The newest first, and no further than is needed.
    _first_index = models.Index("(first_id DESC) WHERE number > gone")
    _last_index = models.Index("(last_id DESC) WHERE number > gone")

    @api.model
    def _add(self, sign, condition):
        """Count the events `e` that meet `condition` (SQL) once more (1), or no longer (-1).

        Whoever changes or deletes events that are counted calls this, before and after, in the same transaction.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_campaign_event_count AS c (%(columns)s, at, number, gone, first_id, last_id)
                     SELECT %(columns)s, date_trunc('hour', e.at), %(sign)s * count(*), 0, min(e.id), max(e.id)
                       FROM email_campaign_event e WHERE %(condition)s GROUP BY %(columns)s, date_trunc('hour', e.at)
                ON CONFLICT (%(same)s)
                  DO UPDATE SET number = c.number + excluded.number, first_id = least(c.first_id, excluded.first_id),
                                last_id = greatest(c.last_id, excluded.last_id)
                """,
                columns=SQL(", ").join(map(SQL.identifier, DIMENSIONS)),
                sign=sign,
                condition=condition,
                same=SAME,
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _newest(self, condition, needed):
        """Give (lowest id, highest id) between which are the newest `needed` events that are left of those counted.

        :param condition: Query on this model, of what is looked for
        :return: None where there are none left
        """
        counted = condition.subselect()
        # Both go along an index and end as soon as they know.
        [(highest,)] = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT last_id FROM email_campaign_event_count
                         WHERE number > gone AND id IN %s ORDER BY last_id DESC LIMIT 1)
                """,
                counted,
            )
        )
        if highest is None:
            return None
        rows = self.env.execute_query(
            SQL(
                """
                SELECT first_id FROM (
                    SELECT first_id,
                           sum(number - gone) OVER (ORDER BY first_id DESC ROWS UNBOUNDED PRECEDING) AS so_many
                      FROM email_campaign_event_count WHERE number > gone AND id IN %s
                ) AS counted WHERE so_many >= %s LIMIT 1
                """,
                counted,
                needed,
            )
        )
        return (rows[0][0] if rows else 0), highest

    @api.autovacuum
    def _gc_orphans(self):
        """Forget the numbers of mass emails that somebody deleted while their events were counted."""
        self.env.cr.execute(
            """
            DELETE FROM email_campaign_event_count c
             WHERE NOT EXISTS (SELECT FROM email_campaign_mailing m WHERE m.id = c.mailing_id)
            """
        )
        self.invalidate_model(flush=False)
