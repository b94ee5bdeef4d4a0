from odoo import api, fields, models
from odoo.tools import SQL

ACTION_OF = {"opted_in": "opt_in", "opted_out": "opt_out", "pending": "opt_in_requested"}


class EmailSubscription(models.Model):
    """The ledger behind a subscription."""

    _inherit = "email.subscription"

    consent_ids = fields.Many2many("email.consent", string="Ledger", compute="_compute_consent_ids")

    def _compute_consent_ids(self):
        for subscription in self:
            subscription.consent_ids = self.env["email.consent"].search(
                [
                    ("email", "=", subscription.email),
                    ("list_type_id", "in", [subscription.list_type_id.id, False]),
                ],
                limit=100,
            )

    @api.model
    def _set_states(self, pairs, state, source):
        """Record what the owners said, and write into the ledger what that changed, or confirmed.

        Who was opted out by a complaint and says so now has changed something, too: it is their own word.
        """
        changed = super()._set_states(pairs, state, source)
        complained = []
        if state == "opted_out" and len(changed) < len(pairs):
            same = sorted(set(pairs) - set(changed))
            complained = self.env["email.consent"].sudo()._only_complained(same)
        if said := pairs if self._is_confirmed() else complained:
            emails, list_type_ids = zip(*said, strict=True)
            query = SQL("SELECT * FROM unnest(%s::varchar[], %s::int[])", list(emails), list(list_type_ids))
            self.env["email.consent"]._told(detail=source)._record(query, ACTION_OF[state])
        return changed + complained

    @api.model
    def _changing(self, changes, state, source):
        """Write what it changes into the ledger by the same statement, but for what is confirmed, which always is."""
        changes = super()._changing(changes, state, source)
        if self._is_confirmed():
            return changes
        ledger = self.env["email.consent"]._told(detail=source)
        told = ledger._recording(SQL("SELECT email, list_type_id FROM changed"), ACTION_OF[state])
        return SQL("WITH changed AS (%s), told AS (%s) SELECT email, list_type_id FROM changed", changes, told)

    @api.model
    def _is_confirmed(self):
        return (self.env.context.get("email_consent") or {}).get("action") == "opt_in_confirmed"

    def _restore(self, state, source):
        """Let this be what it was before it was opted out, which was a mistake; no `state` where there was none.

        What the ledger says of it is up to who calls.
        """
        if state:
            self._set_states([(self.email, self.list_type_id.id)], state, source)
            return
        self.env["email.consent"]._told(detail=source)._record([self.email], "restored", self.list_type_id)
        self.unlink()

    @api.model
    def _opt_out_of_others(self, email, list_type, source):
        """Opt `email` out of every list type but one, those that are archived as well."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO email_subscription AS s (email, list_type_id, state, at, source)
                     SELECT %(email)s, t.id, 'opted_out', now() AT TIME ZONE 'utc', %(source)s
                       FROM email_list_type t WHERE t.id <> %(list_type)s
                ON CONFLICT (list_type_id, email) DO UPDATE
                        SET state = EXCLUDED.state, at = EXCLUDED.at, source = EXCLUDED.source
                      WHERE s.state <> EXCLUDED.state
                  RETURNING list_type_id
                """,
                email=email,
                source=source,
                list_type=list_type.id,
            )
        )
        self.invalidate_model(flush=False)
        if rows:
            query = SQL("SELECT %s, unnest(%s::int[])", email, [list_type_id for (list_type_id,) in rows])
            self.env["email.consent"]._told(detail=source)._record(query, "opt_out")

    def action_opt_out(self):
        """Open the dialog that opts these out by hand, with the reason."""
        return self._change_by_hand("opted_out")

    def action_opt_in(self):
        """Open the dialog that opts these in by hand, with the evidence."""
        return self._change_by_hand("opted_in")

    def _change_by_hand(self, state):
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_consent_hand_action")
        action["context"] = {"default_subscription_ids": self.ids, "default_state": state}
        return action
