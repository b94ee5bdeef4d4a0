from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..models.response.email_link import RETURN_PATH
from ..models.response.webhook import email_webhook_receiving as receiving
from ..tools.webhook import Refused
from . import webhook_payloads as made
from .hooking import HookCase


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
        self.assertEqual((verdict.kind, verdict.matched_by, verdict.state), ("hard", "address_time", "proposed"))
        self.assertEqual(self.validity(self.pat), "unknown", "the account may send other mail to the same people")
        verdict.action_confirm()
        self.assertEqual(self.validity(self.pat), "invalid")

    def test_a_complaint_by_address_asks_a_person(self):
        self.tell(made.brevo("spam", self.pat.email), made.brevo("unsubscribed", self.recipients[1].email))
        self.assertEqual(self.verdicts().mapped("state"), ["proposed"] * 2)
        self.assertFalse(any(self.recipients.mapped("opted_out_at")))

    def test_nobody_is_asked_about_what_went_well(self):
        self.tell(made.brevo("delivered", self.pat.email), made.brevo("deferred", self.pat.email))
        self.assertFalse(self.verdicts())
        self.assertEqual(self.webhook.unmatched, 2)

    def test_no_provider_is_made_for_it(self):
        self.mailing.sudo().provider_id = False
        self.provider.takes_over = False
        self.provider.mail_server_id = self.mail_server.copy({"name": "Other", "sequence": 99})
        providers = self.env["email.provider"].with_context(active_test=False)
        before = providers.search_count([])
        self.tell(self.event(self.pat))
        self.assertEqual(providers.search_count([]), before)
        self.assertFalse(self.verdicts(), "another mail server is the one for the sender")

    def test_what_a_provider_refused_after_some_of_it_had_left(self):
        self.mailing.sudo().write({"provider_id": False, "refused_provider_ids": [(4, self.provider.id)]})
        self.tell(self.event(self.pat))
        self.assertEqual(self.told(self.pat), ["hard"])

    def test_what_it_took_over(self):
        second = {"name": "Second", "mail_server_id": self.mail_server.copy({"name": "Second"}).id}
        other = self.env["email.provider"].create(second)
        self.mailing.sudo().write({"provider_id": other.id, "refused_provider_ids": [(4, other.id)]})
        self.tell(self.event(self.pat))
        self.assertEqual(self.told(self.pat), ["hard"])

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
        self.assertEqual(self.call(made.body(event)), 401)
        self.assertFalse(self.verdicts())
        answer = self.url_open(self.webhook.url, data=made.body(event))
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
        self.assertEqual(self.env["email.webhook.proof"].search_count([]), 2, "each call has a token of its own")

    def test_mailgun_with_another_event(self):
        self.use("mailgun", made.MAILGUN_KEY)
        same = {"timestamp": made.seconds(), "token": "ab" * 25}
        delivered = made.mailgun("delivered", self.pat.email, self.message_id(self.pat))
        complained = made.mailgun("complained", self.pat.email, self.message_id(self.pat))
        self.assertEqual(self.call(*made.mailgun_call(delivered, **same)), 200)
        self.assertEqual(self.call(*made.mailgun_call(complained, **same)), 403)
        self.assertEqual(self.webhook.refusal, "used")
        self.assertEqual(self.call(*made.mailgun_call(delivered, **same)), 200)
        self.assertEqual(self.told(self.pat), ["delivered"])
        proofs = self.env["email.webhook.proof"].sudo()
        self.assertEqual(proofs.search_count([]), 1)
        proofs._gc_proofs()
        self.assertEqual(proofs.search_count([]), 1)
        proofs.search([]).write({"at": made.now().replace(tzinfo=None) - timedelta(hours=10)})
        self.env.flush_all()
        proofs._gc_proofs()
        self.assertFalse(proofs.search_count([]))

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
            certificates = [url for url in asked if url != made.SUBSCRIBE_URL]
            self.assertEqual(certificates, [made.CERTIFICATE_URL], "the certificate is asked for once")
            other = made.TOPIC.replace("email-events", "evil")
            for message in (made.sns_confirmation(topic=other), made.sns("x", topic=other)):
                self.assertEqual(self.call(made.body(message), plain), 403)
            self.assertEqual(self.webhook.topic_arn, made.TOPIC)
        self.assertBounced()

    def test_ses_keeps_only_certificates_that_proved_something(self):
        self.use("ses")
        self.webhook.topic_arn = made.TOPIC
        event = made.sns(made.ses_bounce(self.pat.email, self.message_id(self.pat), diagnostic=made.USER_UNKNOWN))
        with self.amazon({made.CERTIFICATE_URL: made.sns_certificate()}):
            self.assertEqual(self.call(made.body(event | {"Message": "{}"})), 403)
            self.assertFalse(receiving._certificates)
            self.assertEqual(self.call(made.body(event)), 200)
            self.assertEqual(list(receiving._certificates), [made.CERTIFICATE_URL])

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
