import time

from odoo import api, models

from .email_visit_waiting import BUSY

MAX_TRIES = 6
AGAIN = "email_incoming_again"


class EmailIncoming(models.AbstractModel):
    """Twice at the same moment: who comes second, from another mailbox or another worker, begins anew.

    Odoo's gateway takes a message that failed for done with, and never fetches it again.
    """

    _inherit = "email.incoming"

    @api.model
    def _absorb(self, message, message_dict=None):
        if self.env.context.get(AGAIN):
            return super()._absorb(message, message_dict)
        try:
            with self.env.cr.savepoint():
                return super()._absorb(message, message_dict)
        except BUSY:
            # This transaction sees what was when it began; only a later one sees what the other has done.
            return self._absorb_again(message, message_dict)

    @api.model
    def _absorb_again(self, message, message_dict=None):
        for left in reversed(range(MAX_TRIES)):
            try:
                with self.env.registry.cursor() as cr:
                    again = self.with_env(self.env(cr=cr)).with_context(**{AGAIN: True})
                    return again._absorb(message, message_dict)
            except BUSY:
                if not left:
                    raise
                time.sleep(0.02 * (MAX_TRIES - left))
