import base64
import json
import ssl
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..tools.webhook import SERVICES, Call, Keys, Refused, fetch, parse, sns, to_verdict
from ..tools.webhook.body import since_1970, text, written
from . import webhook_payloads as made
from .certificate import certificate

EMAIL = "pat@y.example"


class ProofCase(BaseCase):
    def check(self, service, told, keys, headers=None):
        check, _read = SERVICES[service]
        check(Call(told, headers or {}, made.now().replace(tzinfo=None)), parse(told), keys)

    def assertRefused(self, refusal, service, told, keys, headers=None):
        with self.assertRaises(Refused) as caught:
            self.check(service, told, keys, headers)
        self.assertEqual(caught.exception.refusal, refusal)
        return caught.exception


class TestSendGridProof(ProofCase):
    def setUp(self):
        super().setUp()
        self.keys = Keys(made.public(made.sendgrid_key()))
        self.events = [made.sendgrid("delivered", EMAIL)]

    def test_its_own_key(self):
        self.check("sendgrid", *self.order(made.sendgrid_call(self.events)))

    def order(self, call):
        return call[0], self.keys, call[1]

    def test_a_key_with_its_frame(self):
        frame = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.keys = Keys(made.sendgrid_key().public_key().public_bytes(*frame).decode())
        self.check("sendgrid", *self.order(made.sendgrid_call(self.events)))

    def test_another_key(self):
        call = made.sendgrid_call(self.events, key=ec.generate_private_key(ec.SECP256R1()))
        self.assertRefused("wrong_signature", "sendgrid", *self.order(call))

    def test_another_body(self):
        told, headers = made.sendgrid_call(self.events)
        self.assertRefused("wrong_signature", "sendgrid", told + b" ", self.keys, headers)

    def test_another_time(self):
        told, headers = made.sendgrid_call(self.events)
        headers["x-twilio-email-event-webhook-timestamp"] = str(made.seconds() - 1)
        self.assertRefused("wrong_signature", "sendgrid", told, self.keys, headers)

    def test_an_old_time(self):
        for stamp in (made.seconds() - 26 * 3600, made.seconds() + 3600, 0, "soon"):
            call = made.sendgrid_call(self.events, timestamp=stamp or "0")
            self.assertRefused("too_old", "sendgrid", *self.order(call))

    def test_tried_again_for_a_day(self):
        self.check("sendgrid", *self.order(made.sendgrid_call(self.events, timestamp=made.seconds() - 23 * 3600)))

    def test_no_signature(self):
        told, headers = made.sendgrid_call(self.events)
        self.assertRefused("unsigned", "sendgrid", told, self.keys)
        for junk in ("", "!", "AAAA", "é" * 9, "=" * 5000):
            headers["x-twilio-email-event-webhook-signature"] = junk
            self.assertRefused("wrong_signature" if junk else "unsigned", "sendgrid", told, self.keys, headers)

    def test_no_key_of_theirs(self):
        told, headers = made.sendgrid_call(self.events)
        self.assertRefused("no_key", "sendgrid", told, Keys(), headers)
        rsa_key = made.public(rsa.generate_private_key(65537, 2048))
        for junk in ("x", "SG.abcdef.ghijkl", "é", base64.b64encode(b"nothing").decode(), rsa_key, "-----"):
            self.assertRefused("bad_key", "sendgrid", told, Keys(junk), headers)


class TestLogin(ProofCase):
    keys = Keys("correct-horse-battery", "odoo")

    def test_both_services(self):
        for service in ("postmark", "brevo"):
            told, headers = made.login_call({}, "correct-horse-battery")
            self.check(service, told, self.keys, headers)
            self.assertRefused("unsigned", service, told, self.keys)
            self.assertRefused("no_key", service, told, Keys(), headers)
            for call in (made.login_call({}, "wrong"), made.login_call({}, "correct-horse-battery", "admin")):
                self.assertRefused("wrong_login", service, told, self.keys, call[1])
            for junk in ("Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Bearer abc", "Basic ===="):
                self.assertRefused("wrong_login", service, told, self.keys, {"authorization": junk})


