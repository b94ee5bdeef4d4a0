from datetime import timedelta
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.response.email_link import CLICK, HIDDEN_LINK, OPEN
from ..tools.token import Signer
from .test_response import BROWSER, SentCase

SCANNER = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0"
}


class VisitCase(SentCase, HttpCase):
    """Visits of recipients over HTTP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.links = cls.link | cls.link.create(
            [
                {"name": f"L{n}", "url": f"https://shop.example/{n}", "campaign_id": cls.mailing.campaign_id.id}
                for n in range(4)
            ]
        )

    def get(self, kind, *ids, headers=BROWSER, **options):
        token = self.signer.sign(OPEN, *ids) if kind == "o" else self.signer.sign_family(CLICK, *ids)
        path = f"/email/{kind}/{token}" + (".gif" if kind == "o" else "")
        response = self.url_open(path, headers=headers, allow_redirects=False, **options)
        self.env.invalidate_all()
        return response

    def click(self, link, headers=BROWSER, **options):
        return self.get("c", self.recipient.id, link.id, headers=headers, **options)

    def open(self, headers=BROWSER):
        return self.get("o", self.recipient.id, headers=headers)

    def judged(self):
        events = self.env["email.campaign.event"].search([("recipient_id", "=", self.recipient.id)], order="id")
        return [(event.kind, event.verdict, event.verdict_reason or None) for event in events]

    def rule(self, **rules):
        for name, value in rules.items():
            self.env["ir.config_parameter"].set_param(f"email_campaign.{name}", str(value))


@tagged("post_install", "-at_install")
class TestHumanOrMachine(VisitCase):
    """Who it was, by all that a visit and those around it tell."""

    def test_right_after_sending(self):
        self.recipient.sent_at = self.env.cr.now() - timedelta(seconds=2)
        self.click(self.link)
        self.assertEqual(self.judged(), [("click", "machine", "too_soon")])
        self.assertFalse(self.recipient.clicked_at)
        self.recipient.sent_at = self.env.cr.now() - timedelta(seconds=8)
        self.click(self.link)
        self.assertEqual(self.judged()[1:], [("click", "human", None)])
        self.rule(soon_seconds=60)
        self.open()
        self.assertEqual(self.judged()[2:], [("open", "machine", "too_soon")])
        self.rule(soon_seconds=0)
        self.open()
        self.assertEqual(self.judged()[3:], [("open", "human", None)])

    def test_many_links_at_once_are_a_machine_from_the_first_on(self):
        self.open()
        self.click(self.links[0])
        self.click(self.links[0])
        self.click(self.links[1])
        self.assertTrue(self.recipient.clicked_at)
        self.assertEqual({verdict for _kind, verdict, _reason in self.judged()}, {"human"})
        self.click(self.links[2])
        self.assertEqual(self.judged(), [("open", "machine", "burst"), *[("click", "machine", "burst")] * 4])
        self.assertFalse(self.recipient.clicked_at or self.recipient.opened_at)
        events = self.recipient.event_ids.sorted("id")
        self.assertEqual(events.mapped("first_verdict"), ["human"] * 4 + [False], "what was thought at first is kept")
        self.assertEqual((self.mailing.clicked_count, self.link.click_count), (0, 0))

    def test_a_first_time_before_a_burst_stays(self):
        self.open()
        self.click(self.link)
        earlier = self.env.cr.now() - timedelta(minutes=5)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE email_campaign_event SET at = %s WHERE recipient_id = %s", [earlier, self.recipient.id]
        )
        self.recipient.write({"opened_at": earlier, "clicked_at": earlier})
        for link in self.links[1:4]:
            self.click(link)
        self.assertEqual(self.judged()[:2], [("open", "human", None), ("click", "human", None)])
        self.assertEqual(set(self.judged()[2:]), {("click", "machine", "burst")})
        self.assertEqual((self.recipient.opened_at, self.recipient.clicked_at), (earlier, earlier))

    def test_who_follows_the_hidden_link(self):
        self.click(self.link, headers=SCANNER)
        self.click(self.links[1], headers=BROWSER)
        response = self.get("c", self.recipient.id, HIDDEN_LINK, headers=SCANNER)
        self.assertEqual((response.status_code, response.text), (204, ""))
        self.click(self.link, headers=SCANNER)
        self.assertEqual(
            self.judged(),
            [
                ("click", "machine", "hidden_link"),
                ("click", "human", None),
                ("click", "machine", "hidden_link"),
                ("click", "machine", "hidden_link"),
            ],
        )

    def test_the_hidden_link_stands_in_the_mail_unless_it_is_switched_off(self):
        for wanted in (True, False):
            self.rule(hidden_link=wanted)
            self.peer.mails.clear()
            mailing = self.make_mailing(self.make_list(self.partners[:1], name=f"Hidden {wanted}"))
            mailing.action_launch()
            self.send()
            message = self.message_to("person1@good.example")
            html = message.get_body(("html",)).get_content()
            self.assertEqual('aria-hidden="true"' in html, wanted)
            hidden = self.signer.sign_family(CLICK, mailing.recipient_ids.id, HIDDEN_LINK)
            self.assertEqual(hidden in html, wanted)
            self.assertNotIn(hidden, message.get_body(("plain",)).get_content())

    def test_numbers_by_who_it_was(self):
        self.click(self.link)
        self.open()
        self.open(headers={"User-Agent": "Mozilla/5.0"})
        self.assertEqual(self.judged()[2], ("open", "machine", "apple_proxy"))
        for record in (self.mailing, self.mailing.campaign_id):
            with self.subTest(record=record):
                self.assertEqual((record.open_human_count, record.open_machine_count, record.open_all_count), (1, 1, 2))
                self.assertEqual(
                    (record.click_human_count, record.click_machine_count, record.click_all_count), (1, 0, 1)
                )

    def test_judged_again_by_other_rules(self):
        campaign = self.mailing.campaign_id
        for link in self.links[:2]:
            self.click(link)
        self.click(self.links[2], headers={**BROWSER, "Sec-Purpose": "prefetch"})
        self.open()
        self.recipient.sent_at = self.env.cr.now() - timedelta(seconds=30)
        self.assertEqual(self.judged().count(("open", "machine", "burst")), 1)
        with self.assertRaises(AccessError):
            campaign.with_user(self.salesperson).action_judge_again()
        self.rule(burst_links=0)
        judgement = self.judge(campaign)
        self.assertEqual((judgement.visit_count, judgement.to_machine_count, judgement.to_human_count), (4, 0, 3))
        self.assertEqual(
            self.judged(),
            [
                ("click", "human", None),
                ("click", "human", None),
                ("click", "machine", "prefetch"),
                ("open", "human", None),
            ],
        )
        self.assertTrue(self.recipient.clicked_at)
        self.rule(soon_seconds=60)
        judgement = self.judge(campaign)
        self.assertEqual((judgement.to_machine_count, judgement.state), (3, "done"))
        self.assertEqual(judgement.create_uid, self.manager)
        self.assertFalse(self.recipient.clicked_at or self.recipient.opened_at)
        self.assertEqual(self.recipient.event_ids.sorted("id")[:1].first_verdict, "human")
        self.rule(soon_seconds=0, burst_links=3)
        judgement = self.judge(campaign)
        self.assertEqual([reason for _kind, _verdict, reason in self.judged()], ["burst", "burst", "prefetch", "burst"])

    def judge(self, campaign):
        campaign.with_user(self.manager).action_judge_again()
        with self.enter_registry_test_mode():
            self.env.ref("email_campaign.cron_judge").method_direct_trigger()
        self.env.invalidate_all()
        return self.env["email.judgement"].search([], limit=1)


@tagged("post_install", "-at_install")
class TestWhatALinkDoes(VisitCase):
    """Where links lead when they don't just lead on."""

    def test_open_tracking_that_is_never_wanted(self):
        self.rule(open_tracking="never")
        response = self.open()
        self.assertEqual((response.status_code, response.headers["Content-Type"]), (200, "image/gif"))
        self.assertFalse(self.judged())
        mailing = self.make_mailing(self.make_list(self.partners[:1], name="Never"), open_tracking=True)
        mailing.action_launch()
        self.send()
        self.assertNotIn("/email/o/", self.message_to("person1@good.example").as_string())
        self.rule(open_tracking="off")
        self.assertFalse(mailing.copy().open_tracking and self.mailing.new({}).open_tracking)

    def test_a_message_in_place_of_the_address(self):
        self.link.write({"show_message": True, "message": "<p>See you!</p><script>alert(1)</script>"})
        response = self.click(self.link)
        self.assertEqual(response.status_code, 200)
        self.assertIn("<p>See you!</p>", response.text)
        self.assertNotIn("<script", response.text)
        self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])
        self.assertIn("no-store", response.headers["Cache-Control"])
        self.assertEqual(self.judged(), [("click", "human", None)])

    def test_a_link_that_is_gone_explains_itself(self):
        token = self.signer.sign_family(CLICK, self.recipient.id, self.link.id)
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM email_campaign WHERE id = %s", [self.mailing.campaign_id.id])
        self.env.invalidate_all()
        response = self.url_open(f"/email/c/{token}", headers=BROWSER, allow_redirects=False)
        self.assertEqual(response.status_code, 410)
        self.assertIn("campaign that is over", response.text)

    def test_a_link_of_a_recipient_that_is_gone_still_leads_on(self):
        number = self.recipient.id
        self.recipient.unlink()
        self.assertEqual(self.get("c", number, self.link.id).headers["Location"], self.link.url)
        self.assertEqual(self.get("o", number).status_code, 200)

    def test_a_link_of_before_links_were_signed_together(self):
        token = self.signer.sign(CLICK, self.recipient.id, self.link.id)
        response = self.url_open(f"/email/c/{token}", headers=BROWSER, allow_redirects=False)
        self.assertEqual((response.status_code, response.headers["Location"]), (302, self.link.url))
        self.assertEqual(self.judged(), [("click", "human", None)])

    def test_an_address_that_no_browser_can_be_sent_to(self):
        for url in (
            "https://[your-domain]/x",
            "https://x.example:abc/",
            "https:///x",
            "https://x.example/\nSet-Cookie: a",
        ):
            with self.subTest(url), self.assertRaises(ValidationError):
                self.link.copy({"url": url})

    def test_a_new_key_and_links_of_the_one_before(self):
        old = self.signer.sign_family(CLICK, self.recipient.id, self.link.id)
        settings_form = self.env["res.config.settings"].create({})
        with self.assertRaises(AccessError):
            settings_form.with_user(self.manager).action_email_campaign_replace_key()
        settings_form.action_email_campaign_replace_key()
        new = self.env["email.link"]._signer().sign_family(CLICK, self.recipient.id, self.link.id)
        self.assertNotEqual(old, new)
        self.assertEqual(len(old), len(new), "as short as before")
        for token in (old, new):
            self.assertEqual(self.url_open(f"/email/c/{token}", allow_redirects=False).status_code, 302)
        retired = self.env["email.link.key"].search([("retired_at", "!=", False)])
        retired.retired_at = self.env.cr.now() - timedelta(days=1826)
        self.env["email.link.key"]._gc_expired()
        self.assertFalse(retired.exists())
        self.assertEqual(self.url_open(f"/email/c/{old}", allow_redirects=False).status_code, 404)
        self.assertEqual(self.url_open(f"/email/c/{new}", allow_redirects=False).status_code, 302)


