from odoo import api, models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        """Take what came back for a campaign out of the gateway; everything else goes on its normal way."""
        if self.env["email.incoming"]._absorb(message, message_dict):
            return []
        return super().message_route(message, message_dict, model, thread_id, custom_values)
