from odoo import fields, models
from odoo.tools import SQL


class EmailTargetList(models.Model):
    """Lists of those who were mailed: of a selection of recipients or of the log, one statement for each way.

    A member is what the recipient was: the record, or where there is none (any more) the address alone.
    """

    _inherit = "email.target.list"

    def _add_recipients(self, domain):
        """Put the recipients that `domain` finds, and the user may see, on this list; give how many are new on it."""
        self.ensure_one()
        self._check_fillable()
        recipients = self.env["email.campaign.recipient"]
        keys = self.env.execute_query(
            SQL(
                "SELECT DISTINCT key FROM (%s) AS r, jsonb_object_keys(r.values) AS key",
                recipients._search(domain).select(SQL.identifier(recipients._table, "values")),
            )
        )
        self._note_merge_keys(sorted(key for (key,) in keys))
        columns = ("id", "res_model", "res_id", "partner_id", "email")
        return self._insert_members(
            SQL("res_model, res_id, partner_id, name, email, email_normalized, lang, values, record_active, state"),
            # Somebody may have been mailed a thousand times: the ids of the last alone, and then what they had.
            SQL(
                """
                SELECT whom.model, whom.record, r.partner_id, r.name, r.email, r.email, r.lang, r.values, TRUE,
                       'subscribed'
                  FROM (SELECT max(id) AS id, model, record
                          FROM (SELECT r.id, r.email, %(model)s AS model, %(record)s AS record
                                  FROM (%(found)s) AS r) AS all_of_them
                         WHERE email IS NOT NULL OR record IS NOT NULL
                         GROUP BY model, record, CASE WHEN record IS NULL THEN email END) AS whom
                  JOIN email_campaign_recipient r ON r.id = whom.id
                """,
                **_whom(),
                found=recipients._search(domain).select(
                    *(SQL.identifier(recipients._table, column) for column in columns)
                ),
            ),
        )

    def _take_recipients(self, domain):
        """Take who was one of the recipients that `domain` finds off these lists; give the number that went.

        Members without a record go by their address.
        """
        self._check_fillable()
        found = self.env["email.campaign.recipient"]._search(domain).subselect()
        return self._delete_members(
            SQL(
                """
                ((m.res_model, m.res_id) IN (SELECT %(model)s, %(record)s FROM email_campaign_recipient r
                                              WHERE r.id IN %(found)s AND %(record)s IS NOT NULL)
                 OR m.res_id IS NULL AND m.email_normalized IN (SELECT r.email FROM email_campaign_recipient r
                                                                 WHERE r.id IN %(found)s AND r.email IS NOT NULL))
                """,
                **_whom(),
                found=found,
            )
        )

    def _add_events(self, domain):
        """Put whom the events that `domain` finds are about on this list; give the number of new members."""
        return self._add_recipients([("event_ids", "any", fields.Domain(domain))])

    def _take_events(self, domain):
        """Take whom the events that `domain` finds are about off these lists; give the number that went."""
        return self._take_recipients([("event_ids", "any", fields.Domain(domain))])


def _whom():
    """Give the model and the id of the record behind recipient `r`: of merged contacts, the one that stayed."""
    gone = SQL("r.res_model = 'res.partner' AND r.partner_id IS NULL")
    return {
        "model": SQL("CASE WHEN %s THEN NULL ELSE r.res_model END", gone),
        "record": SQL(
            "CASE WHEN %s THEN NULL WHEN r.res_model = 'res.partner' THEN r.partner_id ELSE r.res_id END", gone
        ),
    }
