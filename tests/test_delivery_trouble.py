from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.sending import delivery
from ..models.sending.worker import Worker, living_workers
from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestTrouble(DeliveryCase):
    """What goes wrong stops only what it concerns, fails nobody who could be written to, and says so."""

    def test_sender_refused_at_the_recipient_pauses_and_fails_nobody(self):
        for answer in (
            "553 5.7.1 <sally@crm.example>: Sender address rejected: not owned by user odoo",
            "554 5.7.1 <person1@good.example>: Relay access denied",
        ):
            with self.subTest(answer):
                self.peer.script = {partner.email: answer for partner in self.partners}
                mailing = self.launch()
                with self.assertBalanced(mailing):
                    self.send()
                self.assertEqual((mailing.state, mailing.remaining_count), ("paused", 5))
                self.assertIn(answer.partition(": ")[2], mailing.trouble)
                self.assertEqual(set(mailing.recipient_ids.mapped("attempts")), {0})
                self.peer.script = {}
                mailing.action_resume()
                self.send()
                self.assertEqual((mailing.state, mailing.sent_count), ("done", 5))

    def test_relay_denied_for_one_only_is_about_that_one(self):
        self.peer.script = {"person1@good.example": "554 5.7.1 <person1@good.example>: Relay access denied"}
        mailing = self.launch()
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.failed_count), ("done", 4, 1))
        self.assertFalse(self.recipient(mailing, "person1@good.example").bounced_at)

    def test_all_blocked_with_the_same_words_pauses(self):
        mailing = self.launch(20)
        self.peer.script = {r.email: f"554 5.7.1 <{r.email}>: blocked using zen.example" for r in mailing.recipient_ids}
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, mailing.remaining_count), ("paused", 20))

    def test_one_domain_that_blocks_us_does_not_stop_the_others(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n:02}@{'strict' if n > 8 else 'good'}.example"} for n in range(1, 19)]
        )
        blocked = partners.filtered(lambda partner: "strict" in partner.email)
        self.peer.script = {partner.email: "554 5.7.1 blocked, see our policy" for partner in blocked}
        mailing = self.make_mailing(self.make_list(partners))
        mailing.action_launch()
        with patch.object(delivery, "LARGEST_GROUP", 8):
            self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.failed_count), ("done", 8, 10))

    def test_sender_refused_for_now_waits_and_counts_no_try(self):
        self.peer.script = {"MAIL": "451 4.3.0 try again later"}
        mailing = self.launch()
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, mailing.remaining_count), ("sending", 5))
        self.assertIn("try again later", mailing.trouble)
        self.assertTrue(mailing.next_try_at)
        self.assertEqual(set(mailing.recipient_ids.mapped("attempts")), {0})
        self.assertEqual(set(mailing.recipient_ids.mapped("state")), {"queued"})
        self.peer.script = {}
        mailing.sudo().next_try_at = "2020-01-01"
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.trouble), ("done", 5, False))

    def test_a_spent_connection_on_which_all_were_refused_is_no_trouble(self):
        mailing = self.launch(10)
        self.peer.script = {recipient.email: "550 5.1.1 no such user" for recipient in mailing.recipient_ids}
        self.provider.max_mails = 5
        self.env["ir.config_parameter"].sudo().set_param("email_campaign.portion_size", "5")
        self.send()
        self.assertEqual((mailing.state, mailing.failed_count, mailing.trouble), ("done", 10, False))

    def test_worker_that_cannot_unlock_is_dead_all_the_same(self):
        worker = Worker(self.env.cr.dbname)
        with self.assertRaises(psycopg2.Error), mute_logger("odoo.sql_db"), worker:
            number = worker.number
            with patch("odoo.addons.email_campaign.models.sending.worker.LOCK_CLASS", "no number"):
                worker.__exit__()
        self.env.cr.execute(SQL("SELECT %s IN (%s)", number, living_workers()))
        self.assertEqual(self.env.cr.fetchone(), (False,))
        self.assertTrue(worker._cr.closed)

    def test_launcher_gone_or_no_longer_allowed_pauses(self):
        company = self.env["res.company"].create({"name": "Other"})
        for change in (
            lambda mailing: mailing.sudo().write({"launched_by_id": False}),
            lambda mailing: self.salesperson.write({"company_id": company.id, "company_ids": [(6, 0, company.ids)]}),
        ):
            mailing = self.launch().sudo()
            change(mailing)
            self.send()
            self.assertEqual((mailing.state, mailing.remaining_count), ("paused", 5))
            self.assertIn("launched it", mailing.trouble)
            self.assertFalse(self.peer.mails)

    @mute_logger("odoo.addons.email_campaign.models.sending.delivery")
    def test_a_record_that_cannot_be_read_does_not_stop_the_others(self):
        mailing = self.launch(body_html="<p>{{ object.type }}</p>")
        merge = type(self.env["email.merge"])
        original = merge._text

        def text(merge_self, record, field):
            if record.id == self.partners[2].id:
                record.env.cr.execute("SELECT 1 / 0", log_exceptions=False)
            return original(merge_self, record, field)

        with patch.object(merge, "_text", text), self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.skipped_count), ("done", 4, 1))
        self.assertEqual(self.states(mailing)["person3@good.example"], "merge_failed")

    def test_archived_campaign_waits(self):
        mailing = self.launch()
        mailing.campaign_id.active = False
        self.send()
        self.assertFalse(self.peer.mails)
        self.assertEqual(mailing.state, "queued")
        mailing.campaign_id.active = True
        self.send()
        self.assertEqual(mailing.state, "done")

    def test_cancelled_is_neither_retried_nor_sent_again(self):
        self.peer.script = {
            "person1@good.example": "550 5.1.1 no such user",
            "person5@good.example": "drop after data",
            "person3@good.example": "451 4.7.1 later",
        }
        mailing = self.launch()
        self.send()
        mailing.action_cancel()
        with self.assertRaisesRegex(UserError, "is cancelled now"):
            mailing.action_retry_failed()
        with self.assertRaisesRegex(UserError, "is cancelled now"):
            self.recipient(mailing, "person5@good.example").action_send_again()
        self.assertEqual(sorted(self.counts(mailing)), ["cancelled", "failed", "in_doubt", "sent"])

    def test_retry_failed_forgets_the_bounce(self):
        self.peer.script = {"person1@good.example": "552 5.2.2 mailbox full"}
        mailing = self.launch()
        self.send()
        mailing.action_retry_failed()
        retried = self.recipient(mailing, "person1@good.example")
        self.assertEqual((retried.state, retried.bounced_at, retried.bounce_kind), ("queued", False, False))

    def test_what_both_sides_overlooked_is_swept_up(self):
        cancelled, done = self.launch(), self.launch()
        self.send()
        for mailing, state in ((cancelled, "cancelled"), (done, "done")):
            mailing.sudo().state = state
            mailing.recipient_ids[0].sudo().write({"state": "queued", "email": f"late@{state}.example"})
        self.send()
        self.assertEqual(self.counts(cancelled), {"sent": 4, "cancelled": 1})
        self.assertEqual(self.counts(done), {"sent": 5})
        self.assertIn("late@done.example", self.peer.recipients())
