import xmlrpc.client

from odoo import api, models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def message_process(
        self, model, message, custom_values=None, save_original=False, strip_attachments=False, thread_id=None
    ):
        """Take what comes to an address of ours for machines before it is parsed: strangers decide what comes."""
        octets = message.data if isinstance(message, xmlrpc.client.Binary) else message
        octets = octets.encode("utf-8", "surrogateescape") if isinstance(octets, str) else bytes(octets)
        if self.env["email.incoming"]._absorb_unread(octets):
            return False
        return super().message_process(
            model,
            message,
            custom_values=custom_values,
            save_original=save_original,
            strip_attachments=strip_attachments,
            thread_id=thread_id,
        )
