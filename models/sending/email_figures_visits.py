from odoo import fields, models
from odoo.tools import SQL

NAMES = ("human_open_count", "machine_open_count", "human_click_count", "machine_click_count")


class EmailFigures(models.AbstractModel):
    """Opens and clicks by who it was: people, machines, and all of them together. They are visits, not recipients."""

    _inherit = "email.figures"

    human_open_count = fields.Integer("Opens by People", compute="_compute_visits")
    machine_open_count = fields.Integer("Opens by Machines", compute="_compute_visits")
    open_count = fields.Integer("All Opens", compute="_compute_visits")
    human_click_count = fields.Integer("Clicks by People", compute="_compute_visits")
    machine_click_count = fields.Integer("Clicks by Machines", compute="_compute_visits")
    click_count = fields.Integer("All Clicks", compute="_compute_visits")

    def _compute_visits(self):
        counts = self._visits()
        for record in self:
            numbers = counts.get(record._origin.id, {})
            for name in NAMES:
                record[name] = numbers.get(name, 0)
            record.open_count = record.human_open_count + record.machine_open_count
            record.click_count = record.human_click_count + record.machine_click_count

    def _visits(self):
        """Give {id: {name: number}} of the NAMES for these records, by one grouped query over the log.

        Of a mass email, the index (mailing_id, kind, at) leads to its visits; of a campaign its mass emails do.
        """
        if not self.ids:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.%(column)s, e.verdict || '_' || e.kind || '_count', count(*)
                  FROM email_campaign_mailing m
                  JOIN email_campaign_event e ON e.mailing_id = m.id AND e.kind IN ('open', 'click')
                 WHERE m.%(column)s = ANY(%(ids)s) AND e.verdict IS NOT NULL
                 GROUP BY 1, 2
                """,
                column=SQL.identifier(self._figures_column),
                ids=self.ids,
            )
        )
        numbers = {}
        for owner, name, count in rows:
            numbers.setdefault(owner, {})[name] = count
        return numbers
