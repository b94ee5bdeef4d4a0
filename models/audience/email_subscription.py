from odoo import api, fields, models
from odoo.tools import SQL


class EmailSubscription(models.Model):
    _name = "email.subscription"
    _description = "Email Subscription"
    _rec_name = "email"
    _order = "at desc, id desc"

    email = fields.Char(required=True, readonly=True)
    list_type_id = fields.Many2one("email.list.type", required=True, readonly=True, ondelete="restrict")
    state = fields.Selection(
        [("pending", "Not Confirmed"), ("opted_in", "Opted In"), ("opted_out", "Opted Out")],
        required=True,
        readonly=True,
    )
    at = fields.Datetime("Since", required=True, readonly=True, default=fields.Datetime.now)
    source = fields.Char(readonly=True, help="Where the person said so.")

    _address_unique = models.Constraint(
        "UNIQUE(list_type_id, email)", "An address has one subscription for each list type."
    )

    @api.model
    def _set_state(self, email, list_type, state, source):
        """Record what the owner of `email` (normalised) said; give whether that changed anything."""
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO email_subscription AS s (email, list_type_id, state, at, source)
                     VALUES (%s, %s, %s, now() AT TIME ZONE 'utc', %s)
                ON CONFLICT (list_type_id, email) DO UPDATE
                        SET state = EXCLUDED.state, at = EXCLUDED.at, source = EXCLUDED.source
                      WHERE s.state <> EXCLUDED.state
                  RETURNING id
                """,
                email,
                list_type.id,
                state,
                source,
            )
        )
        self.invalidate_model()
        return bool(rows)
