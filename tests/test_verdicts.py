import base64
import tracemalloc
from datetime import timedelta

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.response.email_link import RETURN_PATH
from ..tools.bounce import Verdict
from .verdicts import VerdictCase

ITEMS = "odoo.addons.email_campaign.models.response.verdict_items"


@tagged("post_install", "-at_install")
class TestVerdicts(VerdictCase):
    """One verdict for what comes back, whatever it came by."""

    def test_a_bounce_is_kept_with_its_reason(self):
        self.process(self.report(said="<b>no</b> such user"))
        verdict = self.verdicts()
        self.assertEqual(
            (verdict.kind, verdict.reason, verdict.status_code, verdict.state, verdict.channel, verdict.matched_by),
            ("hard", "dead_address", "5.1.1", "counted", "mailbox", "return_path"),
        )
        self.assertEqual((verdict.email, verdict.mailing_id), (self.recipient.email, self.mailing))
        self.assertEqual(verdict.provider_id, self.provider)
        self.assertEqual((verdict.event_id.kind, verdict.event_id.recipient_id), ("bounce", self.recipient))
        self.assertIn("no such mailbox", verdict.status_text)
        self.assertIn("standard form", verdict.rule_text)
        self.assertIn("550 5.1.1 <b>no</b> such user", verdict.raw_text)
        self.assertEqual((verdict.subject, bool(verdict.raw_note)), ("Undelivered Mail", False))
        self.assertEqual(self.known().validity, "invalid")

    def test_the_provider_is_found_and_never_made(self):
        self.mailing.sudo().provider_id = False
        self.process(self.report())
        self.assertEqual(self.verdicts().provider_id, self.provider)
        self.provider.unlink()
        self.process(self.report(name="b2"))
        self.assertFalse(self.verdicts()[1].provider_id)
        self.assertFalse(self.env["email.provider"].search([("mail_server_id", "=", self.mail_server.id)]))

    def test_the_same_message_in_two_mailboxes_counts_once(self):
        self.process(self.report())
        self.process(b"Received: from elsewhere by here; Mon, 2 Nov 2026 10:00:00 +0100\r\n" + self.report())
        self.assertEqual((len(self.verdicts()), self.kinds()), (1, [("bounce", False)]))
        self.assertEqual(self.known().hard_bounce_count, 1)

    def test_the_same_fact_by_webhook_and_by_mail_counts_once(self):
        self.assertEqual(self.take(self.event("hard")), 1)
        self.process(self.report())
        verdict = self.verdicts()
        self.assertEqual((len(verdict), verdict.channel, self.kinds()), (1, "webhook", [("bounce", False)]))
        self.assertIn("This is the mail system.", verdict.raw_text, "the message is kept with what was known before")
        self.assertEqual(self.known().hard_bounce_count, 1)

    def test_what_is_graver_counts_though_another_channel_told_less(self):
        self.take(self.event("soft"))
        self.process(self.report())
        self.assertEqual(self.verdicts().mapped("kind"), ["soft", "hard"])
        self.assertEqual((self.known().validity, self.recipient.bounce_kind), ("invalid", "hard"))

    def test_one_that_is_broken_keeps_nobody_from_being_heard(self):
        second, third = self.recipients[1:3]
        with mute_logger(ITEMS):
            new = self.take(
                {"recipient_id": self.recipient.id},
                self.event("soft", recipient=second, name="x\x00\ud800y"),
                {**self.event("soft"), "at": "yesterday"},
                {**self.event("soft"), "verdict": None},
                self.event("hard", recipient=third, recipient_id=2**40),
                self.event("hard", recipient=third, subject="\x00" * 3, sender=7),
            )
        self.assertEqual(new, 2)
        self.assertEqual(self.verdicts(second).kind, "soft")
        self.assertEqual(self.known(third.email).validity, "invalid")
        self.assertFalse(self.verdicts())

    def test_many_cost_as_many_statements_as_one(self):
        def cost(*found):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(self.env["email.verdict"]._take(list(found)), len(found))
            return self.env.cr.sql_log_count - before

        kinds = ("hard", "soft", "delivered", "auto_reply")
        for kind in kinds:
            cost(self.event(kind, name="first"))
        for kind in kinds:
            with self.subTest(kind):
                one = cost(self.event(kind, recipient=self.recipients[1]))
                three = cost(*[self.event(kind, recipient=recipient) for recipient in self.recipients[2:]])
                self.assertEqual(one, three)

    def test_told_again_by_another_channel_what_was_taken_back(self):
        self.take(self.event("hard"))
        self.undo(self.verdicts())
        self.process(self.report())
        self.assertEqual((self.verdicts().state, self.known().validity), ("undone", "unknown"))

    def test_a_moment_to_come_is_now(self):
        self.take(self.event("soft", at=self.now + timedelta(days=400)))
        self.assertLess(self.verdicts().at, self.now + timedelta(days=1))

    def test_an_automatic_reply_a_delay_and_a_delivery_mark_nothing(self):
        second, third = self.recipients[1:3]
        self.process(self.report(status="4.4.1", action="delayed"))
        self.take(self.event("auto_reply", recipient=second), self.event("delivered", recipient=third))
        self.assertEqual(sorted(kind for kind, _by in self.kinds()), ["auto_reply", "delayed", "delivered"])
        for recipient in self.recipients[:3]:
            self.assertFalse(recipient.bounced_at or recipient.replied_at or recipient.opted_out_at)
            self.assertEqual(self.verdicts(recipient).state, "noted")
            self.assertIn(self.known(recipient.email).validity, (False, "unknown"))

    def test_an_opt_out_at_the_provider(self):
        self.take(self.event("opt_out"))
        verdict = self.verdicts()
        self.assertEqual((verdict.state, verdict.opted_out), ("counted", True))
        self.assertEqual(self.recipient.opted_out_scope, "type")
        self.assertEqual(verdict.event_id.kind, "opt_out")
        self.take(self.event("opt_out"))
        self.assertEqual([kind for kind, _by in self.kinds()], ["opt_out"])

    def test_who_was_erased_leaves_no_trace(self):
        self.process(self.report())
        self.env["email.erasure"].with_user(self.manager)._erase("person1@good.example")
        self.env.invalidate_all()
        verdict = self.verdicts()
        self.assertFalse(verdict.email or verdict.diagnostic or verdict.raw_text or verdict.sender)
        self.process(self.report(name="b2"))
        self.assertEqual(len(self.verdicts()), 1)
        self.undo(verdict)
        self.assertFalse(self.known("person1@good.example"))

    def test_what_is_held_of_a_person_has_the_verdicts(self):
        self.process(self.report())
        [held] = self.env["email.erasure"]._held("person1@good.example")["verdicts"]
        self.assertIn(b"This is the mail system.", base64.b64decode(held["message_base64"]))

    def test_a_mass_email_that_is_deleted_takes_its_verdicts_along(self):
        self.process(self.report())
        verdict = self.verdicts()
        self.mailing.sudo().recipient_ids.unlink()
        self.assertFalse(verdict.exists())


