import json

from odoo.tests import tagged

from ..models.response.email_link import MESSAGE_ID
from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestWebhookMarks(DeliveryCase):
    """What mails say to a service, so that it names them as we do."""

    def sent(self, *services):
        webhooks = self.env["email.webhook"]
        for service in services:
            webhooks.create({"provider_id": self.provider.id, "service": service})
        mailing = self.launch(1)
        self.send()
        recipient = mailing.recipient_ids
        token = self.env["email.link"]._signer().sign_local(MESSAGE_ID, recipient.id)
        message = self.message_to(recipient.email)
        self.assertTrue(message["Message-ID"].startswith(f"<{token}@"))
        self.assertEqual(message["To"].addresses[0].addr_spec, recipient.email)
        return message, token

    def test_none_without_a_service_that_needs_it(self):
        message, _token = self.sent("ses", "mailgun")
        for name in ("X-SMTPAPI", "X-PM-KeepID", "X-Mailin-custom"):
            self.assertNotIn(name, message)

    def test_sendgrid(self):
        message, token = self.sent("sendgrid")
        self.assertEqual(json.loads(message["X-SMTPAPI"]), {"unique_args": {"email_campaign": token}})

    def test_postmark(self):
        message, token = self.sent("postmark")
        self.assertEqual(message["X-PM-Metadata-email-campaign"], token)
        self.assertEqual(message["X-PM-KeepID"], "true")

    def test_brevo(self):
        message, token = self.sent("brevo")
        self.assertEqual(message["X-Mailin-custom"], f"email_campaign:{token}")
