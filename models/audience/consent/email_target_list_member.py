from odoo import api, models
from odoo.tools import SQL

ACTION_OF = {"subscribed": "opt_in", "unsubscribed": "opt_out", "pending": "opt_in_requested"}


class EmailTargetListMember(models.Model):
    """What a person changes by hand on one list, and who comes by a file, is on record too."""

    _inherit = "email.target.list.member"

    def write(self, vals):
        """Write down who was opted in or out of a list by hand: one row for each, in one statement."""
        state = vals.get("state")
        changed = self.filtered(lambda member: state and member.state != state and member.email_normalized).ids
        result = super().write(vals)
        if changed:
            lists = ", ".join(self.browse(changed).list_id.mapped("name"))
            self.env["email.consent"]._told(detail=lists)._record(
                SQL(
                    """
                    SELECT DISTINCT m.email_normalized, l.list_type_id
                      FROM email_target_list_member m JOIN email_target_list l ON l.id = m.list_id
                     WHERE m.id = ANY(%s)
                    """,
                    changed,
                ),
                ACTION_OF[state],
            )
        return result

    @api.model
    def _import_entries(self, record, entries):
        outcomes = super()._import_entries(record, entries)
        if added := [email for email, outcome in outcomes.items() if outcome == "added"]:
            consents = self.env["email.consent"]._told(source="import", detail=record.name, user_id=self.env.uid)
            consents._record(added, "import", record.list_id.list_type_id)
        return outcomes
