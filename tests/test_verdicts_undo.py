from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .verdicts import VerdictCase

RULES = ("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model", "odoo.http")


@tagged("post_install", "-at_install")
class TestUndo(VerdictCase):
    """A verdict taken back: address, contact, recipient and numbers become what they would be without it."""

    def state(self, recipient=None):
        recipient = recipient or self.recipient
        known = self.known(recipient.email)
        return known.validity, known.hard_bounce_count, bool(recipient.bounced_at), recipient.bounce_kind

    def test_everything_goes_back_with_a_trace(self):
        self.env["email.address"]._note_activity("person1@good.example", "open")
        self.process(self.report())
        self.assertEqual(self.state(), ("invalid", 1, True, "hard"))
        figures = self.mailing.bounced_count, self.mailing.campaign_id.bounced_count
        verdict = self.verdicts()
        self.undo(verdict)
        self.assertEqual(self.state(), ("valid", 0, False, False))
        self.assertEqual(self.partners[0].email_validity, "valid")
        self.assertFalse(self.known().reason or self.known().status_code or self.known().last_bounced_at)
        self.assertEqual(figures, (1, 1))
        self.assertEqual((self.mailing.bounced_count, self.mailing.campaign_id.bounced_count), (0, 0))
        self.assertEqual((verdict.state, verdict.undone_by_id), ("undone", self.manager))
        self.assertEqual(verdict.undone_reason, "Their server was set up wrongly")
        self.assertTrue(verdict.undone_at)
        event = self.env["email.campaign.event"].search([("mailing_id", "=", self.mailing.id)], limit=1)
        self.assertEqual(event.kind, "undone")
        self.assertIn("Their server was set up wrongly", event.detail)
        change = self.known().history_ids[0]
        self.assertEqual((change.validity_from, change.validity, change.source), ("invalid", "valid", "undone"))
        self.assertEqual((change.user_id, change.reason), (self.manager, "Their server was set up wrongly"))
        with self.assertRaisesRegex(UserError, "nothing to decide"):
            self.undo(verdict)

    def test_frozen_figures(self):
        self.mailing.sudo().done_at = self.now
        self.env.flush_all()
        self.env["email.campaign.mailing"]._settle_figures()
        self.process(self.report())
        self.assertEqual((self.mailing.bounced_count, self.mailing.bounced_rate), (1, 20.0))
        self.undo(self.verdicts())
        self.assertEqual((self.mailing.bounced_count, self.mailing.bounced_rate), (0, 0.0))

    def test_of_two_the_other_still_speaks(self):
        self.process(self.report(said="first"))
        self.process(self.report(said="second", name="b2"))
        first, second = self.verdicts()
        self.undo(first)
        self.assertEqual(self.state(), ("invalid", 1, True, "hard"))
        self.assertIn("second", self.known().reason)
        self.undo(second)
        self.assertEqual(self.state(), ("unknown", 0, False, False))

    def test_the_later_one_first(self):
        self.process(self.report(said="first"))
        self.process(self.report(said="second", name="b2"))
        first, second = self.verdicts()
        self.undo(second)
        self.assertEqual(self.state()[:2], ("invalid", 1))
        self.assertIn("first", self.known().reason)
        self.undo(first)
        self.assertEqual(self.state()[:2], ("unknown", 0))

    def test_both_at_once(self):
        self.process(self.report())
        self.process(self.report(name="b2"))
        self.undo(self.verdicts())
        self.assertEqual(self.state(), ("unknown", 0, False, False))
        self.assertEqual(sorted(kind for kind, _by in self.kinds()), ["bounce", "bounce", "undone", "undone"])

    def test_a_soft_one_is_left_of_a_hard_one(self):
        self.process(self.report(status="4.2.2", said="mailbox full"))
        self.process(self.report(name="b2"))
        self.undo(self.verdicts()[1])
        self.assertEqual(self.state(), ("soft_bouncing", 0, True, "soft"))
        self.assertEqual(self.known().soft_bounce_count, 1)

    def test_the_window_without_one(self):
        self.take(*[self.event("soft", days_ago=days_ago) for days_ago in (40, 39, 38, 37, 36, 35)])
        self.assertEqual(self.known().validity, "invalid")
        verdicts = self.verdicts()
        self.undo(verdicts[0])
        self.assertEqual(self.known().validity, "invalid", "five days are left, which were enough then")
        self.undo(verdicts[3])
        self.assertEqual((self.known().validity, self.known().soft_bounce_count), ("soft_bouncing", 4))

    def test_what_was_said_by_hand_stays(self):
        self.process(self.report())
        self.known().action_mark_valid()
        self.process(self.report(name="b2"))
        self.known().with_user(self.manager).action_mark_invalid()
        self.undo(self.verdicts())
        self.assertEqual(self.known().validity, "invalid")
        self.assertIn("Set by hand", self.known().reason)

    def test_valid_by_hand_comes_back(self):
        self.env["email.address"]._mark_by_hand(["person1@good.example"], "valid", "She told me")
        self.process(self.report())
        self.undo(self.verdicts())
        self.assertEqual((self.known().validity, self.known().reason), ("valid", "She told me"))

    def test_what_was_so_before_there_were_verdicts_stays(self):
        self.bounced("person1@good.example", said="long ago")
        self.process(self.report())
        self.undo(self.verdicts())
        self.assertEqual((self.known().validity, self.known().reason), ("invalid", "5.1.1 long ago"))

    def test_other_recipients_of_the_address_speak_too(self):
        other = self.make_mailing(self.make_list(self.partners[0], name="Other"))
        self.env["email.audience"]._freeze(other)
        again = other.recipient_ids.sudo()
        self.process(self.report())
        self.process(self.report(name="b2", recipient=again))
        self.undo(self.verdicts())
        self.assertEqual((self.known().validity, bool(self.recipient.bounced_at)), ("invalid", False))
        self.assertEqual(again.bounce_kind, "hard")

    def test_confirmed_again(self):
        self.process(self.report())
        verdict = self.verdicts()
        self.undo(verdict)
        verdict.with_user(self.manager).action_confirm()
        self.env.invalidate_all()
        self.assertEqual(self.state(), ("invalid", 1, True, "hard"))
        self.assertEqual((verdict.state, bool(verdict.undone_at)), ("counted", False))
        self.assertEqual([kind for kind, _by in self.kinds()], ["bounce", "undone", "bounce"])
        self.assertIn("Confirmed by", verdict.event_id.detail)
        self.undo(verdict)
        self.assertEqual(self.state(), ("unknown", 0, False, False))

    def test_confirmed_again_after_it_was_marked_valid(self):
        self.process(self.report())
        verdict = self.verdicts()
        self.undo(verdict)
        self.known().action_mark_valid()
        verdict.action_confirm()
        self.env.invalidate_all()
        self.assertEqual(self.known().validity, "invalid")

    def test_a_soft_one_that_activity_had_cleared(self):
        self.take(self.event("soft", days_ago=3))
        self.env["email.address"]._note_activity("person1@good.example", "click")
        self.undo(self.verdicts())
        self.assertEqual((self.known().validity, self.known().soft_bounce_count), ("valid", 0))

    def test_a_complaint_that_is_taken_back(self):
        self.process(self.complaint())
        verdict = self.verdicts()
        self.assertEqual((verdict.state, verdict.opted_out, bool(self.recipient.opted_out_at)), ("counted", True, True))
        self.undo(verdict, reason="She asked to be on the list again")
        self.assertFalse(self.recipient.opted_out_at)
        ledger = self.env["email.consent"].search([("email", "=", "person1@good.example")])
        self.assertEqual(ledger.mapped("action"), ["restored", "opt_out"])
        self.assertEqual(ledger.mapped("source"), ["hand", "complaint"])
        self.assertEqual(ledger[0].user_id, self.manager)
        self.assertIn("She asked to be on the list again", ledger[0].detail)
        self.assertEqual(self.mailing.opted_out_count, 0)
        self.assertIn("undone", [kind for kind, _by in self.kinds()])

    def test_a_complaint_that_opted_out_of_everything(self):
        self.policy(complaint_scope="everything")
        self.process(self.complaint())
        self.assertTrue(self.env["mail.blacklist"]._of_address("person1@good.example").active)
        self.undo(self.verdicts())
        self.assertFalse(self.env["mail.blacklist"]._of_address("person1@good.example").active)
        self.assertFalse(self.recipient.opted_out_at or self.recipient.opted_out_scope)

    def test_one_of_two_complaints(self):
        self.process(self.complaint("arf1"))
        self.process(self.complaint("arf2"))
        first, second = self.verdicts()
        self.undo(first)
        self.assertTrue(self.recipient.opted_out_at, "the second still says so")
        self.undo(second)
        self.assertFalse(self.recipient.opted_out_at)
        said = self.env["email.subscription"].search([("email", "=", "person1@good.example")])
        self.assertFalse(said, "nothing was said before")

    def test_an_opt_out_of_their_own_stays(self):
        self.take(self.event("opt_out"))
        with self.assertRaisesRegex(UserError, "own word"):
            self.undo(self.verdicts())
        self.assertTrue(self.recipient.opted_out_at)

    def test_who_opted_out_before_stays_so(self):
        self.recipient._opt_out("page")
        self.process(self.complaint())
        self.undo(self.verdicts())
        self.assertTrue(self.recipient.opted_out_at)

    def test_a_reason_is_needed(self):
        self.process(self.report())
        with self.assertRaisesRegex(UserError, "Say why"):
            self.undo(self.verdicts(), reason="   ")


