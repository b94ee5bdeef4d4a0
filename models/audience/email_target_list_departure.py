from odoo import fields, models


class EmailTargetListDeparture(models.Model):
    """Who went off a dynamic list by a refresh, with the name and address that they had on it."""

    _name = "email.target.list.departure"
    _description = "Departure from a Target List"
    _order = "id"
    _log_access = False

    refresh_id = fields.Many2one(
        "email.target.list.refresh", required=True, readonly=True, index=True, ondelete="cascade"
    )
    list_id = fields.Many2one(related="refresh_id.list_id")
    at = fields.Datetime(related="refresh_id.at")
    res_model = fields.Char("Kind", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    name = fields.Char(readonly=True)
    email = fields.Char(readonly=True)
