from odoo import api, models
from odoo.tools import SQL

from ...tools import address


class EmailTargetListMember(models.Model):
    """Members follow the records behind them: their address and name, their merging, their end."""

    _inherit = "email.target.list.member"

    @api.model
    def _refresh_from_records(self, lists):
        """Bring what the members of `lists` have from their records up to date; a member whose record is gone goes.

        One statement for each model and step; only what differs is written.
        """
        self.env.flush_all()
        self._follow_merged_contacts(lists)
        for model in self._models_of(lists):
            if model not in self.env:
                # Its module was uninstalled, and its records went with it.
                self.env.execute_query(
                    SQL(
                        "DELETE FROM email_target_list_member WHERE list_id = ANY(%s) AND res_model = %s RETURNING id",
                        lists.ids,
                        model,
                    )
                )
                continue
            self._copy_from_records(lists, model)
            self.env.execute_query(
                SQL(
                    """
                    DELETE FROM email_target_list_member m
                     WHERE m.list_id = ANY(%(lists)s) AND m.res_model = %(model)s
                       AND NOT EXISTS (SELECT FROM %(table)s r WHERE r.id = m.res_id)
                 RETURNING m.id
                    """,
                    lists=lists.ids,
                    model=model,
                    table=SQL.identifier(self.env[model]._table),
                )
            )
        self.env.invalidate_all(flush=False)
        self._fold_domains(lists)

    def _models_of(self, lists):
        """Give the names of the models that the members of `lists` are of.

        The index of records is asked for the next name, list by list, and not a million members for theirs.
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE kind (list_id, name) AS (
                    SELECT list_id, (SELECT min(m.res_model) FROM email_target_list_member m
                                      WHERE m.list_id = l.list_id AND m.res_id IS NOT NULL)
                      FROM unnest(%s) AS l (list_id)
                     UNION ALL
                    SELECT list_id, (SELECT min(m.res_model) FROM email_target_list_member m
                                      WHERE m.list_id = kind.list_id AND m.res_id IS NOT NULL
                                        AND m.res_model > kind.name)
                      FROM kind WHERE name IS NOT NULL
                ) SELECT DISTINCT name FROM kind WHERE name IS NOT NULL ORDER BY name
                """,
                lists.ids,
            )
        )
        return [name for (name,) in rows]

    def _copy_from_records(self, lists, model):
        if model not in self.env["email.addressee"]._email_addressee_models():
            return
        # No rows come back: there may be a million.
        self.env.cr.execute(
            SQL(
                """
                UPDATE email_target_list_member m
                   SET name = r.name, email = r.email, email_normalized = r.email_normalized, lang = r.lang,
                       partner_id = r.partner_id, record_active = r.active, record_company_id = r.company_id
                  FROM (%(source)s) AS r
                 WHERE m.list_id = ANY(%(lists)s) AND m.res_model = %(model)s AND m.res_id = r.id
                   AND (m.name, m.email, m.email_normalized, m.lang, m.partner_id, m.record_active,
                        m.record_company_id)
                       IS DISTINCT FROM
                       (r.name, r.email, r.email_normalized, r.lang, r.partner_id, r.active, r.company_id)
                """,
                source=self.env["email.addressee"]._source(model),
                lists=lists.ids,
                model=model,
            )
        )

    def _follow_merged_contacts(self, lists):
        """Let members follow their contact into the one it was merged with: there the foreign key leads already.

        Whoever unsubscribed as one of them is unsubscribed as the one that stays.
        """
        self.env.execute_query(
            SQL(
                """
                UPDATE email_target_list_member m SET state = 'unsubscribed'
                  FROM email_target_list_member gone
                 WHERE gone.list_id = ANY(%(lists)s) AND gone.state = 'unsubscribed'
                   AND gone.res_model = 'res.partner' AND gone.res_id <> gone.partner_id
                   AND m.list_id = gone.list_id AND m.partner_id = gone.partner_id
                   AND m.res_model = 'res.partner' AND m.state <> 'unsubscribed'
             RETURNING m.id
                """,
                lists=lists.ids,
            )
        )
        self.env.execute_query(
            SQL(
                """
                UPDATE email_target_list_member m SET res_id = m.partner_id
                 WHERE m.list_id = ANY(%(lists)s) AND m.res_model = 'res.partner' AND m.res_id <> m.partner_id
                   AND m.id = (SELECT min(n.id) FROM email_target_list_member n
                                WHERE n.list_id = m.list_id AND n.res_model = 'res.partner'
                                  AND n.partner_id = m.partner_id AND n.res_id <> n.partner_id)
                   AND NOT EXISTS (SELECT FROM email_target_list_member n
                                    WHERE n.list_id = m.list_id AND n.res_model = 'res.partner'
                                      AND n.res_id = m.partner_id)
             RETURNING m.id
                """,
                lists=lists.ids,
            )
        )

    @api.model
    def _move_records(self, model, from_ids, to_id):
        """Let the members that are the records `from_ids` be the record `to_id`, where it is on their list not yet.

        Whoever unsubscribed as one of them is unsubscribed as the one that stays.
        """
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                UPDATE email_target_list_member m SET state = 'unsubscribed'
                  FROM email_target_list_member gone
                 WHERE gone.res_model = %(model)s AND gone.res_id = ANY(%(from_ids)s) AND gone.state = 'unsubscribed'
                   AND m.list_id = gone.list_id AND m.res_model = %(model)s
                   AND m.res_id = ANY(%(from_ids)s || %(to_id)s) AND m.state <> 'unsubscribed'
             RETURNING m.id
                """,
                model=model,
                from_ids=list(from_ids),
                to_id=to_id,
            )
        )
        self.env.execute_query(
            SQL(
                """
                UPDATE email_target_list_member m SET res_id = %(to_id)s
                 WHERE m.res_model = %(model)s AND m.res_id = ANY(%(from_ids)s)
                   AND m.id = (SELECT min(n.id) FROM email_target_list_member n
                                WHERE n.list_id = m.list_id AND n.res_model = %(model)s
                                  AND n.res_id = ANY(%(from_ids)s))
                   AND NOT EXISTS (SELECT FROM email_target_list_member n
                                    WHERE n.list_id = m.list_id AND n.res_model = %(model)s AND n.res_id = %(to_id)s)
             RETURNING m.id
                """,
                model=model,
                from_ids=list(from_ids),
                to_id=to_id,
            )
        )
        self.env.invalidate_all(flush=False)

    @api.model
    def _fold_domains(self, lists, ids=None):
        """Give the addresses of international domains, as Odoo keeps them in either spelling, the one that is our key.

        They are few, so they may pass through Python.

        :param ids: only these members of `lists` are looked at, which saves reading through large lists
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, email_normalized FROM email_target_list_member
                 WHERE list_id = ANY(%s) AND %s AND email_normalized ~ '[^[:ascii:]]'
                """,
                lists.ids,
                SQL("TRUE") if ids is None else SQL("id = ANY(%s)", ids),
            )
        )
        # One that is no address stays as it is: the audience leaves it out.
        folded = {member_id: address.key(email) for member_id, email in rows}
        if not folded:
            return
        self.env.execute_query(
            SQL(
                """
                UPDATE email_target_list_member m SET email_normalized = f.email
                  FROM unnest(%s, %s::varchar[]) AS f (id, email)
                 WHERE m.id = f.id AND m.email_normalized <> f.email
                   AND (m.res_id IS NOT NULL OR NOT EXISTS (
                        SELECT FROM email_target_list_member n
                         WHERE n.list_id = m.list_id AND n.res_id IS NULL AND n.email_normalized = f.email))
             RETURNING m.id
                """,
                list(folded),
                list(folded.values()),
            )
        )
        self.invalidate_model(["email_normalized"])
