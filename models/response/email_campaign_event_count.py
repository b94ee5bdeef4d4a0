from odoo import api, fields, models
from odoo.tools import SQL

from ..unchecked import UncheckedMany2one

# What stands in a column of an index in place of none, which an index takes for different each time.
NONE = {"verdict": SQL("''"), "verdict_reason": SQL("''"), "tracking_url_id": SQL("0")}
HOUR = SQL("date_trunc('hour', at)")


class EmailCampaignEventNumber(models.AbstractModel):
    """Events of the Campaign Log, counted: what grouping is answered from, and what stays when events go.

    Events up to `email.campaign.event.rollup.rolled_id` are counted, and those alone. `number` is how many there were,
    `gone` how many of them retention has removed. The ids of all of them are from `first_id` to `last_id`.
    """

    _name = "email.campaign.event.number"
    _description = "Counted Events"
    _order = "id"
    _log_access = False
    # What is counted apart. Whatever asks about these alone needs no look at the log itself.
    _counted_by = ()

    mailing_id = UncheckedMany2one("email.campaign.mailing", "Mass Email", required=True, readonly=True)
    campaign_id = UncheckedMany2one("email.campaign", required=True, readonly=True)
    kind = fields.Char(required=True, readonly=True)
    verdict = fields.Char(readonly=True)
    number = fields.Integer(required=True, readonly=True)
    gone = fields.Integer(required=True, readonly=True, default=0)
    first_id = fields.Integer(required=True, readonly=True)
    last_id = fields.Integer(required=True, readonly=True)

    @api.model
    def _columns(self):
        """Give the columns of what is counted apart, in SQL."""
        return SQL(", ").join(map(SQL.identifier, self._counted_by))

    @api.model
    def _same(self, *alias):
        """Give what is the same in events that are counted together, in SQL: as in the index."""
        columns = {name: SQL.identifier(*alias, name) for name in self._counted_by if name != "campaign_id"}
        return SQL(", ").join(
            SQL("coalesce(%s, %s)", column, NONE[name]) if name in NONE else column for name, column in columns.items()
        )

    @api.model
    def _from_event(self):
        """Give the columns as they are read from an event, in SQL."""
        return SQL(", ").join(HOUR if name == "at" else SQL.identifier(name) for name in self._counted_by)

    @api.model
    def _add(self, sign, condition):
        """Count the events `e` that meet `condition` (SQL) once more (1), or no longer (-1)."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO %(table)s AS c (%(columns)s, number, gone, first_id, last_id)
                     SELECT %(values)s, %(sign)s * count(*), 0, min(id), max(id)
                       FROM email_campaign_event e WHERE %(condition)s GROUP BY %(values)s
                ON CONFLICT (%(same)s)
                  DO UPDATE SET number = c.number + excluded.number, first_id = least(c.first_id, excluded.first_id),
                                last_id = greatest(c.last_id, excluded.last_id)
                """,
                table=SQL.identifier(self._table),
                columns=self._columns(),
                values=self._from_event(),
                sign=sign,
                condition=condition,
                same=self._same(),
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _bounds(self, domain, needed, below):
        """Give (lowest id, highest id) between which are the newest `needed` of the events that `domain` counts.

        :param below: ids from this one on were looked at
        :return: None where there are none
        """
        kept = fields.Domain("first_id", "<", below) & fields.Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                "%s > %s", SQL.identifier(alias, "number"), SQL.identifier(alias, "gone")
            )
        )
        found = self._search(domain & kept)
        if found.is_empty():
            return None
        columns = [SQL.identifier(self._table, name) for name in ("first_id", "last_id", "number", "gone")]
        # Few meet it, or a look at the latest would have been enough: no index helps, and a limit misleads the planner.
        [(highest, lowest)] = self.env.execute_query(
            SQL(
                """
                WITH found AS MATERIALIZED (%s), summed AS MATERIALIZED (
                    SELECT first_id,
                           sum(number - gone) OVER (ORDER BY first_id DESC ROWS UNBOUNDED PRECEDING) AS so_many
                      FROM found
                )
                SELECT (SELECT max(last_id) FROM found), (SELECT max(first_id) FROM summed WHERE so_many >= %s)
                """,
                found.select(*columns),
                needed,
            )
        )
        return None if highest is None else (lowest or 0, highest)

    @api.model
    def _forget_orphans(self):
        self.env.cr.execute(
            SQL(
                "DELETE FROM %s c WHERE NOT EXISTS (SELECT FROM email_campaign_mailing m WHERE m.id = c.mailing_id)",
                SQL.identifier(self._table),
            )
        )
        self.invalidate_model(flush=False)


class EmailCampaignEventCount(models.Model):
    """How many events of each kind, verdict and link: a few for each mass email."""

    _name = "email.campaign.event.count"
    _description = "Campaign Log, Counted"
    _inherit = "email.campaign.event.number"
    _counted_by = ("mailing_id", "campaign_id", "kind", "verdict", "verdict_reason", "tracking_url_id")

    verdict_reason = fields.Char(readonly=True)
    tracking_url_id = UncheckedMany2one("email.tracking.url", "Link", readonly=True)

    _same_unique = models.UniqueIndex(
        "(mailing_id, kind, coalesce(verdict, ''), coalesce(verdict_reason, ''), coalesce(tracking_url_id, 0))"
    )

    @api.autovacuum
    def _gc_orphans(self):
        """Forget the numbers of mass emails that somebody deleted while their events were counted."""
        self._forget_orphans()


class EmailCampaignEventHour(models.Model):
    """How many events of each kind and verdict in each hour."""

    _name = "email.campaign.event.hour"
    _description = "Campaign Log, Counted by the Hour"
    _inherit = "email.campaign.event.number"
    _counted_by = ("mailing_id", "campaign_id", "kind", "verdict", "at")

    at = fields.Datetime("Hour", required=True, readonly=True)

    _same_unique = models.UniqueIndex("(mailing_id, kind, coalesce(verdict, ''), at)")

    @api.autovacuum
    def _gc_orphans(self):
        """Forget the numbers of mass emails that somebody deleted while their events were counted."""
        self._forget_orphans()
