from odoo import api, fields, models
from odoo.exceptions import UserError

MODELS = [("res.partner", "Contact"), ("crm.lead", "Lead"), ("res.users", "User")]


class EmailPrivacyRecord(models.TransientModel):
    """A contact, lead or user with the address. They are Odoo's: what becomes of each is decided one by one, and with
    the rights of who decides. The line keeps which one it is and nothing of the person.
    """

    _name = "email.privacy.record"
    _description = "Record with the Address"
    _order = "res_model, res_id"

    wizard_id = fields.Many2one("email.privacy", required=True, ondelete="cascade")
    res_model = fields.Selection(MODELS, "Kind", required=True, readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True, readonly=True)
    name = fields.Char(compute="_compute_record")
    state = fields.Selection(
        [("there", "Active"), ("archived", "Archived"), ("deleted", "Deleted")], compute="_compute_record"
    )
    can_archive = fields.Boolean(compute="_compute_record")
    can_delete = fields.Boolean(compute="_compute_record")

    @api.depends("res_model", "res_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_record(self):
        for line in self:
            record = line._record().exists()
            readable = record.has_access("read") and bool(record)
            line.name = record.display_name if readable else False
            line.state = "deleted" if not record else "archived" if readable and not record.active else "there"
            other = readable and record not in (self.env.user, self.env.user.partner_id)
            line.can_archive = other and line.state == "there" and record.has_access("write")
            line.can_delete = other and record.has_access("unlink")

    def action_open(self):
        """Open the record."""
        record = self._there()
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def action_archive_record(self):
        """Archive the record: it is kept, and found by those who look for archived ones."""
        self._not_oneself().action_archive()
        return self.wizard_id._reopen()

    def action_delete_record(self):
        """Delete the record for good.

        :raises UserError: where Odoo can't do without it, saying why
        """
        self._not_oneself().unlink()
        return self.wizard_id._reopen()

    def _record(self):
        return self.env[self.res_model].with_context(active_test=False).browse(self.res_id)

    def _not_oneself(self):
        record = self._there()
        if record in (self.env.user, self.env.user.partner_id):
            raise UserError(self.env._("That is you. Ask a colleague, who can still log in afterwards."))
        return record

    def _there(self):
        """Give the record.

        :raises UserError: when it was deleted
        """
        self.ensure_one()
        record = self._record().exists()
        if not record:
            raise UserError(self.env._("It was deleted already."))
        record.check_access("read")
        return record
