import json
import logging
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.response.email_link import MESSAGE_ID, RETURN_PATH
from ..models.response.webhook import email_webhook_receiving as receiving
from ..tools.webhook import MOST_OCTETS, Refused
from . import webhook_payloads as made
from .test_response import SentCase

LOGGER = "odoo.addons.email_campaign.models.response.webhook.email_webhook_receiving"
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


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


@tagged("post_install", "-at_install")
class TestWebhook(HookCase, HttpCase):
    """The way of an event, by the one service that tells of many at once."""

    def test_a_dead_address(self):
        self.assertEqual(self.tell(self.bounce(self.pat)), 200)
        verdict = self.verdicts(self.pat)
        self.assertEqual(verdict.kind, "hard")
        self.assertEqual(verdict.reason, "dead_address")
        self.assertEqual(verdict.status_code, "5.1.1")
        self.assertEqual(verdict.rule, "sendgrid: bounce/Invalid Address")
        self.assertEqual((verdict.matched_by, verdict.channel), ("message_id", "webhook"))
        self.assertEqual(verdict.provider_id, self.provider)
        self.assertEqual(self.validity(self.pat), "invalid")
        self.assertEqual(self.pat.bounce_kind, "hard")
        self.assertIn(("bounce", False), self.kinds())

    def test_every_kind(self):
        pat, kim, lee, max_, sue = self.recipients
        id_of = self.message_id
        self.tell(
            made.sendgrid("delivered", pat.email, id_of(pat), response="250 OK"),
            made.sendgrid("deferred", kim.email, id_of(kim), response="451 4.7.1 later"),
            # These two have our argument, and no Message-ID.
            made.sendgrid("spamreport", lee.email, argument=self.token(lee)),
            made.sendgrid("unsubscribe", max_.email, argument=self.token(max_)),
            made.sendgrid("bounce", sue.email, id_of(sue), type="blocked", reason=made.BLOCKED),
        )
        self.assertEqual(
            [self.told(recipient) for recipient in self.recipients],
            [["delivered"], ["delayed"], ["complaint"], ["opt_out"], ["soft"]],
        )
        self.assertEqual([bool(recipient.opted_out_at) for recipient in self.recipients], [0, 0, 1, 1, 0])
        for recipient in self.recipients:
            self.assertNotIn(self.validity(recipient), ("invalid", "soft_bouncing"), "nobody's address is to blame")
        kinds = [kind for kind, _by in self.kinds()]
        self.assertEqual(kinds.count("complaint"), 1)
        self.assertEqual(kinds.count("delivered"), 1)
        self.assertEqual(kinds.count("delayed"), 1)

    def test_what_is_told_twice_counts_once(self):
        told, headers = made.sendgrid_call([self.bounce(self.pat, reason=made.MAILBOX_FULL, bounce_classification="")])
        self.assertEqual([self.call(told, headers) for _time in range(3)], [200, 200, 200])
        self.assertEqual(self.told(self.pat), ["soft"])
        event = json.loads(told)[0]
        self.tell(made.sendgrid("open", self.pat.email), event, event)
        self.assertEqual(self.told(self.pat), ["soft"])
        known = self.env["email.address"].sudo().search([("email", "=", self.pat.email)])
        self.assertEqual(known.soft_bounce_count, 1)

    def test_the_order_does_not_matter(self):
        self.tell(self.bounce(self.pat))
        late = made.sendgrid("delivered", self.pat.email, self.message_id(self.pat))
        late["timestamp"] -= 600
        self.tell(late)
        self.assertEqual(sorted(self.told(self.pat)), ["delivered", "hard"])
        self.assertEqual(self.validity(self.pat), "invalid", "an earlier delivery does not mend a dead address")
        self.assertEqual(self.pat.bounce_kind, "hard")

    def test_evidence_settles_doubt(self):
        self.pat.state = "in_doubt"
        self.assertEqual(self.tell(made.sendgrid("delivered", self.pat.email, self.message_id(self.pat))), 200)
        self.assertEqual(self.told(self.pat), ["delivered"])

    def test_opens_and_clicks_are_ours_to_count(self):
        id_of = self.message_id(self.pat)
        self.tell(*(made.sendgrid(kind, self.pat.email, id_of) for kind in ("processed", "open", "click")))
        self.assertFalse(self.verdicts())
        self.assertFalse(self.pat.opened_at)
        self.assertEqual((self.webhook.ignored, self.webhook.taken), (3, 0))

    def test_what_is_not_known_is_noted(self):
        self.assertEqual(self.tell(made.sendgrid("beamed", self.pat.email, self.message_id(self.pat))), 200)
        self.assertFalse(self.verdicts())
        self.assertEqual(self.webhook.unknown, "beamed")
        self.assertEqual(self.webhook.state, "works")

    def test_a_copy_is_not_the_recipient(self):
        event = self.bounce(self.pat) | {"email": "boss@crm.example"}
        self.assertEqual(self.tell(event), 200)
        self.assertFalse(self.verdicts())
        self.assertEqual(self.validity(self.pat), "unknown")
        self.assertEqual(self.webhook.unmatched, 1)

    def test_another_spelling_of_the_address(self):
        self.tell(self.bounce(self.pat) | {"email": self.pat.email.upper()})
        self.assertEqual(self.told(self.pat), ["hard"])

    def test_a_message_id_that_we_did_not_sign(self):
        forged = self.message_id(self.pat)[:-20] + "0@crm.example>"
        link = self.signer.sign_local(RETURN_PATH, self.pat.id)
        for message_id in (forged, f"<{link}@crm.example>", "<webshop-1@crm.example>"):
            self.tell(self.bounce(self.pat) | {"smtp-id": message_id})
        self.assertFalse(self.verdicts())
        self.assertEqual(self.webhook.unmatched, 3)

    def test_a_thousand_events_are_a_handful_of_statements(self):
        def count(number):
            webhook = self.webhook.sudo()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            webhook._take_in(*made.sendgrid_call([self.bounce(self.pat) for _n in range(number)]))
            return self.env.cr.sql_log_count - before

        count(1)
        few, many = count(2), count(1000)
        self.assertLessEqual(many, few + 5)
        self.assertLess(many, 60)
        self.assertEqual(self.webhook.taken, 1003)


