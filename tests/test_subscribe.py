import re
import tempfile
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.tests import tagged
from odoo.tools.translate import TranslationImporter

from ..models.audience.consent import email_subscription_request
from .subscribing import PHONE, SubscribeCase

NEWS = "News and offers"
REQUESTED = ("opt_in_requested", "form", NEWS)
CONFIRMED = ("opt_in_confirmed", "confirmation", NEWS)


@tagged("post_install", "-at_install")
class TestSubscribe(SubscribeCase):
    """From the form by the email to the list of subscribers."""

    def test_the_form(self):
        response = self.url_open(self.path, headers=PHONE)
        self.assertEqual(response.status_code, 200)
        self.assertIn(f"Subscribe to {NEWS}", re.sub(r"<[^>]+>", "", response.text))
        self.assertIn("I want <b>news</b>.", response.text)
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertNotIn("<script", response.text)
        self.assertFalse(re.search(r'(src|href)="(https?:)?//', response.text), "nothing is loaded from elsewhere")
        self.assertIn("frame-ancestors 'none'", response.headers["Content-Security-Policy"])
        self.assertIn("no-store", response.headers["Cache-Control"])
        self.assertFalse(self.env["email.subscription.request"].search([]))

    def test_from_the_form_to_the_list(self):
        response = self.subscribe("Nora@New.example", name="Nora  New")
        self.assertIn("Please look into your mailbox", response.text)
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertEqual((self.state("nora@new.example"), self.ledger("nora@new.example")), ("pending", [REQUESTED]))
        self.assertFalse(self.subscribers.member_ids)

        path = self.confirm_path("nora@new.example")
        mail = self.message_to("nora@new.example")
        self.assertEqual((mail["Subject"], mail["Auto-Submitted"]), (f"Please confirm: {NEWS}", "auto-generated"))
        self.assertIn("office@crm.example", mail["From"])
        self.assertNotIn("Nora", mail.as_string().replace("nora@new.example", ""), "no words of a stranger are sent")

        for method in ("GET", "HEAD", "GET"):
            response = self.url_open(path, headers=PHONE, method=method)
            self.assertEqual(response.status_code, 200)
        self.assertIn("Yes, subscribe me", response.text)
        self.assertEqual(self.state("nora@new.example"), "pending", "scanners look at links and confirm nothing")

        response = self.url_open(path, data={"x": "1"}, headers=PHONE)
        self.assertIn("You are subscribed", response.text)
        self.assertEqual(self.state("nora@new.example"), "opted_in")
        self.assertEqual(self.ledger("nora@new.example"), [REQUESTED, CONFIRMED])
        row = self.env["email.consent"].search([("email", "=", "nora@new.example")], limit=1)
        self.assertEqual((row.text_id, row.text_version), (self.list_type.consent_text_id, 1))
        self.assertEqual((row.ip, row.user_agent, row.lang), ("127.0.0.1", PHONE["User-Agent"], "en_US"))
        self.assertFalse(row.user_id)
        member = self.subscribers.member_ids
        self.assertEqual((member.name, member.email, member.state), ("Nora New", "nora@new.example", "subscribed"))
        self.assertFalse(member.res_id)
        self.assertEqual(self.frozen(self.subscribers), {"nora@new.example": "queued"})

        self.assertIn("You are subscribed", self.url_open(path, data={"x": "1"}).text)
        self.assertEqual(len(self.ledger("nora@new.example")), 2, "confirming twice does no harm")

    def test_subscribing_ends_a_break(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        pauses = self.env["email.pause"]
        for company in (self.env.company, other):
            pauses._begin("nora@new.example", company)
        self.subscribe("nora@new.example")
        path = self.confirm_path("nora@new.example")
        self.assertIn("It ends if you confirm", self.url_open(path, headers=PHONE).text)
        self.assertTrue(pauses._until("nora@new.example", self.env.company), "asking and looking change nothing")
        self.url_open(path, data={"x": "1"}, headers=PHONE)
        self.env.invalidate_all()
        self.assertFalse(pauses._until("nora@new.example", self.env.company))
        self.assertTrue(pauses._until("nora@new.example", other), "the break from another company goes on")
        self.assertEqual(self.ledger("nora@new.example"), [REQUESTED, CONFIRMED, ("resume", "confirmation", "all")])
        row = self.env["email.consent"].search([("email", "=", "nora@new.example")], limit=1)
        self.assertEqual((row.ip, row.text_id.id, row.detail), ("127.0.0.1", False, f"subscribed: {NEWS}"))
        self.assertEqual(self.frozen(self.subscribers), {"nora@new.example": "queued"})
        self.assertNotIn("It ends if you confirm", self.url_open(path, headers=PHONE).text)

    def test_a_shared_list_type_without_list_ends_all_breaks(self):
        self.list_type.subscriber_list_id = False
        other = self.env["res.company"].create({"name": "Elsewhere"})
        for company in (self.env.company, other):
            self.env["email.pause"]._begin("nora@new.example", company)
        self.confirmed("nora@new.example")
        self.env.invalidate_all()
        self.assertFalse(self.env["email.pause"].search([("email", "=", "nora@new.example")]))
        self.assertEqual([action for action, _source, _type in self.ledger("nora@new.example")].count("resume"), 1)

    def test_the_answer_tells_nothing(self):
        """Known, unknown, opted out, subscribed, erased, dead: each gets the same page and the same email."""
        blacklist = self.env["mail.blacklist"]
        self.confirmed("in@known.example")
        self.env["email.subscription"]._set_state("out@known.example", self.list_type, "opted_out", "test")
        blacklist._add("never@known.example")
        self.env["email.address"].create({"email": "dead@known.example", "validity": "invalid"})
        self.env["email.erasure"].with_user(self.manager)._erase("erased@known.example")
        self.env["email.subscription.request"].search([]).mailed_at = "2020-01-01"
        self.env.flush_all()
        names = ("in", "out", "never", "dead", "erased", "unknown")
        answers = {self.subscribe(f"{name}@known.example").text for name in names}
        answers.add(self.subscribe("person1@good.example").text)
        # A second time, when nothing is sent any more.
        answers |= {self.subscribe(f"{name}@known.example").text for name in names}
        self.assertEqual(len(answers), 1)
        self.peer.mails.clear()
        self.deliver()
        texts = {
            re.sub(
                r"/email/confirm/[\w-]+", "", self.message_to(f"{name}@known.example").get_body(("html",)).get_content()
            )
            for name in names
        }
        self.assertEqual(len(texts), 1)
        self.assertEqual(self.state("in@known.example"), "opted_in")
        self.assertEqual(self.state("out@known.example"), "opted_out", "a stranger's request changes nothing")
        self.assertTrue(blacklist.search_count([("email", "=", "never@known.example")]))

    def test_nobody_is_mailed_twice_within_some_time(self):
        for _time in range(3):
            self.subscribe("nora@new.example")
        self.deliver()
        self.assertEqual(len(self.mails_to("nora@new.example")), 1)
        requests = self.env["email.subscription.request"].search([])
        for count in range(2, 8):
            requests.mailed_at = fields.Datetime.now() - timedelta(minutes=16)
            self.env.flush_all()
            self.subscribe("nora@new.example")
            self.deliver()
            self.assertEqual(len(self.mails_to("nora@new.example")), min(count, email_subscription_request.MAILS_A_DAY))
        other = self.list_type.copy({"name": "Other", "subscribe_form": True})
        self.path = "/email/s/" + other.subscribe_url.rpartition("/")[2]
        self.subscribe("nora@new.example")
        self.deliver()
        self.assertEqual(len(self.mails_to("nora@new.example")), 5, "nor by another form")
        requests.mailed_at = "2020-01-01"
        self.env.flush_all()
        self.subscribe("nora@new.example")
        self.deliver()
        self.assertEqual(len(self.mails_to("nora@new.example")), 6)

    def test_a_network_that_asks_too_often(self):
        self.patch(email_subscription_request, "NETWORK_LIMIT", 3)
        answers = [self.subscribe(f"p{n}@new.example").status_code for n in range(5)]
        self.assertEqual(answers, [200, 200, 200, 429, 429])
        response = self.subscribe("p0@new.example")
        self.assertEqual(response.status_code, 429)
        self.assertIn("Please try again later", response.text)
        self.env["email.subscription.request"].search([]).requested_at = "2020-01-01"
        self.env.flush_all()
        self.assertEqual(self.subscribe("p9@new.example").status_code, 200)

    def test_machines(self):
        self.assertIn("Please look into your mailbox", self.subscribe("m@new.example", website="http://spam").text)
        opened = re.search(r'name="opened" value="([^"]+)"', self.url_open(self.path).text)[1]
        response = self.subscribe("m@new.example", opened=opened, name='"><b>x')
        self.assertIn("once more and press the button again", response.text)
        self.assertIn('value="m@new.example"', response.text, "what was typed is kept for a person")
        self.assertIn('value="&#34;&gt;&lt;b&gt;x"', response.text)
        for stamp in (opened[:-1], "x", self.env["email.link"]._signer().sign("subscribe-form", 1, 5)):
            self.assertIn("once more and press the button again", self.subscribe("m@new.example", opened=stamp).text)
        self.assertFalse(self.env["email.subscription.request"].search([]))
        signer = self.env["email.link"]._signer()
        earlier = signer.sign("subscribe-form", self.list_type.id, int(fields.Datetime.now().timestamp()) - 5)
        self.subscribe("m@new.example", opened=earlier)
        self.assertTrue(self.env["email.subscription.request"].search([]))

    def test_bad_addresses(self):
        for email in (
            "",
            "x",
            "a@b",
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example, c@d.example",
            "<b>@x.example",
            "é" * 99,
        ):
            with self.subTest(email):
                response = self.subscribe(email)
                self.assertEqual(response.status_code, 200)
                self.assertIn("Please check the email address", response.text)
        self.assertFalse(self.env["email.subscription.request"].search([]))
        self.assertFalse(self.env["mail.mail"].search([("model", "=", "email.subscription.request")]))

    def test_the_box(self):
        self.list_type.consent_checkbox = True
        self.assertIn("Please tick the box", self.subscribe("nora@new.example").text)
        self.assertFalse(self.env["email.subscription.request"].search([]))
        self.assertIn("look into your mailbox", self.subscribe("nora@new.example", agree="1").text)

    def test_the_version_that_was_shown(self):
        old = self.list_type.consent_text_id
        self.subscribe("a@new.example", text=str(old.id))
        old.action_new_version()
        self.list_type.consent_text_id.text = "<p>I want more news.</p>"
        self.subscribe("b@new.example", text=str(old.id))
        self.subscribe("c@new.example")
        foreign = self.env["email.consent.text"].create(
            {"list_type_id": self.list_type.copy({"name": "Other"}).id, "text": "<p>Anything.</p>"}
        )
        self.subscribe("d@new.example", text=str(foreign.id))
        self.env.invalidate_all()
        rows = self.env["email.consent"].search([("action", "=", "opt_in_requested")], order="id")
        self.assertEqual([row.text_version for row in rows], [1, 1, 2, 2])

    def test_a_link_that_is_too_old(self):
        self.subscribe("nora@new.example")
        path = self.confirm_path("nora@new.example")
        self.env["email.subscription.request"].search([]).expires_at = "2020-01-01"
        self.env.flush_all()
        for data in (None, {"x": "1"}):
            self.assertIn("This link is no longer valid", self.url_open(path, data=data, headers=PHONE).text)
        self.env["email.subscription.request"]._gc_requests()
        self.assertFalse(self.env["email.subscription.request"].search([]))
        self.assertFalse(self.state("nora@new.example"))
        self.assertEqual(self.ledger("nora@new.example")[-1], ("expire", "system", NEWS))
        self.assertIn("This link is no longer valid", self.url_open(path, data={"x": "1"}, headers=PHONE).text)

    def test_only_what_is_unconfirmed_expires(self):
        self.confirmed("in@new.example")
        self.env["email.subscription.request"].search([]).expires_at = "2020-01-01"
        self.env.flush_all()
        self.env["email.subscription.request"]._gc_requests()
        self.assertEqual(self.state("in@new.example"), "opted_in")
        request = self.env["email.subscription.request"].search([])
        self.assertEqual((request.state, request.ip, request.network), ("confirmed", False, False))

    def test_whoever_had_opted_out_of_everything(self):
        """They get what they ask for, and nothing else."""
        other = self.list_type.copy({"name": "Other"})
        self.env["mail.blacklist"]._add("person1@good.example")
        self.subscribe("person1@good.example")
        path = self.confirm_path("person1@good.example")
        self.assertIn("You had opted out of all our emails", self.url_open(path, headers=PHONE).text)
        self.url_open(path, data={"x": "1"}, headers=PHONE)
        self.assertFalse(self.env["mail.blacklist"].search_count([("email", "=", "person1@good.example")]))
        self.assertEqual(self.state("person1@good.example", other), "opted_out")
        self.assertEqual(self.frozen(self.subscribers), {"person1@good.example": "queued"})
        elsewhere = self.make_list(self.partners[:1], list_type_id=other.id)
        self.assertEqual(self.frozen(elsewhere), {"person1@good.example": "opted_out"})
        actions = [(action, list_type) for action, _source, list_type in self.ledger("person1@good.example")]
        for expected in (
            ("opt_out", "all"),
            ("opt_in_requested", NEWS),
            ("opt_out", "Other"),
            ("opt_in_confirmed", NEWS),
        ):
            self.assertIn(expected, actions)

    def test_a_dead_address_that_confirms_lives(self):
        self.env["email.address"].create({"email": "nora@new.example", "validity": "invalid"})
        self.confirmed("nora@new.example")
        self.assertEqual(self.frozen(self.subscribers), {"nora@new.example": "queued"})

    def test_a_contact_stays_on_the_list_as_a_contact(self):
        self.subscribers.with_user(self.salesperson)._add_records(self.partners[0].with_user(self.salesperson))
        self.subscribers.member_ids.state = "unsubscribed"
        self.confirmed("person1@good.example")
        self.env.invalidate_all()
        member = self.subscribers.member_ids
        self.assertEqual((member.partner_id, member.state), (self.partners[0], "subscribed"))

    def test_welcome_and_leaving(self):
        self.list_type.welcome_template_id = self.env.ref("email_campaign.mail_template_welcome")
        self.confirmed("nora@new.example")
        self.peer.mails.clear()
        path = self.confirm_path("nora@new.example")
        mail = self.message_to("nora@new.example")
        self.assertEqual(mail["Subject"], f"Welcome to {NEWS}")
        self.assertEqual(mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.assertIn(path, mail["List-Unsubscribe"])
        response = self.url_open(path, data={"List-Unsubscribe": "One-Click"})
        self.assertEqual((response.status_code, self.state("nora@new.example")), (200, "opted_out"))
        self.assertEqual(self.ledger("nora@new.example")[-1], ("opt_out", "mail_program", NEWS))
        response = self.url_open(path, data={"x": "1"}, headers=PHONE)
        self.assertIn("This link is no longer valid", response.text)
        self.assertEqual(self.state("nora@new.example"), "opted_out", "the old link subscribes nobody again")

    def test_who_asks_for_others_changes_nothing_for_them(self):
        """Anybody can type the address of a subscriber: the links of its owner go on working."""
        self.list_type.welcome_template_id = self.env.ref("email_campaign.mail_template_welcome")
        self.confirmed("nora@new.example")
        path = self.confirm_path("nora@new.example")
        self.env["email.subscription.request"].search([]).requested_at = "2020-01-01"
        self.env.flush_all()
        self.subscribe("nora@new.example")
        self.env["email.subscription.request"].search([]).expires_at = "2020-01-01"
        self.env.flush_all()
        self.env["email.subscription.request"]._gc_requests()
        self.assertEqual(self.state("nora@new.example"), "opted_in")
        self.assertNotIn("expire", [said for said, _source, _list_type in self.ledger("nora@new.example")])
        self.subscribe("nora@new.example")
        self.assertEqual(self.url_open(path, data={"List-Unsubscribe": "One-Click"}).status_code, 200)
        self.assertEqual(self.state("nora@new.example"), "opted_out")

    def test_without_double_opt_in(self):
        self.list_type.double_opt_in = False
        self.subscribe("nora@new.example")
        self.assertEqual(self.state("nora@new.example"), "opted_in")
        self.env["email.subscription"]._set_state("out@new.example", self.list_type, "opted_out", "test")
        self.env["mail.blacklist"]._add("never@new.example")
        for email in ("out@new.example", "never@new.example"):
            self.subscribe(email)
            self.assertNotEqual(self.state(email), "opted_in", "whoever said no is asked by email all the same")
            self.url_open(self.confirm_path(email), data={"x": "1"})
            self.assertEqual(self.state(email), "opted_in")

    def test_languages(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["res.lang"]._activate_lang("fr_FR")
        # From the files alone: Odoo reads only what the template of all texts has, which is made anew at a release.
        importer = TranslationImporter(self.env.cr, verbose=False)
        for lang in ("de", "fr"):
            with tempfile.NamedTemporaryFile() as words:
                words.write((Path(__file__).parents[1] / "i18n" / f"{lang}.po").read_bytes())
                words.flush()
                importer.load(words, "po", f"{lang}_{lang.upper()}")
        importer.save(overwrite=True, force_overwrite=True)
        self.list_type.with_context(lang="de_DE").name = "Neues"
        for lang, accepted, button, subject in (
            ("de-DE", "de-AT,de;q=0.9,en;q=0.5", "Abonnieren", "Bitte bestätigen: Neues"),
            ("fr-FR", "fr-CA", "S’abonner", "Veuillez confirmer : Actualités et offres"),
        ):
            with self.subTest(lang):
                headers = {**PHONE, "Accept-Language": accepted}
                page = self.url_open(self.path, headers=headers).text
                self.assertIn(f'<html lang="{lang}">', page)
                self.assertIn(button, page)
                self.subscribe(f"{lang}@new.example".lower(), headers=headers)
                self.confirm_path(f"{lang}@new.example".lower())
                self.assertEqual(self.message_to(f"{lang}@new.example".lower())["Subject"], subject)

    def test_switched_off_is_not_found(self):
        tokens = [self.path, "/email/s/x", "/email/s/" + self.env["email.link"]._signer().sign("subscribe", 2**40)]
        self.list_type.subscribe_form = False
        self.env.flush_all()
        bodies = set()
        for path in tokens:
            for data in (None, {"email": "nora@new.example"}):
                response = self.url_open(path, data=data)
                self.assertEqual(response.status_code, 404)
            bodies.add(self.url_open(path).text)
        self.assertEqual(len(bodies), 1)


@tagged("post_install", "-at_install")
class TestEmbedding(SubscribeCase):
    """The form on other websites."""

    def test_the_snippet_subscribes(self):
        snippet = self.list_type.subscribe_snippet
        self.assertNotIn("<script", snippet)
        action = re.search(r'action="https?://[^/]+([^"]+)"', snippet)[1]
        values = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', snippet))
        response = self.url_open(
            action,
            data={**values, "email": "nora@new.example"},
            headers={**PHONE, "Origin": "https://www.elsewhere.example"},
        )
        self.assertIn("Please look into your mailbox", response.text)
        self.assertEqual(self.state("nora@new.example"), "pending")

    def test_frames(self):
        self.list_type.embed_origins = "https://www.example.com https://*.example.org:8443"
        self.env.flush_all()
        policy = self.url_open(self.path).headers["Content-Security-Policy"]
        self.assertIn("frame-ancestors https://www.example.com https://*.example.org:8443;", policy)
        for wrong in (
            "www.example.com",
            "https://x.example/path",
            "https://x.example; script-src *",
            "*",
            "javascript:x",
        ):
            with self.subTest(wrong), self.assertRaises(Exception) as caught, self.env.cr.savepoint():
                self.list_type.embed_origins = wrong
            self.assertIn("is no address of a website", str(caught.exception))