class TestSnsProof(ProofCase):
    def setUp(self):
        super().setUp()
        self.asked = []
        self.keys = Keys(topic=made.TOPIC, certificate=self.serve)

    def serve(self, url):
        self.asked.append(url)
        return made.sns_certificate()

    def test_both_versions(self):
        for version in ("1", "2"):
            self.check("ses", made.body(made.sns("hello", version)), self.keys)
            self.check("ses", made.body(made.sns("hello", version, Subject="Amazon SES")), self.keys)
            self.check("ses", made.body(made.sns_confirmation(version=version)), self.keys)
        self.assertEqual(set(self.asked), {made.CERTIFICATE_URL})

    def test_what_is_changed(self):
        for message in (made.sns("hello", Subject="Amazon SES"), made.sns_confirmation()):
            for name in ("Message", "MessageId", "Subject", "Timestamp", "Token", "SubscribeURL", "Type"):
                if name not in message:
                    continue
                other = "Notification" if message["Type"] != "Notification" else "SubscriptionConfirmation"
                changed = message | {name: other if name == "Type" else message[name] + "x"}
                with self.subTest(name), self.assertRaises(Refused):
                    self.check("ses", made.body(changed), self.keys)
        swapped = made.sns("hello", "1") | {"SignatureVersion": "2"}
        self.assertRefused("wrong_signature", "ses", made.body(swapped), self.keys)

    def test_another_key(self):
        forged = made.sns("hello", key=rsa.generate_private_key(65537, 2048))
        self.assertRefused("wrong_signature", "ses", made.body(forged), self.keys)

    def test_another_topic(self):
        other = made.TOPIC.replace("123456789012", "666666666666")
        refused = self.assertRefused("other_topic", "ses", made.body(made.sns("hello", topic=other)), self.keys)
        self.assertEqual(refused.detail, other)
        self.assertFalse(self.asked, "nothing is asked of anybody for it")

    def test_an_old_message(self):
        old = made.sns("hello", moment=made.now() - timedelta(days=3))
        self.assertRefused("too_old", "ses", made.body(old), self.keys)

    def test_only_amazon_is_asked_for_certificates(self):
        for url in (
            made.CERTIFICATE_URL.replace("https", "http"),
            "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
            "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
            "https://evil.example#sns.eu-west-1.amazonaws.com/x.pem",
            "https://evil.example?sns.eu-west-1.amazonaws.com/x.pem",
            "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
            "https://evil.example\\@sns.eu-west-1.amazonaws.com/x.pem",
            "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
            "https://snsXeu-west-1.amazonaws.com/x.pem",
            "https://sns-eu-west-1.amazonaws.com/x.pem",
            "https://sns.s3.amazonaws.com/x.pem",
            "https://bucket.s3.eu-west-1.amazonaws.com/x.pem",
            "https://sns.eu-west-1.amazonaws.com\n.evil.example/x.pem",
            "https://127.0.0.1/x.pem",
            "https://[::1]/x.pem",
            "https://[sns.eu-west-1.amazonaws.com/x.pem",
            "file:///etc/passwd.pem",
            "",
        ):
            with self.subTest(url):
                self.assertFalse(sns.is_certificate(url))
                message = made.sns_sign(made.sns("hello") | {"SigningCertURL": url})
                self.assertRefused("foreign_url", "ses", made.body(message), self.keys)
                self.assertRefused_confirmation(url)
        self.assertFalse(self.asked)
        for url in (made.CERTIFICATE_URL, "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0a.pem"):
            self.assertTrue(sns.is_certificate(url))

    def test_nothing_else_of_amazon_is_a_certificate(self):
        for url in (
            f"{made.CERTIFICATE_URL}?x=1",
            f"{made.CERTIFICATE_URL}#x",
            made.CERTIFICATE_URL.replace(".com/", ".com/x/"),
            made.CERTIFICATE_URL.replace("0123", "xyz"),
            made.CERTIFICATE_URL.replace(".com/", ".com?/"),
            "https://sns.eu-west-1.amazonaws.com/x.pem",
            "https://sns.eu-west-1.amazonaws.com",
            "https://sns.eu-west-1.amazonaws.com/x.pem.html",
        ):
            with self.subTest(url):
                message = made.sns_sign(made.sns("hello") | {"SigningCertURL": url})
                self.assertRefused("foreign_url", "ses", made.body(message), self.keys)
        self.assertFalse(self.asked)

    def assertRefused_confirmation(self, url):
        """A signed message may still lead elsewhere."""
        with self.assertRaises(Refused) as caught:
            sns.confirmation(made.sns_confirmation(url=url))
        self.assertEqual(caught.exception.refusal, "foreign_url")

    def test_certificates_that_are_none(self):
        expired = made.sns_certificate(begin=datetime(2020, 1, 1), days=30)
        key = ec.generate_private_key(ec.SECP256R1())
        for pem in (b"", b"<html>", expired, made.sns_certificate(key=key), made.sns_certificate()[:-40]):
            keys = Keys(topic=made.TOPIC, certificate=lambda _url, pem=pem: pem)
            self.assertRefused("bad_certificate", "ses", made.body(made.sns("hello")), keys)

    def test_junk(self):
        for junk in (None, [], 1, "x", {}, {"Type": []}, {"Type": "Notification"}, made.ses_bounce(EMAIL)):
            self.assertRefused("unsigned", "ses", made.body(junk), self.keys)
        for name in ("Message", "MessageId", "Timestamp", "TopicArn", "Signature"):
            for junk in (None, 1, [], {"a": 1}):
                with self.subTest(name, junk=junk), self.assertRaises(Refused):
                    self.check("ses", made.body(made.sns("hello") | {name: junk}), self.keys)


