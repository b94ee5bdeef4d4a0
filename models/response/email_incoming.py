import logging

from odoo import api, models

from ...tools import bounce

_logger = logging.getLogger(__name__)

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


class EmailIncoming(models.AbstractModel):
    """What comes back for a mass email by mail: matched to its recipient, read, and handed to `email.verdict`."""

    _name = "email.incoming"
    _description = "What Comes Back by Email"

    @api.model
    def _absorb(self, message, message_dict=None):
        """Deal with `message` (email.message) if it comes back for a mass email.

        :param message_dict: what `mail.thread.message_parse` read in it, if that was done already
        :return: whether it was ours; if so it must go no further
        """
        octets = self._octets(message)
        verdict = bounce.read(octets)
        match = self._match(message, verdict)
        # What a mail program writes by itself is a verdict like others, if it is known whom it is about.
        if self._is_reply(match, verdict, message) and not (verdict.kind == "auto_reply" and match.recipient):
            return self._take_reply(match.recipient, message, message_dict, verdict.kind == "auto_reply")
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
