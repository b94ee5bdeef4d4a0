from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import bounce

from .returned_others import AUTO_REPLIES, COMPLAINTS, NOTICES, ORDINARY


def message(fields, text):
    fields = [*filter(None, fields.split("\n"))]
    if not any(line.startswith("From:") for line in fields):
        fields.append("From: Ann <ann@x.test>")
    head = "\n".join([*fields, "To: shop@crm.test", "MIME-Version: 1.0"])
    return f"{head}\n\n{text}\n".replace("\n", "\r\n").encode()


class TestBounceOthers(BaseCase):
    """What is no bounce: complaints, automatic replies, notices and ordinary mail."""

    def test_auto_replies(self):
        for name, fields, text in AUTO_REPLIES:
            with self.subTest(name):
                verdict = bounce.read(message(fields, text))
                self.assertEqual((verdict.kind, verdict.recipients), ("auto_reply", ()))

    def test_ordinary(self):
        for name, fields, text in ORDINARY:
            with self.subTest(name):
                verdict = bounce.read(message(fields, text))
                self.assertEqual((verdict.kind, verdict.recipients, verdict.understood), ("other", (), False))

    def test_notices(self):
        for name, fields, text in NOTICES:
            with self.subTest(name):
                verdict = bounce.read(message(fields, text))
                self.assertEqual((verdict.kind, verdict.recipients, verdict.understood), ("other", (), True))

    def test_complaints(self):
        for name, fields, text in COMPLAINTS:
            with self.subTest(name):
                verdict = bounce.read(message(fields, text))
                self.assertEqual((verdict.kind, verdict.message_id), ("complaint", "<77.abc@crm.test>"))
                self.assertEqual([(r.address, r.counts) for r in verdict.recipients], [("ann@x.test", False)])

    def test_bounces_that_amazon_tells_of_by_email(self):
        text = (
            '{"notificationType":"Bounce","bounce":{"bounceType":"%s","bouncedRecipients":[{"emailAddress":"ann@x.test",'
            '"status":"%s","diagnosticCode":"smtp; 550 %s unknown user"}]},'
            '"mail":{"commonHeaders":{"messageId":"<77.abc@crm.test>"}}}'
        )
        for kind, status, expected in (
            ("Permanent", "5.1.1", ("hard", True, "dead_address")),
            ("Transient", "4.2.2", ("soft", False, "mailbox_full")),
        ):
            fields = "From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message"
            verdict = bounce.read(message(fields, text % (kind, status, status)))
            [ann] = verdict.recipients
            self.assertEqual((ann.kind, ann.permanent, ann.reason), expected)
            self.assertEqual((verdict.kind, verdict.message_id), (expected[0], "<77.abc@crm.test>"))
