import time

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from odoo.addons.email_campaign.tools.compose import MAX_HTML_LENGTH
from odoo.addons.email_campaign.tools.template import Slot, TemplateError, paths

from .composing import FOOTER, OURS, ComposeCase

EVIL = (
    '"><script>alert(1)</script>', "'><img src=x onerror=alert(1)>", "javascript:alert(1)", "java\tscript:alert(1)",
    "\x01javascript:alert(1)", " \u2028javascript:x", "data:text/html,<script>", "//evil.example", "&#106;avascript:x",
    "&quot;><b>", "vbscript:x", "file:///etc/passwd", "--><script>", "]]>", "</style><script>", "x onclick=alert(1)",
    "red;background:url(//evil.example)", "expression(alert(1))", "\\3b color:red", "{{ object.name }}", "{optOutUrl}",
)  # fmt: skip
EVERYWHERE = """
<html><head><title>{{ object.name }}</title></head><body style="color:{{ values.c }};margin:{{ values.d }}px">
<p title="{{ object.name }}" class='{{ object.ref }}' id={{ object.ref }}>Hi {{ object.name }}<b>{{ values.x }}</b></p>
<a href="{{ object.website }}">a</a><a href="https://s.example/{{ object.ref }}">b</a>
<a href="mailto:{{ object.email }}">c</a><img src="{{ values.picture }}" alt="{{ object.name }}">
<table background="{{ values.picture }}"><tr><td>x</td></tr></table>
<!--[if mso]><v:rect href="{{ object.website }}" alt="{{ object.name }}">{{ object.name }}<![endif]-->
<textarea>{{ object.name }}</textarea><form action="{{ object.website }}"></form>
</body></html>
"""


class TestHostileValues(ComposeCase):
    def shape(self, page):
        return [(element.tag, list(element.attrib)) for element in page.iter() if element.tag != "br"]

    @given(st.sampled_from(EVIL) | st.text(max_size=30) | st.text(alphabet="<>\"'&;:/=- \t\njavscript", max_size=60))
    @settings(max_examples=150)
    @example("a\r\nb")
    def test_no_way_out(self, value):
        content = self.compose(EVERYWHERE, preview="{{ object.name }}")
        self.assertEqual(len(paths(content.html)), 8)
        page = lxml_html.document_fromstring(self.filled(content, value))
        harmless = lxml_html.document_fromstring(self.filled(content, "x"))
        self.assertEqual(self.shape(page), self.shape(harmless))
        for element in page.iter("a", "img", "table", "form"):
            for name in ("href", "src", "background", "action"):
                target = element.get(name)
                if target is not None:
                    self.assertRegex(target, r"\A(#|https?://|mailto:|tel:)", target)
                    self.assertNotRegex(target, r"[\s<>\"]")
        self.assertRegex(page.find("body").get("style"), r"\Acolor:[\w#%.,+ -]*;\s*margin:[\w#%.,+ -]*px;?\Z")
        self.assertTrue(page.xpath("//a")[1].get("href").startswith("https://s.example/"))
        self.assertEqual(page.xpath("//a")[1].get("href").count("/"), 3)

    def test_honest_values(self):
        def links(value):
            return self.hrefs(
                '<a href="{{ object.website }}">a</a><a href="mailto:{{ object.email }}">b</a>'
                '<a href="https://s.example/?q={{ object.name }}">c</a>',
                value,
            )

        self.assertEqual(links("http://x.example/?a=1&b=%20#c")[0], "http://x.example/?a=1&b=%20#c")
        self.assertEqual(links("www.x.example")[0], "https://www.x.example")
        self.assertEqual(links("ann+1@x.example")[:2], ["mailto:ann+1@x.example"] * 2)
        self.assertEqual(links("Zoë & co")[2], "https://s.example/?q=Zo%C3%AB%20%26%20co")
        self.assertEqual(links("eve@x.example?bcc=all@x.example")[1], "mailto:eve@x.example%3Fbcc%3Dall@x.example")

    def test_where_no_value_can_be_written(self):
        for html in (
            "<p {{ object.name }}>x</p>", "<p {{ object.name }}='x'>x</p>", "<{{ object.name }}>x",
            "<style>p{color:{{ values.c }}}</style>", "<script>x={{ object.name }}</script>",
            '<p onclick="f({{ object.name }})">x</p>', '<p style="{{ values.style }}">x</p>',
            '<p style="{{ values.what }}:red">x</p>', "<!DOCTYPE {{ object.name }}><p>x</p>",
            '<iframe srcdoc="{{ object.name }}"></iframe>', "<xmp>{{ object.name }}</xmp>",
            '<img srcset="{{ object.name }} 2x">',
        ):  # fmt: skip
            error = self.refused(f"<p>y</p>{html}")
            self.assertEqual(error.place, "body", html)
            self.assertIn("{{", error.expression)

    def test_in_a_remark_it_is_nowhere(self):
        content = self.compose("<p>x</p><!-- {{ object.name }} secret -->y")
        self.assertEqual(paths(content.html), set())
        self.assertNotIn("secret", self.filled(content))
        self.assertIn("<p>x</p>y", self.filled(content))


