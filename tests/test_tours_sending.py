from odoo.tests import tagged

from .test_tours import TourCase


@tagged("post_install", "-at_install")
class TestToursSending(TourCase):
    """What a salesperson sees and does before and while a mass email is sent."""

    def make_sending(self, *states):
        people = self.ann | self.ben
        for name in ("Cleo", "Dora", "Emil")[: len(states) - 2]:
            people |= self.env["res.partner"].create({"name": name, "email": f"{name.lower()}@good.example"})
        mailing = self.make_mailing(self.make_list(people, user=self.user), user=self.user)
        mailing.action_launch()
        mailing.sudo().state = "sending"
        for recipient, state in zip(mailing.recipient_ids.sudo(), states, strict=True):
            recipient.state = state
        return mailing

    def test_progress_is_seen_moving(self):
        mailing = self.make_sending(*["in_doubt"] * 5)
        self.walk(f"/odoo/mass-emails/{mailing.id}", "email_campaign_progress")
        self.assertEqual(mailing.state, "paused")
        self.assertIn(mailing.sent_count, range(1, 5))

    def test_progress_without_the_bus(self):
        mailing = self.make_sending("in_doubt", "in_doubt", "in_doubt")
        self.walk(f"/odoo/mass-emails/{mailing.id}", "email_campaign_progress_without_bus")

    def test_launch_later_and_then_at_once(self):
        target_list = self.make_list(self.ann | self.ben | self.nick, user=self.user)
        mailing = self.make_mailing(target_list, user=self.user)
        self.walk(f"/odoo/mass-emails/{mailing.id}", "email_campaign_reschedule")
        self.assertEqual((mailing.state, mailing.scheduled_at), ("queued", False))

    def test_in_doubt(self):
        mailing = self.make_sending("in_doubt", "in_doubt", "failed")
        self.walk(f"/odoo/mass-emails/{mailing.id}", "email_campaign_in_doubt")
        states = {recipient.email: recipient.state for recipient in mailing.recipient_ids}
        self.assertEqual(
            states, {"ann@good.example": "sent", "ben@good.example": "queued", "cleo@good.example": "failed"}
        )