@tagged("post_install", "-at_install")
class TestWebhookRefusals(HookCase, HttpCase):
    """Who calls and may not."""

    def assertNothing(self):
        self.assertFalse(self.verdicts())
        self.assertEqual(self.validity(self.pat), "unknown")
        self.assertFalse(self.pat.bounced_at)

    def test_a_wrong_token_is_a_page_that_there_is_not(self):
        told, headers = made.sendgrid_call([self.bounce(self.pat)])
        number, _dash, secret = self.path.rpartition("/")[2].partition("-")
        missing = self.url_open("/email/c/nonsense")
        for token in (
            f"{number}-{secret[:-1]}",
            f"{number}-{secret}x",
            f"{int(number) + 1}-{secret}",
            f"0{number}-",
            f"{number}-",
            "-",
            "x",
            "9" * 400,
            f"{number}-%00",
            f"{number}-é",
        ):
            with self.subTest(token):
                answer = self.url_open(f"/email/hook/{token}", data=told, headers=headers)
                self.assertEqual((answer.status_code, answer.text), (404, missing.text))
        self.assertEqual(self.url_open(self.path).status_code, 404, "GET")
        self.webhook.active = False
        self.assertEqual(self.call(told, headers), 404)
        self.webhook.active = True
        self.provider.active = False
        self.assertEqual(self.call(told, headers), 404)
        self.assertNothing()

    def test_a_wrong_signature_changes_nothing_and_is_shown(self):
        told, headers = made.sendgrid_call([self.bounce(self.pat)])
        self.assertEqual(self.call(told + b" ", headers), 403)
        self.assertNothing()
        self.assertEqual(self.webhook.refusal, "wrong_signature")
        self.assertEqual(self.webhook.state, "refused")
        self.assertEqual(self.call(told), 403)
        self.assertEqual(self.webhook.refusal, "unsigned")
        old = made.sendgrid_call([self.bounce(self.pat)], timestamp=made.seconds() - 100_000)
        self.assertEqual(self.call(*old), 403)
        self.assertEqual(self.webhook.refusal, "too_old")
        self.webhook.secret = False
        self.assertEqual(self.call(told, headers), 403)
        self.assertEqual(self.webhook.refusal, "no_key")
        self.assertNothing()

    def test_it_works_again(self):
        self.call(b"[]", {})
        self.assertEqual(self.webhook.state, "refused")
        self.env.cr.execute("UPDATE email_webhook_tally SET refused_at = refused_at - interval '1 hour'")
        self.assertEqual(self.tell(self.bounce(self.pat)), 200)
        self.assertEqual(self.webhook.state, "works")

    def test_the_same_refusal_is_written_once(self):
        self.call(b"[]", {})
        with patch.object(type(self.webhook), "_forget_tally") as forget:
            self.call(b"[]", {})
        self.assertTrue(forget.called)
        self.assertEqual(self.env["email.webhook.tally"].search_count([("webhook_id", "=", self.webhook.id)]), 1)

    def test_a_body_that_is_too_large(self):
        self.assertEqual(self.call(b" " * (MOST_OCTETS + 1)), 413)
        self.assertEqual(self.webhook.refusal, "too_large")
        self.assertEqual(self.tell(*([{}] * 5_001)), 413)
        self.assertEqual(self.call(b" " * (2 * MOST_OCTETS + 1)), 413)
        chunks = (b" " * 500_000 for _n in range(12))
        answer = self.opener.post(self.base_url() + self.path, data=chunks, headers={"Content-Type": "text/plain"})
        self.assertIn(answer.status_code, (400, 413))
        self.assertNothing()

    def test_a_body_that_is_none(self):
        for told in (b"", b"x", b"[" * 100_000, b"\xff", b"9" * 9000, b'{"a":' * 60 + b"1" + b"}" * 60):
            with self.subTest(told[:10]):
                self.assertEqual(self.call(told), 400)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(self.call(b"event=bounce&email=x", form), 400)
        self.assertEqual(self.webhook.refusal, "malformed")

    @FUZZ
    @given(st.one_of(st.binary(max_size=400), st.text(max_size=60).map(lambda text: json.dumps([text]).encode())))
    def test_octets_on_the_route(self, octets):
        self.assertIn(self.call(octets), (400, 403))

    @FUZZ
    @given(
        st.sampled_from(["event", "email", "smtp-id", "reason", "timestamp", "sg_event_id", "email_campaign", "type"]),
        st.one_of(
            st.text(max_size=30),
            st.integers(),
            st.floats(allow_nan=True),
            st.sampled_from([None, True, [], {}, [[]], "\x00", "\ud800", "' OR 1=1 --", "%s", 10**200, "{{7*7}}"]),
        ),
    )
    def test_signed_nonsense_on_the_route(self, name, value):
        self.assertEqual(self.tell(self.bounce(self.pat) | {name: value}), 200)