@tagged("post_install", "-at_install")
class TestRights(VerdictCase):
    """Who sees verdicts, and who decides about them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,email_campaign.group_user"
        cls.colleague = new_test_user(cls.env, login="cole", email="cole@crm.example", groups=groups)

    def setUp(self):
        super().setUp()
        self.process(self.report())

    def seen(self, user, **context):
        verdicts = self.env["email.verdict"].with_user(user).with_context(**context)
        return verdicts.search_count([("mailing_id", "=", self.mailing.id)])

    def test_own_ones_and_all(self):
        self.assertEqual([self.seen(user) for user in (self.salesperson, self.colleague, self.manager)], [1, 0, 1])
        self.assertEqual(self.partners[0].with_user(self.salesperson).email_verdict_count, 1)
        self.assertEqual(self.partners[0].with_user(self.colleague).email_verdict_count, 0)
        with mute_logger(*RULES), self.assertRaises(AccessError):
            self.undo(self.verdicts(), user=self.colleague)
        with mute_logger(*RULES), self.assertRaises(AccessError):
            self.verdicts().with_user(self.colleague).action_confirm()
        self.assertEqual(self.known().validity, "invalid")

    def test_nobody_writes_them_by_rpc(self):
        for user in (self.salesperson, self.manager):
            verdict = self.verdicts().with_user(user)
            for change in ({"state": "undone"}, {"email": "x@y.example"}):
                with mute_logger(*RULES), self.assertRaises(AccessError):
                    verdict.write(change)
            with mute_logger(*RULES), self.assertRaises(AccessError):
                verdict.unlink()
            with mute_logger(*RULES), self.assertRaises(AccessError):
                verdict.read(["raw"])

    def test_a_salesperson_takes_back_bounces_and_no_complaints(self):
        self.process(self.complaint())
        bounce, complaint = self.verdicts()
        self.assertEqual([v.with_user(self.salesperson).can_undo for v in (bounce, complaint)], [True, False])
        with self.assertRaisesRegex(AccessError, "campaign manager"):
            self.undo(complaint, user=self.salesperson)
        self.undo(bounce, user=self.salesperson)
        self.assertEqual((self.known().validity, bounce.undone_by_id), ("unknown", self.salesperson))

    def test_another_company(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.manager.write({"company_ids": [(4, company.id)]})
        self.assertEqual(self.seen(self.manager, allowed_company_ids=company.ids), 0)
        self.assertEqual(self.seen(self.manager, allowed_company_ids=[self.env.company.id, company.id]), 1)
        verdict = self.verdicts().with_user(self.manager).with_context(allowed_company_ids=company.ids)
        with mute_logger(*RULES), self.assertRaises(AccessError):
            verdict.action_undo()

    def test_from_everywhere_one_gets_to_it(self):
        seller = self.salesperson
        for action in (
            self.partners[0].with_user(seller).action_view_email_verdicts(),
            self.recipient.with_user(seller).action_view_verdicts(),
            self.known().with_user(self.manager).action_view_verdicts(),
        ):
            self.assertEqual(self.env["email.verdict"].search(action["domain"]), self.verdicts())
        event = self.verdicts().event_id
        self.assertEqual(event.with_user(seller).action_view_verdict()["res_id"], self.verdicts().id)


@tagged("post_install", "-at_install")
class TestDownload(VerdictCase, HttpCase):
    """The message as a file, for managers."""

    def get(self, verdict, login):
        self.authenticate(login, login)
        with mute_logger("odoo.http"):
            return self.url_open(f"/email/verdict/{verdict.id}.eml")

    def test_managers_download_it(self):
        message = self.report(said="<script>alert(1)</script>")
        self.process(message)
        answer = self.get(self.verdicts(), "max")
        self.assertEqual((answer.status_code, answer.content), (200, message))
        self.assertEqual(answer.headers["Content-Type"], "message/rfc822")
        self.assertTrue(answer.headers["Content-Disposition"].startswith("attachment"))
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(self.get(self.verdicts(), "sally").status_code, 404)
        with mute_logger("odoo.http", "odoo.addons.base.models.ir_model"):
            other = self.url_open(f"/web/content/email.verdict/{self.verdicts().id}/raw")
        self.assertNotEqual(other.status_code, 200)

    def test_where_there_is_none(self):
        self.process(self.report())
        verdict = self.verdicts()
        self.env.cr.execute("UPDATE email_verdict SET raw = NULL WHERE id = %s", [verdict.id])
        self.assertEqual(self.get(verdict, "max").status_code, 404)