class TestDefaultLook(ComposeCase):
    def test_only_where_nothing_was_said(self):
        body = '<p>Hi</p><img src="https://a.example/1.png"><img src="https://a.example/2.png" style="width:40px">'
        html = "".join(part for part in self.compose(body, default_look=True).html if isinstance(part, str))
        self.assertIn("font-family:Arial", html)
        self.assertIn('style="max-width:100%;height:auto;"', html)
        self.assertIn('style="width:40px"', html)
        own = '<html><body style="font:12px serif"><p>Hi</p></body></html>'
        html = "".join(part for part in self.compose(own, default_look=True).html if isinstance(part, str))
        self.assertNotIn("Arial", html)


class TestDocuments(ComposeCase):
    def test_document(self):
        html = self.filled(
            self.compose(
                '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><HTML LANG="fr">'
                '<HEAD><META CHARSET="latin-1">'
                '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><TITLE>é</TITLE></HEAD>'
                '<BODY BGCOLOR="red"><P>日本 😀 é &eacute;</P></BODY></HTML>'
            )
        )
        self.assertTrue(
            html.startswith('<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8"><title>é</title>')
        )
        self.assertEqual(html.count("charset"), 1)
        self.assertIn('<body bgcolor="red"><p>日本 😀 é é</p></body></html>', html)

    def test_fragments(self):
        for source, expected in (
            ("hello <b>there", "hello <b>there</b>"),
            ("<p>a<p>b", "<p>a</p><p>b</p>"),
            ("<b>a</div> b", "<b>a b</b>"),
            ("<p>1 < 2 & 3</p>", "<p>1 &lt; 2 &amp; 3</p>"),
            ("", ""),
            ("<html><body>x</body>", "x"),
            ("<p>a</p><script>alert(1)</script>tail", "<p>a</p>tail"),
            ("<p onload='x' ONCLICK=y>a</p>", "<p>a</p>"),
            ("a\0b\x1f\ud800c&#1;d", "abcd"),
            ("<base href='https://evil.example/'>x", "x"),
        ):
            html = self.filled(self.compose(source))
            self.assertTrue(html.startswith('<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>'), html)
            self.assertEqual(html.partition("<body>")[2], f"{expected}</body></html>", source)

    @given(st.text(alphabet="<>/!-[]{}&;:='\"abipt \n", max_size=120))
    @settings(max_examples=100)
    def test_any_markup_can_be_composed_or_is_refused(self, source):
        try:
            content = self.compose(source, preview="x", **FOOTER)
        except TemplateError:
            return
        self.assertTrue(content.has_opt_out)
        self.filled(content)

    def test_deep_and_long(self):
        self.assertIn("x" * 2_000_000, self.filled(self.compose("<p>" + "x" * 2_000_000)))
        self.assertIn("deep Ann", self.filled(self.compose("<div>" * 400 + "deep {{ object.name }}"), "Ann"))
        self.assertEqual(self.refused("x" * (MAX_HTML_LENGTH + 1)).place, "body")

    def test_preview(self):
        content = self.compose(
            "<style>div{display:block !important}</style>first", preview="Un\nseen {{ object.name }}"
        )
        page = lxml_html.document_fromstring(self.filled(content, "<Ann>"))
        first = page.find("body")[0]
        self.assertEqual(first.text, "Un seen <Ann>")
        self.assertTrue(first.get("style").startswith("display:none"))
        self.assertEqual(first.tail or page.find("body")[1].tail, "first")
        self.assertNotIn("seen", self.filled(content, markup=False))

    def test_pixel(self):
        self.assertNotIn(Slot("open", context="url"), self.compose("<p>x</p>").html)
        content = self.compose("<body><p>x</p></body><!--[if x]></body><![endif]-->", open_tracking=True)
        self.assertEqual(content.html.count(Slot("open", context="url")), 1)
        page = lxml_html.document_fromstring(self.filled(content))
        self.assertEqual(page.find("body")[-1].get("src"), OURS["open"])
        self.assertNotIn(Slot("open", context="url"), content.text)

    def test_images_are_absolute(self):
        page = self.page(
            '<img src="/web/image/1"><img src="//cdn.example/x"><img src="cid:1"><img src="data:image/gif;base64,x">'
            '<div style="background-image:url(\'/web/2\')" background="/web/3">x</div>'
        )
        self.assertEqual(
            page.xpath("//@src"),
            ["https://crm.example/web/image/1", "https://cdn.example/x", "cid:1", "data:image/gif;base64,x"],
        )
        self.assertEqual(page.xpath("//@style"), ["background-image:url('https://crm.example/web/2')"])
        self.assertEqual(page.xpath("//@background"), ["https://crm.example/web/3"])

    def test_subject_and_preview_are_checked_too(self):
        self.assertEqual(self.refused("<p>x</p>", subject="Hi {{ object.name() }}").place, "subject")
        self.assertEqual(self.refused("<p>x</p>", preview="{{ x }}").place, "preview text")
        self.assertEqual(self.refused("<p>x</p>", text="{{ x }}").place, "plain text")
        subject = self.compose("<p>x</p>", subject=" Hi\n {{ object.name ||| you }} ").subject
        self.assertEqual(subject, ("Hi ", Slot("field", "object.name", "you", "header")))


