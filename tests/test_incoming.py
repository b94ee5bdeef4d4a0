from email.message import EmailMessage

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.response.email_link import MESSAGE_ID, OPEN, RETURN_PATH
from .test_response import SentCase

QMAIL = """Hi. This is the qmail-send program at mx.good.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<person1@good.example>:
%s

--- Below this line is a copy of the message.

From: Sally <sally@crm.example>
Subject: Unknown user? No such mailbox? Not here!

<person1@good.example>: user unknown
"""


@tagged("post_install", "-at_install")
class TestIncoming(SentCase):
    """Bounces and complaints, as they come through Odoo's mail gateway."""

    def report(self, address="person1@good.example", status="5.1.1", action="failed", token=None, message_id=None):
        report = EmailMessage()
        report["From"] = "Mail Delivery System <MAILER-DAEMON@mx.good.example>"
        verp = token or self.signer.sign_local(RETURN_PATH, self.recipient.id)
        report["To"] = f"bounce+{verp}@crm.example"
        report["Subject"] = "Undelivered Mail Returned to Sender"
        report["Message-ID"] = f"<{status}.{action}.{address}@mx.good.example>"
        body = (
            "This is the mail system.\r\n\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\n"
            f"Reporting-MTA: dns; mx.good.example\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: {action}\r\n"
            f"Status: {status}\r\nDiagnostic-Code: smtp; 550 {status} as they said\r\n\r\n"
            f"--B\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id or '<x@y.example>'}\r\n\r\n"
            "--B--\r\n"
        )
        head = report.as_bytes().rstrip()
        return (
            head
            + b'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="B"'
            + b"\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\n"
            + body.encode()
        )

    def process(self, message):
        self.env["mail.thread"].message_process(False, message)
        self.recipient.invalidate_recordset()
        self.partners.invalidate_recordset()

    def test_hard_bounce_by_return_path(self):
        self.process(self.report())
        self.assertEqual((self.recipient.bounce_kind, bool(self.recipient.bounced_at)), ("hard", True))
        self.assertEqual(self.partners[0].email_validity, "invalid")
        self.assertIn("5.1.1", self.partners[0].email_validity_reason)
        self.assertEqual(self.kinds(), [("bounce", False)])
        self.assertEqual(self.mailing.bounced_count, 1)

    def test_a_bounce_settles_a_doubt(self):
        self.recipient.write({"state": "in_doubt", "sent_at": False})
        self.process(self.report())
        self.assertEqual((self.recipient.state, bool(self.recipient.sent_at)), ("sent", True))
        self.assertEqual(self.kinds(), [("sent", False), ("bounce", False)])

    def test_the_same_bounce_counts_once(self):
        self.process(self.report())
        self.process(self.report())
        self.assertEqual(self.kinds(), [("bounce", False)])
        self.assertEqual(
            self.env["email.address"].search([("email", "=", "person1@good.example")]).hard_bounce_count, 1
        )

    def test_by_message_id_of_what_came_back(self):
        token = self.signer.sign_local(MESSAGE_ID, self.recipient.id)
        self.process(self.report(token="nothing", message_id=f"<{token}@crm.example>"))
        self.assertEqual(self.recipient.bounce_kind, "hard")

    def test_soft_bounce(self):
        self.process(self.report(status="4.2.2"))
        self.assertEqual(self.recipient.bounce_kind, "soft")
        self.assertEqual(self.partners[0].email_validity, "soft_bouncing")

    def test_block_of_the_sender_hurts_nobody(self):
        self.process(self.report(status="5.7.1"))
        self.assertEqual(self.kinds(), [("bounce", False)])
        self.assertEqual(self.partners[0].email_validity, "unknown")

    def test_what_the_sender_is_to_blame_for_hurts_nobody(self):
        for status in ("5.3.4", "5.6.1", "4.7.28", "5.7.26"):
            self.process(self.report(status=status))
        self.assertEqual(self.kinds(), [("bounce", False)] * 4)
        self.assertEqual(self.partners[0].email_validity, "unknown")

    def test_a_receipt_is_for_nobody_to_read(self):
        token = self.signer.sign_local(RETURN_PATH, self.recipient.id)
        notes = len(self.mailing.sudo().message_ids)
        self.process(
            (
                f"From: person1@good.example\r\nTo: bounce+{token}@crm.example\r\nSubject: Read: Chairs\r\n"
                "Message-ID: <read@good.example>\r\nMIME-Version: 1.0\r\n"
                "Content-Type: multipart/report; report-type=disposition-notification; boundary=B\r\n\r\n"
                "--B\r\n\r\nRead.\r\n--B\r\nContent-Type: message/disposition-notification\r\n\r\n"
                "Final-Recipient: rfc822;person1@good.example\r\n"
                "Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--B--\r\n"
            ).encode()
        )
        self.assertFalse(self.kinds())
        self.assertEqual(len(self.mailing.sudo().message_ids), notes)

    def test_a_delay_in_prose_is_no_bounce(self):
        self.process(self.prose("Delivery to the following recipient has been delayed:\n\n  person1@good.example\n"))
        self.assertEqual(self.kinds(), [("delayed", False)])
        self.assertFalse(self.recipient.bounced_at)

    def test_delay_is_no_bounce(self):
        self.process(self.report(status="4.4.1", action="delayed"))
        self.assertEqual(self.kinds(), [("delayed", False)])
        self.assertFalse(self.recipient.bounced_at)

    def test_forged_bounce_changes_nothing(self):
        token = self.signer.sign_local(OPEN, self.recipient.id)
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            self.process(self.report(token=token, message_id=f"<{token}@crm.example>"))
        self.assertFalse(self.kinds())
        self.assertEqual(self.partners[0].email_validity, "unknown")

    def test_a_note_of_absence_at_the_return_path_ends_there(self):
        token = self.signer.sign_local(RETURN_PATH, self.recipient.id)
        leads = self.env["crm.lead"].search_count([])
        self.process(
            (
                f"From: person1@good.example\r\nTo: bounce+{token}@crm.example\r\nSubject: Away\r\n"
                "Message-ID: <away@good.example>\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday.\r\n"
            ).encode()
        )
        self.assertEqual(self.kinds(), [("auto_reply", False)])
        self.assertFalse(self.recipient.replied_at)
        self.assertEqual(self.env["crm.lead"].search_count([]), leads)

    def prose(self, body, message_id="prose@mx.good.example", subject="failure notice", token=None):
        token = token or self.signer.sign_local(RETURN_PATH, self.recipient.id)
        named = f"Message-ID: <{message_id}>\r\n" if message_id else ""
        return (
            f"From: MAILER-DAEMON@mx.good.example\r\nTo: bounce+{token}@crm.example\r\nSubject: {subject}\r\n"
            f"{named}\r\n{body}"
        ).encode()

    def test_a_bounce_in_prose(self):
        self.process(self.prose(QMAIL % "Sorry, no mailbox here by that name. (#5.1.1)"))
        self.assertEqual(self.kinds(), [("bounce", False)])
        self.assertEqual((self.recipient.bounce_kind, self.partners[0].email_validity), ("hard", "invalid"))
        self.assertIn("no mailbox here by that name", self.partners[0].email_validity_reason)

    def test_a_bounce_in_prose_that_does_not_blame_the_address_is_soft(self):
        self.process(self.prose(QMAIL % "I tried for a week, and gave up."))
        self.assertEqual(self.kinds(), [("bounce", False)])
        self.assertEqual((self.recipient.bounce_kind, self.partners[0].email_validity), ("soft", "soft_bouncing"))

    def test_what_is_not_understood_is_shown_to_people(self):
        self.process(self.prose("<b>Who</b> are you?", subject="<b>What?</b>"))
        self.assertFalse(self.kinds())
        body = self.mailing.sudo().message_ids[0].body
        for part in ("person1@good.example", "&lt;b&gt;What?&lt;/b&gt;", "MAILER-DAEMON@mx.good.example"):
            self.assertIn(part, body)

    def test_prose_elsewhere_is_not_ours(self):
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            self.process(self.prose(QMAIL % "Sorry, no mailbox here by that name. (#5.1.1)", token="nothing"))
        self.assertFalse(self.kinds())

    def test_a_report_without_a_name_counts_once(self):
        named = self.prose(QMAIL % "No such user. (#5.1.1)")
        nameless = self.prose(QMAIL % "No such user. (#5.1.1)", message_id=None)
        self.assertNotEqual(named, nameless)
        self.process(nameless)
        self.process(nameless)
        self.assertEqual(self.kinds(), [("bounce", False)])
        self.process(nameless.replace(b"No such user", b"Unknown user"))
        self.assertEqual(len(self.kinds()), 2, "another message is another fact")

    def test_a_report_about_several_addresses_in_another_spelling(self):
        self.recipient.email = "person1@bücher.example"
        block = "Final-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: %s\r\n\r\n"
        report = self.report(status="5.1.1", address="other@good.example").replace(
            b"--B\r\nContent-Type: text/rfc822-headers",
            (block % ("Person1@XN--BCHER-KVA.example", "4.2.2")).encode() + b"--B\r\nContent-Type: text/rfc822-headers",
        )
        self.process(report)
        self.assertEqual(self.recipient.bounce_kind, "soft", "the dead one is somebody else")

    def test_complaint_opts_out(self):
        token = self.signer.sign_local(MESSAGE_ID, self.recipient.id)
        self.process(
            (
                "From: feedback@isp.example\r\nTo: abuse@crm.example\r\nSubject: FW: complaint\r\n"
                "Message-ID: <arf1@isp.example>\r\nMIME-Version: 1.0\r\n"
                'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\r\n\r\n'
                "--B\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n"
                "--B\r\nContent-Type: message/feedback-report\r\n\r\n"
                "Feedback-Type: abuse\r\nUser-Agent: ISP/1\r\nVersion: 1\r\n\r\n"
                f"--B\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{token}@crm.example>\r\n"
                "Subject: x\r\n\r\nHi\r\n"
                "--B--\r\n"
            ).encode()
        )
        self.assertEqual([kind for kind, _verdict in self.kinds()], ["complaint", "opt_out"])
        self.assertTrue(self.recipient.opted_out_at)

    def test_what_is_not_ours_goes_on_its_way(self):
        lead = self.env["crm.lead"].create({"name": "Chairs", "email_from": "lea@good.example"})
        message = lead.message_post(body="Hello", message_type="email", subtype_xmlid="mail.mt_comment")
        reply = EmailMessage()
        reply["From"] = "lea@good.example"
        reply["To"] = "catchall@crm.example"
        reply["Subject"] = "Re: Chairs"
        reply["Message-ID"] = "<reply@good.example>"
        reply["In-Reply-To"] = message.message_id
        reply.set_content("Forty, please.")
        self.process(reply.as_bytes())
        self.assertIn("Forty, please.", lead.message_ids[0].body)
