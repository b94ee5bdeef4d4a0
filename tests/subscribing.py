import re
from email import message_from_bytes, policy

from odoo.tests import HttpCase

from .common import CampaignCase

PHONE = {
    "User-Agent": "Mozilla/5.0 (Android 16; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
    "Accept-Language": "en-GB",
}


class SubscribeCase(CampaignCase, HttpCase):
    """A list type with a subscribe form, visitors, and the mailbox that confirmations arrive in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.email = "office@crm.example"
        cls.subscribers = cls.make_list(cls, name="Subscribers")
        cls.list_type.write(
            {
                "subscribe_form": True,
                "ask_name": True,
                "subscriber_list_id": cls.subscribers.id,
                "consent_text_id": cls.env["email.consent.text"]
                .create({"list_type_id": cls.list_type.id, "text": "<p>I want <b>news</b>.</p>"})
                .id,
            }
        )
        cls.path = "/email/s/" + cls.list_type.subscribe_url.rpartition("/")[2]

    def subscribe(self, email, headers=PHONE, **post):
        return self.url_open(self.path, data={"email": email, **post}, headers=headers)

    def deliver(self):
        """Let the queue of Odoo's mail run, as it is triggered to."""
        with self.enter_registry_test_mode():
            self.env.ref("mail.ir_cron_mail_scheduler_action").method_direct_trigger()

    def mails_to(self, email):
        return [mail for mail in self.peer.mails if email in mail["rcpt_to"]]

    def confirm_path(self, email):
        """Give the path of the link in the last mail to `email`."""
        self.deliver()
        message = message_from_bytes(self.mails_to(email)[-1]["data"], policy=policy.default)
        html = message.get_body(("html",)).get_content()
        return re.search(r'href="https?://[^/"]+(/email/confirm/[A-Za-z0-9_-]+)"', html)[1]

    def confirmed(self, email):
        self.subscribe(email)
        return self.url_open(self.confirm_path(email), data={"yes": "1"}, headers=PHONE)

    def state(self, email, list_type=None):
        self.env.invalidate_all()
        found = [("email", "=", email), ("list_type_id", "=", (list_type or self.list_type).id)]
        return self.env["email.subscription"].search(found).state

    def ledger(self, email):
        """Give (action, source, list type) of each row about `email`, the oldest first."""
        self.env.invalidate_all()
        rows = self.env["email.consent"].search([("email", "=", email)], order="id")
        return [(row.action, row.source, row.list_type_id.name or "all") for row in rows]

    def frozen(self, target_list):
        """Launch to a list; give {email: state or skip reason}."""
        mailing = self.make_mailing(target_list)
        self.env["email.audience"]._freeze(mailing)
        return self.states(mailing)
