import time

from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html as lxml_html
from markupsafe import escape

from odoo.addons.email_campaign.tools.links import personal_target, settle_rendered
from odoo.addons.email_campaign.tools.template import Slot, TemplateError

from .composing import FOOTER, OPT_OUT, OURS, URL, ComposeCase


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
        self.assertEqual(content.urls, {"{{ object.website }}": "x"}, "the target of the others can't be known before")
        contexts = [part.context for part in content.html if isinstance(part, Slot)]
        self.assertEqual(contexts, ["url_tracked", "url_part", "url_part", "url_address"])
        content = self.compose(html, click_tracking=False)
        self.assertEqual(content.urls, {})
        self.assertEqual(next(part.context for part in content.html if isinstance(part, Slot)), "url")

    def test_which_fields_are_whole_links(self):
        for href, kept in (
            (" {{ values.voucher ||| https://x.example/ }} ", "{{ values.voucher ||| https://x.example/ }}"),
            ("%7B%7B%20object.website%20%7D%7D", "{{ object.website }}"),
            ("{{ object.website }}#top", None),
            ("{{ object.website }}{{ object.ref }}", None),
            ("https:{{ object.website }}", None),
            # Strangers type that into a subscribe form.
            ("{{ recipient.name }}", None),
            ("{{ recipient.email }}", None),
        ):
            content = self.compose(f'<a href="{href}">x</a>')
            self.assertEqual(list(content.urls), [kept] if kept else [], href)

    def test_where_a_personal_link_may_lead(self):
        for value, target in (
            ("https://a.example/x?y=1#z", "https://a.example/x?y=1#z"),
            ("www.a.example/ä b", "https://www.a.example/%C3%A4%20b"),
            ("ann@a.example", ""),
            ("tel:+331", ""),
            ("javascript:alert(1)", ""),
            ("//a.example", ""),
            ("https://", ""),
            ("https://a.example:x/", ""),
            ("https://a.example/\r\nSet-Cookie: a=b", "https://a.example/%0D%0ASet-Cookie:%20a=b"),
            ("https://a.example/" + "a" * 4000, ""),
            ("", ""),
        ):
            self.assertEqual(personal_target(value), target, value[:40])


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


class TestSpelling(ComposeCase):
    def test_a_link_as_the_editor_keeps_it(self):
        for href in ("https://{trackingUrl/prices}", "{trackingUrl:prices}", "https://%7BtrackingUrl/prices%7D"):
            with self.subTest(href):
                content = self.compose(f'<a href="{href}">Prices</a>', named_urls={"prices": URL})
                self.assertEqual(list(content.urls), [URL])

    def test_a_misspelt_placeholder_is_refused(self):
        for body in (
            "<p>{trackingUrl:prices</p>",
            "<p>{optouturl}</p>",
            '<a href="https://{opt_out_url}">x</a>',
            "<p>{ trackingUrl/prices }</p>",
        ):
            with self.subTest(body), self.assertRaisesRegex(TemplateError, "optOutUrl"):
                self.compose(body, named_urls={"prices": URL})


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
            "{tracking",
            "{{ object.name }} ",
        ):
            started = time.monotonic()
            self.compose("<p>x</p>", text=piece * 5_000, named_urls={"x": "y"})
            self.assertLess(time.monotonic() - started, 3, piece)


class TestRendered(ComposeCase):
    """Links that code in a template makes, of what may come from the recipient."""

    def href(self, href):
        page = settle_rendered(f'<p><a class="x" href="{escape(href)}">x</a></p>', "https://crm.example/")
        return lxml_html.fragment_fromstring(page).find("a").get("href")

    def test_where_they_lead(self):
        for href, settled in (
            ("https://shop.example/?a=1&b=2", "https://shop.example/?a=1&b=2"),
            ("/my/5?a=1&b=2", "https://crm.example/my/5?a=1&b=2"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("mailto:a@b.example", "mailto:a@b.example"),
            ("javascript:alert(1)", "#"),
            (" JAVA\tscript:alert(1)", "#"),
            ("\x01data:text/html,x", "#"),
            ("vbscript:x", "#"),
            ("data.html", "data.html"),
            ("", ""),
        ):
            self.assertEqual(self.href(href), settled, href)

    def test_images(self):
        for source, settled in (
            ("data:image/png;base64,AAAA", "data:image/png;base64,AAAA"),
            ("data:text/html,x", "#"),
            ("/web/image/5", "https://crm.example/web/image/5"),
        ):
            page = settle_rendered(f'<img src="{source}" alt="a"/>', "https://crm.example")
            self.assertEqual(page, f'<img src="{settled}" alt="a"/>')

    @given(st.text(alphabet="javscriptdt:/ \t\n\x01&#;1\"'<x", max_size=30), st.sampled_from(("javascript:", "")))
    @example("", "java\nscript:")
    def test_nothing_runs(self, text, scheme):
        try:
            href = self.href(scheme + text)
        except ValueError:
            return  # a control character that no document may hold
        bare = "".join(char for char in href if ord(char) > 32).lower()
        self.assertFalse(bare.startswith(("javascript:", "vbscript:", "data:")), href)

    def test_a_megabyte_takes_no_time(self):
        for piece in ("href=", 'href="', 'href="/', "href=' ", " "):
            started = time.monotonic()
            settle_rendered(piece * (1_000_000 // len(piece)), "https://crm.example")
            self.assertLess(time.monotonic() - started, 3, piece)