@tagged("post_install", "-at_install")
class TestHostileRequests(VisitCase):
    """Whatever strangers ask for: one and the same 404, nothing on record, no error in the log."""

    def test_tokens(self):
        click = self.signer.sign_family(CLICK, self.recipient.id, 1)
        good = {OPEN: self.signer.sign(OPEN, self.recipient.id), CLICK: click}
        other = Signer({1: b"another database" * 2}, 1)
        wrong = [other.sign(OPEN, self.recipient.id), other.sign_family(CLICK, self.recipient.id, self.link.id)]
        wrong += [self.signer.sign(purpose, self.recipient.id) for purpose in ("opt-out", "return-path", "open ")]
        alphabet = st.characters(blacklist_categories=["Cs"])
        tokens = st.one_of(
            st.text(alphabet, min_size=1, max_size=60),
            st.sampled_from(wrong),
            st.builds(lambda token, at: token[:at] or "x", st.sampled_from(list(good.values())), st.integers(1, 18)),
            st.builds(
                lambda token, at, sign: token[:at] + sign + token[at + 1 :],
                st.sampled_from(list(good.values())),
                st.integers(0, 18),
                st.sampled_from("AZaz09-_=.~"),
            ),
            st.integers(100, 6000).map(lambda size: "A" * size),
        )
        methods = st.sampled_from(["GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"])
        headers = st.sampled_from([{}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, BROWSER])
        bodies = set()

        @settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from("oc"), tokens, methods, headers)
        def ask(kind, token, method, sent):
            if token in good.values():
                return
            path = f"/email/{kind}/{quote(token, safe='')}" + (".gif" if kind == "o" else "")
            response = self.url_open(path, headers=sent, method=method, allow_redirects=False)
            self.assertEqual(response.status_code, 404, path)
            if method == "GET":
                bodies.add(response.text)

        with mute_logger("odoo.http"):
            ask()
        self.assertEqual(len(bodies), 1)
        self.assertFalse(self.judged())


