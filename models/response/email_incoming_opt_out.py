import logging
import re

from odoo import api, models

from ...tools import marks
from .email_link import OPT_OUT

_logger = logging.getLogger(__name__)

# Added to the bounce address, which is known to receive: what a mail program writes to when it has no web browser.
UNSUBSCRIBE = "unsubscribe"
_TOKEN = re.compile(r"(?<![\w-])[\w-]{12,80}(?![\w-])", re.ASCII)
_LONGEST_HEADER = 1_000  # characters; ours are far shorter


class EmailIncoming(models.AbstractModel):
    """Opting out by mail: the address in List-Unsubscribe, with the token of the opt-out link as its subject.

    It stands in the subject, because local parts may lose the case of their letters on the way.
    """

    _inherit = "email.incoming"

    @api.model
    def _absorb(self, message, message_dict=None):
        return self._absorb_opt_out(message) or super()._absorb(message, message_dict)

    @api.model
    def _absorb_opt_out(self, message):
        """Opt out whom the signed subject of `message` names; give whether it was written to that address of ours.

        Whatever else comes there ends there: nobody reads it, and nothing answers it.
        """
        if not self._to_unsubscribe(message):
            return False
        links = self.env["email.link"]
        subject = str(message.get("Subject") or "")[:_LONGEST_HEADER]
        # A mail program may fold the subject.
        for token in _TOKEN.findall(subject) + _TOKEN.findall("".join(subject.split())):
            if recipient := links._recipient(OPT_OUT, token):
                self._note_opt_out(recipient, message)
                return True
            if links._is_test(OPT_OUT, token):
                return True
        _logger.info("A message to the address for opting out names nobody: nothing was changed")
        return True

    @api.model
    def _to_unsubscribe(self, message):
        written = marks.addresses(marks.values(message, marks.RECIPIENTS))
        if not any(f"+{UNSUBSCRIBE}@" in address for address in written):
            return False
        ours = {
            self._unsubscribe_address(bounce)
            for bounce in self.env["res.company"].sudo().search([]).mapped("bounce_email")
            if bounce
        }
        return not ours.isdisjoint(written)

    @api.model
    def _unsubscribe_address(self, bounce_address):
        local, _at, domain = bounce_address.lower().rpartition("@")
        return f"{local}+{UNSUBSCRIBE}@{domain}"

    @api.model
    def _note_opt_out(self, recipient, message):
        reference = (message.get("Message-ID") or "").strip()[:200] or None
        # Fetched once more, it must not take back what the person decided since.
        known = [("recipient_id", "=", recipient.id), ("kind", "=", "opt_out"), ("source_ref", "=", reference)]
        if reference and self.env["email.campaign.event"].sudo().search_count(known, limit=1):
            return
        source = recipient._speaking_to_company().env._("email to the opt-out address")
        recipient.with_context(email_consent={"source": "mail_program"})._opt_out(source, source_ref=reference)