class TestStyles(ComposeCase):
    def styles(self, css, html='<p class="a" id="b">x</p>'):
        page = self.page(f"<html><head><style>{css}</style></head><body>{html}</body></html>")
        self.assertEqual(page.xpath("//style")[0].text or "", css, "blocks stay")
        return page.xpath("//p")[0].get("style", "").replace(" ", "")

    def test_rules_are_inlined(self):
        self.assertEqual(
            self.styles("p { color: red } p.a { margin: 0 } @media print { p { color: blue } }"), "color:red;margin:0"
        )
        self.assertEqual(self.styles("p { color: red }", '<p style="color:blue">x</p>'), "color:blue")
        self.assertEqual(self.styles("p:hover{color:red} a{color:red}"), "")

    def test_what_is_no_css(self):
        for css in (
            "", "}", "p{", "p{color", "p:foo({color:red}", "@import url(x.css);", ":root{--x:1}", "::a{b:c}", "*|*{}",
            "p[{x:y}", "p:not(:has(b)){x:y}", "@media{p{}", "\\", "<!-- p{x:y} -->", "p{color:red;;;:}", ">p{x:y}",
            "@charset 'x';", "p,{x:y}", ",{}", ":{x:y}", "p::{x:y}", "p:is(){x:y}",
            "<!--@import'é&!importantexpression(expression(*@font-face", "+{p@keyframes x&*/:root\\@import*/",
        ):  # fmt: skip
            self.styles(css)

    @given(st.text(alphabet="p.a{}:;@#()[]*>+~,'\"\\-! 1x", max_size=40))
    @settings(max_examples=80, deadline=None)
    def test_any_css_does_no_harm(self, css):
        if "{{" not in css:
            self.styles(css)

    def test_declarations_with_a_field_stay(self):
        html = '<p style="width:{{ values.w }}%;color:{{ values.c }};margin:1px">x</p>'
        html = f"<style>p{{color:red;width:50%}}</style>{html}"
        style = self.page(html, "7").xpath("//p")[0].get("style")
        for declaration in ("width:7%", "color:7", "margin:1px"):
            self.assertIn(declaration, style)

    def test_time(self):
        css = "".join(f".c{number}{{color:#{number:06x};padding:{number}px}}" for number in range(40))
        row = (
            '<table class="c{0}"><tr><td style="margin:0">'
            + "Lorem ipsum " * 12
            + '<a href="https://x.example/{0}">x</a></td></tr></table>'
        )
        html = f"<style>{css}</style>" + "".join(row.format(number) for number in range(200))
        started = time.monotonic()
        self.compose(html)
        self.assertLess(time.monotonic() - started, 1)