@tagged("post_install", "-at_install")
class TestScanner(VisitCase):
    """A gateway that looks at every link of a hundred messages."""

    def test_it_opts_nobody_out_and_counts_as_a_machine(self):
        partners = self.env["res.partner"].create(
            [{"name": f"Scanned {n}", "email": f"scanned{n}@good.example"} for n in range(100)]
        )
        body = "".join(f'<p><a href="https://shop.example/{n}">Link {n}</a></p>' for n in range(4))
        mailing = self.make_mailing(self.make_list(partners, name="Scanned"), body_html=body)
        mailing.action_launch()
        self.send()
        self.env.invalidate_all()
        self.assertEqual(mailing.sent_count, 100)
        # Not right after sending, so that this is not what tells.
        mailing.recipient_ids.sudo().write({"sent_at": self.env.cr.now() - timedelta(minutes=10)})
        followed = 0
        for partner in partners:
            html = self.message_to(partner.email).get_body(("html",)).get_content()
            paths = [part.split('"')[0] for part in html.split("/email/")[1:]]
            self.assertEqual(len(paths), 7, "four links, opt-out, pixel and the hidden one")
            for path in paths:
                for method in ("HEAD", "GET"):
                    answer = self.url_open(f"/email/{path}", headers=SCANNER, method=method, allow_redirects=False)
                    self.assertIn(answer.status_code, (200, 204, 302))
                    followed += 1
        self.env.invalidate_all()
        self.assertEqual(followed, 1400)
        self.assertEqual(mailing.opted_out_count, 0)
        self.assertFalse(self.env["mail.blacklist"].search_count([("email", "like", "scanned")]))
        self.assertEqual((mailing.clicked_count, mailing.opened_count), (0, 0))
        self.assertEqual((mailing.click_human_count, mailing.open_human_count), (0, 0))
        self.assertEqual((mailing.click_machine_count, mailing.open_machine_count), (1000, 200))
