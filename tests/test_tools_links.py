import time

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools.compose import MAX_HTML_LENGTH, Options, Source, compose
from odoo.addons.email_campaign.tools.message import Hole, personal_text
from odoo.addons.email_campaign.tools.plaintext import plain_text
from odoo.addons.email_campaign.tools.template import Slot, TemplateError, paths

URL = "https://shop.example/?a=1&b=2&copy=3"
FOOTER = {
    "footer_html": '<p>No more? <a href="{optOutUrl}">Out</a></p>',
    "footer_text": "--\nOut: {optOutUrl}\n",
}
OURS = {"link": "https://crm.example/email/c/t", "open": "https://crm.example/email/o/t.gif"}
OPT_OUT = "https://crm.example/email/u/t"


class ComposeCase(BaseCase):
    def compose(self, html, subject="Hello", text="", preview="", **options):
        options = {"base_url": "https://crm.example", "to_text": plain_text, "open_tracking": False, **options}
        return compose(Source(subject, html, text, preview), Options(**options))

    def refused(self, html, **options):
        with self.assertRaises(TemplateError) as caught:
            self.compose(html, **options)
        self.assertNotRegex(str(caught.exception), "zq.*qz", "people see what they wrote")
        return caught.exception

    def filled(self, content, value="", markup=True):
        """Give the HTML, or the plain text, with every field holding `value`."""
        return "".join(
            part
            if isinstance(part, str)
            else personal_text(Hole(part, markup), value if part.kind == "field" else OURS.get(part.kind, OPT_OUT))
            for part in (content.html if markup else content.text)
        )

    def page(self, html, value="", **options):
        return lxml_html.document_fromstring(self.filled(self.compose(html, **options), value))

    def hrefs(self, html, value="", **options):
        return [link.get("href") for link in self.page(html, value, **options).iter("a")]


