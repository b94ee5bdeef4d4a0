from odoo import api, fields, models


class EmailTargetListImportRefusal(models.Model):
    """A row that was not imported, as it was in the file. Kept for a month."""

    _name = "email.target.list.import.refusal"
    _description = "Refused Row"
    _order = "row, id"
    _log_access = False
    _rec_name = "reason"

    import_id = fields.Many2one("email.target.list.import", required=True, ondelete="cascade")
    row = fields.Integer("Row in File", readonly=True, aggregator=None)
    reason = fields.Char("Refused Because", readonly=True)
    cells = fields.Json(readonly=True)
    text = fields.Char("Row", compute="_compute_text")

    _row_index = models.Index("(import_id, row)")

    @api.depends("cells")
    def _compute_text(self):
        for refusal in self:
            refusal.text = " · ".join(filter(None, refusal.cells or []))[:200]
