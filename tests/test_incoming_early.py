from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.models.mail_thread import MailThread

from .returning import answer, report
from .test_incoming_match import GATEWAY, ReturningCase

# What Odoo's parser raises on.
BROKEN = (
    ("a charset that nobody knows", b"text/plain\r\n", b"text/plain; charset=x-klingon\r\n"),
    ("NUL", b"This is the mail system.", b"This is \0 the mail system."),
    (
        "an enclosed message in Base64",
        b"--B--\r\n",
        b"--B\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--B--\r\n",
    ),
)


@tagged("post_install", "-at_install")
class TestIncomingEarly(ReturningCase):
    """Reports that come to an address of people, or by a name of ours: nothing of them is lost."""

    def setUp(self):
        super().setUp()
        logger = mute_logger(GATEWAY)
        logger.__enter__()
        self.addCleanup(logger.__exit__, None, None, None)

    def verdicts(self):
        return self.env["email.verdict"].sudo().search([("mailing_id", "=", self.mailing.id)])

    def returned(self, **more):
        return report("sally@crm.example", returned=f"Message-ID: {self.message_id()}\r\n", **more)

    def test_reports_that_odoo_cannot_parse(self):
        for number, (name, plain, broken) in enumerate(BROKEN):
            octets = self.returned(message_id=f"report{number}@mx.good.example")
            self.assertIn(plain, octets)
            with self.subTest(name):
                self.assertFalse(self.process(octets.replace(plain, broken, 1), model="crm.lead"))
                self.assertEqual(len(self.verdicts()), number + 1)
        self.assertEqual(set(self.verdicts().mapped("kind")), {"hard"})
        self.assertEqual(set(self.verdicts().mapped("matched_by")), {"message_id"})

    def parsed(self, octets):
        """Let `octets` come in; give how often the gateway of Odoo parsed it."""
        with patch.object(MailThread, "message_parse", autospec=True, side_effect=MailThread.message_parse) as parse:
            self.process(octets, model="crm.lead")
        return parse.call_count

    def test_a_report_is_not_parsed_by_odoo_and_other_mail_is_once(self):
        self.assertEqual(self.parsed(self.returned()), 0)
        self.assertEqual(len(self.verdicts()), 1)
        self.assertEqual(self.parsed(answer(message_id="<hello@x.example>")), 1)

    def test_reports_about_others_go_on_their_way(self):
        octets = report("sally@crm.example", returned="Message-ID: <1@other.example>\r\n")
        self.assertEqual(self.parsed(octets), 1)
        forged = report("sally@crm.example", returned="Message-ID: <" + "0a" * 20 + "@crm.example>\r\n")
        self.assertEqual(self.parsed(forged), 1)
        self.assertFalse(self.verdicts())

    def test_ordinary_mail_is_not_read_for_it(self):
        with patch("odoo.addons.email_campaign.tools.bounce.read") as read:
            for octets in (answer(), answer(body="Content-Type: multipart/report\r\nmailer-daemon\r\n")):
                self.assertFalse(self.env["email.incoming"]._absorb_unread(octets))
        self.assertFalse(read.called)

    def test_a_report_that_keeps_our_message_id(self):
        octets = report("sally@crm.example", message_id=self.message_id().strip("<>"))
        before = self.records()
        self.assertFalse(self.process(octets, model="crm.lead"))
        verdict = self.verdicts()
        self.assertEqual(verdict.recipient_id, self.recipient)
        self.assertEqual((verdict.kind, verdict.matched_by), ("hard", "message_id"))
        self.assertEqual(self.records()["crm.lead"], before["crm.lead"])

    def test_our_own_email_still_ends_there(self):
        before = self.records()
        self.assertFalse(self.process(answer(message_id=self.message_id()), model="crm.lead"))
        self.assertEqual(self.records(), before)
