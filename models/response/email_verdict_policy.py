from odoo import api, models
from odoo.tools import SQL

# Name: parameter, what nothing stored means, the smallest and the largest that may be chosen.
NUMBERS = {
    "hard_bounces": ("email_campaign.hard_bounces", 1, 0, 100),
    "soft_bounces": ("email_campaign.soft_bounces", 5, 0, 1_000),
    "soft_days": ("email_campaign.soft_bounce_days", 30, 1, 3_650),
    "raw_days": ("email_campaign.keep_raw_days", 90, 0, 3_650),
}
SCOPE = "email_campaign.complaint_scope"
SCOPES = [
    ("type", "Out of the list type that the email came by"),
    ("everything", "Out of all email"),
]
# Messages that are let go of in one transaction.
PORTION = 1_000
# Delivery reports, which are small.
DELIVERED_PORTION = 20_000


class EmailVerdict(models.Model):
    """What the settings say of what comes back."""

    _inherit = "email.verdict"

    @api.model
    def _policy(self):
        """Give {name: number} of the NUMBERS, and `complaint_scope`."""
        parameters = self.env["ir.config_parameter"]
        policy = {name: parameters._email_campaign_number(*number) for name, number in NUMBERS.items()}
        scope = parameters._email_campaign_setting(SCOPE, "type")
        policy["complaint_scope"] = scope if scope in dict(SCOPES) else "type"
        return policy

    @api.autovacuum
    def _gc_raw(self):
        """Let go of messages that were kept long enough; the verdicts stay."""
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE email_verdict SET raw = NULL
                 WHERE id IN (SELECT id FROM email_verdict
                               WHERE raw IS NOT NULL AND noted_at < now() AT TIME ZONE 'utc' - make_interval(days => %s)
                               ORDER BY noted_at LIMIT %s)
             RETURNING id
                """,
                self._policy()["raw_days"],
                PORTION,
            )
        )
        self.invalidate_model(["raw"], flush=False)
        return len(rows), int(len(rows) == PORTION)

    @api.autovacuum
    def _gc_delivered(self):
        """Let go of delivery reports after the same time: there may be one for each email, and the log has them."""
        rows = self.env.execute_query(
            SQL(
                """
                DELETE FROM email_verdict
                 WHERE id IN (SELECT id FROM email_verdict
                               WHERE kind = 'delivered'
                                 AND noted_at < now() AT TIME ZONE 'utc' - make_interval(days => %s)
                               ORDER BY noted_at LIMIT %s)
             RETURNING id
                """,
                max(self._policy()["raw_days"], 1),
                DELIVERED_PORTION,
            )
        )
        self.invalidate_model(flush=False)
        return len(rows), int(len(rows) == DELIVERED_PORTION)
