import json
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import HttpCase, tagged

from ..tools.webhook import MOST_OCTETS
from . import webhook_payloads as made
from .hooking import HookCase

FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


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
        self.assertEqual(self.call(told), 401)
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
        self.assertIn(self.call(octets), (400, 401))

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