@tagged("post_install", "-at_install")
class TestWebhookByAddress(HookCase, HttpCase):
    """Events that have no name of ours in them."""

    service = "brevo"

    def tell(self, *events):
        return self.call(*made.login_call(list(events), self.webhook.secret))

    def event(self, recipient, **more):
        return made.brevo("hard_bounce", recipient.email, reason=made.USER_UNKNOWN, **more)

    def test_by_our_header(self):
        event = self.event(self.pat) | {"X-Mailin-custom": f"email_campaign:{self.token(self.pat)}"}
        self.assertEqual(self.tell(event), 200)
        self.assertEqual(self.verdicts(self.pat).matched_by, "message_id")

    def test_by_address_and_time(self):
        self.assertEqual(self.tell(self.event(self.pat)), 200)
        verdict = self.verdicts(self.pat)
        self.assertEqual((verdict.kind, verdict.matched_by), ("hard", "address_time"))
        self.assertEqual(self.validity(self.pat), "invalid", "the call is proven to be of the service")

    def test_only_what_this_provider_sent(self):
        other = self.env["email.provider"].create(
            {"name": "Other", "mail_server_id": self.mail_server.copy({"name": "Other"}).id}
        )
        self.mailing.sudo().provider_id = other
        self.tell(self.event(self.pat))
        self.assertFalse(self.verdicts())
        self.assertEqual(self.webhook.unmatched, 1)

    def test_where_no_provider_was_chosen(self):
        self.mailing.sudo().provider_id = False
        self.tell(self.event(self.pat))
        self.assertEqual(self.told(self.pat), ["hard"])

    def test_not_before_it_was_sent_nor_long_after(self):
        for days in (-1, 8):
            self.pat.sent_at = made.now().replace(tzinfo=None) - timedelta(days=days)
            self.env.flush_all()
            self.tell(self.event(self.pat))
            self.assertFalse(self.verdicts())

    def test_not_where_it_may_be_about_two(self):
        again = self.make_mailing(self.make_list(self.partners, name="Again"))
        self.env["email.audience"]._freeze(again)
        sent = {"state": "sent", "sent_at": made.now().replace(tzinfo=None)}
        again.recipient_ids.sudo().write(sent)
        again.sudo().write(
            {"state": "done", "provider_id": self.provider.id, "launched_at": made.now().replace(tzinfo=None)}
        )
        self.tell(self.event(self.pat))
        self.assertFalse(self.verdicts())
        self.assertEqual(self.webhook.unmatched, 1)

    def test_the_password(self):
        event = self.event(self.pat)
        self.assertEqual(self.call(*made.login_call(event, "wrong")), 401)
        self.assertEqual(self.webhook.refusal, "wrong_login")
        self.assertEqual(self.call(made.body(event)), 403)
        self.assertFalse(self.verdicts())
        answer = self.url_open(self.webhook.url.replace(f"//{self.env['ir.http']._name}", "//"), data=made.body(event))
        self.assertEqual(answer.status_code, 200, "the URL as it is copied has the password in it")


