import json

from odoo import api, fields, models
from odoo.tools import SQL

from ....tools import address
from ....tools.csvfile import neutralised
from ...unchecked import UncheckedMany2one


class EmailTargetListMember(models.Model):
    """Members that come by a file."""

    _inherit = "email.target.list.member"

    import_id = UncheckedMany2one("email.target.list.import", "Last Import", readonly=True)
    values_text = fields.Char("Merge Values in Words", compute="_compute_values_text")

    @api.depends("values")
    def _compute_values_text(self):
        for member in self:
            member.values_text = ", ".join(f"{name}: {value}" for name, value in (member.values or {}).items())

    def export_data(self, fields_to_export):
        """Give what Odoo gives, no cell of it a formula: names and values may come from anybody's file."""
        exported = super().export_data(fields_to_export)
        exported["datas"] = [
            [neutralised(cell) if isinstance(cell, str) else cell for cell in row] for row in exported["datas"]
        ]
        return exported

    @api.model
    def _forget_imports(self, imports):
        self.flush_model(["import_id"])
        self.env.cr.execute(
            SQL(
                "UPDATE email_target_list_member SET import_id = NULL WHERE list_id = ANY(%s) AND import_id = ANY(%s)",
                imports.list_id.ids,
                imports.ids,
            )
        )
        self.invalidate_model(["import_id"], flush=False)

    @api.model
    def _import_entries(self, record, entries):
        """Write some members of one import, each address once; give {email: added|updated|unchanged|repeated}.

        One statement. Members are found by the index on list and address, contacts by that on their address, with the
        rights of the user. `repeated` had an earlier row in the same file.
        """
        self.env.flush_all()
        emails = [entry.email for entry in entries]
        rows = self.env.execute_query(
            SQL(
                """
                WITH given AS (
                    SELECT * FROM unnest(%(emails)s::varchar[], %(names)s::varchar[], %(langs)s::varchar[],
                                         %(values)s::jsonb[]) WITH ORDINALITY AS g (email, name, lang, values, place)
                ), known AS (
                    SELECT m.id, g.email, g.name, g.lang, g.values,
                           m.import_id IS NOT DISTINCT FROM %(import)s AS again,
                           m.res_id IS NULL AS bare,
                           (%(update)s OR m.import_id IS NOT DISTINCT FROM %(import)s)
                           AND (m.res_id IS NULL AND (coalesce(g.name, m.name), coalesce(g.lang, m.lang))
                                                     IS DISTINCT FROM (m.name, m.lang)
                                OR NOT coalesce(m.values, '{}') @> g.values) AS differs
                      FROM given g
                      JOIN email_target_list_member m ON m.list_id = %(list)s AND m.email_normalized = g.email
                ), touched AS (
                    UPDATE email_target_list_member m
                       SET name = CASE WHEN k.differs AND k.bare THEN coalesce(k.name, m.name) ELSE m.name END,
                           lang = CASE WHEN k.differs AND k.bare THEN coalesce(k.lang, m.lang) ELSE m.lang END,
                           values = CASE WHEN k.differs THEN nullif(coalesce(m.values, '{}') || k.values, '{}')
                                         ELSE m.values END,
                           write_uid = CASE WHEN k.differs THEN %(uid)s ELSE m.write_uid END,
                           write_date = CASE WHEN k.differs THEN %(now)s ELSE m.write_date END,
                           import_id = %(import)s
                      FROM known k WHERE k.id = m.id AND (k.differs OR NOT k.again)
                ), contacts AS (
                    SELECT DISTINCT ON (s.email) s.email AS given_email, c.*
                      FROM (%(spellings)s) AS s JOIN (%(contacts)s) AS c ON c.email_normalized = s.spelling
                     ORDER BY s.email, c.active DESC, c.id
                ), added AS (
                    INSERT INTO email_target_list_member
                                (list_id, res_model, res_id, partner_id, name, email, email_normalized, lang, values,
                                 record_active, record_company_id, state, import_id,
                                 create_uid, write_uid, create_date, write_date)
                         SELECT %(list)s, CASE WHEN c.id IS NOT NULL THEN 'res.partner' END, c.id, c.id,
                                CASE WHEN c.id IS NULL THEN g.name ELSE c.name END, coalesce(c.email, g.email), g.email,
                                CASE WHEN c.id IS NULL THEN g.lang ELSE c.lang END, nullif(g.values, '{}'),
                                coalesce(c.active, TRUE), c.company_id, 'subscribed', %(import)s,
                                %(uid)s, %(uid)s, %(now)s, %(now)s
                           FROM given g LEFT JOIN contacts c ON c.given_email = g.email
                          WHERE NOT EXISTS (SELECT FROM known k WHERE k.email = g.email)
                          ORDER BY g.place
                    ON CONFLICT DO NOTHING
                      RETURNING email_normalized AS email
                )
                SELECT email, 'added' FROM added
                UNION ALL
                SELECT email, CASE WHEN bool_or(again) THEN 'repeated' WHEN bool_or(differs) THEN 'updated'
                                   ELSE 'unchanged' END
                  FROM known GROUP BY email
                """,
                list=record.list_id.id,
                emails=emails,
                spellings=self._spellings(emails),
                names=[entry.name or None for entry in entries],
                langs=[entry.lang or None for entry in entries],
                values=[json.dumps(entry.values) for entry in entries],
                contacts=self._contacts_query(record, emails),
                update=record.update_existing,
                uid=self.env.uid,
                now=fields.Datetime.now(),
                **{"import": record.id},
            )
        )
        self.invalidate_model(flush=False)
        return dict(rows)

    def _spellings(self, emails):
        """Give a query of the columns email and spelling: contacts may have the domain in either spelling."""
        others = [email for email in emails if "xn--" in email]
        return SQL(
            "SELECT * FROM unnest(%s::varchar[], %s::varchar[]) AS s (email, spelling)",
            emails + others,
            emails + [address.spelled(email) for email in others],
        )

    def _contacts_query(self, record, emails):
        """Give a query of the contacts with one of `emails` that the user may read and the list may have."""
        partners = self.env["res.partner"].with_context(active_test=False)
        others = [address.spelled(email) for email in emails if "xn--" in email]
        domain = fields.Domain("email_normalized", "in", emails + others)
        domain &= fields.Domain("company_id", "in", [False, record.list_id.company_id.id])
        if record.contacts == "none" or not partners.has_access("read"):
            domain = fields.Domain.FALSE
        return SQL(
            "SELECT * FROM (%s) AS source WHERE id IN %s",
            partners._email_addressee_query(),
            partners._search(domain).subselect(),
        )

    @api.model
    def _without_contact(self, record, emails):
        """Give those of `emails` who are neither on the list nor a contact."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT g.email FROM unnest(%(emails)s::varchar[]) AS g (email)
                 WHERE NOT EXISTS (SELECT FROM email_target_list_member m
                                    WHERE m.list_id = %(list)s AND m.email_normalized = g.email)
                   AND g.email NOT IN (SELECT s.email FROM (%(spellings)s) AS s
                                         JOIN (%(contacts)s) AS c ON c.email_normalized = s.spelling)
                """,
                emails=emails,
                list=record.list_id.id,
                spellings=self._spellings(emails),
                contacts=self._contacts_query(record, emails),
            )
        )
        return {email for (email,) in rows}
