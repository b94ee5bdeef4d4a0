import base64
import re

from odoo.exceptions import ValidationError
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.response.email_link import OPT_OUT, PREFERENCES, PREVIEW
from .test_response import BROWSER, SentCase

# One dot of colour.
PNG = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
MARKUP = '<script>alert(1)</script><img src="x" onerror="alert(1)">'


class PagesCase(SentCase, HttpCase):
    """The pages behind the links of a mass email."""

    def url(self, page, purpose, *ids):
        return f"/email/{page}/{self.signer.sign(purpose, *(ids or (self.recipient.id,)))}"

    def page(self, data=None, page="u", purpose=OPT_OUT, ids=(), **kwargs):
        kwargs.setdefault("headers", BROWSER)
        response = self.url_open(self.url(page, purpose, *ids), data=data, **kwargs)
        self.recipient.invalidate_recordset()
        return response

    def speak(self, lang):
        """Install a language, and let the recipient have it."""
        self.env["res.lang"]._activate_lang(lang)
        self.env["ir.module.module"]._load_module_terms(["email_campaign"], [lang])
        self.recipient.lang = lang

    def events(self):
        return self.recipient.event_ids.sorted("id")

    def subscription(self, list_type=None, email="person1@good.example"):
        found = [("email", "=", email), ("list_type_id", "=", (list_type or self.list_type).id)]
        return self.env["email.subscription"].search(found).state

    def freeze_again(self, partners=None):
        """Give {email: state or reason} of one more mass email."""
        again = self.make_mailing(self.make_list(partners or self.partners[:2], name="Next"))
        self.env["email.audience"]._freeze(again)
        return self.states(again)