@tagged("post_install", "-at_install")
class TestWebhookServices(HookCase, HttpCase):
    """One event of each of the others, all the way."""

    def use(self, service, secret=None):
        self.webhook.write({"service": service})
        if secret:
            self.webhook.secret = secret
        self.path = "/" + self.webhook.url.split("/", 3)[3]

    def assertBounced(self, by="message_id"):
        verdict = self.verdicts(self.pat)
        self.assertEqual((verdict.kind, verdict.matched_by), ("hard", by))
        self.assertEqual(self.validity(self.pat), "invalid")

    def test_mailgun(self):
        self.use("mailgun", made.MAILGUN_KEY)
        values = {"code": 550, "message": made.USER_UNKNOWN[4:], "severity": "permanent", "reason": "bounce"}
        event = made.mailgun("failed", self.pat.email, self.message_id(self.pat), **values)
        self.assertEqual(self.call(*made.mailgun_call(event, key="other")), 403)
        self.assertFalse(self.verdicts())
        self.assertEqual(self.call(*made.mailgun_call(event)), 200)
        self.assertEqual(self.call(*made.mailgun_call(event)), 200)
        self.assertBounced()

    def test_mailgun_by_return_path(self):
        self.use("mailgun", made.MAILGUN_KEY)
        event = made.mailgun("failed", self.pat.email, code=550, message="no", severity="permanent", reason="bounce")
        event["message"]["headers"]["message-id"] = "changed@mailgun.org"
        event["envelope"]["sender"] = f"bounce+{self.signer.sign_local(RETURN_PATH, self.pat.id)}@crm.example"
        self.assertEqual(self.call(*made.mailgun_call(event)), 200)
        self.assertBounced("return_path")

    def test_postmark(self):
        self.use("postmark")
        values = {"Type": "HardBounce", "TypeCode": 1, "Details": f"smtp;{made.USER_UNKNOWN}"}
        event = made.postmark("Bounce", self.pat.email, self.token(self.pat), **values)
        self.assertEqual(self.call(*made.login_call(event, self.webhook.secret)), 200)
        self.assertBounced()

    @contextmanager
    def amazon(self, pages):
        """Serve what is asked of Amazon; give the list of what was asked."""
        asked = []

        def serve(_self, url):
            asked.append(url)
            if url not in pages:
                raise Refused("unreachable", url)
            return pages[url]

        receiving._certificates.clear()
        with patch.object(type(self.webhook), "_fetch", serve):
            yield asked
        receiving._certificates.clear()

    def test_ses(self):
        self.use("ses")
        event = made.sns(made.ses_bounce(self.pat.email, self.message_id(self.pat), diagnostic=made.USER_UNKNOWN))
        plain = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
        with self.amazon({made.CERTIFICATE_URL: made.sns_certificate(), made.SUBSCRIBE_URL: b"<ok/>"}) as asked:
            self.assertEqual(self.call(made.body(event), plain), 403)
            self.assertEqual((self.webhook.refusal, self.webhook.refusal_detail), ("no_topic", made.TOPIC))
            self.assertEqual(self.call(made.body(made.sns_confirmation()), plain), 200)
            self.assertEqual(self.webhook.topic_arn, made.TOPIC)
            self.assertEqual(self.call(made.body(event), plain), 200)
            self.assertEqual(self.call(made.body(event), plain), 200)
            self.assertEqual(asked, [made.CERTIFICATE_URL, made.SUBSCRIBE_URL], "the certificate is asked for once")
            other = made.TOPIC.replace("email-events", "evil")
            for message in (made.sns_confirmation(topic=other), made.sns("x", topic=other)):
                self.assertEqual(self.call(made.body(message), plain), 403)
            self.assertEqual(self.webhook.topic_arn, made.TOPIC)
        self.assertBounced()

    def test_ses_by_return_path(self):
        self.use("ses")
        self.webhook.topic_arn = made.TOPIC
        source = f"bounce+{self.signer.sign_local(RETURN_PATH, self.pat.id)}@crm.example"
        event = made.sns(made.ses_bounce(self.pat.email, source=source))
        with self.amazon({made.CERTIFICATE_URL: made.sns_certificate()}):
            self.assertEqual(self.call(made.body(event)), 200)
        self.assertBounced("return_path")

    def test_ses_that_is_not_confirmed(self):
        self.use("ses")
        with self.amazon({made.CERTIFICATE_URL: made.sns_certificate()}):
            self.assertEqual(self.call(made.body(made.sns_confirmation())), 503, "it is asked for again")
        self.assertFalse(self.webhook.topic_arn)
        self.assertEqual(self.webhook.refusal, "unreachable")
        evil = made.sns_confirmation(url="https://evil.example/?Action=ConfirmSubscription")
        forged = made.sns_confirmation() | {"SubscribeURL": made.SUBSCRIBE_URL + "9"}
        with self.amazon({made.CERTIFICATE_URL: made.sns_certificate()}) as asked:
            self.assertEqual(self.call(made.body(evil)), 403)
            self.assertEqual(self.call(made.body(forged)), 403)
        self.assertEqual(asked, [made.CERTIFICATE_URL], "nobody else is asked for anything")
        self.assertFalse(self.webhook.topic_arn)


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
            self.assertEqual(receive(self.webhook.url.rpartition("/")[2], b"{}", {}), 403)

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
