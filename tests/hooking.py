from odoo.tools import mute_logger

from ..models.response.email_link import MESSAGE_ID
from . import webhook_payloads as made
from .test_response import SentCase

LOGGER = "odoo.addons.email_campaign.models.response.webhook.email_webhook_receiving"


class HookCase(SentCase):
    """A mass email that was sent by a provider whose service tells about it."""

    service = "sendgrid"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailing.sudo().write({"provider_id": cls.provider.id, "launched_at": made.now().replace(tzinfo=None)})
        cls.recipients = cls.mailing.recipient_ids.sudo().sorted("email")
        cls.webhook = cls.env["email.webhook"].create({"provider_id": cls.provider.id, "service": cls.service})
        if cls.service in ("sendgrid", "mailgun"):
            cls.webhook.secret = made.public(made.sendgrid_key()) if cls.service == "sendgrid" else made.MAILGUN_KEY

    def setUp(self):
        super().setUp()
        self.path = "/" + self.webhook.url.split("/", 3)[3]
        self.pat = self.recipients[0]

    def message_id(self, recipient):
        return f"<{self.token(recipient)}@crm.example>"

    def token(self, recipient):
        return self.signer.sign_local(MESSAGE_ID, recipient.id)

    def call(self, told, headers=None, path=None):
        headers = {"Content-Type": "application/json", **(headers or {})}
        with mute_logger(LOGGER):
            answer = self.url_open(path or self.path, data=told, headers=headers, method="POST")
        self.env.invalidate_all()
        return answer.status_code

    def tell(self, *events):
        """Have the service tell, as it should."""
        return self.call(*made.sendgrid_call(list(events)))

    def bounce(self, recipient, **more):
        values = {"type": "bounce", "bounce_classification": "Invalid Address", "reason": made.USER_UNKNOWN, **more}
        return made.sendgrid("bounce", recipient.email, self.message_id(recipient), status="5.1.1", **values)

    def verdicts(self, recipient=None):
        domain = [("recipient_id", "=", recipient.id)] if recipient else []
        return self.env["email.verdict"].sudo().search([*domain, ("channel", "=", "webhook")], order="id")

    def told(self, recipient):
        return self.verdicts(recipient).mapped("kind")

    def validity(self, recipient):
        known = self.env["email.address"].sudo().search([("email", "=", recipient.email)])
        return known.validity or "unknown"
