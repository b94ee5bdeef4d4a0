import re
import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from odoo.tests import tagged

from ..models.response.email_link import CLICK, OPEN, OPT_OUT, PREFERENCES, PREVIEW
from ..tools.token import Signer
from .test_opt_out_page import PagesCase
from .test_response import BROWSER

HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
PURPOSES = {"u": OPT_OUT, "p": PREFERENCES}
# As prefetchers, scanners and previews say who they are, or do not.
LOOKING = (
    {},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch", "X-Moz": "prefetch"},
    {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
    BROWSER,
)
TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=80)
TOKENS = st.one_of(TEXT, st.text(string.ascii_letters + string.digits + "-_", min_size=10, max_size=60))
QUIET = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@tagged("post_install", "-at_install")
class TestPublicPages(PagesCase):
    """What all public pages have in common: they are safe, leave nothing behind, and can be read by everybody."""

    def assertKept(self, response):
        """Nothing is kept, set or loaded."""
        for name, value in HEADERS.items():
            self.assertIn(value, response.headers.get(name, ""), name)
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertFalse(
            re.search(r'(?:src|href|action)="(?:https?:)?//', response.text), "nothing is loaded from afar"
        )
        self.assertNotIn("<script", response.text)

    def responses(self):
        """Give (what it is, response) of every page in every state."""
        self.opener.cookies.clear()
        for page, posts in (
            ("u", ({"scope": "type"}, {"undo": "1"}, {"undo": "1"}, {"scope": "everything"})),
            ("p", ({"do": "back"}, {"do": "save"}, {"do": "pause"}, {"do": "resume"}, {"do": "everything"})),
        ):
            for ids in ((self.recipient.id,), (0,)):
                url = self.url(page, PURPOSES[page], *ids)
                yield f"{page} {ids}", self.url_open(url, headers=BROWSER)
                for data in posts:
                    yield f"{page} {ids} {data}", self.url_open(url, data=data, headers=BROWSER)
                    yield f"{page} {ids} after {data}", self.url_open(url, headers=BROWSER)
        yield "missing", self.url_open("/email/u/x", headers=BROWSER)

    def test_headers_and_cookies(self):
        for what, response in self.responses():
            with self.subTest(what):
                self.assertEqual(response.status_code, 404 if what == "missing" else 200)
                self.assertKept(response)
        self.assertFalse(self.opener.cookies)

    def test_readable_by_everybody(self):
        """What is checked here of the Web Content Accessibility Guidelines is what can be seen in the markup."""
        for what, response in self.responses():
            with self.subTest(what):
                self.assertTrue(response.text.lstrip().lower().startswith("<!doctype html>"), "no quirks")
                page = lxml_html.fromstring(response.text)
                self.assertTrue(page.get("lang"))
                self.assertTrue(page.xpath("//title")[0].text_content().strip())
                self.assertEqual(len(page.xpath("//main")), 1)
                self.assertEqual(len(page.xpath("//h1")), 1)
                self.assertIn("width=device-width", page.xpath("//meta[@name='viewport']/@content")[0])
                for field in page.xpath("//input[not(@type='hidden')] | //textarea | //select"):
                    self.assertTrue(field.xpath("ancestor::label")[0].text_content().strip(), field.get("name"))
                for group in page.xpath("//fieldset"):
                    self.assertTrue(group.xpath("legend")[0].text_content().strip())
                for button in page.xpath("//button"):
                    self.assertTrue(button.text_content().strip())
                    self.assertTrue(button.xpath("ancestor::form[@method='post']"), "works without a script")
                self.assertFalse(page.xpath("//img[not(@alt)]"))
                self.assertFalse(page.xpath("//*[@tabindex or @autofocus or @onclick]"))

    def test_contrast(self):
        """WCAG 2.1: 4.5 for text (1.4.3), 3 for the edges of fields and the ring around what has the focus (1.4.11)."""
        text = self.page().text
        light, dark = re.findall(r":root \{([^}]*--back[^}]*)\}", text)
        pairs = [("--text", name) for name in ("--back", "--card", "--tint")]
        pairs += [("--soft", name) for name in ("--back", "--card", "--tint")]
        pairs += [
            ("--accent", "--card"),
            ("--accent", "--tint"),
            ("--on-accent", "--accent"),
            ("--on-accent", "--hover"),
        ]
        pairs += [("--on-good", "--good"), ("--on-note", "--note")]
        for block in (light, dark):
            colours = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]+)", block))
            for front, back in pairs:
                self.assertGreaterEqual(contrast(colours[front], colours[back]), 4.5, (front, back, block))
            self.assertGreaterEqual(contrast(colours["--edge"], colours["--card"]), 3)

    def test_a_scanner_opts_out_nobody(self):
        """Every link of the pages, and every page that these lead to, by every way of looking."""
        seen, waiting = set(), [self.url(page, purpose) for page, purpose in PURPOSES.items()]
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            for method in ("GET", "HEAD", "OPTIONS"):
                for headers in LOOKING:
                    response = self.url_open(path, method=method, headers=headers, allow_redirects=False)
                    page = re.sub(r"\?.*", "", path)
                    waiting += [
                        page + "?" + query for query in ("undo=1", "do=everything", "List-Unsubscribe=One-Click")
                    ]
                    waiting += re.findall(r'href="(/[^"]+)"', response.text)
        self.assertGreaterEqual(len(seen), 8)
        self.assertFalse(self.kinds())
        self.assertFalse(self.subscription())
        self.assertFalse(self.env["mail.blacklist"].search([("email", "=", "person1@good.example")]))
        self.assertFalse(self.env["email.pause"].search([]))

    def test_one_answer_to_every_bad_link(self):
        gone = self.mailing.recipient_ids[1]
        ours = {page: self.signer.sign(purpose, self.recipient.id) for page, purpose in PURPOSES.items()}
        other_database = Signer({1: b"another database's key"}, 1)
        bad = ["x", "%00", "..%2f..%2fetc%2fpasswd", "%F0%9F%92%A9", "A" * 4000, "<script>", "%0d%0aSet-Cookie:x=1"]
        for purpose in (OPT_OUT, PREFERENCES, OPEN, CLICK, PREVIEW):
            bad += [other_database.sign(purpose, self.recipient.id), self.signer.sign(purpose, 2**62)]
        bad += [self.signer.sign(OPEN, self.recipient.id), self.signer.sign_family(CLICK, self.recipient.id, 1)]
        bodies = set()
        for page, token in ours.items():
            [other] = [each for name, each in ours.items() if name != page]
            lost = self.signer.sign(PURPOSES[page], gone.id)
            self.assertEqual(self.url_open(f"/email/{page}/{lost}").status_code, 200)
            for each in (*bad, other, token[:-1], token[1:], token + "=", token.swapcase(), f"{token}/more"):
                for data in (None, {"scope": "type", "do": "everything", "List-Unsubscribe": "One-Click"}):
                    with self.subTest(page=page, token=each, data=data):
                        response = self.url_open(f"/email/{page}/{each}", data=data, headers=BROWSER)
                        self.assertEqual(response.status_code, 404)
                        self.assertKept(response)
                        bodies.add(response.text)
        gone.sudo().unlink()
        for page, purpose in PURPOSES.items():
            bodies.add(self.url_open(f"/email/{page}/{self.signer.sign(purpose, gone.id)}", headers=BROWSER).text)
        for path in ("/email/", "/email/u/", "/email/o/x.gif", "/email/c/x", "/email/no/such/page"):
            bodies.add(self.url_open(path, headers=BROWSER).text)
        self.assertEqual(len(bodies), 1, "nobody learns from it why")
        self.assertIn("This link does not work", bodies.pop())
        self.assertFalse(self.kinds())

    def test_wrong_methods(self):
        for page, purpose in PURPOSES.items():
            for method in ("PUT", "DELETE", "PATCH", "PROPFIND"):
                response = self.url_open(self.url(page, purpose), method=method)
                self.assertEqual(response.status_code, 404, method)
                self.assertKept(response)
        self.assertFalse(self.kinds())

    @QUIET
    @given(TOKENS)
    def test_no_made_up_token_opens_a_page(self, token):
        for page in PURPOSES:
            response = self.url_open(f"/email/{page}/" + "".join(f"%{octet:02x}" for octet in token.encode()))
            self.assertEqual(response.status_code, 404)

    @QUIET
    @given(st.dictionaries(st.sampled_from(["scope", "reason", "comment", "undo", "do", "list", "shown"]), TEXT))
    def test_no_form_breaks_a_page(self, data):
        for page, purpose in PURPOSES.items():
            response = self.url_open(self.url(page, purpose), data=data or {"x": ""})
            self.assertEqual(response.status_code, 200)
            self.assertKept(response)


def contrast(one, other):
    """Give the contrast of two colours (#rgb or #rrggbb) as WCAG defines it."""
    lights = sorted(map(luminance, (one, other)), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
