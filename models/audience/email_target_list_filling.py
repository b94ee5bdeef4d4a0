from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import address


class EmailTargetList(models.Model):
    """Who comes onto a list and who goes off it: one statement each, however many they are."""

    _inherit = "email.target.list"

    def copy(self, default=None):
        """Copy the list with its members."""
        copies = super().copy(default)
        self.env.flush_all()
        for target_list, copied in zip(self, copies, strict=True):
            self.env.execute_query(
                SQL(
                    """
                    INSERT INTO email_target_list_member
                                (list_id, res_model, res_id, partner_id, name, email, email_normalized, lang, values,
                                 state, record_active, record_company_id,
                                 create_uid, write_uid, create_date, write_date)
                         SELECT %(copy)s, res_model, res_id, partner_id, name, email, email_normalized, lang, values,
                                state, record_active, record_company_id,
                                %(uid)s, %(uid)s, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                           FROM email_target_list_member WHERE list_id = %(list)s
                      RETURNING id
                    """,
                    copy=copied.id,
                    list=target_list.id,
                    uid=self.env.uid,
                )
            )
        self.env.invalidate_all(flush=False)
        return copies

    def _add_records(self, records):
        """Put `records` on this list, each once; give the number of those that were not on it.

        One statement however many they are. What the user can't read is not added.

        :raises UserError: when the model has no email addresses we know of
        """
        self.ensure_one()
        self.check_access("write")
        if records._name not in self.env["email.addressee"]._email_addressee_models():
            raise UserError(
                self.env._(
                    "%(model)s can't be put on a target list, because they have no email address. "
                    "Choose contacts, leads or users.",
                    model=records._description,
                )
            )
        self.env.flush_all()
        readable = records.with_context(active_test=False)._search([("id", "in", records.ids)])
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO email_target_list_member
                            (list_id, res_model, res_id, partner_id, name, email, email_normalized, lang,
                             record_active, record_company_id, state,
                             create_uid, write_uid, create_date, write_date)
                     SELECT %(list)s, %(model)s, r.id, r.partner_id, r.name, r.email, r.email_normalized, r.lang,
                            r.active, r.company_id, 'subscribed',
                            %(uid)s, %(uid)s, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                       FROM (%(source)s) AS r
                      WHERE r.id IN %(readable)s
                      ORDER BY r.id
                ON CONFLICT DO NOTHING
                  RETURNING id
                """,
                list=self.id,
                model=records._name,
                uid=self.env.uid,
                source=records._email_addressee_query(),
                readable=readable.subselect(),
            )
        )
        self.env.invalidate_all(flush=False)
        self.env["email.target.list.member"]._fold_domains(self)
        return len(rows)

    def _add_addresses(self, text):
        """Put typed addresses on this list, several separated by comma, semicolon or line.

        :return: the number that was not on it
        :raises UserError: naming the first address that is none; then none is added
        """
        self.ensure_one()
        self.check_access("write")
        found = {}
        for piece in address.split(text or ""):
            try:
                found.setdefault(address.entered(piece), address.display_name(piece))
            except address.AddressError as error:
                raise UserError(
                    self.env._(
                        "“%(value)s” is no email address: %(reason)s Correct it, or take it out.",
                        value=piece[:100],
                        reason=error.explanation,
                    )
                ) from error
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO email_target_list_member
                            (list_id, name, email, email_normalized, record_active, state,
                             create_uid, write_uid, create_date, write_date)
                     SELECT %(list)s, nullif(name, ''), email, email, TRUE, 'subscribed',
                            %(uid)s, %(uid)s, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                       FROM unnest(%(names)s::varchar[], %(emails)s::varchar[]) AS t (name, email)
                ON CONFLICT DO NOTHING
                  RETURNING id
                """,
                list=self.id,
                uid=self.env.uid,
                names=list(found.values()),
                emails=list(found),
            )
        )
        self.env.invalidate_all(flush=False)
        return len(rows)