@tagged("post_install", "-at_install")
class TestOptOutPage(PagesCase):
    """What list types say on the page, the reason, where people are led, and that it is said once."""

    def test_reason_and_comment_are_on_record(self):
        reason = self.env.ref("email_campaign.opt_out_reason_too_many")
        self.assertIn(reason.name, self.page().text)
        self.page({"scope": "type", "reason": str(reason.id), "comment": " Every day!\r\nReally\x00 " + MARKUP})
        event = self.events()
        self.assertEqual((event.kind, event.opt_out_reason_id), ("opt_out", reason))
        self.assertEqual(event.comment, f"Every day!\nReally {MARKUP}")
        groups = (
            self.env["email.campaign.event"]
            .with_user(self.manager)
            ._read_group(
                [("kind", "=", "opt_out"), ("mailing_id", "=", self.mailing.id)], ["opt_out_reason_id"], ["__count"]
            )
        )
        self.assertEqual(groups, [(reason, 1)], "the report of managers")

    def test_answers_that_nobody_offered(self):
        for number in ("0", "-1", "99999999999", "x", "1e3", "٣", "2147483648", str(2**31 - 1), ""):
            with self.subTest(number):
                self.assertEqual(self.page({"scope": "type", "reason": number, "comment": "x" * 5000}).status_code, 200)
                self.assertFalse(self.events()[-1].opt_out_reason_id)
                self.assertEqual(len(self.events()[-1].comment), 1000)
                self.page({"undo": "1"})

    def test_a_page_that_does_not_ask(self):
        self.list_type.ask_reason = False
        text = self.page().text
        self.assertNotIn("comment", text)
        self.assertNotIn('name="reason"', text)
        self.assertIn("<button", text)

    def test_own_words_in_each_language(self):
        self.speak("de_DE")
        german = self.list_type.with_context(lang="de_DE")
        self.list_type.write({"page_text": "<p>Sorry</p>", "done_text": f"<p>Bye</p>{MARKUP}"})
        german.write({"name": "Neues & Angebote", "page_text": "<p>Schade</p>"})
        text = self.page().text
        self.assertIn('<html lang="de-DE"', text)
        for words in (
            "Schade",
            "Neues &amp; Angebote",
            "Was möchten Sie nicht mehr erhalten?",
            "Ich erhalte zu viele E-Mails",
        ):
            self.assertIn(words, text)
        self.recipient.lang = "xx_XX"
        text = self.page({"scope": "type"}).text
        self.assertIn("Bye", text)
        self.assertNotIn("alert(1)", text)

    def test_the_logo_is_in_the_page(self):
        self.assertNotIn("<img", self.page().text, "Odoo's placeholder is nobody's logo")
        self.mailing.company_id.sudo().logo = PNG
        self.assertIn('<img src="data:image/png;base64,', self.page().text)
        self.list_type.logo = PNG
        found = re.findall(r'<img src="([^"]{22})[^"]*" alt="([^"]*)"', self.page().text)
        self.assertEqual(found, [("data:image/png;base64,", self.mailing.company_id.name)])

    def test_pictures_in_a_text_are_in_the_page(self):
        def attach(**values):
            return self.env["ir.attachment"].create({"name": "p.png", "raw": base64.b64decode(PNG), **values})

        own = attach(res_model="email.list.type", res_id=self.list_type.id)
        secret = attach(res_model="res.partner", res_id=self.partners[0].id)
        words = "".join(f'<img src="/web/image/{each.id}-x/p.png" alt="{each.id}"/>' for each in (own, secret))
        self.list_type.page_text = f'<p>Bye {words}<img src="https://far.example/x.png"/>, friend</p>'
        text = self.page().text
        self.assertEqual(text.count("<img"), 1, "neither those of others nor those from elsewhere")
        self.assertRegex(text, f'<img [^>]*alt="{own.id}"')
        self.assertIn('src="data:image/png;base64,', text)
        self.assertIn(", friend", text)

    def test_on_to_a_page_of_ours(self):
        self.list_type.after_url = "https://www.good.example/goodbye?x=1"
        policy = self.page().headers["Content-Security-Policy"]
        self.assertIn("form-action 'self' https://www.good.example;", policy, "else browsers don't follow")
        response = self.page({"scope": "type"}, allow_redirects=False)
        self.assertEqual((response.status_code, response.headers["Location"]), (303, self.list_type.after_url))
        self.assertIn("no-store", response.headers["Cache-Control"])
        self.assertEqual(self.subscription(), "opted_out")
        self.assertEqual(self.page({"List-Unsubscribe": "One-Click"}, allow_redirects=False).status_code, 200)
        self.assertIn("subscribed again", self.page({"undo": "1"}).text)

    def test_pages_that_nobody_is_led_to(self):
        for url in (
            "javascript:alert(1)",
            "//evil.example",
            "/web",
            "https://",
            "https://good.example@evil.example/",
            "https://good.example/\r\nSet-Cookie: x=1",
            "https://good.example; script-src *",
            "data:text/html,x",
            "https://[::1",
            "https://good.example:99999/",
        ):
            with self.subTest(url), self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
                self.list_type.after_url = url
            self.assertIn("https://www.example.com/goodbye", str(caught.exception))

    def test_who_has_opted_out_is_told_so(self):
        self.page({"scope": "type"})
        text = self.page().text
        self.assertIn("This address is unsubscribed", text)
        self.assertIn("News and offers", text)
        self.assertIn('name="undo"', text)
        self.page({"scope": "everything"})
        self.assertIn("All newsletters", self.page().text)
        self.page({"undo": "1"})
        self.assertIn("What do you no longer want to get?", self.page().text)
        self.env["mail.blacklist"]._add("person1@good.example", message="by letter")
        text = self.page().text
        self.assertIn("This address is unsubscribed", text)
        self.assertNotIn('name="undo"', text, "what cannot be undone here is not offered")

    def test_repeated_posts_change_nothing_more(self):
        for _ in range(3):
            self.assertEqual(self.page({"scope": "type"}).status_code, 200)
        for _ in range(2):
            self.page({"undo": "1"})
        self.assertEqual(self.events().mapped("kind"), ["opt_out", "opt_in"])

    def test_one_click_is_on_record_in_the_language_of_the_company(self):
        self.speak("fr_FR")
        self.recipient.lang = "en_US"
        self.mailing.company_id.partner_id.lang = "fr_FR"
        self.list_type.with_context(lang="fr_FR").name = "Nouvelles"
        self.page({"List-Unsubscribe": "One-Click"})
        self.assertEqual((self.events().kind, self.events().detail), ("opt_out", "Nouvelles"))
        self.assertEqual(self.subscription(), "opted_out")
        french = self.recipient.with_context(lang="fr_FR").env._("one click in the mail program")
        ledger = self.env["email.consent"].sudo().search([("email", "=", self.recipient.email)], limit=1)
        self.assertEqual((ledger.source, ledger.detail, ledger.lang), ("mail_program", french, "en_US"))

    def test_the_ledger_says_who_was_logged_in(self):
        user = new_test_user(self.env, login="lou", groups="base.group_user")
        self.authenticate("lou", "lou")
        for data, expected in (({"scope": "type"}, user), ({"undo": "1"}, user), (None, user.browse())):
            with self.subTest(data):
                self.page(data or {"List-Unsubscribe": "One-Click"})
                ledger = self.env["email.consent"].sudo().search([("email", "=", self.recipient.email)], limit=1)
                self.assertEqual(ledger.user_id, expected)

    def test_the_language_of_a_company_is_known_for_one_recipient(self):
        """It is passed on with the context, and does not count for another one."""
        links = self.env["email.link"]
        known = self.recipient._knowing_office()
        self.assertEqual(known, self.recipient)
        other = (self.mailing.recipient_ids.sudo() - known)[:1]
        self.mailing.company_id.partner_id.lang = False
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.env["res.lang"]._activate_lang("fr_FR")
        company.partner_id.lang = "fr_FR"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE email_campaign_mailing SET company_id = %s WHERE id = %s", [company.id, other.mailing_id.id]
        )
        self.assertEqual(known._speaking_to_company().env.lang, "en_US")
        self.assertEqual(other.with_env(known.env)._speaking_to_company().env.lang, "fr_FR")
        gone = self.signer.sign(OPT_OUT, self.recipient.id + 1_000_000)
        for token in (gone, self.signer.sign(OPT_OUT, 0), self.signer.sign(PREFERENCES, self.recipient.id), "x"):
            self.assertFalse(links._opt_out_at_once(token, None, None))
        self.assertFalse(self.events())

    def test_look_at_the_page_of_a_list_type(self):
        admin = new_test_user(self.env, login="ada", groups="base.group_user,email_campaign.group_admin")
        for action, heading in (
            (self.list_type.with_user(admin).action_preview_page(), "Unsubscribe"),
            (self.list_type.with_user(admin).action_preview_preferences(), "Your email preferences"),
        ):
            text = self.url_open(action["url"]).text
            self.assertIn(f"<h1>{heading}</h1>", text)
            self.assertIn("Nothing is changed by it", text)
            self.assertIn("News and offers", text)
            for data in ({"scope": "everything"}, {"undo": "1"}, {"do": "pause"}, {"do": "everything"}):
                self.assertEqual(self.url_open(action["url"], data=data).status_code, 200)
        self.assertFalse(self.env["mail.blacklist"].search([("email", "like", "example.com")]))
        self.assertFalse(self.env["email.pause"].search([]))
        self.assertEqual(self.page(page="u", purpose=PREVIEW, ids=(2**40,)).status_code, 404)

    def test_the_way_to_the_preference_centre(self):
        path = re.search(r'href="(/email/p/[^"]+)"', self.page().text)[1]
        self.assertEqual(path, self.url("p", PREFERENCES))
        self.assertIn("Your email preferences", self.url_open(path).text)
