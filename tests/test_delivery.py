import time
from unittest.mock import patch

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.sending import delivery as sending
from ..models.sending import ledger
from ..models.sending.delivery import DRY_SECONDS, FIRST_GROUP, Delivery
from ..models.sending.worker import Worker
from .common import DeliveryCase
from .peer import Peer


@tagged("post_install", "-at_install")
class TestDelivery(DeliveryCase):
    """The queue: every state tells the truth, nobody gets a mail twice, nobody is lost (invariants 1 and 2)."""

    def test_refused_for_good(self):
        self.peer.script = {
            "person1@good.example": "550 5.1.1 no such user",
            "person2@good.example": "554 5.7.1 blocked, see our policy",
            "person3@good.example": "552 5.2.2 mailbox full",
        }
        mailing = self.launch()
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.failed_count), ("done", 2, 3))
        dead, blocked, full = (self.recipient(mailing, f"person{n}@good.example") for n in (1, 2, 3))
        self.assertEqual((dead.bounce_kind, dead.smtp_code), ("hard", 550))
        self.assertIn("no such user", dead.smtp_reply)
        self.assertFalse(blocked.bounced_at, "a block is the sender's fault")
        self.assertEqual(full.bounce_kind, "soft")
        self.assertEqual(dead.event_ids.mapped("kind"), ["bounce"])
        self.assertEqual(blocked.event_ids.mapped("kind"), ["failed"])
        self.partners.invalidate_recordset()
        self.assertEqual(self.partners[:3].mapped("email_validity"), ["invalid", "unknown", "soft_bouncing"])

    def test_refused_for_now_and_taken_later(self):
        self.peer.script = {"person1@good.example": ["451 4.7.1 greylisted, come back", "250 OK"]}
        mailing = self.launch()
        self.send()
        recipient = self.recipient(mailing, "person1@good.example")
        self.assertEqual((mailing.state, recipient.state, recipient.attempts), ("sending", "retry", 1))
        self.assertGreater(recipient.next_try_at, self.env.cr.now())
        trigger = self.env["ir.cron.trigger"].search([("call_at", ">", self.env.cr.now())])
        self.assertTrue(trigger, "the worker is woken up for the next try")

        self.try_again(mailing)
        self.peer.script = {}
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 5))
        self.assertNobodyTwice()

    def test_refused_for_now_for_ever(self):
        self.peer.script = {"person1@good.example": "451 4.7.1 try later"}
        mailing = self.launch()
        for _try in range(10):
            self.send()
            if mailing.state == "done":
                break
            self.try_again(mailing)
        recipient = self.recipient(mailing, "person1@good.example")
        self.assertEqual((mailing.state, recipient.state, recipient.attempts), ("done", "failed", 6))

        self.peer.script = {}
        mailing.action_retry_failed()
        self.assertEqual(mailing.state, "queued")
        self.try_again(mailing)
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 5))
        self.assertNobodyTwice()

    def test_retry_failed_takes_failed_ones_only(self):
        mailing = self.launch()
        self.send()
        with self.assertRaisesRegex(UserError, "Nothing failed"):
            mailing.action_retry_failed()

    def test_no_answer_to_a_whole_message_is_in_doubt(self):
        self.peer.script = {"person3@good.example": "drop after data"}
        mailing = self.launch()
        with self.assertBalanced(mailing):
            self.send()
            self.send()
        doubtful = self.recipient(mailing, "person3@good.example")
        self.assertEqual(doubtful.state, "in_doubt")
        self.assertEqual(mailing.state, "done", "the others went out over a new connection")
        self.assertEqual(mailing.sent_count, 4)
        self.assertNobodyTwice()
        self.send()
        self.assertNobodyTwice()

        doubtful.with_user(self.salesperson).action_mark_sent()
        self.assertEqual((doubtful.state, mailing.sent_count), ("sent", 5))
        self.assertEqual(doubtful.event_ids.mapped("kind"), ["sent"])
        self.assertIn("Sally Sells decided", doubtful.event_ids.detail)

    def test_in_doubt_is_sent_again_only_by_hand(self):
        self.peer.script = {"person3@good.example": ["drop after data", "250 OK"]}
        mailing = self.launch()
        self.send()
        self.send()
        self.recipient(mailing, "person3@good.example").with_user(self.salesperson).action_send_again()
        self.send()
        self.assertEqual(self.recipient(mailing, "person3@good.example").state, "sent")
        self.assertEqual(self.peer.recipients().count("person3@good.example"), 2, "as was decided")

    def test_connection_lost_before_the_message_was_whole(self):
        # More than fits between the two ends: else all of it has left before the line breaks.
        large = (
            self.env["ir.attachment"].with_user(self.salesperson).create({"name": "large.bin", "raw": b"x" * 8_000_000})
        )
        self.peer.script = {"person2@good.example": ["drop before data", "250 OK"]}
        mailing = self.launch(2, attachment_ids=large.ids)
        with self.assertBalanced(mailing):
            self.send()
        broken = self.recipient(mailing, "person2@good.example")
        self.assertEqual((broken.state, broken.attempts), ("retry", 1))
        self.assertEqual(self.peer.recipients(), ["person1@good.example"])
        broken.sudo().next_try_at = "2020-01-01"
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 2))
        self.assertNobodyTwice()

    @mute_logger("odoo.addons.email_campaign.models.sending.email_campaign_mailing_delivery")
    def test_server_vanishes(self):
        vanishing = self.start_peer()
        mailing = self.launch()
        vanishing.stop()
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual(mailing.remaining_count, 5)
        self.assertIn("nothing answers", mailing.trouble)
        self.assertEqual((self.provider.state, self.provider.last_error), ("red", mailing.trouble))
        self.assertEqual(mailing.next_try_at, self.provider.next_try_at)
        self.send()
        self.assertEqual(mailing.remaining_count, 5, "not before its time")
        self.try_again(mailing)
        self.addCleanup(self.start_peer().stop)
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.trouble), ("done", 5, False))
        self.assertEqual(self.provider.state, "green")

    def start_peer(self):
        peer = Peer()
        peer.start()
        self.mail_server.smtp_port = peer.address[1]
        self.mail_server.flush_recordset()
        return peer

    def test_dead_worker(self):
        """Rows of a worker that is gone: what had not left is sent, what may have left is never sent by itself."""
        mailing = self.launch()
        recipients = mailing.recipient_ids.sudo()
        self.env["email.campaign.worker"].sudo()._note_claim(12345, mailing)
        recipients[0].write({"state": "handed", "worker": 12345})
        recipients[1].write({"state": "claimed", "worker": 12345})
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual(recipients.mapped("state"), ["in_doubt", "sent", "sent", "sent", "sent"])
        self.assertNotIn(recipients[0].email, self.peer.recipients())

    def test_evidence_that_comes_before_the_next_worker(self):
        mailing = self.launch()
        recipient = mailing.recipient_ids[0].sudo()
        self.env["email.campaign.worker"].sudo()._note_claim(12345, mailing)
        recipient.write({"state": "handed", "worker": 12345, "opened_at": self.env.cr.now()})
        self.send()
        self.assertEqual(recipient.state, "sent")
        self.assertTrue(recipient.sent_at)
        self.assertEqual(recipient.event_ids.mapped("kind"), ["sent"])
        self.assertNotIn(recipient.email, self.peer.recipients())

    def test_evidence_that_comes_before_the_answer_is_missed(self):
        self.peer.script = {"person3@good.example": "drop after data"}
        mailing = self.launch()
        original = ledger.Ledger._flush

        def flush(ledger_self, *arguments):
            self.recipient(mailing, "person3@good.example").sudo().opened_at = self.env.cr.now()
            self.env.flush_all()
            return original(ledger_self, *arguments)

        with patch.object(ledger.Ledger, "_flush", flush):
            self.send()
        opened = self.recipient(mailing, "person3@good.example")
        self.assertEqual((opened.state, opened.event_ids.mapped("kind")), ("sent", ["sent"]))
        self.assertTrue(opened.sent_at)

    def test_links_that_are_found_late_are_kept_when_workers_meet(self):
        """The content holds their ids, so a conflict with another worker must not undo them."""
        mailing = self.launch(body_html='<p>Hello <a href="https://shop.example/spring">spring</a></p>')
        campaign = mailing.campaign_id.sudo()
        self.assertEqual(campaign.tracking_url_ids.mapped("url"), ["https://shop.example/spring"])
        self.env.cr.execute("DELETE FROM email_tracking_url WHERE campaign_id = %s", [campaign.id])
        original, met = Delivery._begin, []

        def begin(delivery):
            if not met:
                met.append(True)
                raise SerializationFailure
            return original(delivery)

        with patch.object(Delivery, "_begin", begin):
            self.send()
        self.env.invalidate_all()
        self.assertEqual((mailing.state, met), ("done", [True]))
        self.assertEqual(campaign.tracking_url_ids.mapped("url"), ["https://shop.example/spring"])

    def test_a_queue_in_which_nothing_waits_is_left_alone(self):
        """While answers are waited for it is not claimed from at every turn."""
        mailing = self.launch(40)
        self.peer.delay = 0.05
        recipients = type(self.env["email.campaign.recipient"])
        original, claims = recipients._claim, []

        def claim(recipient_model, *arguments):
            claims.append(arguments)
            return original(recipient_model, *arguments)

        with patch.object(recipients, "_claim", claim):
            begun = time.monotonic()
            self.send()
            seconds = time.monotonic() - begun
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 40))
        self.assertLessEqual(len(claims), 2 + seconds / DRY_SECONDS)

    def test_what_is_taken_up_whole_is_claimed_once(self):
        """A claim that gives fewer than were asked for has found the end of the queue."""
        mailing = self.launch(40)
        recipients = type(self.env["email.campaign.recipient"])
        with (
            patch.object(sending, "DRY_SECONDS", 60.0),
            patch.object(recipients, "_claim", autospec=True, side_effect=recipients._claim) as claim,
        ):
            self.send()
        self.assertEqual((mailing.state, mailing.sent_count, claim.call_count), ("done", 40, 1))

    def test_a_connection_carries_only_so_many(self):
        mailing = self.launch(25)
        connections = self.peer.connections
        self.provider.max_mails = 10
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 25))
        self.assertEqual(self.peer.connections - connections, 3)
        self.assertNobodyTwice()

    def test_living_worker_keeps_its_rows(self):
        mailing = self.launch()
        recipients = mailing.recipient_ids.sudo()
        with Worker(self.env.cr.dbname) as other:
            self.env["email.campaign.worker"].sudo()._note_claim(other.number, mailing)
            recipients[0].write({"state": "handed", "worker": other.number})
            recipients[1].write({"state": "claimed", "worker": other.number})
            self.send()
            self.assertEqual(recipients.mapped("state"), ["handed", "claimed", "sent", "sent", "sent"])
            self.assertEqual(mailing.state, "sending")
        self.send()
        self.assertEqual(recipients.mapped("state"), ["in_doubt", "sent", "sent", "sent", "sent"])
        self.assertEqual(mailing.state, "done")

    @mute_logger("odoo.addons.email_campaign.models.sending.email_campaign_mailing_delivery")
    def test_worker_stumbles_between_sending_and_writing_it_down(self):
        mailing = self.launch()
        with (
            patch.object(ledger.Ledger, "_flush", side_effect=MemoryError("no memory")),
            self.assertBalanced(mailing),
        ):
            self.send()
        self.assertEqual(len(self.peer.mails), 5)
        self.assertIn("no memory", mailing.trouble)
        mailing.sudo().next_try_at = False
        self.send()
        self.assertEqual(set(self.states(mailing).values()), {"in_doubt"}, "the truth: nobody knows")
        self.assertNobodyTwice()
        self.assertEqual(mailing.state, "done")

    @mute_logger("odoo.addons.email_campaign.models.sending.email_campaign_mailing_delivery")
    def test_one_that_stumbles_does_not_stop_another(self):
        first = self.launch()
        second = self.make_mailing(self.make_list(self.partners, name="Second"))
        second.action_launch()
        first.sudo().frozen_content = {"lang": "en_US", "sources": {"en_US": {"nonsense": 1}}}
        self.send()
        self.assertTrue(first.trouble)
        self.assertEqual((second.state, second.sent_count), ("done", 5))

    def test_a_field_removed_after_launch_pauses_with_the_reason(self):
        mailing = self.launch()
        source = dict(mailing.frozen_content["sources"]["en_US"], html="<p>{{ object.unlink() }}</p>")
        mailing.sudo().frozen_content = {"lang": "en_US", "sources": {"en_US": source}}
        self.send()
        self.assertEqual(mailing.state, "paused")
        self.assertIn("object.unlink()", mailing.trouble)
        self.assertFalse(self.peer.mails)

    def test_refused_sender_pauses_and_fails_nobody(self):
        self.peer.script = {"MAIL": "550 5.7.1 not your domain"}
        mailing = self.launch()
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, mailing.remaining_count), ("paused", 5))
        self.assertIn("not your domain", mailing.trouble)
        self.assertEqual(set(mailing.recipient_ids.mapped("attempts")), {0})
        self.peer.script = {}
        mailing.action_resume()
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 5))

    def test_pause_within_one_group_and_resume(self):
        mailing = self.launch(20)
        paused = []
        original = ledger.Ledger._flush

        def flush(ledger_self, worker_mailing, outcomes, blamed):
            if not paused:
                paused.append(True)
                worker_mailing.write({"state": "paused"})
                worker_mailing.flush_recordset()
            return original(ledger_self, worker_mailing, outcomes, blamed)

        with patch.object(ledger.Ledger, "_flush", flush), self.assertBalanced(mailing):
            self.send()
        self.assertEqual(mailing.state, "paused")
        # What was handed over already is out of reach; nothing follows it.
        self.assertEqual(len(self.peer.mails), FIRST_GROUP)
        self.assertEqual(mailing.remaining_count, 20 - FIRST_GROUP)
        self.assertEqual(set(self.states(mailing).values()), {"sent", "queued"})

        mailing.action_resume()
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 20))
        self.assertNobodyTwice()

    def test_cancel(self):
        self.peer.script = {"person1@good.example": "451 4.7.1 try later"}
        mailing = self.launch()
        self.send()
        with self.assertBalanced(mailing):
            mailing.action_cancel()
            self.send()
        self.assertEqual(mailing.state, "cancelled")
        self.assertEqual(sorted(self.states(mailing).values()), ["cancelled", "sent", "sent", "sent", "sent"])
        with self.assertRaisesRegex(UserError, "cancelled now"):
            mailing.action_resume()

    def test_sent_is_not_deleted(self):
        mailing = self.launch()
        self.send()
        with self.assertRaisesRegex(UserError, "Archive the campaign"):
            mailing.unlink()
        with self.assertRaisesRegex(UserError, "Archive the campaign"):
            mailing.campaign_id.unlink()

    def test_batches(self):
        mailing = self.launch(45)
        self.env["ir.config_parameter"].sudo().set_param("email_campaign.portion_size", "10")
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 45))
        self.assertNobodyTwice()

    def test_queries_do_not_grow_with_recipients(self):
        """No query for each recipient: twice as many take no more than the groups that they add."""
        counts = {}
        for number in (30, 60):
            mailing = self.launch(number)
            before = self.cr.sql_log_count
            self.send()
            counts[number] = self.cr.sql_log_count - before
            self.assertEqual(mailing.sent_count, number)
        self.assertLess(counts[60] - counts[30], 30)

    def test_recipients_are_unique(self):
        mailing = self.launch()
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            mailing.recipient_ids[0].sudo().copy()
