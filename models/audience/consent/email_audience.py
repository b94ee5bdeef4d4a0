from odoo import api, models
from odoo.tools import SQL


class EmailAudience(models.AbstractModel):
    """Who was erased is mailed no more, whatever list the address came back on."""

    _inherit = "email.audience"

    @api.model
    def _suppression(self, mailing, alias, email, list_type, few=False):
        joins, reason = super()._suppression(mailing, alias, email, list_type, few)
        erasures = self.env["email.erasure"].sudo()
        if not erasures._any():
            return joins, reason
        return (
            SQL("%s %s", joins, erasures._join(email)),
            SQL("CASE WHEN %s THEN 'erased' ELSE %s END", erasures._suppressed(email, list_type), reason),
        )
