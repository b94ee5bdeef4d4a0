from odoo import api, models

from ..response.email_incoming import CAME, Came


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def message_process(self, model, message, *args, **kwargs):
        """Take what comes to an address of ours for machines before it is parsed: strangers decide what comes.

        The octets stay at hand: what is made of them below is changed before anybody looks at it.
        """
        came = Came(message)
        octets = came.octets()
        arriving = self.with_context(**{CAME: came})
        if octets is not None and arriving.env["email.incoming"]._absorb_unread(octets):
            return False
        return super(MailThread, arriving).message_process(model, message, *args, **kwargs)
