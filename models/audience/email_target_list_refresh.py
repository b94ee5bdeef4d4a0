import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .email_target_list_criterion import ADD, KEEP, REMOVE, UNREADABLE, CriterionError, in_short

# How long it is kept who came and who went.
KEPT = timedelta(days=180)


class EmailTargetListRefresh(models.Model):
    """One refresh of a dynamic list: how many came and went, and who. One that changed nothing is not kept."""

    _name = "email.target.list.refresh"
    _description = "Refresh of a Target List"
    _order = "at desc, id desc"
    _rec_name = "at"
    _log_access = False

    list_id = fields.Many2one("email.target.list", "Target List", required=True, index=True, ondelete="cascade")
    at = fields.Datetime("When", required=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", "By", help="Empty for one on schedule or at a launch.", ondelete="set null")
    member_count = fields.Integer("Members", help="How many were on the list afterwards.")
    came = fields.Integer()
    went = fields.Integer()
    seconds = fields.Float()
    error = fields.Text()
    departure_ids = fields.One2many("email.target.list.departure", "refresh_id", "Who Went")

    def _compute_display_name(self):
        """Give none for one that was forgotten: those who came by it link to it as long as they are on the list."""
        kept = self.exists()
        (self - kept).display_name = False
        return super(EmailTargetListRefresh, kept)._compute_display_name()

    def action_view_came(self):
        """Show who came by this refresh and is on the list still."""
        self.ensure_one()
        action = self.list_id.action_view_members()
        action.update(
            domain=[("list_id", "=", self.list_id.id), ("refresh_id", "=", self.id)],
            display_name=self.env._("Came Onto %(list)s", list=self.list_id.name),
        )
        return action

    def action_view_went(self):
        """Show who went by this refresh."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_departure_action")
        action.update(
            domain=[("refresh_id", "=", self.id)],
            display_name=self.env._("Went Off %(list)s", list=self.list_id.name),
        )
        return action

    def _text(self):
        return self.env._(
            "“%(list)s”: %(came)s came, %(went)s went, %(count)s are on it now.",
            list=self.list_id.name,
            came=self.came,
            went=self.went,
            count=self.member_count,
        )

    @api.model
    def _run(self, target_list, by_hand):
        """Bring the members of `target_list` in line with its criteria; give the new row.

        One statement takes out, one puts on, and only what differs is written.

        :raises CriterionError: when the criteria can't be read; then nothing must be kept
        """
        begin = time.perf_counter()
        found = self._found(target_list)
        refresh = self.create({"list_id": target_list.id, "user_id": self.env.uid if by_hand else False})
        members = self.env["email.target.list.member"]
        self.env.flush_all()
        is_empty = not members.sudo().search_count([("list_id", "=", target_list.id)], limit=1)
        went = 0
        try:
            with self.env["email.audience"]._much_memory():
                if not is_empty:
                    members._follow_merged_contacts(target_list)
                    went = refresh._take_out(found)
                    for model in found:
                        members._copy_from_records(target_list, model)
                    members._fold_domains(target_list)
                came = refresh._put_on(found, is_empty)
        except UNREADABLE as error:
            raise CriterionError(
                self.env._(
                    "The criteria of “%(list)s” can't be read: %(reason)s",
                    list=target_list.name,
                    reason=in_short(error),
                )
            ) from error
        self.env.invalidate_all(flush=False)
        refresh.write(
            {
                "came": came,
                "went": went,
                "member_count": members.search_count([("list_id", "=", target_list.id)]),
                "seconds": time.perf_counter() - begin,
            }
        )
        return refresh

    def _found(self, target_list):
        """Give {model: query of the ids of its records that meet the criteria}."""
        if ADD not in target_list.criterion_ids.mapped("operation"):
            raise CriterionError(
                self.env._(
                    "“%s” has no criterion that adds anybody. Give it one, or make it a static list.", target_list.name
                )
            )
        found = {}
        for criterion in target_list.criterion_ids:
            model, matching = criterion.model, criterion._matching().subselect()
            if criterion.operation == KEEP:
                found = {model: SQL("(%s INTERSECT %s)", found[model], matching)} if model in found else {}
            elif criterion.operation == REMOVE:
                if model in found:
                    found[model] = SQL("(%s EXCEPT %s)", found[model], matching)
            else:
                found[model] = SQL("(%s UNION %s)", found[model], matching) if model in found else matching
        return found

    def _take_out(self, found):
        """Take those off the list who are not among `found`, and write down who they were; give their number.

        Who unsubscribed from this list stays on it: else they would come back as if they had not.
        """
        records = [SQL("SELECT %s AS res_model, id AS res_id FROM %s AS r", model, ids) for model, ids in found.items()]
        nobody = SQL("SELECT NULL::varchar AS res_model, NULL::integer AS res_id WHERE FALSE")
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (
                    DELETE FROM email_target_list_member m
                     WHERE m.list_id = %(list)s AND m.state <> 'unsubscribed'
                       AND NOT EXISTS (SELECT FROM (%(found)s) AS f
                                        WHERE f.res_model = m.res_model AND f.res_id = m.res_id)
                 RETURNING m.id, m.res_model, m.res_id, m.name, m.email
                ) INSERT INTO email_target_list_departure (refresh_id, res_model, res_id, name, email)
                       SELECT %(refresh)s, res_model, res_id, name, email FROM gone ORDER BY id
                """,
                list=self.list_id.id,
                refresh=self.id,
                found=SQL(" UNION ALL ").join(records) if records else nobody,
            ),
            log_exceptions=False,
        )
        return self.env.cr.rowcount

    def _put_on(self, found, is_empty):
        """Put those on the list who are among `found` and not on it; give their number.

        :param is_empty: whether nobody is on it, so that nobody is looked for on it
        """
        columns = SQL(
            "refresh_id, res_model, res_id, partner_id, name, email, email_normalized, lang, record_active, "
            "record_company_id, state"
        )
        return sum(
            self.list_id._insert_members(
                columns,
                SQL(
                    """
                    SELECT %(refresh)s, %(model)s, r.id, r.partner_id, r.name, r.email, r.email_normalized, r.lang,
                           r.active, r.company_id, 'subscribed'
                      FROM (%(source)s) AS r
                     WHERE r.id IN %(ids)s AND %(missing)s
                  ORDER BY r.id
                    """,
                    refresh=self.id,
                    model=model,
                    source=self.env["email.addressee"]._source(model),
                    ids=ids,
                    missing=SQL("TRUE") if is_empty else self._missing(model),
                ),
                all_new=True,
            )
            for model, ids in found.items()
        )

    def _missing(self, model):
        """Give a condition on records `r` of `model`: they are not on the list."""
        return SQL(
            """
            NOT EXISTS (SELECT FROM email_target_list_member m
                         WHERE m.list_id = %s AND m.res_model = %s AND m.res_id = r.id)
            """,
            self.list_id.id,
            model,
        )

    @api.autovacuum
    def _gc_history(self):
        """Forget old refreshes, and with them who went. Members who came by them are left as they are."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL("DELETE FROM email_target_list_refresh WHERE at < %s", fields.Datetime.now() - KEPT),
        )
        self.env.invalidate_all(flush=False)
