from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

# What is counted, as a condition on recipient rows.
COUNTS = {
    "recipient_count": "state <> 'skipped'",
    "remaining_count": "state IN ('queued', 'claimed', 'handed', 'retry')",
    "sent_count": "state = 'sent'",
    "failed_count": "state = 'failed'",
    "in_doubt_count": "state = 'in_doubt'",
    "cancelled_count": "state = 'cancelled'",
    "skipped_count": "state = 'skipped'",
    "opened_count": "opened_at IS NOT NULL",
    "clicked_count": "clicked_at IS NOT NULL",
    "replied_count": "replied_at IS NOT NULL",
    "bounced_count": "bounced_at IS NOT NULL",
    "opted_out_count": "opted_out_at IS NOT NULL",
}
# Each in hundredths of the sum of some others: opens of what was sent, bounces of all that was tried.
RATES = {
    "opened_rate": ("opened_count", ("sent_count",)),
    "clicked_rate": ("clicked_count", ("sent_count",)),
    "replied_rate": ("replied_count", ("sent_count",)),
    "bounced_rate": ("bounced_count", ("sent_count", "failed_count")),
    "opted_out_rate": ("opted_out_count", ("sent_count",)),
}


class EmailFigures(models.AbstractModel):
    """The numbers that campaigns and mass emails show, for all that are shown at once.

    Where something is still to be sent they are counted; else most of them were when sending ended
    (`email_campaign_mailing_figures`).
    """

    _name = "email.figures"
    _description = "Figures of Mass Emails"
    # The column of mass emails that names the record, and what the numbers change with as far as the ORM is told.
    _figures_column = ""
    _figures_depends = ()

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
    replied_count = fields.Integer(
        "Replied", compute="_compute_statistics", help="People, not replies; in hundredths of what was sent."
    )
    bounced_count = fields.Integer(
        "Bounced",
        compute="_compute_statistics",
        help="Refused at once or returned later; in hundredths of all that was tried, sent and failed.",
    )
    opted_out_count = fields.Integer("Opted Out", compute="_compute_statistics")
    opened_rate = fields.Float(compute="_compute_statistics")
    clicked_rate = fields.Float(compute="_compute_statistics")
    replied_rate = fields.Float(compute="_compute_statistics")
    bounced_rate = fields.Float(compute="_compute_statistics")
    opted_out_rate = fields.Float(compute="_compute_statistics")
    progress = fields.Float(compute="_compute_statistics", help="Share of the recipients that are dealt with.")

    @api.depends(lambda self: self._figures_depends)
    def _compute_statistics(self):
        counts = self._statistics()
        for record in self:
            numbers = counts[record._origin.id]
            for name in (*COUNTS, *RATES):
                record[name] = numbers[name]
            total = numbers["recipient_count"]
            left = numbers["remaining_count"] + numbers["cancelled_count"]
            record.progress = 100.0 * (total - left) / total if total else 0.0

    def _statistics(self):
        """Give {id: {name: number}} of the COUNTS and RATES of these records."""
        numbers = defaultdict(lambda: dict.fromkeys((*COUNTS, *RATES), 0))
        if not self.ids:
            return numbers
        mailings = self.env["email.campaign.mailing"]
        mailings.flush_model()
        self.env["email.campaign.recipient"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.%(column)s, m.id, %(settled)s FROM email_campaign_mailing m
                 WHERE m.%(column)s = ANY(%(ids)s)
                """,
                column=SQL.identifier(self._figures_column),
                settled=mailings._settled_figures_query(),
                ids=self.ids,
            )
        )
        counts = self._counted([mailing_id for _owner, mailing_id, settled in rows if not settled])
        counts.update(mailings._counted_since({mailing_id: settled for _owner, mailing_id, settled in rows if settled}))
        for owner, mailing_id, _settled in rows:
            for name, count in counts.get(mailing_id, {}).items():
                numbers[owner][name] += count
        for found in numbers.values():
            for rate, (count, bases) in RATES.items():
                base = sum(found[name] for name in bases)
                found[rate] = 100.0 * found[count] / base if base else 0.0
        return numbers

    @api.model
    def _counted(self, mailing_ids):
        """Give {id: {name: number}} of the COUNTS of mass emails, by reading all of their recipients."""
        query = SQL(
            "SELECT mailing_id, %s FROM email_campaign_recipient WHERE mailing_id = ANY(%s) GROUP BY 1",
            SQL(", ").join(SQL(f"count(*) FILTER (WHERE {condition})") for condition in COUNTS.values()),
            mailing_ids,
        )
        rows = self.env.execute_query(query) if mailing_ids else []
        return {mailing_id: dict(zip(COUNTS, values, strict=True)) for mailing_id, *values in rows}
