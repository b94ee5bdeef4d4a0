from odoo.tests import tagged

from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestRefusals(DeliveryCase):
    """What servers say while mass emails are handed over: the same policy."""

    def test_refused_while_sending(self):
        self.peer.script.update(
            {
                "person1@good.example": "550 5.1.1 no such user",
                "person2@good.example": "552 5.2.2 mailbox full",
                "person3@good.example": "550 5.7.1 blocked, see our list",
            }
        )
        mailing = self.launch()
        self.send()
        self.env.invalidate_all()
        verdicts = self.env["email.verdict"].search([("mailing_id", "=", mailing.id)], order="email")
        self.assertEqual(
            [(v.email, v.kind, v.reason, v.state, v.channel, v.provider_id.id) for v in verdicts],
            [
                ("person1@good.example", "hard", "dead_address", "counted", "dialogue", self.provider.id),
                ("person2@good.example", "soft", "mailbox_full", "counted", "dialogue", self.provider.id),
                ("person3@good.example", "soft", "blocked", "noted", "dialogue", self.provider.id),
            ],
        )
        self.assertEqual(verdicts.mapped("event_id.kind"), ["bounce", "bounce", "failed"])
        self.assertEqual(self.partners[:4].mapped("email_validity"), ["invalid", "soft_bouncing", "unknown", "unknown"])
        self.assertEqual(self.provider.block_count, 1)
        bounced = mailing.bounced_count
        wizard = self.env["email.verdict.undo"].with_context(active_model="email.verdict", active_ids=verdicts[0].ids)
        wizard.create({"reason": "Moved"}).action_undo()
        self.env.invalidate_all()
        self.assertEqual(self.partners[0].email_validity, "unknown")
        self.assertEqual(mailing.bounced_count, bounced - 1)
        self.assertEqual(self.recipient(mailing, "person1@good.example").state, "failed")
