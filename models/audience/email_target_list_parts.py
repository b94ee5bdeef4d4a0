from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .email_target_list_filling import copied

MAX_PARTS = 50
# What a list made out of others has as they have it.
ALIKE = ("list_type_id", "company_id", "accept_contacts", "accept_list_contacts", "merge_keys")


class EmailTargetList(models.Model):
    """Lists out of lists: a copy, several in one, one in several."""

    _inherit = "email.target.list"

    def copy(self, default=None):
        """Copy the lists with their members."""
        copies = super().copy(default)
        for original, target_list in zip(self, copies, strict=True):
            target_list._insert_members(
                copied(),
                SQL("SELECT %s FROM email_target_list_member WHERE list_id = %s ORDER BY id", copied(), original.id),
            )
        return copies

    def _merge_lists(self, lists):
        """Put the members of `lists` on this one, each once.

        Who unsubscribed from one of them is unsubscribed here, and so is who opted out of its type, where that is
        another than the type of this list.

        :return: the number of those that were not on it
        """
        self.ensure_one()
        self._check_fillable()
        lists.check_access("read")
        lists -= self
        count = self._add_lists(lists)
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (
                    SELECT o.res_model, o.res_id, o.email_normalized
                      FROM email_target_list_member o
                     WHERE o.list_id = ANY(%(others)s) AND o.state = 'unsubscribed'
                     UNION
                    SELECT o.res_model, o.res_id, o.email_normalized
                      FROM email_target_list l
                      JOIN email_subscription s ON s.list_type_id = l.list_type_id AND s.state = 'opted_out'
                      JOIN email_target_list_member o ON o.list_id = l.id AND o.email_normalized = s.email
                     WHERE l.id = ANY(%(others)s) AND l.list_type_id <> %(type)s
                ), found AS (
                    SELECT m.id FROM gone
                      JOIN email_target_list_member m USING (res_model, res_id) WHERE m.list_id = %(list)s
                     UNION ALL
                    SELECT m.id FROM gone
                      JOIN email_target_list_member m USING (email_normalized)
                     WHERE m.list_id = %(list)s AND m.res_id IS NULL AND gone.res_id IS NULL
                )
                UPDATE email_target_list_member m
                   SET state = 'unsubscribed', write_uid = %(uid)s, write_date = now() AT TIME ZONE 'utc'
                  FROM found
                 WHERE m.id = found.id AND m.state <> 'unsubscribed'
                """,
                list=self.id,
                type=self.list_type_id.id,
                others=lists.ids,
                uid=self.env.uid,
            )
        )
        self.env.invalidate_all(flush=False)
        return count

    def _split_evenly(self, count, at_random=False):
        """Give `count` new lists with the members of this one, each on one of them. No address comes on two.

        In order means that the first of the new lists has those who were on this one first.
        """
        self.ensure_one()
        self.check_access("read")
        if not 2 <= count <= MAX_PARTS:
            raise UserError(
                self.env._(
                    "A list can be split into 2 to %(most)s parts, not into %(count)s.", most=MAX_PARTS, count=count
                )
            )
        parts = self._new_parts([f"{n}/{count}" for n in range(1, count + 1)])
        self._copy_members_to(
            SQL("(%s::integer[])[part.number]", parts.ids),
            SQL(
                """
                JOIN (SELECT coalesce(email_normalized, 'id ' || id) AS who,
                             ntile(%s) OVER (ORDER BY %s) AS number
                        FROM email_target_list_member WHERE list_id = %s GROUP BY 1) AS part
                  ON part.who = coalesce(m.email_normalized, 'id ' || m.id)
                """,
                count,
                SQL("random()") if at_random else SQL("min(id)"),
                self.id,
            ),
        )
        return parts

    def _split_by_model(self):
        """Give a new list for each kind of record that is on this one; typed addresses are a kind of their own."""
        self.ensure_one()
        self.check_access("read")
        rows = self.env["email.target.list.member"].sudo()._read_group([("list_id", "=", self.id)], ["res_model"])
        models_found = sorted((model or "" for (model,) in rows), key=lambda model: (not model, model))
        if len(models_found) < 2:
            raise UserError(
                self.env._("All on “%(list)s” are of one kind, so there is nothing to split.", list=self.name)
            )
        parts = self._new_parts([self._kind_text(model) for model in models_found])
        self._copy_members_to(
            SQL("part.list_id"),
            SQL(
                "JOIN unnest(%s::integer[], %s::varchar[]) AS part (list_id, model) "
                "ON part.model = coalesce(m.res_model, '')",
                parts.ids,
                models_found,
            ),
        )
        # Who unsubscribed with an address did so for whatever else has it, which is on another part now.
        self.env.cr.execute(
            SQL(
                """
                UPDATE email_target_list_member m SET state = 'unsubscribed'
                  FROM email_target_list_member gone
                 WHERE gone.list_id = %s AND gone.state = 'unsubscribed' AND m.list_id = ANY(%s)
                   AND m.email_normalized = gone.email_normalized AND m.state <> 'unsubscribed'
                """,
                self.id,
                parts.ids,
            )
        )
        return parts

    def _kind_text(self, model):
        if not model:
            return self.env._("Typed Addresses")
        return self.env["ir.model"]._get(model).name or model

    def _new_parts(self, endings):
        """Give empty lists that are like this one, of the user who splits it."""
        alike = {name: self._fields[name].convert_to_write(self[name], self) for name in ALIKE}
        return self.create(
            [dict(alike, name=self.env._("%(list)s (%(part)s)", list=self.name, part=ending)) for ending in endings]
        )

    def _copy_members_to(self, target, join):
        """Copy the members `m` of this list to the list that the expression `target` over `join` gives."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_target_list_member
                            (list_id, %(copied)s, create_uid, write_uid, create_date, write_date)
                     SELECT %(target)s, %(columns)s, %(uid)s, %(uid)s,
                            now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                       FROM email_target_list_member m %(join)s
                      WHERE m.list_id = %(list)s
                      ORDER BY m.id
                """,
                copied=copied(),
                target=target,
                columns=copied("m"),
                uid=self.env.uid,
                join=join,
                list=self.id,
            )
        )
        self.env.invalidate_all(flush=False)
