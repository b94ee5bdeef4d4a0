import base64
import random
import re
from datetime import datetime, timedelta

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.response.email_link import CLICK, OPEN, OPT_OUT
from .common import CampaignCase

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}

# 6,000 characters, and random ones: an index holds what repeats itself compressed.
LONG_URL = "https://shop.example/?q=" + base64.urlsafe_b64encode(random.Random(1).randbytes(4482)).decode()


class SentCase(CampaignCase):
    """A mass email that has been sent, and what stands in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailing = cls.make_mailing(cls, cls.make_list(cls, cls.partners))
        recipients = cls.env["email.campaign.recipient"]
        cls.env["email.audience"]._freeze(cls.mailing)
        cls.link = cls.env["email.tracking.url"].create(
            {
                "name": "Shop",
                "url": "https://shop.example/spring?a=1&b=2#top",
                "campaign_id": cls.mailing.campaign_id.id,
            }
        )
        cls.mailing.sudo().state = "done"
        cls.recipient = recipients.search([("mailing_id", "=", cls.mailing.id)], limit=1).sudo()
        sent_at = cls.env.cr.now() - timedelta(hours=1)
        cls.mailing.recipient_ids.sudo().write({"state": "sent", "sent_at": sent_at})
        cls.signer = cls.env["email.link"]._signer()

    def kinds(self):
        events = self.env["email.campaign.event"].search([("mailing_id", "=", self.mailing.id)], order="id")
        return [(event.kind, event.verdict) for event in events]


@tagged("post_install", "-at_install")
class TestTrackingUrl(SentCase):
    """Links stand in mailboxes for years: they must go on leading where they led."""

    def test_a_link_that_was_sent_stays(self):
        link = self.link.with_user(self.salesperson)
        other = self.make_mailing(self.make_list(self.partners, name="Other")).campaign_id
        for values in (
            {"url": "https://elsewhere.example"},
            {"code": "shop"},
            {"campaign_id": other.id},
            {"name": "Shop", "url": "https://elsewhere.example"},
        ):
            with self.subTest(values), self.assertRaises(UserError) as caught:
                link.write(values)
            self.assertIn("“Shop” must go on leading where it leads", str(caught.exception))
        with self.assertRaises(UserError):
            link.unlink()
        with self.assertRaises(UserError):
            self.mailing.campaign_id.write({"tracking_url_ids": [(2, link.id)]})
        link.write({"name": "The shop", "url": link.url, "code": False, "campaign_id": link.campaign_id.id})
        self.assertEqual(link.name, "The shop")
        self.assertTrue(link.copy({"code": "next"}), "one more can be added")

    def test_a_link_of_a_draft_changes_and_goes_with_its_campaign(self):
        campaign = self.make_mailing(self.make_list(self.partners, name="Draft")).campaign_id
        links = self.env["email.tracking.url"].with_user(self.salesperson)
        first, second = links.create(
            [{"name": name, "url": f"https://{name}.example", "campaign_id": campaign.id} for name in ("one", "two")]
        )
        first.write({"url": "https://other.example", "code": "one"})
        first.unlink()
        campaign.unlink()
        self.assertFalse(second.exists())

    def test_a_link_longer_than_an_index_takes(self):
        links = self.env["email.tracking.url"]
        longer = LONG_URL + "x"
        ids = links._find_or_add(self.mailing.campaign_id, {LONG_URL: "Long", longer: ""})
        self.assertEqual(links._find_or_add(self.mailing.campaign_id, {longer: "", LONG_URL: ""}), ids)
        self.assertEqual((links.browse(ids[LONG_URL]).url, links.browse(ids[longer]).url), (LONG_URL, longer))


@tagged("post_install", "-at_install")
class TestLog(SentCase):
    """The Campaign Log and the mass emails that it tells of."""

    def test_what_is_logged_while_the_mass_email_is_deleted_goes_later(self):
        """Whoever deletes it does not see what is logged at that moment, so that it is left."""
        events = self.env["email.campaign.event"]
        other = self.make_mailing(self.make_list(self.partners[:1]))
        other.action_launch()
        for mailing in (self.mailing, other):
            events._log(mailing.recipient_ids[0].sudo(), "bounce", source_ref="<late@good.example>")
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM email_campaign_mailing WHERE id = %s", [other.id])
        self.env.invalidate_all()
        logged = [("source_ref", "=", "<late@good.example>")]
        events._gc_orphans()
        self.assertEqual(events.search(logged).mailing_id, self.mailing)


@tagged("post_install", "-at_install")
class TestPublicRoutes(SentCase, HttpCase):
    """Opening, clicking and opting out as recipients, mail programs and scanners do it."""

    def url(self, kind, purpose, *ids):
        sign = self.signer.sign_family if purpose == CLICK else self.signer.sign
        token = sign(purpose, *(ids or (self.recipient.id,)))
        return f"/email/{kind}/{token}" + (".gif" if kind == "o" else "")

    def test_open(self):
        response = self.url_open(self.url("o", OPEN), headers=BROWSER)
        self.assertEqual((response.status_code, response.headers["Content-Type"]), (200, "image/gif"))
        self.assertIn("no-store", response.headers["Cache-Control"])
        self.assertNotIn("session_id", response.headers.get("Set-Cookie", ""))
        self.assertTrue(self.recipient.opened_at)
        self.assertEqual(self.kinds(), [("open", "human")])
        self.assertEqual(self.partners[0].email_validity, "valid")
        first = self.recipient.opened_at
        self.url_open(self.url("o", OPEN), headers=BROWSER)
        self.assertEqual(self.recipient.opened_at, first)
        self.assertEqual(len(self.kinds()), 2, "the log has every opening")
        self.assertEqual(self.mailing.opened_count, 1, "and the form counts people")

    def test_click(self):
        url = self.url("c", CLICK, self.recipient.id, self.link.id)
        response = self.url_open(url, headers=BROWSER, allow_redirects=False)
        self.assertEqual(response.status_code, 302)
        self.assertEqual(response.headers["Location"], "https://shop.example/spring?a=1&b=2#top")
        self.assertIn("no-store", response.headers["Cache-Control"])
        self.assertEqual(self.kinds(), [("click", "human")])
        self.assertEqual((self.mailing.clicked_count, self.link.click_count), (1, 1))

    def test_click_on_a_very_long_link(self):
        ids = self.env["email.tracking.url"]._find_or_add(self.mailing.campaign_id, {LONG_URL: "Long"})
        url = self.url("c", CLICK, self.recipient.id, ids[LONG_URL])
        response = self.url_open(url, headers=BROWSER, allow_redirects=False)
        self.assertEqual((response.status_code, response.headers["Location"]), (302, LONG_URL))

    def test_a_scanner_is_on_record_and_not_counted(self):
        url = self.url("c", CLICK, self.recipient.id, self.link.id)
        self.assertEqual(self.url_open(url, headers=BROWSER, method="HEAD", allow_redirects=False).status_code, 302)
        self.url_open(
            url,
            headers={"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
            allow_redirects=False,
        )
        self.url_open(self.url("o", OPEN), headers={**BROWSER, "Sec-Purpose": "prefetch"})
        self.assertEqual(self.kinds(), [("click", "machine"), ("click", "machine"), ("open", "machine")])
        self.assertEqual((self.mailing.clicked_count, self.mailing.opened_count, self.link.click_count), (0, 0, 0))

    def test_redirects_when_the_log_cannot_be_written(self):
        self.env.cr.execute("ALTER TABLE email_campaign_event RENAME TO email_campaign_event_away")
        with mute_logger("odoo.sql_db", "odoo.addons.email_campaign.models.response.email_visit"):
            response = self.url_open(
                self.url("c", CLICK, self.recipient.id, self.link.id), headers=BROWSER, allow_redirects=False
            )
        self.env.cr.execute("ALTER TABLE email_campaign_event_away RENAME TO email_campaign_event")
        self.assertEqual(response.status_code, 302)

    def test_every_bad_token_is_the_same_404(self):
        good = self.signer.sign(OPT_OUT, self.recipient.id)
        bad = [
            "x",
            good[:-1],
            good + "A",
            good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
            self.signer.sign(OPEN, self.recipient.id),
            self.signer.sign(OPT_OUT, 2**40),
            self.signer.sign(OPT_OUT, self.recipient.id, 1),
        ]
        bodies = set()
        for token in bad:
            response = self.url_open(f"/email/u/{token}", headers=BROWSER)
            self.assertEqual(response.status_code, 404, token)
            bodies.add(response.text)
            self.assertEqual(self.url_open(f"/email/u/{token}", data={"scope": "type"}).status_code, 404)
            self.assertEqual(self.url_open(f"/email/c/{token}").status_code, 404)
            if token != bad[4]:  # that one is a good token, for opening
                self.assertEqual(self.url_open(f"/email/o/{token}.gif").status_code, 404)
        self.assertEqual(len(bodies), 1)
        self.assertFalse(self.kinds())

    def test_looking_at_the_page_opts_nobody_out(self):
        for method in ("GET", "HEAD"):
            self.assertEqual(self.url_open(self.url("u", OPT_OUT), headers=BROWSER, method=method).status_code, 200)
        self.assertFalse(self.kinds())
        self.assertFalse(self.recipient.opted_out_at)

    def test_the_page(self):
        self.list_type.page_text = "<p>Sorry!</p><script>alert(1)</script>"
        response = self.url_open(self.url("u", OPT_OUT), headers=BROWSER)
        self.assertIn("pe•••@good.example", response.text)
        self.assertIn('<html lang="en-US">', response.text)
        self.assertIn("News and offers", response.text)
        self.assertIn("Sorry!", response.text)
        self.assertNotIn("<script", response.text)
        self.assertNotIn("Person 1", response.text, "no more than the link's owner needs")
        self.assertFalse(re.search(r'(src|href)="(https?:)?//', response.text), "nothing is loaded from elsewhere")
        self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")

    def test_opt_out_on_the_page_and_undo(self):
        url = self.url("u", OPT_OUT)
        response = self.url_open(url, data={"scope": "type"}, headers=BROWSER)
        self.assertIn("You are unsubscribed", response.text)
        self.assertEqual(self.kinds(), [("opt_out", "human")])
        self.assertTrue(self.recipient.opted_out_at)
        self.assertEqual(self.mailing.opted_out_count, 1)
        self.url_open(url, data={"scope": "type"}, headers=BROWSER)
        self.assertEqual(len(self.kinds()), 1, "asking twice does no harm")
        again = self.make_mailing(self.make_list(self.partners[:2], name="Next"))
        self.env["email.audience"]._freeze(again)
        self.assertEqual(self.states(again), {"person1@good.example": "opted_out", "person2@good.example": "queued"})

        response = self.url_open(url, data={"undo": "1"}, headers=BROWSER)
        self.assertIn("subscribed again", response.text)
        self.assertEqual(self.kinds()[-1], ("opt_in", "human"))
        self.assertFalse(self.recipient.opted_out_at)
        once_more = self.make_mailing(self.make_list(self.partners[:2], name="Once more"))
        self.env["email.audience"]._freeze(once_more)
        self.assertEqual(set(self.states(once_more).values()), {"queued"})

    def test_opt_out_of_everything(self):
        self.url_open(self.url("u", OPT_OUT), data={"scope": "everything"}, headers=BROWSER)
        self.assertTrue(self.env["mail.blacklist"].search([("email", "=", "person1@good.example")]))
        self.assertTrue(self.partners[0].is_blacklisted, "the rest of Odoo respects it too")

    def test_undo_takes_back_only_what_this_email_did(self):
        self.env["mail.blacklist"]._add("person1@good.example", message="asked by letter")
        response = self.url_open(self.url("u", OPT_OUT), data={"undo": "1"}, headers=BROWSER)
        self.assertIn("Nothing to undo", response.text)
        self.assertNotIn("subscribed again", response.text)
        self.assertTrue(self.partners[0].is_blacklisted)
        self.assertFalse(self.kinds())
        self.assertFalse(self.env["email.subscription"].search([("email", "=", "person1@good.example")]))

    def test_undo_of_everything(self):
        self.url_open(self.url("u", OPT_OUT), data={"scope": "everything"}, headers=BROWSER)
        self.url_open(self.url("u", OPT_OUT), data={"undo": "1"}, headers=BROWSER)
        self.assertEqual([kind for kind, _verdict in self.kinds()], ["opt_out", "opt_in"])
        self.assertFalse(self.env["mail.blacklist"].search([("email", "=", "person1@good.example")]))

    def test_undo_of_everything_after_an_opt_out_of_the_type(self):
        for scope in ("everything", "type"):
            self.url_open(self.url("u", OPT_OUT), data={"scope": scope}, headers=BROWSER)
        self.url_open(self.url("u", OPT_OUT), data={"undo": "1"}, headers=BROWSER)
        self.assertFalse(self.env["mail.blacklist"].search([("email", "=", "person1@good.example")]))
        next_one = self.make_mailing(self.make_list(self.partners[:1], name="Next"))
        self.env["email.audience"]._freeze(next_one)
        self.assertEqual(self.states(next_one), {"person1@good.example": "queued"})

    def test_what_is_on_record_is_in_the_language_of_the_company(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.mailing.company_id.partner_id.lang = "fr_FR"
        self.recipient.lang = "en_US"
        self.list_type.with_context(lang="fr_FR").name = "Nouvelles"
        self.url_open(self.url("u", OPT_OUT), data={"scope": "type"}, headers=BROWSER)
        self.assertEqual(self.mailing.recipient_ids.event_ids.mapped("detail"), ["Nouvelles"])

    def test_one_click(self):
        response = self.url_open(self.url("u", OPT_OUT), data={"List-Unsubscribe": "One-Click"})
        self.assertEqual((response.status_code, response.text), (200, ""))
        self.assertEqual(self.kinds(), [("opt_out", "human")])

    def test_link_of_a_test_email(self):
        response = self.url_open(self.url("u", OPT_OUT, 0), headers=BROWSER)
        self.assertIn("link of a test email", response.text)
        self.url_open(self.url("u", OPT_OUT, 0), data={"scope": "everything"}, headers=BROWSER)
        response = self.url_open(self.url("u", OPT_OUT, 0), data={"undo": "1"}, headers=BROWSER)
        self.assertIn("subscribed again", response.text)
        self.assertFalse(self.kinds())

    def test_what_comes_back_settles_a_doubt(self):
        long_ago = datetime(2026, 1, 2)
        for path, data, kind, stamp in (
            (self.url("o", OPEN), None, "open", "opened_at"),
            (self.url("c", CLICK, self.recipient.id, self.link.id), None, "click", "clicked_at"),
            (self.url("u", OPT_OUT), {"scope": "type"}, "opt_out", "replied_at"),
        ):
            for before in (False, long_ago):
                with self.subTest(kind, before=before):
                    self.env["email.subscription"].sudo().search([]).unlink()
                    self.recipient.write({"state": "in_doubt", "sent_at": False, stamp: before})
                    self.url_open(path, data=data, headers=BROWSER, allow_redirects=False)
                    self.recipient.invalidate_recordset()
                    self.assertEqual((self.recipient.state, bool(self.recipient.sent_at)), ("sent", True))
                    self.assertEqual(self.kinds()[-2:], [("sent", False), (kind, "human")])
                    if before:
                        self.assertEqual(self.recipient[stamp], long_ago, "the first time stays")
        self.assertIn("known from what came back", self.recipient.event_ids.mapped("detail"))

    def test_a_machine_settles_no_doubt(self):
        self.recipient.write({"state": "in_doubt", "sent_at": False})
        self.url_open(self.url("o", OPEN), headers={"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"})
        self.recipient.invalidate_recordset()
        self.assertEqual(self.recipient.state, "in_doubt", "a filter may look at an email and then refuse it")
