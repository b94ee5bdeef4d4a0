from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from .figures import COUNTS, RATES


class EmailCampaignMailing(models.Model):
    """The numbers of mass emails, from one grouped query for all that are shown."""

    _inherit = "email.campaign.mailing"

    recipient_count = fields.Integer("Recipients", compute="_compute_statistics")
    remaining_count = fields.Integer("Remaining", compute="_compute_statistics")
    sent_count = fields.Integer("Sent", compute="_compute_statistics")
    failed_count = fields.Integer("Failed", compute="_compute_statistics")
    in_doubt_count = fields.Integer("In Doubt", compute="_compute_statistics")
    cancelled_count = fields.Integer("Cancelled", compute="_compute_statistics")
    skipped_count = fields.Integer("Skipped", compute="_compute_statistics")
    opened_count = fields.Integer(
        "Opened", compute="_compute_statistics", help="People, not openings; in hundredths of what was sent."
    )
    clicked_count = fields.Integer(
        "Clicked", compute="_compute_statistics", help="People, not clicks; in hundredths of what was sent."
    )
    bounced_count = fields.Integer(
        "Bounced",
        compute="_compute_statistics",
        help="Refused at once or returned later; in hundredths of all that was tried, sent and failed.",
    )
    opted_out_count = fields.Integer("Opted Out", compute="_compute_statistics")
    opened_rate = fields.Float(compute="_compute_statistics")
    clicked_rate = fields.Float(compute="_compute_statistics")
    bounced_rate = fields.Float(compute="_compute_statistics")
    opted_out_rate = fields.Float(compute="_compute_statistics")
    progress = fields.Float(compute="_compute_statistics", help="Share of the recipients that are dealt with.")

    @api.depends("state")
    def _compute_statistics(self):
        counts = self._statistics(SQL.identifier("mailing_id"), self.ids)
        for mailing in self:
            numbers = counts[mailing._origin.id]
            for name in (*COUNTS, *RATES):
                mailing[name] = numbers[name]
            total = numbers["recipient_count"]
            left = numbers["remaining_count"] + numbers["cancelled_count"]
            mailing.progress = 100.0 * (total - left) / total if total else 0.0

    @api.model
    def _statistics(self, column, ids):
        """Give the COUNTS and RATES by id, counted over the recipients whose `column` is one of `ids`."""
        numbers = defaultdict(lambda: dict.fromkeys((*COUNTS, *RATES), 0))
        if not ids:
            return numbers
        self.env["email.campaign.recipient"].flush_model()
        columns = SQL(", ").join(SQL(f"count(*) FILTER (WHERE {condition})") for condition in COUNTS.values())
        query = SQL(
            "SELECT %(column)s, %(columns)s FROM email_campaign_recipient WHERE %(column)s = ANY(%(ids)s) GROUP BY 1",
            column=column,
            columns=columns,
            ids=list(ids),
        )
        for record_id, *values in self.env.execute_query(query):
            found = dict(zip(COUNTS, values, strict=True))
            for rate, (count, bases) in RATES.items():
                base = sum(found[name] for name in bases)
                found[rate] = 100.0 * found[count] / base if base else 0.0
            numbers[record_id] = found
        return numbers
