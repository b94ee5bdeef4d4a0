from email import message_from_bytes, policy
from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import marks

TOKEN = "01a5d3" * 6
NAMES = ("To", "Delivered-To", "X-Original-To", "In-Reply-To", "References", "Message-ID")
SECONDS = 4  # far more than the slowest takes here, for slow machines


def parsed(*fields):
    return message_from_bytes(
        "\r\n".join([*fields, "", "Hello"]).encode("utf-8", "surrogateescape"), policy=policy.SMTP
    )


def everything(message):
    return (
        list(marks.plus_tokens(marks.values(message, marks.RECIPIENTS))),
        marks.addresses(marks.values(message, marks.RECIPIENTS)),
        marks.answered(message),
        [marks.id_token(value) for value in marks.values(message, ["message-id"])],
        [marks.link_tokens(value) for value in marks.values(message, ["list-unsubscribe"])],
    )


class TestMarks(BaseCase):
    """Where tokens of ours are looked for in what strangers send."""

    def test_where_it_was_delivered_comes_first(self):
        message = parsed(
            f"To: <bounce+{'a' * 32}@crm.example>", f"Delivered-To: x@y.example, bounce+{TOKEN.upper()}@crm.example"
        )
        found = list(marks.plus_tokens(marks.values(message, marks.RECIPIENTS)))
        self.assertEqual(found, [TOKEN.upper(), "a" * 32])
        self.assertEqual(marks.addresses(marks.values(message, ["to"])), [f"bounce+{'a' * 32}@crm.example"])

    def test_what_is_answered_the_nearest_first(self):
        message = parsed(
            "References: <one@x.example>\r\n <two@x.example> <three@x.example>", "In-Reply-To: <two@x.example>"
        )
        self.assertEqual(marks.answered(message), ["<two@x.example>", "<three@x.example>", "<one@x.example>"])

    def test_a_long_thread_keeps_its_end(self):
        ids = [f"<{number}.{'x' * 80}@x.example>" for number in range(1_000)]
        found = marks.answered(parsed("References: " + "\r\n ".join(ids)))
        self.assertEqual(found, list(reversed(ids))[: marks.MAX_REFERENCES])

    def test_a_message_id_of_our_form(self):
        self.assertEqual(marks.id_token(f"<{TOKEN}@crm.example>"), (TOKEN, "crm.example"))
        for other in (None, "", "<x@y.example>", f"<{TOKEN}>", f"{TOKEN}@crm.example", f"<{TOKEN}@a@b>"):
            self.assertIsNone(marks.id_token(other), other)

    def test_tokens_of_links(self):
        header = (
            "<https://crm.example/email/u/AQE-_dG9rZW4tdG9rZW4>, "
            "<mailto:bounce+unsubscribe@crm.example?subject=AQE-_dG9rZW4tdG9rZW5>"
        )
        self.assertEqual(marks.link_tokens(header), ["AQE-_dG9rZW4tdG9rZW4", "AQE-_dG9rZW4tdG9rZW5"])
        self.assertEqual(marks.link_tokens("<https://other.example/?u=AQE-_dG9rZW4tdG9rZW4>"), [])

    @given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=200)), max_size=10))
    def test_any_text(self, fields):
        plus, addresses, answered, _ids, _links = everything(parsed(*(f"{name}: {value}" for name, value in fields)))
        self.assertTrue(all(set(token.lower()) <= set("0123456789abcdef") for token in plus))
        self.assertTrue(all("@" in address for address in addresses))
        self.assertLessEqual(len(answered), marks.MAX_REFERENCES)

    @given(st.binary(max_size=1_000))
    def test_any_octets(self, octets):
        for rules in (policy.SMTP, policy.compat32):
            everything(message_from_bytes(octets, policy=rules))

    def test_bombs(self):
        for bomb in ("+", "<", "@", "+0", "<0123456789abcdef", "<mailto:", "<https://x/", "a@", '"', "(", "\r\n "):
            text = bomb * (1_000_000 // len(bomb))
            many = [f"{name}: {bomb * 1_000}" for name in NAMES for _ in range(500)]
            for message in (parsed(*(f"{name}: {text}" for name in (*NAMES, "List-Unsubscribe"))), parsed(*many)):
                start = perf_counter()
                everything(message)
                self.assertLess(perf_counter() - start, SECONDS, bomb)
