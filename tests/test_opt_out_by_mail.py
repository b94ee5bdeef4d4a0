from odoo.tests import tagged

from ..models.response.email_link import OPEN, OPT_OUT
from .test_response import SentCase


@tagged("post_install", "-at_install")
class TestOptOutByMail(SentCase):
    """The mailto: address of List-Unsubscribe, from the header that is sent to the mail that comes back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.alias_domain_id = cls.env["mail.alias.domain"].create(
            {"name": "crm.example", "bounce_alias": "bounce", "catchall_alias": "catchall"}
        )
        cls.token = cls.signer.sign(OPT_OUT, cls.recipient.id)

    def mail(self, subject, to="bounce+unsubscribe@crm.example", message_id="out1@good.example", more=""):
        return (
            f"From: person1@good.example\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n{more}"
            "\r\nBye\r\n"
        ).encode()

    def process(self, *args, **kwargs):
        answer = self.env["mail.thread"].message_process(False, self.mail(*args, **kwargs))
        self.recipient.invalidate_recordset()
        return answer

    def assertNothingHappened(self):
        self.assertFalse(self.kinds())
        self.assertFalse(self.env["email.subscription"].search([("list_type_id", "=", self.list_type.id)]))
        self.assertFalse(self.peer.mails, "nothing is answered")
        self.assertFalse(self.env["mail.mail"].search([("email_to", "ilike", "good.example")]))

    def test_from_the_header_and_back(self):
        mailing = self.make_mailing(self.make_list(self.partners[:1], name="Next"))
        mailing.action_launch()
        self.send()
        header = " ".join(self.message_to("person1@good.example")["List-Unsubscribe"].split())
        recipient = mailing.recipient_ids.sudo()
        token = self.signer.sign(OPT_OUT, recipient.id)
        url, mailto = header.split(", ")
        self.assertTrue(url.startswith("<http") and url.endswith(f"/email/u/{token}>"), url)
        self.assertEqual(mailto, f"<mailto:bounce+unsubscribe@crm.example?subject={token}>")
        self.assertTrue(all(len(line) < 998 for line in self.peer.mail_to("person1@good.example").split(b"\r\n")))
        self.peer.mails.clear()
        self.process(token)
        recipient.invalidate_recordset()
        self.assertTrue(recipient.opted_out_at)
        self.assertEqual(recipient.event_ids.sorted("id").mapped("kind"), ["sent", "opt_out"])
        self.assertFalse(self.peer.mails, "nothing is answered")

    def test_no_mailto_where_no_mail_arrives(self):
        self.env["ir.config_parameter"].set_param("email_campaign.verp", "False")
        mailing = self.make_mailing(self.make_list(self.partners[:1], name="Next"))
        mailing.action_launch()
        self.send()
        self.assertNotIn("mailto:", self.message_to("person1@good.example")["List-Unsubscribe"])

    def test_as_mail_programs_write_it(self):
        for number, (subject, to) in enumerate(
            (
                (self.token, "BOUNCE+Unsubscribe@CRM.example"),
                (f"Re: {self.token}", "Us <bounce+unsubscribe@crm.example>"),
                (f"  {self.token[:9]}\r\n {self.token[9:]}", "x@y.example, bounce+unsubscribe@crm.example"),
                (self.token, "undisclosed:;\r\nDelivered-To: bounce+unsubscribe@crm.example"),
            )
        ):
            with self.subTest(subject=subject, to=to):
                self.process(subject, to=to, message_id=f"{number}@good.example")
                self.assertTrue(self.recipient.opted_out_at)
                self.recipient._opt_in_again("test")
        self.assertFalse(self.recipient.opted_out_at)

    def test_the_same_mail_fetched_again(self):
        self.process(self.token)
        self.process(self.token)
        self.assertEqual(self.kinds(), [("opt_out", "human")])
        self.recipient._opt_in_again("opt-out page")
        self.process(self.token)
        self.assertFalse(self.recipient.opted_out_at, "an old mail does not take back what was decided since")
        self.process(self.token, message_id="out2@good.example")
        self.assertTrue(self.recipient.opted_out_at, "a new one does")

    def test_forged(self):
        leads = self.env["crm.lead"].search_count([])
        for subject in (
            "",
            "unsubscribe",
            self.token[:-1],
            self.token + "A",
            self.token[::-1],
            self.token.swapcase(),
            self.signer.sign(OPEN, self.recipient.id),
            self.signer.sign(OPT_OUT, 2**40),
            self.signer.sign(OPT_OUT, 0),
            "A" * 100_000,
            "=?utf-8?b?" + "A" * 500 + "?=",
        ):
            with self.subTest(subject[:60]):
                self.assertFalse(self.process(subject))
                self.assertNothingHappened()
        self.assertEqual(self.env["crm.lead"].search_count([]), leads)

    def test_a_note_of_absence_is_not_answered(self):
        self.assertFalse(self.process("Away", more="Auto-Submitted: auto-replied\r\n"))
        self.assertNothingHappened()

    def test_what_is_for_somebody_else_goes_on_its_way(self):
        for to in ("bounce+unsubscribe@elsewhere.example", "someone+unsubscribe@crm.example", "sales@crm.example"):
            with self.assertRaisesRegex(ValueError, "No possible route"):
                self.process(self.token, to=to)
        self.assertFalse(self.kinds())
