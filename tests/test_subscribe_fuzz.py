from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.errors import SerializationFailure

from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from ..tools.network import network, origins
from .fault_rows import environment
from .subscribing import PHONE, SubscribeCase

NAMES = st.sampled_from(
    ["email", "name", "website", "agree", "opened", "text", "lang", "leave", "List-Unsubscribe", "x"]
)
VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "a@b.example",
            "a@b.example\r\nBcc: c@d.example",
            "<script>alert(1)</script>",
            "{{ object.email }}",
            "%00",
            "\x00",
            "9" * 400,
            "1",
            "../../etc/passwd",
            "One-Click",
        ]
    ),
)
FUZZ = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@tagged("post_install", "-at_install")
class TestFuzz(SubscribeCase):
    """What strangers send to the two routes."""

    def setUp(self):
        super().setUp()
        self.subscribe("nora@new.example")
        self.confirm = self.confirm_path("nora@new.example")

    def bad_tokens(self, path, purpose):
        token = path.rpartition("/")[2]
        sign = self.env["email.link"]._signer().sign
        yield from (token[:cut] for cut in (1, 5, len(token) - 1))
        yield from (token + "A", token + "==", token.swapcase(), token[::-1], "x" * 5_000, "é", "%00", "..%2f", "-")
        # Of other purposes, of records that there are not, and those of the other route.
        yield from (sign("opt-out", self.list_type.id), sign("subscribe-form", self.list_type.id, 1))
        yield from (sign(purpose, 2**40), sign(purpose, 0, 0), sign(purpose, 2**62, 2**62))
        yield (self.confirm if purpose == "subscribe" else self.path).rpartition("/")[2]
        other = type(self.env["email.link"]._signer())({1: b"the key of another database"}, 1)
        yield from (other.sign(purpose, self.list_type.id), other.sign(purpose, 1, self.list_type.id))

    def test_every_bad_token_is_not_found(self):
        for path, kind, purpose in ((self.path, "s", "subscribe"), (self.confirm, "confirm", "confirm")):
            bodies = set()
            for token in self.bad_tokens(path, purpose):
                for data in (None, {"email": "m@new.example"}):
                    response = self.url_open(f"/email/{kind}/{token}", data=data, headers=PHONE)
                    self.assertEqual(response.status_code, 404, token[:80])
                    bodies.add(response.text)
            self.assertEqual(len(bodies), 1)
        self.assertEqual(self.state("nora@new.example"), "pending")

    def test_other_methods(self):
        for path in (self.path, self.confirm):
            for method in ("PUT", "DELETE", "PATCH"):
                response = self.url_open(path, data={"email": "m@new.example"}, method=method, headers=PHONE)
                self.assertEqual(response.status_code, 404, method)
            for headers in ({"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"}):
                self.assertEqual(self.url_open(path, headers={**PHONE, **headers}).status_code, 200)
        self.assertEqual(self.state("nora@new.example"), "pending")
        self.assertEqual(self.env["email.subscription.request"].search_count([]), 1)

    @FUZZ
    @given(st.dictionaries(NAMES, VALUES))
    def test_whatever_is_posted_to_the_form(self, post):
        response = self.url_open(self.path, data=post or {"x": ""}, headers=PHONE)
        self.assertIn(response.status_code, (200, 429))
        self.assertNotIn("<script", response.text)
        self.assertEqual(self.state("nora@new.example"), "pending")

    @FUZZ
    @given(st.text(max_size=60))
    def test_whatever_is_asked_for(self, text):
        for path in ("/email/s/", "/email/confirm/"):
            response = self.url_open(path + "".join(f"%{octet:02x}" for octet in text.encode("utf-8", "replace")))
            self.assertIn(response.status_code, (400, 404))

    def test_names_with_markup(self):
        self.subscribe("m@new.example", name="<img src=x onerror=alert(1)>\x00\u202e\r\nBcc: c@d.example {{ 7*7 }}")
        path = self.confirm_path("m@new.example")
        mail = self.mails_to("m@new.example")[-1]
        self.assertEqual(mail["rcpt_to"], ["m@new.example"])
        self.assertNotIn(b"onerror", mail["data"])
        self.assertNotIn("onerror", self.url_open(path, data={"x": "1"}, headers=PHONE).text)
        self.assertEqual(self.subscribers.member_ids.name, "<img src=x onerror=alert(1)> Bcc: c@d.example {{ 7*7 }}")


@tagged("post_install", "-at_install")
class TestAtOnce(BaseCase):
    """Real transactions: the same from two windows. What is committed is taken away afterwards."""

    EMAIL = "twice@new.example"

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with environment(self.registry) as env:
            self.list_type_id = env["email.list.type"].create({"name": "Twice", "subscribe_form": True}).id
        self.addCleanup(self.remove)

    def remove(self):
        with environment(self.registry) as env:
            env.cr.execute("ALTER TABLE email_consent DISABLE TRIGGER USER")
            env.cr.execute("DELETE FROM email_consent WHERE email = %s", [self.EMAIL])
            env.cr.execute("ALTER TABLE email_consent ENABLE TRIGGER USER")
            env["mail.mail"].search([("email_to", "=", self.EMAIL)]).unlink()
            env["email.subscription.request"].search([("email", "=", self.EMAIL)]).unlink()
            env["email.subscription"].search([("email", "=", self.EMAIL)]).unlink()
            env["email.list.type"].browse(self.list_type_id).unlink()

    def ask(self, env):
        list_type = env["email.list.type"].browse(self.list_type_id)
        self.assertTrue(env["email.subscription.request"]._ask(list_type, self.EMAIL, ip="192.0.2.1"))
        env.flush_all()

    def confirm(self, env):
        self.assertTrue(env["email.subscription.request"].search([("email", "=", self.EMAIL)])._confirm())
        env.flush_all()

    def twice(self, act):
        """Let two do it who don't see each other; the one who comes late starts anew, as Odoo does it."""
        with environment(self.registry) as early, self.registry.cursor() as cr:
            cr.execute("SELECT FROM email_list_type")  # its view of the world begins before the first commits
            act(early)
            early.cr.commit()  # pylint: disable=invalid-commit
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                act(early(cr=cr))
            cr.rollback()
            act(early(cr=cr))
            cr.commit()  # pylint: disable=invalid-commit

    def test_two_at_once(self):
        self.twice(self.ask)
        with environment(self.registry) as env:
            self.assertEqual(env["mail.mail"].search_count([("email_to", "=", self.EMAIL)]), 1)
        self.twice(self.confirm)
        with environment(self.registry) as env:
            rows = env["email.consent"].search([("email", "=", self.EMAIL)], order="id")
            self.assertEqual(rows.mapped("action"), ["opt_in_requested", "opt_in_confirmed"])


@tagged("post_install", "-at_install")
class TestNetwork(SubscribeCase):
    """The pure part: networks and origins."""

    def test_networks(self):
        for ip, expected in (
            ("192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("fe80::1%eth0", "fe80::/64"),
            ("", ""),
            (None, ""),
            ("unknown", ""),
        ):
            self.assertEqual(network(ip), expected)

    @FUZZ
    @given(st.text())
    def test_nothing_ends_the_header(self, text):
        try:
            found = origins(text)
        except ValueError:
            return
        for origin in found:
            self.assertRegex(origin, r"\Ahttps?://[a-z0-9.*:-]+\Z")
