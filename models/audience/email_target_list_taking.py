from odoo import models
from odoo.tools import SQL

from ...tools import address


class EmailTargetList(models.Model):
    """Who goes off a list: the same ways as onto it, one statement for each."""

    _inherit = "email.target.list"

    def _take_records(self, records):
        """Take `records` off these lists, archived ones too; give the number of members that went."""
        return self._take_domain(records._name, [("id", "in", records.ids)], active_test=False)

    def _take_domain(self, model, domain, active_test=True):
        """Take the records of `model` that `domain` finds off these lists; give the number of members that went."""
        self._check_fillable(model)
        found = self.env[model].with_context(active_test=active_test)._search(domain)
        return self._delete_members(
            SQL("m.res_model = %(model)s AND m.res_id IN %(found)s", model=model, found=found.subselect())
        )

    def _take_lists(self, lists):
        """Take off these lists who is on one of the others: the same record, or who has an address that is there alone.

        :return: the number of members that went
        """
        self._check_fillable()
        lists.check_access("read")
        self.env["email.target.list.member"]._refresh_from_records(self)
        return self._delete_members(
            SQL(
                """
                (EXISTS (SELECT FROM email_target_list_member o
                          WHERE o.list_id = ANY(%(lists)s) AND o.res_model = m.res_model AND o.res_id = m.res_id)
                 OR EXISTS (SELECT FROM email_target_list_member o
                             WHERE o.list_id = ANY(%(lists)s) AND o.res_id IS NULL
                               AND o.email_normalized = m.email_normalized))
                """,
                lists=lists.ids,
            )
        )

    def _take_addresses(self, text):
        """Take everybody off these lists who has one of the typed addresses; give the number of members that went.

        :raises UserError: naming the first address that is none; then nobody goes
        """
        self._check_fillable()
        emails = list(self._read_addresses(text, address.normalize))
        # The address that a record has now, not the one it had when it came onto the list.
        self.env["email.target.list.member"]._refresh_from_records(self)
        return self._delete_members(SQL("m.email_normalized = ANY(%s::varchar[])", emails))

    def _delete_members(self, condition):
        """Delete the members of these lists who meet `condition` on `m`; give their number."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "DELETE FROM email_target_list_member m WHERE m.list_id = ANY(%(lists)s) AND %(condition)s",
                lists=self.ids,
                condition=condition,
            )
        )
        count = self.env.cr.rowcount
        self.env.invalidate_all(flush=False)
        return count
