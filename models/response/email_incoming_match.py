import re
from dataclasses import dataclass
from typing import Any

from odoo import api, models

from .email_link import MESSAGE_ID, RETURN_PATH

RECIPIENT_HEADERS = ("X-Original-To", "Delivered-To", "Envelope-To", "To")
_VERP = re.compile(r"\+([0-9a-f]{16,80})@", re.IGNORECASE)
_OWN_MESSAGE_ID = re.compile(r"<([0-9a-f]{16,80})@", re.IGNORECASE)
# What is about an email of ours wherever it arrives; the rest is so only at a return path.
_ABOUT_OURS = ("hard", "soft", "complaint")


@dataclass(frozen=True)
class Match:
    """Whom an incoming message is about: `recipient` (empty for nobody of ours), how that is known, and whether a
    signature of ours says so.
    """

    recipient: Any
    by: str = ""
    signed: bool = True


class EmailIncoming(models.AbstractModel):
    """Whom an incoming message is about."""

    _inherit = "email.incoming"

    @api.model
    def _match(self, message, verdict):
        """Give the Match of `message`: by the return path that it came to, or by the Message-ID of what came back."""
        recipient = self._by_return_path(message)
        if recipient:
            return Match(recipient, "return_path")
        if verdict.kind in _ABOUT_OURS:
            return Match(self._by_message_id(verdict), "message_id")
        return Match(recipient)

    @api.model
    def _by_return_path(self, message):
        """Give the recipient whose signed return path `message` was sent to."""
        links = self.env["email.link"]
        signer = links._signer()
        for name in RECIPIENT_HEADERS:
            for value in message.get_all(name, []):
                for token in _VERP.findall(str(value)[:1000]):
                    if ids := signer.read_local(RETURN_PATH, token, 1):
                        return links._recipient_of(ids)
        return links._recipient_of(None)

    @api.model
    def _by_message_id(self, verdict):
        """Give the recipient of the email that came back, by its signed Message-ID."""
        links = self.env["email.link"]
        signer = links._signer()
        for token in _OWN_MESSAGE_ID.findall(verdict.message_id or ""):
            if ids := signer.read_local(MESSAGE_ID, token, 1):
                return links._recipient_of(ids)
        return links._recipient_of(None)
