import logging
from datetime import timedelta
from functools import partial

from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import TransactionRollbackError

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .email_target_list_criterion import CriterionError

_logger = logging.getLogger(__name__)

INTERVALS = {"hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)}


class EmailTargetList(models.Model):
    """Dynamic lists: who is on them is found by criteria, on demand, on schedule and at every launch.

    ============= ====================================================== =========================================
    refresh_state set by                                                 what follows
    ============= ====================================================== =========================================
    stale         new criteria, or none refreshed yet                    members stay as they are until a refresh
    fresh         a refresh that worked                                  members are who met the criteria then
    failed        a refresh whose criteria could not be read             members stay; the list is red; no launch
    ============= ====================================================== =========================================
    """

    _inherit = "email.target.list"

    criterion_ids = fields.One2many("email.target.list.criterion", "list_id", "Criteria", copy=True)
    # The first criterion, for lists that have no more.
    model_id = fields.Many2one("ir.model", compute="_compute_model_id", inverse="_inverse_first_criterion")
    domain = fields.Char(compute="_compute_domain", inverse="_inverse_first_criterion")
    refresh_interval = fields.Integer(
        "Refresh Every", default=1, help="0: only by hand, and at every launch of a mass email that uses the list."
    )
    refresh_unit = fields.Selection(
        [("hours", "Hours"), ("days", "Days"), ("weeks", "Weeks")], "Unit", default="days", required=True
    )
    refresh_state = fields.Selection(
        [("stale", "To Be Refreshed"), ("fresh", "Up to Date"), ("failed", "Refresh Failed")],
        "Refresh",
        default="stale",
        readonly=True,
        copy=False,
    )
    refresh_error = fields.Text("Why It Failed", readonly=True, copy=False)
    refreshed_at = fields.Datetime("Last Refreshed", readonly=True, copy=False)
    # Of the last try, also of one that failed: what fails is not tried again every minute.
    refresh_tried_at = fields.Datetime(readonly=True, copy=False)
    next_refresh_at = fields.Datetime("Next Refresh", compute="_compute_next_refresh_at", store=True)
    refresh_ids = fields.One2many("email.target.list.refresh", "list_id", "Changes")

    _next_refresh_index = models.Index("(next_refresh_at) WHERE next_refresh_at IS NOT NULL")

    @api.depends("criterion_ids.model", "criterion_ids.sequence")
    def _compute_model_id(self):
        for target_list in self:
            target_list.model_id = target_list.sudo().criterion_ids[:1].model_id

    @api.depends("criterion_ids.domain", "criterion_ids.sequence")
    def _compute_domain(self):
        for target_list in self:
            target_list.domain = target_list.sudo().criterion_ids[:1].domain

    def _inverse_first_criterion(self):
        """Write both at once: the conditions on one kind of record make no sense on another."""
        for target_list in self:
            model, domain = target_list.model_id.sudo().model, target_list.domain
            # Whoever writes [] here says so; in the form of a criterion it could be left over by chance.
            values = {"model": model, "domain": domain, "everyone": domain == "[]"}
            if first := target_list.criterion_ids[:1]:
                if first.domain == domain:
                    values = {"model": model}
                first.write(values)
            elif domain:
                first.create({**values, "model": model or "res.partner", "list_id": target_list.id})

    @api.depends("kind", "active", "criterion_ids", "refresh_interval", "refresh_unit", "refresh_tried_at")
    def _compute_next_refresh_at(self):
        for target_list in self:
            # One that has just become dynamic, and that nobody has given criteria yet, is left alone.
            due = (
                target_list.kind == "dynamic"
                and target_list.active
                and target_list.criterion_ids
                and target_list.refresh_interval > 0
            )
            since = target_list.refresh_tried_at or fields.Datetime.now()
            step = INTERVALS[target_list.refresh_unit or "days"] * target_list.refresh_interval
            target_list.next_refresh_at = since + step if due else False

    @api.constrains("refresh_interval")
    def _check_refresh_interval(self):
        for target_list in self:
            if not 0 <= target_list.refresh_interval <= 1000:
                raise UserError(
                    self.env._(
                        "“%s” can't be refreshed at that interval. Choose a number from 1 to 1000, or 0 for never.",
                        target_list.name,
                    )
                )

    def write(self, vals):
        result = super().write(vals)
        if "company_id" in vals:
            # They are read in the company of the list: another one is for whoever chose it to read.
            self._note_criteria_changed()
        return result

    def action_refresh(self):
        """Bring the members in line with the criteria now; tell who came and went, or why it failed."""
        self.check_access("write")
        self.filtered(lambda target_list: target_list.kind != "dynamic")._refuse_static()
        texts, failed = [], False
        for target_list in self:
            refresh = target_list.sudo()._refresh(by_hand=True)
            failed = failed or bool(refresh.error)
            texts.append(refresh.error or refresh._text())
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if failed else "success",
                "sticky": failed,
                "message": "\n".join(texts),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_take_over(self):
        """Let the criteria be read with the rights of the user from now on."""
        self.check_access("write")
        self.criterion_ids._own()
        self._note_criteria_changed()
        return self.action_refresh()

    def _refuse_static(self):
        if self:
            raise UserError(self.env._("“%s” is a static list: it has no criteria to be refreshed by.", self[0].name))

    def _check_static(self):
        """Refuse to add or take out members by hand where criteria do that.

        :raises UserError: naming the first list that is dynamic
        """
        for target_list in self.sudo():
            if target_list.kind == "dynamic":
                raise UserError(
                    self.env._(
                        "“%s” is a dynamic list: its criteria say who is on it, so nobody is put on it or taken off by "
                        "hand. Change its criteria, or choose a static list.",
                        target_list.name,
                    )
                )

    def _note_criteria_changed(self):
        """Let these lists be refreshed. Each is always written: a refresh that goes on meanwhile collides with that."""
        self.sudo().criterion_ids._own()
        self.sudo().write({"refresh_state": "stale", "refresh_error": False})

    def _refresh_for_launch(self):
        """Bring the dynamic lists among these up to date, for a mass email that goes to them or leaves them out.

        Whoever may use a list may have it refreshed: its criteria are read with their owner's rights.

        :raises UserError: naming the first list that can't be refreshed; it is red afterwards
        """
        for target_list in self.sudo().sorted("id"):
            if target_list.kind != "dynamic":
                continue
            target_list._refresh()
            if target_list.refresh_state == "failed":
                reason = target_list.refresh_error
                self._mark_failed_later(target_list, reason)
                raise UserError(
                    self.env._(
                        "Nothing can be sent with the list “%(list)s”, as nobody knows who is on it now. %(reason)s",
                        list=target_list.name,
                        reason=reason,
                    )
                )

    def _refresh(self, by_hand=False):
        """Refresh this list, as superuser; give the row of its history, or none if nothing changed on schedule.

        A list that can't be refreshed keeps its members and becomes red.
        """
        self.ensure_one()
        self.env.flush_all()
        # One at a time; of two, the second is told by the database that it must begin anew.
        self.env.cr.execute(SQL("SELECT id FROM email_target_list WHERE id = %s FOR NO KEY UPDATE", self.id))
        try:
            with self.env.cr.savepoint():
                refresh = self.env["email.target.list.refresh"]._run(self, by_hand)
        except CriterionError as error:
            return self._mark_failed(str(error), by_hand)
        now = fields.Datetime.now()
        self.write({"refresh_state": "fresh", "refresh_error": False, "refreshed_at": now, "refresh_tried_at": now})
        if not (by_hand or refresh.came or refresh.went):
            refresh.unlink()
        return refresh.exists()

    def _mark_failed(self, reason, by_hand=False):
        again = self.refresh_state == "failed" and self.refresh_error == reason
        self.write({"refresh_state": "failed", "refresh_error": reason, "refresh_tried_at": fields.Datetime.now()})
        if not again:
            self.message_post(
                subject=self.env._("“%s” can't be refreshed", self.name),
                body=reason,
                partner_ids=self.user_id.filtered("active").partner_id.ids,
            )
        history = self.env["email.target.list.refresh"]
        if again and not by_hand:
            return history
        return history.create({"list_id": self.id, "error": reason, "user_id": self.env.uid if by_hand else False})

    def _mark_failed_later(self, target_list, reason):
        """Mark it after the refusal has rolled everything back."""

        def mark(registry, list_id):
            with registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["email.target.list"].browse(list_id).exists()._mark_failed(reason)

        self.env.cr.postrollback.add(partial(mark, self.env.registry, target_list.id))

    @api.model
    def _cron_refresh_lists(self):
        """Refresh one list after another that is due."""
        due = [("next_refresh_at", "<=", fields.Datetime.now())]
        lists = self.search(due, order="next_refresh_at, id")
        self.env["ir.cron"]._commit_progress(remaining=len(lists))
        for target_list in lists:
            if target_list.try_lock_for_update(allow_referencing=True):
                target_list._refresh_apart()
            if not self.env["ir.cron"]._commit_progress(1):
                break

    def _refresh_apart(self):
        """Refresh this list so that no trouble with it keeps the others from being refreshed."""
        try:
            with self.env.cr.savepoint():
                self._refresh()
        except (TransactionRollbackError, LockNotAvailable):
            raise  # somebody else was at it: the next run of the job begins anew
        except Exception:
            # Also when the database has no room or no time for it: as long as that lasts, each run would end here.
            _logger.exception("The target list %s can't be refreshed", self.id)
            self._mark_failed(
                self.env._("Something went wrong that has no explanation here. The administrator finds it in the log.")
            )
