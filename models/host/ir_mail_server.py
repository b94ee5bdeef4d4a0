from odoo import models


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def unlink(self):
        """Take its provider along, with what hangs on that; the database alone would leave messages behind."""
        providers = self.env["email.provider"].sudo().with_context(active_test=False)
        providers.search([("mail_server_id", "in", self.ids)]).unlink()
        return super().unlink()
