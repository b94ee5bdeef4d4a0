import logging

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from . import webhook_payloads as made
from .hooking import LOGGER


@tagged("post_install", "-at_install")
class TestWebhookRights(TransactionCase):
    """Who may see and set it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,email_campaign."
        cls.admin = new_test_user(cls.env, "ada", groups + "group_admin")
        cls.users = [new_test_user(cls.env, login, groups + login) for login in ("group_user", "group_manager")]
        server = cls.env["ir.mail_server"].create({"name": "Hooked", "smtp_host": "localhost"})
        cls.provider = cls.env["email.provider"].create({"name": "Hooked", "mail_server_id": server.id})
        values = {"provider_id": cls.provider.id, "service": "postmark"}
        cls.webhook = cls.env["email.webhook"].with_user(cls.admin).create(values)

    def test_an_administrator(self):
        webhook = self.webhook
        self.assertTrue(webhook.secret)
        self.assertIn(f"//odoo:{webhook.secret}@", webhook.url)
        with self.assertRaises(AccessError):
            webhook.read(["token"])
        self.assertNotIn("token", webhook.read()[0])
        with Form(webhook) as form:
            form.service = "sendgrid"
            form.secret = "MFkw"
        self.assertEqual(webhook.secret, "MFkw")
        self.assertNotIn("MFkw", webhook.url)
        self.assertIn("Signed Event Webhook", webhook.steps)

    def test_nobody_else(self):
        for user in self.users:
            with self.subTest(user.login):
                for name in ("secret", "url", "token", "service"):
                    with self.assertRaises(AccessError):
                        self.webhook.with_user(user).read([name])
                with self.assertRaises(AccessError):
                    self.webhook.with_user(user).search([("secret", "like", "a")])
                with self.assertRaises(AccessError):
                    self.webhook.with_user(user).action_rotate()
                with self.assertRaises(AccessError):
                    self.env["email.webhook.tally"].with_user(user).search([])
                self.assertNotIn("webhook_ids", self.provider.with_user(user).read()[0])

    def test_another_url(self):
        before, secret = self.webhook.url, self.webhook.secret
        self.webhook.action_rotate()
        self.assertNotEqual(self.webhook.url, before)
        self.assertNotEqual(self.webhook.secret, secret)
        receive = self.env["email.webhook"]._superuser()._receive
        self.assertIsNone(receive(before.rpartition("/")[2], b"{}", {}))
        with mute_logger(LOGGER):
            self.assertEqual(receive(self.webhook.url.rpartition("/")[2], b"{}", {}), 401)

    def test_a_copy_has_nothing_of_it(self):
        copy = self.webhook.copy()
        self.assertNotEqual(copy.url, self.webhook.url)
        self.assertNotEqual(copy.secret, self.webhook.secret)

    def test_what_is_set_is_looked_at(self):
        for secret in ("short", "with space and more than sixteen", "päßwörd-päßwörd-päßwörd", False):
            with self.subTest(secret), self.assertRaises(ValidationError):
                self.webhook.secret = secret
        with self.assertRaises(ValidationError):
            self.webhook.topic_arn = "https://sns.eu-west-1.amazonaws.com/123456789012/topic"
        self.webhook.topic_arn = made.TOPIC

    def test_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.provider.company_id = other
        self.assertFalse(self.env["email.webhook"].with_user(self.admin).search([("id", "=", self.webhook.id)]))
        with self.assertRaises(UserError):
            self.webhook.with_user(self.admin).read(["url"])

    def test_secrets_are_in_no_log(self):
        self.webhook.service = "mailgun"
        self.webhook.secret = made.MAILGUN_KEY
        token = self.webhook.url.rpartition("/")[2]
        # Odoo gives the name "INFO" to another level.
        with self.assertLogs(LOGGER, logging.INFO) as logged:
            event = made.mailgun("delivered", "pat@y.example")
            told, headers = made.mailgun_call(event, key="other")
            self.assertEqual(self.env["email.webhook"]._superuser()._receive(token, told, headers), 403)
        for secret in (made.MAILGUN_KEY, token, token.partition("-")[2]):
            self.assertNotIn(secret, "".join(logged.output))
