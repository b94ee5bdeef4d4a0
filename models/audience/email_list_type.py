from odoo import api, fields, models
from odoo.exceptions import UserError


class EmailListType(models.Model):
    _name = "email.list.type"
    _description = "Email List Type"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True, help="Recipients see this name when they opt out.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Leave empty to share it among all companies.")
    page_text = fields.Html(
        "Opt-out Page",
        translate=True,
        help="Shown above the button of the page that asks whether to opt out. Pictures are shown from this server "
        "only.",
    )
    done_text = fields.Html("After Opting Out", translate=True, help="Shown once somebody has opted out.")
    target_list_ids = fields.One2many("email.target.list", "list_type_id", "Target Lists")

    _name_company_uniq = models.Constraint(
        "UNIQUE(name, company_id)", "There is a list type of that name already; choose another name."
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_mailed_by(self):
        """Keep what the opt-out links of emails are about; no foreign key does it."""
        for list_type in self:
            if self.env["email.campaign.recipient"].sudo().search_count([("list_type_id", "=", list_type.id)], limit=1):
                raise UserError(
                    self.env._(
                        "Emails were sent by the list type “%s”, and their opt-out links lead to it. Archive it "
                        "instead.",
                        list_type.name,
                    )
                )
