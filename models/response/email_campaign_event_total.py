from odoo import api, fields, models
from odoo.tools import SQL

from .email_campaign_event_count import DIMENSIONS


class EmailCampaignEventTotal(models.Model):
    """How many events there were, up to this moment: those counted by the hour, and the latest one by one.

    `number` is how many there were, `kept` how many of them are in the log still. Who may see what is as in the log.
    """

    _name = "email.campaign.event.total"
    _description = "Campaign Log, Totals"
    _auto = False
    _log_access = False
    _order = "id"
    _depends = {
        "email.campaign.event": [*DIMENSIONS, "at"],
        "email.campaign.event.count": [*DIMENSIONS, "at", "number", "gone"],
        "email.campaign.event.rollup": ["rolled_id"],
    }

    mailing_id = fields.Many2one("email.campaign.mailing", "Mass Email", readonly=True)
    campaign_id = fields.Many2one("email.campaign", readonly=True)
    kind = fields.Selection(
        lambda self: self.env["email.campaign.event"]._fields["kind"]._description_selection(self.env), readonly=True
    )
    verdict = fields.Selection([("human", "Person"), ("machine", "Machine")], "By", readonly=True)
    verdict_reason = fields.Char("Known By", readonly=True)
    tracking_url_id = fields.Many2one("email.tracking.url", "Link", readonly=True)
    at = fields.Datetime("When", readonly=True)
    number = fields.Integer(readonly=True)
    kept = fields.Integer(readonly=True)

    @property
    def _table_query(self):
        # The number itself, and not a query for it: only so PostgreSQL knows how little is left to be read.
        rolled = self.env["email.campaign.event.rollup"]._rolled_id()
        columns = SQL(", ").join(map(SQL.identifier, DIMENSIONS))
        return SQL(
            """
            SELECT id, %(columns)s, at, number, number - gone AS kept FROM email_campaign_event_count
             UNION ALL
            SELECT -id, %(columns)s, date_trunc('hour', at), 1, 1 FROM email_campaign_event WHERE id > %(rolled)s
            """,
            columns=columns,
            rolled=rolled,
        )

    @api.model
    def _kept(self, domain, groupby=(), **options):
        """Give the tuples of `_read_group` with the number of events that are in the log still."""
        rows = self._read_group(domain & fields.Domain("kept", ">", 0), groupby, ["kept:sum"], **options)
        return [(*groups, count or 0) for *groups, count in rows]
