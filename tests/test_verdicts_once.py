from odoo.tests import tagged

from ..models.sending.email_campaign_recipient_queue import MAX_ATTEMPTS
from .common import DeliveryCase
from .verdicts import VerdictCase


@tagged("post_install", "-at_install")
class TestOnce(VerdictCase):
    """One fact is one fact, however often and by whatever it is told."""

    def test_two_reports_by_mail_are_one_hard_bounce(self):
        self.policy(hard_bounces=2)
        self.process(self.report())
        self.process(self.report(name="b2"))
        self.assertEqual((self.known().hard_bounce_count, self.known().validity), (1, "soft_bouncing"))
        first, second = self.verdicts()
        self.undo(first)
        self.assertEqual(self.known().hard_bounce_count, 1)
        self.undo(second)
        self.assertEqual((self.known().hard_bounce_count, self.known().validity), (0, "unknown"))

    def test_a_proposal_that_was_told_already(self):
        self.process(self.report())
        self.take(self.event("hard", name="doubtful", signed=False, channel="mailbox"))
        proposal = self.verdicts()[1]
        self.assertEqual(proposal.state, "proposed")
        proposal.with_user(self.manager).action_confirm()
        self.env.invalidate_all()
        self.assertEqual((proposal.state, proposal.undone_reason), ("undone", "Told already"))
        self.assertEqual((self.known().hard_bounce_count, self.kinds()), (1, [("bounce", False)]))

    def test_a_proposal_that_tells_more(self):
        self.take(self.event("soft"), self.event("hard", name="doubtful", signed=False))
        self.verdicts()[1].with_user(self.manager).action_confirm()
        self.env.invalidate_all()
        self.assertEqual((self.verdicts()[1].state, self.known().validity), ("counted", "invalid"))

    def test_they_are_numbered_in_the_order_they_were_told(self):
        """Also where the planner looks them up by hash for each of many recipients, which turns their order round."""
        self.env.cr.execute(
            """
            INSERT INTO email_campaign_recipient (mailing_id, email, state)
                 SELECT mailing_id, 'more' || n || '@good.example', 'sent'
                   FROM email_campaign_recipient, generate_series(1, 3000) n WHERE id = %s;
            SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off
            """,
            [self.recipient.id],
        )
        told = [f"report {number}" for number in range(30)]
        self.take(*[self.event("auto_reply", name=name) for name in told])
        self.assertEqual(self.verdicts().mapped("reference"), told)

    def test_two_proposals_of_the_same(self):
        self.take(*[self.event("soft", name=name, signed=False) for name in ("one", "two")])
        self.verdicts().with_user(self.manager).action_confirm()
        self.env.invalidate_all()
        self.assertEqual(self.verdicts().mapped("state"), ["counted", "undone"])

    def test_what_does_not_count_hides_nothing_that_does(self):
        self.take(self.event("soft", reason="blocked"))
        self.process(self.report(status="5.2.2", said="mailbox full"))
        self.assertEqual(self.verdicts().mapped("state"), ["noted", "counted"])
        self.assertEqual(self.known().validity, "soft_bouncing")

    def test_a_delivery_report_by_mail(self):
        for action, state in (("relayed", "soft_bouncing"), ("delivered", "valid")):
            with self.subTest(action):
                self.take(self.event("soft"))
                self.process(self.report(status="2.0.0", said="ok", action=action, name=action))
                self.assertEqual(self.known().validity, state)
        self.assertEqual(self.verdicts()[-1].kind, "delivered")
        self.assertFalse(self.known().soft_bounce_count)

    def test_numbers_that_anybody_may_have_written(self):
        for stored, least, most in (("\N{SUPERSCRIPT TWO}", 5, 5), ("9" * 5000, 1000, 1000), ("-3", 5, 5)):
            with self.subTest(stored[:9]):
                self.policy(soft_bounces=stored)
                self.assertTrue(least <= self.env["email.verdict"]._policy()["soft_bounces"] <= most)
        self.policy(soft_bounce_days="0", hard_bounces="\N{SUPERSCRIPT TWO}")
        self.process(self.report())
        self.assertEqual(self.known().validity, "invalid")

    def test_a_message_that_is_not_kept_says_so(self):
        self.policy(keep_raw_days=0)
        self.process(self.report())
        self.assertEqual(self.verdicts().raw_note, "Messages are not kept, say the settings.")


@tagged("post_install", "-at_install")
class TestTriedAgain(DeliveryCase):
    """What was said while sending is about that try."""

    def refuse(self, reply):
        self.peer.script["person1@good.example"] = reply
        mailing = self.launch()
        self.send()
        self.env.invalidate_all()
        return mailing, self.recipient(mailing, "person1@good.example").sudo()

    def verdicts(self, recipient):
        return self.env["email.verdict"].search([("recipient_id", "=", recipient.id)], order="id")

    def take(self, recipient, kind, name):
        event = VerdictCase.event(self, kind, recipient=recipient, name=name)
        self.env["email.verdict"]._take([event])
        self.env.invalidate_all()

    def test_later_reports_don_t_tell_the_refusal_again(self):
        mailing, recipient = self.refuse("552 5.2.2 mailbox full")
        self.assertEqual(recipient.bounce_kind, "soft")
        del self.peer.script["person1@good.example"]
        mailing.action_retry_failed()
        self.send()
        self.take(recipient, "delivered", "d1")
        self.assertEqual((recipient.state, recipient.bounce_kind, mailing.bounced_count), ("sent", False, 0))
        self.take(recipient, "soft", "s1")
        self.assertEqual((recipient.bounce_kind, mailing.bounced_count), ("soft", 1))
        self.assertEqual(self.verdicts(recipient).mapped("channel"), ["dialogue", "webhook", "webhook"])

    def test_a_block_before_hides_no_bounce_after(self):
        mailing, recipient = self.refuse("550 5.7.1 blocked, see our list")
        del self.peer.script["person1@good.example"]
        mailing.action_retry_failed()
        self.send()
        self.take(recipient, "soft", "s1")
        self.assertEqual(self.verdicts(recipient).mapped("state"), ["noted", "counted"])
        self.assertEqual(self.partners[0].email_validity, "soft_bouncing")

    def test_what_did_not_count_does_not_by_being_confirmed(self):
        _mailing, recipient = self.refuse("550 5.2.1 mailbox disabled")
        verdict = self.verdicts(recipient)
        self.assertEqual((verdict.reason, verdict.state), ("disabled", "noted"))
        wizard = self.env["email.verdict.undo"].with_context(active_model="email.verdict", active_ids=verdict.ids)
        wizard.create({"reason": "A mistake"}).action_undo()
        verdict.action_confirm()
        self.env.invalidate_all()
        self.assertEqual((verdict.state, self.partners[0].email_validity), ("noted", "unknown"))

    def test_a_temporary_refusal_counts_when_it_was_the_last(self):
        mailing, recipient = self.refuse("452 4.2.2 mailbox full")
        self.assertEqual((recipient.state, recipient.bounced_at, len(self.verdicts(recipient))), ("retry", False, 0))
        for _attempt in range(MAX_ATTEMPTS - 1):
            self.try_again(mailing)
            self.send()
        self.env.invalidate_all()
        self.assertEqual((recipient.state, recipient.bounce_kind), ("failed", "soft"))
        verdict = self.verdicts(recipient)
        self.assertEqual((verdict.kind, verdict.reason, verdict.state), ("soft", "mailbox_full", "counted"))
        self.assertEqual(verdict.event_id.kind, "bounce")
        self.assertEqual((self.partners[0].email_validity, mailing.bounced_count), ("soft_bouncing", 1))
