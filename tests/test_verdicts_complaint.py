from odoo.tests import tagged

from .verdicts import VerdictCase


@tagged("post_install", "-at_install")
class TestComplaintTakenBack(VerdictCase):
    """Taking a complaint back takes back what it did, and nothing that the owner of the address said."""

    email = "person1@good.example"

    def setUp(self):
        super().setUp()
        self.list_type = self.recipient.list_type_id
        self.subscriptions = self.env["email.subscription"].sudo()

    def state(self):
        return self.subscriptions.search([("email", "=", self.email), ("list_type_id", "=", self.list_type.id)]).state

    def blacklisted(self):
        return bool(self.env["mail.blacklist"].sudo()._of_address(self.email))

    def ledger(self):
        rows = self.env["email.consent"].sudo().search([("email", "=", self.email)], order="id")
        return [(row.action, row.source) for row in rows]

    def another(self):
        """Give a recipient with the same address in a mass email of another list type."""
        other_type = self.list_type.copy({"name": "Offers"})
        mailing = self.make_mailing(self.make_list(self.partners[0], name="Other", list_type_id=other_type.id))
        self.env["email.audience"]._freeze(mailing)
        return mailing.recipient_ids.sudo()

    def test_who_opted_out_on_the_page_since(self):
        self.process(self.complaint())
        for _time in range(3):
            self.recipient._opt_out("page")
        self.assertEqual(self.ledger(), [("opt_out", "complaint"), ("opt_out", "page")], "and once only")
        self.assertEqual([kind for kind, _by in self.kinds()].count("opt_out"), 2)
        self.undo(self.verdicts())
        self.assertEqual((self.state(), bool(self.recipient.opted_out_at)), ("opted_out", True))

    def test_who_opted_out_at_the_provider_since(self):
        self.process(self.complaint())
        self.take(self.event("opt_out"))
        self.undo(self.verdicts()[0])
        self.assertEqual((self.state(), bool(self.recipient.opted_out_at)), ("opted_out", True))

    def test_who_opted_out_by_hand_since(self):
        self.process(self.complaint())
        told = {"source": "hand", "detail": "She called"}
        self.subscriptions.with_context(email_consent=told)._set_state(self.email, self.list_type, "opted_out", "hand")
        self.undo(self.verdicts())
        self.assertEqual(self.state(), "opted_out")

    def test_who_opted_out_of_everything_since(self):
        self.process(self.complaint())
        self.recipient._opt_out("page", everything=True)
        self.undo(self.verdicts())
        self.assertEqual((self.state(), self.blacklisted()), ("opted_out", True))
        self.assertEqual(self.recipient.opted_out_scope, "everything")

    def test_who_opted_out_of_everything_after_a_complaint_had(self):
        self.policy(complaint_scope="everything")
        self.process(self.complaint())
        for _time in range(2):
            self.recipient._opt_out("page", everything=True)
        self.assertEqual(self.ledger(), [("opt_out", "complaint"), ("opt_out", "page")])
        self.undo(self.verdicts())
        self.assertTrue(self.blacklisted())

    def test_who_came_back_and_went_again(self):
        self.process(self.complaint())
        self.recipient._opt_in_again("page")
        self.recipient._opt_out("page")
        self.undo(self.verdicts())
        self.assertEqual((self.state(), bool(self.recipient.opted_out_at)), ("opted_out", True))

    def test_who_came_back_by_themselves(self):
        self.process(self.complaint())
        self.recipient._opt_in_again("page")
        self.undo(self.verdicts())
        self.assertEqual((self.state(), len(self.ledger())), ("opted_in", 2))

    def test_an_older_refusal_stays(self):
        self.policy(complaint_scope="everything")
        self.subscriptions._set_state(self.email, self.list_type, "opted_out", "long ago")
        self.process(self.complaint())
        self.undo(self.verdicts())
        self.assertEqual((self.state(), self.blacklisted()), ("opted_out", False))

    def test_an_older_refusal_of_everything_stays(self):
        self.recipient._opt_out("page", everything=True)
        self.process(self.complaint())
        self.undo(self.verdicts())
        self.assertTrue(self.blacklisted())
        self.assertEqual(self.recipient.opted_out_scope, "everything")
        self.assertFalse(self.state())

    def test_two_complaints_about_everything(self):
        self.policy(complaint_scope="everything")
        again = self.another()
        self.process(self.complaint("arf1"))
        self.process(self.complaint("arf2", recipient=again))
        self.undo(self.verdicts())
        self.assertTrue(self.blacklisted(), "the second stands")
        self.undo(self.verdicts(again))
        self.assertFalse(self.blacklisted())
        self.assertFalse(self.recipient.opted_out_at)

    def test_two_complaints_about_their_types(self):
        again = self.another()
        self.process(self.complaint("arf1"))
        self.process(self.complaint("arf2", recipient=again))
        self.undo(self.verdicts())
        self.assertFalse(self.state())
        self.assertTrue(again.opted_out_at)

    def test_the_state_before_comes_back(self):
        for state in ("opted_in", "pending"):
            with self.subTest(state):
                self.subscriptions._set_state(self.email, self.list_type, state, "form")
                self.process(self.complaint(state))
                self.assertEqual(self.state(), "opted_out")
                self.undo(self.verdicts()[-1])
                self.assertEqual(self.state(), state)
                self.assertEqual(self.ledger()[-1], ("restored", "hand"))

    def test_a_complaint_confirmed_again(self):
        self.process(self.complaint())
        verdict = self.verdicts()
        self.undo(verdict)
        verdict.action_confirm()
        self.assertEqual(self.state(), "opted_out")
        self.undo(verdict)
        self.assertFalse(self.state())
