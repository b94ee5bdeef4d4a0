from odoo import fields, models


class EmailOptOutReason(models.Model):
    """One of the answers to “why?” on the opt-out page."""

    _name = "email.opt.out.reason"
    _description = "Reason for Opting Out"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True, help="As recipients read it on the opt-out page.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
