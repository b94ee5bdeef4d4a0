from odoo import api, fields, models
from odoo.tools import SQL

SHARED = ["mailing_id", "campaign_id", "kind", "verdict"]


class EmailCampaignEventSum(models.AbstractModel):
    """How many events there were, up to this moment: those that are counted, and the latest one by one.

    `number` is how many there were, `kept` how many of them are in the log still. Who may see what is as in the log.
    """

    _name = "email.campaign.event.sum"
    _description = "Sums of Events"
    _log_access = False
    _order = "id"
    # The model that has those that are counted.
    _counts = ""

    mailing_id = fields.Many2one("email.campaign.mailing", "Mass Email", readonly=True)
    campaign_id = fields.Many2one("email.campaign", readonly=True)
    kind = fields.Selection(
        lambda self: self.env["email.campaign.event"]._fields["kind"]._description_selection(self.env), readonly=True
    )
    verdict = fields.Selection([("human", "Person"), ("machine", "Machine")], "By", readonly=True)
    number = fields.Integer(readonly=True)
    kept = fields.Integer(readonly=True)

    @property
    def _table_query(self):
        if not self._counts:
            return None
        # The number itself, and not a query for it: only so PostgreSQL knows how little is left to be read.
        rolled = self.env["email.campaign.event.rollup"]._rolled_id()
        counts = self.env[self._counts]
        return SQL(
            """
            SELECT id, %(columns)s, number, number - gone AS kept FROM %(table)s
             UNION ALL
            SELECT -id, %(values)s, 1, 1 FROM email_campaign_event WHERE id > %(rolled)s
            """,
            columns=counts._columns(),
            values=counts._from_event(),
            table=SQL.identifier(counts._table),
            rolled=rolled,
        )

    @api.model
    def _kept(self, domain, groupby=(), **options):
        """Give the tuples of `_read_group` with the number of events that are in the log still."""
        rows = self._read_group(domain & fields.Domain("kept", ">", 0), groupby, ["kept:sum"], **options)
        return [(*groups, count or 0) for *groups, count in rows]


class EmailCampaignEventTotal(models.Model):
    """Sums by kind, verdict and link."""

    _name = "email.campaign.event.total"
    _description = "Campaign Log, Totals"
    _inherit = "email.campaign.event.sum"
    _auto = False
    _counts = "email.campaign.event.count"
    _depends = {
        "email.campaign.event": [*SHARED, "verdict_reason", "tracking_url_id"],
        "email.campaign.event.count": [*SHARED, "verdict_reason", "tracking_url_id", "number", "gone"],
        "email.campaign.event.rollup": ["rolled_id"],
    }

    verdict_reason = fields.Char("Known By", readonly=True)
    tracking_url_id = fields.Many2one("email.tracking.url", "Link", readonly=True)


class EmailCampaignEventTotalHour(models.Model):
    """Sums by kind and verdict in each hour."""

    _name = "email.campaign.event.total.hour"
    _description = "Campaign Log, Totals by the Hour"
    _inherit = "email.campaign.event.sum"
    _auto = False
    _counts = "email.campaign.event.hour"
    _depends = {
        "email.campaign.event": [*SHARED, "at"],
        "email.campaign.event.hour": [*SHARED, "at", "number", "gone"],
        "email.campaign.event.rollup": ["rolled_id"],
    }

    at = fields.Datetime("When", readonly=True)

    @property
    def _table_query(self):
        hours = self.env.context.get("email_campaign_hours")
        # Nobody but `_kept` can have put SQL there.
        return hours if isinstance(hours, SQL) and self.env.su else super()._table_query

    @api.model
    def _kept(self, domain, groupby=(), **options):
        """Add up the hours first, of all mass emails together: days of a time zone are dear to tell a million times."""
        names = {"at", *(spec.partition(":")[0] for spec in groupby)}
        within = self._search(domain & fields.Domain("kept", ">", 0))
        if within.is_empty():
            return super()._kept(domain, groupby, **options)
        columns = SQL(", ").join(
            SQL.identifier(name) if name in names else SQL("NULL::%s AS %s", column_type, SQL.identifier(name))
            for name, column_type in (
                ("mailing_id", SQL("int")),
                ("campaign_id", SQL("int")),
                ("kind", SQL("varchar")),
                ("verdict", SQL("varchar")),
                ("at", SQL("timestamp")),
            )
        )
        asked = SQL(", ").join(map(SQL.identifier, sorted(names)))
        read = [SQL.identifier(self._table, name) for name in sorted(names | {"kept"})]
        hours = SQL(
            """
            SELECT row_number() OVER () AS id, %(columns)s, sum(kept)::int AS number, sum(kept)::int AS kept
              FROM (%(within)s) AS within GROUP BY %(asked)s
            """,
            columns=columns,
            within=within.select(*read),
            asked=asked,
        )
        added = self.sudo().with_context(email_campaign_hours=hours)
        return super(EmailCampaignEventTotalHour, added)._kept(fields.Domain.TRUE, groupby, **options)