class Peer(BaseHTTPRequestHandler):
    """Answers with what its server has for a path: (status, headers, octets, seconds to wait between them)."""

    def do_GET(self):
        status, headers, body, pause = self.server.pages[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        # It may be that nobody listens any more.
        with suppress(OSError):
            for at in range(0, len(body), 1000):
                self.wfile.write(body[at : at + 1000])
                time.sleep(pause)

    def log_message(self, *_args):
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Take it quietly that a client hangs up."""


class TestFetch(BaseCase):
    """The one way out, against a real server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server, cls.trusting = certificate()
        cls.peer = Server(("127.0.0.1", 0), Peer)
        cls.peer.socket = server.wrap_socket(cls.peer.socket, server_side=True, do_handshake_on_connect=False)
        cls.peer.pages = {
            "/a.pem": (200, {}, b"certificate", 0),
            "/q?x=1": (200, {}, b"query", 0),
            "/moved": (302, {"Location": "/a.pem"}, b"", 0),
            "/gone": (404, {}, b"", 0),
            "/large": (200, {}, b"x" * 3_000_000, 0),
            "/slow": (200, {}, b"x" * 50_000, 0.2),
        }
        threading.Thread(target=cls.peer.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.peer.server_close)
        cls.addClassCleanup(cls.peer.shutdown)
        cls.base = f"https://127.0.0.1:{cls.peer.server_port}"

    def test_what_is_there(self):
        get = partial(fetch, context=self.trusting)
        self.assertEqual(get(f"{self.base}/a.pem"), b"certificate")
        self.assertEqual(get(f"{self.base}/q?x=1"), b"query")

    def test_what_is_not(self):
        for path in ("/moved", "/gone", "/large"):
            with self.subTest(path), self.assertRaises(Refused) as caught:
                fetch(self.base + path, self.trusting)
            self.assertEqual(caught.exception.refusal, "unreachable")

    def test_it_waits_for_nobody(self):
        with self.assertRaises(Refused):
            fetch(f"{self.base}/slow", self.trusting, timeout=0.5)
        with self.assertRaises(Refused):
            fetch("https://127.0.0.1:1/a.pem", self.trusting)

    def test_a_server_that_nobody_vouches_for(self):
        with self.assertRaises(Refused) as caught:
            fetch(f"{self.base}/a.pem", ssl.create_default_context())
        self.assertIn("SSL", caught.exception.detail)


# Whatever stands where something else should: every type, and what is awkward in each.
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["\x00", "\ud800", 10**300, -1, 1e308, "9" * 30, "2026-99-99T99:99:99Z", "<", EMAIL, "1e999"]),
)
# fmt: off
NAMES = st.sampled_from([
    "event", "email", "reason", "type", "bounce_classification", "timestamp", "sg_event_id", "smtp-id",
    "email_campaign", "event-data", "signature", "severity", "delivery-status", "message", "headers", "message-id",
    "recipient", "envelope", "sender", "id", "RecordType", "Type", "TypeCode", "Email", "Metadata",
    "email-campaign", "BouncedAt", "SuppressSending", "ts_epoch", "ts_event", "X-Mailin-custom", "Message",
    "notificationType", "eventType", "mail", "bounce", "bouncedRecipients", "emailAddress", "bounceType",
    "bounceSubType", "commonHeaders", "messageId", "destination", "complaint", "subscription",
    "newTopicPreferences", "unsubscribeAll",
])
# fmt: on
JUNK = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=30
)