@tagged("post_install", "-at_install")
class TestMessagesKept(VerdictCase):
    """The message itself: as much as is needed, as long as is wanted, and never anything but text."""

    def test_a_long_one_is_cut(self):
        message = self.report(filler="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 2_000)
        self.process(message)
        verdict = self.verdicts()
        self.assertEqual(verdict.kind, "hard")
        self.assertEqual(len(verdict._octets()), 64 * 1024)
        self.assertGreater(verdict.raw_size, 140_000)
        self.assertIn("Only the first 64", verdict.raw_note)

    def test_it_goes_after_its_time(self):
        self.process(self.report())
        verdict = self.verdicts()
        self.env["email.verdict"]._gc_raw()
        self.assertTrue(verdict.raw_text)
        self.policy(keep_raw_days=10)
        self.env.cr.execute("UPDATE email_verdict SET noted_at = noted_at - interval '11 days'")
        self.env.invalidate_all()
        self.assertEqual(self.env["email.verdict"]._gc_raw(), (1, 0))
        self.env.invalidate_all()
        self.assertFalse(verdict.raw_text)
        self.assertIn("10 days", verdict.raw_note)
        self.assertEqual(verdict.diagnostic, "550 5.1.1 no such user")

    def test_delivery_reports_go_too(self):
        self.take(self.event("delivered"), self.event("soft"))
        self.assertEqual(self.env["email.verdict"]._gc_delivered(), (0, 0))
        self.env.cr.execute("UPDATE email_verdict SET noted_at = noted_at - interval '91 days'")
        self.assertEqual(self.env["email.verdict"]._gc_delivered(), (1, 0))
        self.assertEqual(self.verdicts().mapped("kind"), ["soft"])
        self.assertIn(("delivered", False), self.kinds(), "the log has it")

    def test_a_large_one_takes_no_more_memory(self):
        found = self.event("soft", raw=bytes(30_000_000), name=None)
        found["reference"] = None
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.assertEqual(self.take(found), 1)
        self.assertLess(tracemalloc.get_traced_memory()[1], 5_000_000)
        self.assertEqual((self.verdicts().raw_size, len(self.verdicts()._octets())), (30_000_000, 64 * 1024))
        self.assertEqual(self.take(found), 0, "the same octets are the same message")

    def test_it_is_not_kept_at_all(self):
        self.policy(keep_raw_days=0)
        self.process(self.report())
        self.assertFalse(self.verdicts()._octets())

    def test_it_is_text(self):
        self.process(self.report(said="caf\N{LATIN SMALL LETTER E WITH ACUTE} \x1b[2J\x07 <script>alert(1)</script>"))
        text = self.verdicts().raw_text
        self.assertIn("<script>alert(1)</script>", text)
        self.assertNotIn("\x1b", text)

    def test_it_is_kept_as_it_came(self):
        """Odoo changes messages before anybody looks at them, and may be given text in place of octets."""
        message = self.report(said="caf\N{LATIN SMALL LETTER E WITH ACUTE}")
        self.process(message)
        self.assertEqual(self.verdicts()._octets(), message)
        second = self.report(name="b2", recipient=self.recipients[1])
        self.process(second.decode())
        self.assertEqual(self.verdicts(self.recipients[1])._octets(), second)

    def test_what_nobody_understood_can_be_looked_at(self):
        token = self.signer.sign_local(RETURN_PATH, self.recipient.id)
        message = (
            f"From: jo@good.example\r\nTo: bounce+{token}@crm.example\r\nSubject: What?\r\n"
            "Message-ID: <w@good.example>\r\n\r\nWho are you?\r\n"
        ).encode()
        self.process(message)
        verdict = self.verdicts()
        self.assertEqual((verdict.kind, verdict.state, self.kinds()), ("other", "noted", []))
        self.assertIn("Who are you?", verdict.raw_text)
        self.assertIn("no rule made sense of it", verdict.rule_text)
        notes = self.mailing.sudo().message_ids
        self.assertIn("could not be understood", notes[0].body)
        self.process(message)
        self.assertEqual(self.mailing.sudo().message_ids, notes, "the same is told once")


@tagged("post_install", "-at_install")
class TestPolicy(VerdictCase):
    """What the settings say of what comes back."""

    def validity(self):
        return self.known().validity

    def test_hard_ones(self):
        self.policy(hard_bounces=2)
        self.take(self.event("hard", name="1"))
        self.assertEqual(self.validity(), "soft_bouncing")
        self.take(self.event("hard", name="2"))
        self.assertEqual((self.validity(), self.known().hard_bounce_count), ("soft_bouncing", 1), "it is one email")
        other = self.make_mailing(self.make_list(self.partners[0], name="Other"))
        self.env["email.audience"]._freeze(other)
        self.take(self.event("hard", recipient=other.recipient_ids.sudo()))
        self.assertEqual((self.validity(), self.known().hard_bounce_count), ("invalid", 2))

    def test_switched_off(self):
        self.policy(hard_bounces=0, soft_bounces=0)
        self.take(*[self.event("soft", days_ago=n) for n in range(1, 20)], self.event("hard"))
        self.assertEqual((self.validity(), self.recipient.bounce_kind), ("soft_bouncing", "hard"))

    def test_soft_ones_within_the_window(self):
        for days_ago in (29, 20, 10, 3):
            self.take(self.event("soft", days_ago=days_ago))
        self.assertEqual((self.validity(), self.known().soft_bounce_count), ("soft_bouncing", 4))
        self.take(self.event("soft", days_ago=3, name="again"))
        self.assertEqual((self.validity(), self.known().soft_bounce_count), ("soft_bouncing", 4), "one a day")
        self.take(self.event("soft"))
        self.assertEqual((self.validity(), self.known().soft_bounce_count), ("invalid", 5))
        self.assertIn("mailbox_full", self.known().reason)

    def test_soft_ones_outside_the_window(self):
        self.take(*[self.event("soft", days_ago=days_ago) for days_ago in (30, 20, 10, 3)], self.event("soft"))
        self.assertEqual((self.validity(), self.known().soft_bounce_count), ("soft_bouncing", 4))
        self.policy(soft_bounce_days=31)
        self.take(self.event("soft", name="one more today"))
        self.assertEqual(self.validity(), "invalid")

    def test_the_order_in_which_they_arrive_does_not_matter(self):
        self.take(self.event("soft"))
        self.take(*[self.event("soft", days_ago=days_ago) for days_ago in (3, 20, 10, 29)])
        self.assertEqual(self.validity(), "invalid")

    def test_whatever_shows_that_it_works_clears_soft_ones(self):
        addresses = self.env["email.address"]
        for kind in ("open", "click", "reply", "delivered"):
            with self.subTest(kind), self.env.cr.savepoint() as savepoint:
                self.take(*[self.event("soft", days_ago=days_ago) for days_ago in (9, 8, 7, 6)])
                if kind == "delivered":
                    self.take(self.event(kind))
                else:
                    addresses._note_activity("person1@good.example", kind)
                self.assertEqual((self.validity(), self.known().soft_bounce_count), ("valid", 0))
                self.take(self.event("soft"))
                self.assertEqual((self.validity(), self.known().soft_bounce_count), ("soft_bouncing", 1))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_delivery_report_does_not_say_that_anybody_reads_there(self):
        self.take(self.event("delivered"))
        self.assertEqual(self.validity(), "unknown")
        self.take(self.event("hard"))
        self.take(self.event("delivered", name="later"))
        self.assertEqual(self.validity(), "invalid")

    def test_what_was_said_by_hand_begins_anew(self):
        self.take(*[self.event("soft", days_ago=days_ago) for days_ago in (9, 8, 7, 6)])
        self.known().action_mark_valid()
        self.take(self.event("soft"))
        self.assertEqual((self.validity(), self.known().soft_bounce_count), ("soft_bouncing", 1))

    def test_complaints_opt_out_of_the_type_or_of_everything(self):
        self.process(self.complaint())
        self.assertEqual(self.recipient.opted_out_scope, "type")
        ledger = self.env["email.consent"].search([("email", "=", "person1@good.example")])
        self.assertEqual((ledger.action, ledger.source), ("opt_out", "complaint"))
        self.policy(complaint_scope="everything")
        second = self.recipients[1]
        self.process(self.complaint("arf2", second))
        self.assertEqual(second.opted_out_scope, "everything")
        self.assertTrue(self.env["mail.blacklist"]._of_address(second.email))

    def test_the_sender_is_to_blame(self):
        for number, status in enumerate(("5.7.1", "5.7.26", "4.7.28", "5.3.4")):
            self.process(self.report(status=status, said="we don't like you", name=f"n{number}"))
        self.assertFalse(self.known().validity in ("invalid", "soft_bouncing"))
        self.assertEqual(set(self.verdicts().mapped("state")), {"noted"})
        provider = self.provider.with_user(self.manager)
        self.assertEqual((provider.block_count, provider.block_level), (4, "warning"))
        self.assertIn("we don't like you", provider.block_text)
        self.assertIn("(1)", provider.block_reasons)
        for number in range(6):
            self.process(self.report(status="5.7.1", said="blocked", name=f"m{number}"))
        self.provider.invalidate_recordset()
        self.assertEqual(self.provider.block_level, "danger")
        self.assertEqual(self.env["email.verdict"].search_count(provider.action_view_blocks()["domain"]), 10)
        self.undo(self.verdicts())
        self.assertEqual(self.provider.block_count, 0)

    def test_the_settings_form(self):
        settings = self.env["res.config.settings"]
        settings.create({"email_campaign_soft_bounces": 3, "email_campaign_complaint_scope": "everything"}).execute()
        policy = self.env["email.verdict"]._policy()
        self.assertEqual((policy["soft_bounces"], policy["soft_days"]), (3, 30))
        self.assertEqual((policy["hard_bounces"], policy["complaint_scope"]), (1, "everything"))
        shown = settings.default_get(["email_campaign_soft_bounces", "email_campaign_complaint_scope"])
        self.assertEqual(shown["email_campaign_soft_bounces"], 3)
        self.assertEqual(shown["email_campaign_complaint_scope"], "everything")


@tagged("post_install", "-at_install")
class TestProposals(VerdictCase):
    """What bears no signature of ours changes nothing until a person says so."""

    def test_confirmed(self):
        self.take(self.event("hard", signed=False, matched_by="address_time"))
        verdict = self.verdicts()
        self.assertEqual((verdict.state, self.kinds(), bool(self.known())), ("proposed", [], False))
        self.assertFalse(self.recipient.bounced_at)
        verdict.with_user(self.salesperson).action_confirm()
        self.env.invalidate_all()
        self.assertEqual((verdict.state, self.known().validity), ("counted", "invalid"))
        self.assertEqual(self.recipient.bounce_kind, "hard")
        self.assertEqual(verdict.event_id.kind, "bounce")

    def test_dismissed(self):
        self.take(self.event("hard", signed=False))
        verdict = self.verdicts()
        verdict.with_user(self.salesperson).action_dismiss()
        self.env.invalidate_all()
        self.assertEqual((verdict.state, verdict.undone_by_id), ("undone", self.salesperson))
        self.assertFalse(self.kinds() or self.known() or self.recipient.bounced_at)

    def test_a_forged_one_is_nothing(self):
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            self.process(self.report(to="bounce+0123456789abcdef0123456789@crm.example"))
        self.assertFalse(self.env["email.verdict"].search([("mailing_id", "=", self.mailing.id)]))

    def test_nothing_to_keep(self):
        self.assertEqual(self.take({**self.event(), "verdict": Verdict("other", "read receipt")}), 0)
        self.assertEqual(self.take({**self.event(), "verdict": Verdict("soft", "event")}), 1)
