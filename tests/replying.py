from odoo.tools import mute_logger

from .returning import answer
from .test_incoming_match import GATEWAY, ReturningCase


class ReplyCase(ReturningCase):
    """A mass email that a person can reply to, as Odoo's gateway gets it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls.mailing.sudo().campaign_id
        cls.person = cls.partners[0]

    def reply(self, *args, recipient=None, model=False, context=None, **kwargs):
        """Let a reply come in; give what is on the list of replies for it, if anything."""
        kwargs.setdefault("answers", self.message_id(recipient))
        octets = answer(*args, **kwargs)
        before = self.replies()
        with mute_logger(GATEWAY):
            self.env["mail.thread"].with_context(**(context or {})).message_process(model, octets)
        self.env.invalidate_all()
        return self.replies() - before

    def replies(self):
        return self.env["email.campaign.reply"].sudo().search([("campaign_id", "=", self.campaign.id)])

    def thread(self, record):
        """Give the texts of the messages that came into the conversation of `record`, the latest first."""
        return record.sudo().message_ids.filtered(lambda message: message.message_type == "email")
