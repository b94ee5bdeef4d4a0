import time

from hypothesis import example, given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import markup
from odoo.addons.email_campaign.tools.template import (
    Slot,
    Slots,
    TemplateError,
    close_empty_tags,
    parse_expression,
    paths,
)


class TestExpressions(BaseCase):
    def test_understood(self):
        for written, expected in (
            ("object.name", ("object.name", "")),
            ("  object.parent_id.name\n", ("object.parent_id.name", "")),
            ("values.Voucher_2", ("values.Voucher_2", "")),
            ("recipient.email", ("recipient.email", "")),
            ("object.name ||| our customer", ("object.name", "our customer")),
            ("object.name|||a ||| b", ("object.name", "a ||| b")),
            ("object.name |||", ("object.name", "")),
            ("object.name or 'our customer'", ("object.name", "our customer")),
            ('object.name or "it\'s you"', ("object.name", "it's you")),
            ("object.name or ''", ("object.name", "")),
        ):
            self.assertEqual(parse_expression(written, "body"), expected, written)

    def test_refused(self):
        for written in (
            "",
            "object",
            "name",
            "user.name",
            "object.",
            "object..name",
            "object.name()",
            "object.name[0]",
            "object.__class__",
            "object.name.__class__.__mro__",
            "object.name + 'x'",
            "object.name or object.email",
            "object.name or 'a' or 'b'",
            "object.name or 'it\\'s'",
            "object.name or 'a",
            "object.name if 1 else 2",
            "'x'",
            "object.näme",
            "env['res.users'].search([])",
            "__import__('os').system('x')",
            "{{ object.name",
        ):
            with self.assertRaises(TemplateError) as caught:
                parse_expression(written, "subject")
            self.assertEqual(caught.exception.place, "subject")
            self.assertEqual(caught.exception.expression, written)
            self.assertTrue(caught.exception.explanation)

    @given(st.text(max_size=60) | st.text(alphabet="object.nameor '|\"_", max_size=40))
    @example("object.name or '\n'")
    def test_any_other_text_is_a_field_or_refused(self, written):
        try:
            path, _default = parse_expression(written, "body")
        except TemplateError as error:
            self.assertLessEqual(len(str(error)), 300)
        else:
            self.assertRegex(path, r"\A(object|values|recipient)(\.[A-Za-z_][A-Za-z0-9_]*)+\Z")
            self.assertNotIn("__", path)