class TestTracked(ComposeCase):
    def test_which_links_are_tracked(self):
        for href, target in (
            (URL.replace("&", "&amp;"), URL),
            (URL, URL),
            ("HTTPS://Shop.example/X", "HTTPS://Shop.example/X"),
            (" https://shop.example/a b\n", "https://shop.example/a%20b"),
            ("https://shop.exam\nple/", "https://shop.example/"),
            ("https://bücher.example/ä?q=日本", "https://bücher.example/ä?q=日本"),
            ("/shop?a=1", "https://crm.example/shop?a=1"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("www.shop.example/x", "https://www.shop.example/x"),
            ("https://user:pass@shop.example:8443/x#y", "https://user:pass@shop.example:8443/x#y"),
        ):
            content = self.compose(f'<p>a <a href="{href}">shop</a></p>')
            self.assertEqual(content.urls, {target: "shop"})
            self.assertIn(Slot("link", target, context="url"), content.html)

    def test_which_are_not(self):
        for href in (
            "mailto:a@b.example?subject=x", "tel:+331", "sms:+331", "#top", "", "?x=1", "foo/bar", "https://",
            "https:///x", "https://[bad/", "ftp://x.example/", "cid:1",
        ):  # fmt: skip
            content = self.compose(f'<p>a <a href="{href}">x</a></p>')
            self.assertEqual(content.urls, {}, href)
            self.assertEqual(self.hrefs(f'<a href="{href}">x</a>')[0], href)

    def test_links_that_run_lead_nowhere(self):
        for href in ("javascript:alert(1)", " JaVa\tScript\n:alert(1)", "&#106;avascript:x", "vbscript:x", "data:x,y"):
            self.assertEqual(self.hrefs(f'<a href="{href}">x</a>'), ["#"], href)

    def test_the_same_target_is_one_url(self):
        content = self.compose(f'<a href="{URL}"></a><a href="{URL}">Shop  <b>now</b></a><a href="{URL}">later</a>')
        self.assertEqual(content.urls, {URL: "Shop now"})
        self.assertEqual(content.html.count(Slot("link", URL, context="url")), 3)

    def test_what_a_link_is_called(self):
        content = self.compose('<a href="https://a.example/"><img src="/x.png" alt="A shop"></a>')
        self.assertEqual(content.urls, {"https://a.example/": "A shop"})
        content = self.compose('<a href="https://a.example/">For {{ object.name }}</a>')
        self.assertEqual(content.urls, {"https://a.example/": "For {{ object.name }}"})

    def test_areas_and_outlook(self):
        content = self.compose(
            '<map><area href="https://area.example/"></map><!--[if mso]><v:roundrect href="https://o.example/?a=1&amp;b=2"'
            ' fillcolor="x"><![endif]--><a href="https://a.example/">a</a><!--[if mso]></v:roundrect><![endif]-->'
        )
        self.assertEqual(
            list(content.urls), ["https://area.example/", "https://a.example/", "https://o.example/?a=1&b=2"]
        )
        filled = self.filled(content)
        self.assertIn(f'<!--[if mso]><v:roundrect href="{OURS["link"]}" fillcolor="x"><![endif]-->', filled)
        self.assertIn("<!--[if mso]></v:roundrect><![endif]-->", filled)

    def test_tracking_off(self):
        html = f'<a href="{URL}">x</a><a href="/y">y</a><a href="{{trackingUrl:spring}}">z</a>'
        content = self.compose(
            html, click_tracking=False, named_urls={"spring": "https://n.example/?a=1&b=2"}, **FOOTER
        )
        self.assertEqual(content.urls, {})
        page = lxml_html.document_fromstring(self.filled(content))
        self.assertEqual(
            [link.get("href") for link in page.iter("a")],
            [URL, "https://crm.example/y", "https://n.example/?a=1&b=2", OPT_OUT],
        )

    def test_a_field_in_a_link(self):
        html = '<a href="{{ object.website }}">x</a><a href="https://s.example/{{ object.ref }}?x={{ values.a }}">y</a>'
        content = self.compose(html + '<a href="mailto:{{ object.email }}">z</a>')
        self.assertEqual(content.urls, {}, "its target can't be known before")
        contexts = [part.context for part in content.html if isinstance(part, Slot)]
        self.assertEqual(contexts, ["url", "url_part", "url_part", "url_address"])


class TestPlaceholders(ComposeCase):
    named = {"spring": "https://n.example/?a=1&b=2", "summer": "https://n.example/2"}

    def test_opt_out(self):
        for html in ('<a href="{optOutUrl}">x</a>', '<a href="%7BoptOutUrl%7D">x</a>', "<p>at {optOutUrl}</p>"):
            content = self.compose(html, **FOOTER)
            self.assertTrue(content.has_opt_out)
            self.assertEqual(sum(part == Slot("opt_out", context="url") for part in content.html), 1, "no footer too")
            self.assertIn(OPT_OUT, self.filled(content, markup=False))

    def test_footer_where_it_is_missing(self):
        content = self.compose("<p>Hello</p>", **FOOTER)
        self.assertTrue(content.has_opt_out)
        self.assertEqual(self.filled(content).count(OPT_OUT), 1)
        self.assertEqual(self.filled(content, markup=False).count(OPT_OUT), 1)
        self.assertFalse(self.compose("<p>Hello</p>").has_opt_out, "switched off")

    def test_footer_of_a_text_of_its_own(self):
        content = self.compose('<a href="{optOutUrl}">x</a>', text="Hello\n\n", **FOOTER)
        self.assertEqual(self.filled(content, markup=False), f"Hello\n\n--\nOut: {OPT_OUT}\n")
        content = self.compose("<p>x</p>", text="Out {optOutUrl}, please", **FOOTER)
        self.assertEqual(self.filled(content, markup=False), f"Out {OPT_OUT}, please")

    def test_an_opt_out_link_that_nobody_sees_is_none(self):
        for html in (
            "<!-- {optOutUrl} -->",
            '<!--[if mso]><a href="{optOutUrl}">x</a><![endif]-->',
            "<style>{optOutUrl}</style>",
        ):
            self.assertEqual(self.filled(self.compose(f"<p>x</p>{html}", **FOOTER)).count("No more?"), 1, html)
        self.assertIn("No more?", self.filled(self.compose("<p>x</p>", preview="{optOutUrl}", **FOOTER)))

    def test_named_urls(self):
        for html in (
            '<a href="{trackingUrl:spring}">x</a>', '<a href="%7BtrackingUrl%3Aspring%7D">x</a>',
            '<a href="http://{trackingUrl:spring}">x</a>', "<p>{trackingUrl:spring}</p>",
        ):  # fmt: skip
            content = self.compose(html, named_urls=self.named)
            self.assertEqual(list(content.urls), ["https://n.example/?a=1&b=2"], html)

    def test_unknown_code(self):
        for options in ({"html": '<a href="{trackingUrl:autumn}">x</a>'}, {"html": "<p>x {trackingUrl:autumn}</p>"}):
            error = self.refused(named_urls=self.named, **options)
            self.assertEqual((error.place, error.expression), ("body", "{trackingUrl:autumn}"))
        error = self.refused("<p>x</p>", text="see {trackingUrl:autumn}", named_urls=self.named)
        self.assertEqual(error.place, "plain text")


class TestPlainText(ComposeCase):
    def test_links_in_a_written_text(self):
        content = self.compose(
            "<p>x</p>",
            text=f"See {URL}. Or (https://a.example/b), https://w.example/a_(b)! <https://c.example>\n"
            "http:// {{ object.name }}",
        )
        self.assertEqual(
            list(content.urls), [URL, "https://a.example/b", "https://w.example/a_(b)", "https://c.example"]
        )
        link = OURS["link"]
        self.assertEqual(
            self.filled(content, "Ann", markup=False), f"See {link}. Or ({link}), {link}! <{link}>\nhttp:// Ann"
        )

    def test_fields_in_its_links(self):
        content = self.compose("<p>x</p>", text="https://s.example/{{ object.ref }}?a=1.")
        self.assertEqual(content.urls, {})
        self.assertEqual(self.filled(content, "a b/c", markup=False), "https://s.example/a%20b%2Fc?a=1.")

    def test_derived(self):
        content = self.compose(
            "<html><head><title>T</title><style>p{color:red}</style></head><body><!--[if mso]>M<![endif]-->"
            '<p title="no">Hi {{ object.name }} &amp; co</p>'
            f'<a href="{URL}"><img src="/x.png" alt="Shop"></a></body></html>',
            preview="Unseen",
            open_tracking=True,
        )
        text = self.filled(content, "Ann <x> & Bob", markup=False)
        self.assertIn("Hi Ann <x> & Bob & co", text)
        self.assertIn("Shop", text)
        self.assertIn(OURS["link"], text)
        for word in ("Unseen", "color", "T\n", "M", "no", "png", "/o/t"):
            self.assertNotIn(word, text)

    def test_megabytes_take_no_time(self):
        for piece in (
            "https://",
            "https://a.example/(",
            "https://a.example/x).,",
            "{trackingUrl:",
            "{{ object.name }} ",
        ):
            started = time.monotonic()
            self.compose("<p>x</p>", text=piece * 5_000, named_urls={"x": "y"})
            self.assertLess(time.monotonic() - started, 3, piece)


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
