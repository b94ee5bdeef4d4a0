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
        return bool(self._set_states([(email, list_type.id)], state, source))

    @api.model
    def _set_states(self, pairs, state, source):
        """Record that the owners of addresses said the same, in one statement; give those `pairs` that it changed.

        :param pairs: (normalised address, id of the list type) of each
        """
        # In one order, so that two of these at once don't wait for each other.
        pairs = sorted(set(pairs))
        changes = SQL(
            """
            INSERT INTO email_subscription AS s (email, list_type_id, state, at, source)
                 SELECT email, list_type_id, %s, now() AT TIME ZONE 'utc', %s
                   FROM unnest(%s::varchar[], %s::int[]) AS said (email, list_type_id)
            ON CONFLICT (list_type_id, email) DO UPDATE
                    SET state = EXCLUDED.state, at = EXCLUDED.at, source = EXCLUDED.source
                  WHERE s.state <> EXCLUDED.state
              RETURNING email, list_type_id
            """,
            state,
            source,
            [email for email, _list_type_id in pairs],
            [list_type_id for _email, list_type_id in pairs],
        )
        rows = self.env.execute_query(self._changing(changes, state, source))
        self.invalidate_model()
        return rows

    @api.model
    def _changing(self, changes, state, source):
        """Give the statement `changes`, which returns (email, id of the list type), with what goes along with it."""
        return changes