class TestHostileBodies(BaseCase):
    def read_all(self, data):
        for service, (_check, read) in SERVICES.items():
            try:
                told = read(data)
            except Refused:
                continue
            for one in told:
                to_verdict(one)
                kept = (one.address, one.word, one.diagnostic, one.reference, one.message_id, one.status, service)
                for value in kept:
                    value.encode()
                    self.assertNotIn("\x00", value)
                    self.assertLessEqual(len(value), 2_000)
                self.assertLessEqual(len(one.reference), 120)
                self.assertLessEqual(len(one.raw), 20_000)

    @given(JUNK)
    def test_whatever_stands_where(self, data):
        self.read_all(data)
        self.read_all({"event-data": data, "Type": "Notification", "Message": json.dumps(data)})

    @given(st.sampled_from(["sendgrid", "mailgun", "postmark", "brevo", "ses"]), st.data())
    def test_one_field_is_something_else(self, service, data):
        event = {
            "sendgrid": lambda: made.sendgrid("bounce", EMAIL, "<x@y>", type="bounce"),
            "mailgun": lambda: made.mailgun("failed", EMAIL, "<x@y>", 550, "no"),
            "postmark": lambda: made.postmark("Bounce", EMAIL, "x", Type="HardBounce"),
            "brevo": lambda: made.brevo("hard_bounce", EMAIL, "x"),
            "ses": lambda: made.ses_bounce(EMAIL, "<x@y>"),
        }[service]()
        event[data.draw(st.sampled_from(sorted(event)))] = data.draw(JUNK)
        whole = {"mailgun": {"event-data": event}, "ses": {"Type": "Notification", "Message": json.dumps(event)}}
        self.read_all(whole.get(service, event))

    @given(st.binary(max_size=300))
    def test_octets(self, octets):
        try:
            data = parse(octets)
        except Refused:
            return
        self.read_all(data)

    def test_what_is_too_deep_or_too_much(self):
        for octets in (
            b"[" * 100_000,
            b"[" * 100_000 + b"]" * 100_000,
            b'{"a":' * 900 + b"1" + b"}" * 900,
            b"[" * 50 + b"]" * 50,
            b"9" * 10_000,
            b"",
            b"\xff\xfe",
            b'{"a":1}{"b":2}',
        ):
            with self.subTest(octets[:20]), self.assertRaises(Refused) as caught:
                parse(octets)
            self.assertEqual(caught.exception.refusal, "malformed")
        for service in ("sendgrid", "postmark", "brevo"):
            with self.assertRaises(Refused) as caught:
                SERVICES[service][1]([{}] * 5_001)
            self.assertEqual(caught.exception.refusal, "too_large")

    def test_moments(self):
        for value in (None, True, -1, 0, float("nan"), float("inf"), 1e300, 10**300, "1e5", "", [], "１２３"):
            self.assertIsNone(since_1970(value), value)
        for value in (10**400, -(10**400)):
            self.assertIsNone(since_1970(value), value)
        for value in (None, 5, "", "now", "0000-00-00T00:00:00Z", "2026-02-30T00:00:00Z", "1999-01-01T00:00:00Z"):
            self.assertIsNone(written(value), value)
        self.assertEqual(str(since_1970("1785000000")), "2026-07-25 17:20:00")
        self.assertEqual(str(written("2026-07-25T17:20:00+0530")), "2026-07-25 11:50:00")

    def test_texts(self):
        self.assertEqual(text("a\x00b\ud800\r\nc"), "a b c")
        self.assertEqual(text(7), "7")
        for value in (None, True, 1.5, [], {}, 10**40):
            self.assertEqual(text(value), "")