class TestTakingOut(BaseCase):
    def take_out(self, text, context="text"):
        slots = Slots()
        return slots.cut(slots.take_out(text, "subject", context))

    def test_cut_at_fields(self):
        self.assertEqual(
            self.take_out("Hello {{ object.name ||| you }}{{values.a}}!", "header"),
            (
                "Hello ",
                Slot("field", "object.name", "you", "header"),
                Slot("field", "values.a", "", "header"),
                "!",
            ),
        )

    def test_no_field(self):
        for text in ("", "plain", "one { brace } and }} two", "a {b} c", "100 %7B %7D"):
            self.assertEqual("".join(self.take_out(text)), text)

    def test_percent_encoded(self):
        self.assertEqual(
            self.take_out("%7B%7B%20object.website%20%7D%7D/x%20y"),
            (Slot("field", "object.website", "", "text"), "/x%20y"),
        )
        self.assertEqual(self.take_out("%7b%7bobject.ref%7D%7d"), (Slot("field", "object.ref", "", "text"),))

    def test_entities_of_html(self):
        slot = Slot("field", "object.name", "Tom & Jerry", "html")
        self.assertEqual(self.take_out("{{&nbsp;object.name ||| Tom &amp; Jerry }}", "html"), (slot,))
        self.assertEqual(self.take_out("{{ object.name or &#39;Tom &amp; Jerry&#39; }}", "html"), (slot,))
        # In a plain text they stand for themselves.
        self.assertEqual(self.take_out("{{ object.name ||| &amp; }}")[0].default, "&amp;")

    def test_braces_that_do_not_match(self):
        for text, expression in (
            ("a {{ object.name", "{{ object.name"),
            ("{{ object.name } }", "{{ object.name } }"),
            ("{{ {{ object.name }} }}", "{{ {{ object.name }} }}"),
            ("{{{ object.name }}}", "{ object.name"),
        ):
            with self.assertRaises(TemplateError) as caught:
                self.take_out(text)
            self.assertEqual((caught.exception.place, caught.exception.expression), ("subject", expression))

    def test_megabytes_of_braces_take_no_time(self):
        for piece in ("{{", "{{ ", "%7B%7B", "{", "}}", "{{ object.name ", "{{}", "{ }", "<t "):
            started = time.monotonic()
            text = piece * (1_000_000 // len(piece))
            try:
                self.take_out(text)
            except TemplateError as error:
                self.assertLess(len(str(error)), 300)
            close_empty_tags(text)
            self.assertLess(time.monotonic() - started, 3, piece)

    def test_sentinels_can_not_be_written(self):
        slots = Slots()
        sentinel = slots.take_out("{{ object.name }}", "body", "html")
        self.assertEqual(self.take_out(sentinel), (sentinel,), "those of another template are text")
        self.assertRegex(sentinel, r"\A[a-z0-9]+\Z")
        self.assertEqual(slots.as_written(f"a {sentinel} b"), "a {{ object.name }} b")

    @given(st.lists(st.text(alphabet="abz0 qx", max_size=8), min_size=1, max_size=20))
    def test_nothing_is_lost(self, literals):
        parts = self.take_out("{{ object.name }}".join(literals))
        self.assertEqual("".join(part if isinstance(part, str) else "|" for part in parts), "|".join(literals))

    def test_many_fields(self):
        parts = self.take_out("{{ object.name }}" * 70_000)
        self.assertEqual(len(parts), 70_000)
        self.assertEqual(paths(parts, ("x",)), {"object.name"})


class TestTags(BaseCase):
    def take_out(self, source):
        slots = Slots()
        root = markup.read(source)
        slots.take_out_tags(root, "body")
        return slots.cut(markup.write(root).partition("<body>")[2].partition("</body>")[0])

    def test_understood(self):
        for written, expected in (
            ('<p>a <t t-out="object.name">you</t> b</p>', ("<p>a ", "object.name", "you", " b</p>")),
            ('<p><t t-out="object.name"/> b</p>', ("<p>", "object.name", "", " b</p>")),
            ("<p><t t-esc=\"object.name or 'you'\" />b</p>", ("<p>", "object.name", "you", "b</p>")),
            ('<p>a<b t-out="values.x" class="c">y</b></p>', ('<p>a<b class="c">', "values.x", "y", "</b></p>")),
            ('<p>a<br><T T-OUT="object.name"/>b</p>', ("<p>a<br>", "object.name", "", "b</p>")),
        ):
            before, path, default, after = expected
            slot = Slot("field", path, default, "html")
            self.assertEqual(self.take_out(written), (before, slot, after), written)

    def test_refused(self):
        for written in (
            '<t t-if="object.name">x</t>',
            '<t t-foreach="object.child_ids" t-as="c"/>',
            '<t t-set="x" t-value="1"/>',
            '<a t-att-href="object.website">x</a>',
            '<a t-attf-href="/x/{{ object.id }}">x</a>',
            '<t t-call="base.layout"/>',
            '<t t-raw="object.name"/>',
            '<t t-out="object.name" t-options="{}"/>',
            '<t t-out="object.name"><b>you</b></t>',
            '<t t-out="object.name()"/>',
            '<t t-out="object.name">{{ object.email }}</t>',
        ):
            slots = Slots()
            with self.assertRaises(TemplateError) as caught:
                slots.take_out_tags(markup.read(slots.take_out(written, "body", "html")), "body")
            self.assertEqual(caught.exception.place, "body")
            self.assertNotRegex(str(caught.exception), "zq.*qz", "people see what they wrote")

    def test_braces_in_a_directive(self):
        slots = Slots()
        source = '<t t-out="{{ object.name }}"/>'
        with self.assertRaises(TemplateError) as caught:
            slots.take_out_tags(markup.read(slots.take_out(source, "body", "html")), "body")
        self.assertEqual(caught.exception.expression, "{{ object.name }}")
