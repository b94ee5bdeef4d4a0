from odoo import api, models

from ..response.email_incoming import CAME, Came


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def message_process(self, model, message, *args, **kwargs):
        """Keep the octets at hand: what is made of them below is changed before anybody looks at it."""
        came = self.with_context(**{CAME: Came(message)})
        return super(MailThread, came).message_process(model, message, *args, **kwargs)

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        """Take what came back for a campaign out of the gateway; everything else goes on its normal way."""
        if self.env["email.incoming"]._absorb(message, message_dict):
            return []
        normal = self.with_context(**{CAME: None})
        return super(MailThread, normal).message_route(message, message_dict, model, thread_id, custom_values)

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        # What becomes of others' messages does not carry them along.
        normal = self.with_context(**{CAME: None})
        return super(MailThread, normal)._message_route_process(message, message_dict, routes)
