import logging
import re
from dataclasses import dataclass
from typing import Any

from odoo import api, models

from ...tools import bounce
from .email_link import MESSAGE_ID, RETURN_PATH

_logger = logging.getLogger(__name__)

RECIPIENT_HEADERS = ("X-Original-To", "Delivered-To", "Envelope-To", "To")
_VERP = re.compile(r"\+([0-9a-f]{16,80})@", re.IGNORECASE)
_OWN_MESSAGE_ID = re.compile(r"<([0-9a-f]{16,80})@", re.IGNORECASE)
# What is about an email of ours wherever it arrives; the rest is so only at a return path.
_ABOUT_OURS = ("hard", "soft", "complaint")


# The key of the context for a `Came`.
CAME = "email_incoming_came"


class Came:
    """A message as it came into the gateway: octets, text, or what XML-RPC makes of octets."""

    def __init__(self, message):
        self._message = message

    def octets(self):
        """Give the octets, None if it is nothing of these."""
        came = getattr(self._message, "data", self._message)
        if isinstance(came, str):
            return came.encode("utf-8", "surrogatepass")
        return bytes(came) if isinstance(came, (bytes, bytearray)) else None


@dataclass(frozen=True)
class Match:
    """Whom an incoming message is about: `recipient` (empty for nobody of ours), how that is known, and whether a
    signature of ours says so.
    """

    recipient: Any
    by: str = ""
    signed: bool = True


class EmailIncoming(models.AbstractModel):
    """What comes back for a mass email by mail: matched to its recipient, read, and handed to `email.verdict`."""

    _name = "email.incoming"
    _description = "What Comes Back by Email"

    @api.model
    def _absorb(self, message):
        """Deal with `message` (email.message) if it comes back for a mass email.

        :return: whether it was ours; if so it must go no further
        """
        octets = self._octets(message)
        verdict = bounce.read(octets)
        match = self._match(message, verdict)
        if not match.recipient:
            return False
        # A receipt is for nobody to read or to answer.
        new = self.env["email.verdict"].sudo()._take([self._found(message, octets, verdict, match)])
        if new and not verdict.understood and match.signed:
            self._note_not_understood(match.recipient, verdict, message)
        return True

    @api.model
    def _octets(self, message):
        """Give `message` as it came, or as near to that as can be."""
        came = self.env.context.get(CAME)
        return (came and came.octets()) or bounce.octets(message)

    @api.model
    def _found(self, message, octets, verdict, match):
        """Give what `email.verdict._take` takes."""
        return {
            "recipient_id": match.recipient.id,
            "verdict": verdict,
            "matched_by": match.by,
            "signed": match.signed,
            "channel": "mailbox",
            "provider_id": None,
            "reference": (message.get("Message-ID") or "").strip() or None,
            "raw": octets,
            "at": None,
            "subject": message.get("Subject"),
            "sender": message.get("From"),
        }

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

    @api.model
    def _note_not_understood(self, recipient, verdict, message):
        """Tell the people of the mass email about a message that nobody could make sense of: they can."""
        sender, subject = (str(message.get(name) or "").strip()[:200] for name in ("From", "Subject"))
        _logger.info(
            "A message of %r at the return path of recipient %s was not understood (%s): %r",
            sender,
            recipient.id,
            verdict.rule,
            subject,
        )
        recipient.mailing_id._message_log(
            body=recipient._speaking_to_company().env._(
                "A message came back from %(recipient)s that could not be understood: “%(subject)s”, from %(sender)s.",
                recipient=recipient.email,
                subject=subject,
                sender=sender,
            )
        )
