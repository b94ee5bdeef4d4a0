from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import address

# What one member has from another, when it is copied to a second list.
COPIED = (
    "res_model",
    "res_id",
    "partner_id",
    "name",
    "email",
    "email_normalized",
    "lang",
    "values",
    "state",
    "record_active",
    "record_company_id",
)


def copied(*alias):
    """Give the columns of a member that go into a copy of it, in SQL."""
    return SQL(", ").join(SQL.identifier(*alias, name) for name in COPIED)


class EmailTargetList(models.Model):
    """Who comes onto a list: one statement for each way, however many they are.

    Who is on the list already stays as they are. What the user can't read is not added.
    """

    _inherit = "email.target.list"

    def _add_records(self, records):
        """Put `records` on this list, each once, archived ones too; give the number of those that were not on it."""
        return self._add_domain(records._name, [("id", "in", records.ids)], active_test=False)

    def _add_domain(self, model, domain, active_test=True):
        """Put the records of `model` that `domain` finds on this list; give the number of those that were not on it.

        :raises UserError: when the model has no email addresses we know of
        """
        self.ensure_one()
        self._check_fillable(model)
        found = self.env[model].with_context(active_test=active_test)._search(domain)
        return self._insert_members(
            SQL(
                "res_model, res_id, partner_id, name, email, email_normalized, lang, record_active, record_company_id, "
                "state"
            ),
            SQL(
                """
                SELECT %(model)s, r.id, r.partner_id, r.name, r.email, r.email_normalized, r.lang, r.active,
                       r.company_id, 'subscribed'
                  FROM (%(source)s) AS r
                 WHERE r.id IN %(found)s
                 ORDER BY r.id
                """,
                model=model,
                source=self.env["email.addressee"]._source(model),
                found=found.subselect(),
            ),
        )

    def _add_lists(self, lists):
        """Put the members of other `lists` on this one, as they are there; give the number of those that were not."""
        self.ensure_one()
        self._check_fillable()
        lists.check_access("read")
        self._note_merge_keys([key for other in lists for key in other.merge_keys or []])
        # Of one person on several lists, what was said against mailing them goes before what was not.
        return self._insert_members(
            copied(),
            SQL(
                """
                SELECT %(copied)s FROM email_target_list_member
                 WHERE list_id = ANY(%(lists)s)
                 ORDER BY state = 'unsubscribed' DESC, state = 'subscribed' DESC, array_position(%(lists)s, list_id), id
                """,
                copied=copied(),
                lists=(lists - self).ids,
            ),
        )

    def _add_addresses(self, text):
        """Put typed addresses on this list, several separated by comma, semicolon or line.

        :return: the number that was not on it
        :raises UserError: naming the first address that is none; then none is added
        """
        self.ensure_one()
        self._check_fillable()
        found = self._read_addresses(text)
        return self._insert_members(
            SQL("name, email, email_normalized, record_active, state"),
            SQL(
                """
                SELECT nullif(name, ''), email, email, TRUE, 'subscribed'
                  FROM unnest(%(names)s::varchar[], %(emails)s::varchar[]) AS t (name, email)
                """,
                names=list(found.values()),
                emails=list(found),
            ),
        )

    def _read_addresses(self, text, read=address.entered):
        """Give {normalised address: name} of typed addresses, each made out by `read`.

        :raises UserError: naming the first that is none
        """
        found = {}
        for piece in address.split(text or ""):
            try:
                found.setdefault(read(piece), address.display_name(piece))
            except address.AddressError as error:
                raise UserError(
                    self.env._(
                        "“%(value)s” is no email address: %(reason)s Correct it, or take it out.",
                        value=piece[:100],
                        reason=error.explanation,
                    )
                ) from error
        return found

    def _check_fillable(self, model=None):
        """Refuse unless the user may change who is on these lists by hand, and `model` can be on one."""
        self.check_access("write")
        self._check_static()
        if model and model not in self.env["email.addressee"]._email_addressee_models():
            raise UserError(
                self.env._(
                    "%(model)s can't be put on a target list, because they have no email address. "
                    "Choose contacts, leads, users or others that have one.",
                    model=self.env[model]._description,
                )
            )

    def _hold(self):
        """Let nobody delete these lists while members come onto them: no foreign key sees to that."""
        self.env.cr.execute(SQL("SELECT id FROM email_target_list WHERE id = ANY(%s) FOR KEY SHARE", self.ids))

    def _insert_members(self, columns, query, all_new=False):
        """Write what `query` gives for `columns` as members of this list; give the number of new ones.

        :param all_new: none of them is on the list, and nobody else can put them there now: a quarter of the time less
        """
        self.env.flush_all()
        self._hold()
        [(count, ids)] = self.env.execute_query(
            SQL(
                """
                WITH added AS (
                    INSERT INTO email_target_list_member
                                (list_id, create_uid, write_uid, create_date, write_date, %(columns)s)
                         SELECT %(list)s, %(uid)s, %(uid)s, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc',
                                chosen.*
                           FROM (%(query)s) AS chosen
                           %(conflict)s
                      RETURNING id, email_normalized
                ) SELECT count(*), array_agg(id) FILTER (WHERE email_normalized ~ '[^[:ascii:]]') FROM added
                """,
                list=self.id,
                uid=self.env.uid,
                columns=columns,
                query=query,
                conflict=SQL() if all_new else SQL("ON CONFLICT DO NOTHING"),
            )
        )
        self.env.invalidate_all(flush=False)
        if ids:
            self.env["email.target.list.member"]._fold_domains(self, ids)
        return count
