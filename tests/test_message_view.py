import re
from urllib.parse import parse_qsl

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.response.email_link import CLICK, OPEN, OPT_OUT, VIEW
from ..tools.token import Signer
from .common import CampaignCase, DeliveryCase

BODY = """
<p><a href="{viewUrl}">View in browser</a></p>
<p>Hello {{ object.name ||| friend }}, your <b>{{ values.voucher ||| no }}</b> voucher.</p>
<p>See <a href="{trackingUrl/shop}">the shop</a>, <a href="https://blog.example/?utm_source=blog#news">the blog</a>
<a href="mailto:ann@crm.example">write</a> <a href="#top">up</a></p>
"""
NASTY = '<script>alert(1)</script><img src=x onerror="alert(2)">'
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


class MessageCase(DeliveryCase):
    """A mass email that was launched, with all kinds of links."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners[0].name = f"Ann {NASTY}"
        cls.mailing = cls.make_mailing(
            cls, cls.make_list(cls, cls.partners), body_html=BODY, link_query="ref=spring&utm_content=mine"
        )
        cls.campaign = cls.mailing.campaign_id
        cls.link = cls.env["email.tracking.url"].create(
            {"name": "Shop", "url": "https://shop.example/p?q=1#top", "code": "shop", "campaign_id": cls.campaign.id}
        )
        cls.campaign.name = "R&D #1"
        cls.signer = cls.env["email.link"]._signer()

    def setUp(self):
        super().setUp()
        self.mailing.action_launch()
        self.recipient = self.mailing.recipient_ids.filtered(lambda r: r.partner_id == self.partners[0])


@tagged("post_install", "-at_install")
class TestLinksOfCampaign(MessageCase, HttpCase):
    """What is added to links, and that it arrives."""

    def location(self, url):
        found = self.env["email.tracking.url"].search([("campaign_id", "=", self.campaign.id), ("url", "=", url)])
        token = self.signer.sign_family(CLICK, self.recipient.id, found.id)
        response = self.url_open(f"/email/c/{token}", headers=BROWSER, allow_redirects=False)
        return response.headers["Location"]

    def test_parameters_are_fixed_at_launch_and_added_when_clicked(self):
        utm = self.campaign.utm_campaign_id
        self.assertEqual(utm.title, "R&D #1")
        expected = "ref=spring&utm_content=mine&utm_source=Newsletter&utm_medium=Email&utm_campaign=R%26D%20%231"
        self.assertEqual(self.mailing.link_parameters, expected)
        self.campaign.write({"utm_content": "later", "utm_enabled": False})
        self.assertEqual(self.location("https://shop.example/p?q=1#top"), f"https://shop.example/p?q=1&{expected}#top")
        self.assertEqual(
            self.location("https://blog.example/?utm_source=blog#news"),
            "https://blog.example/?utm_source=blog&ref=spring&utm_content=mine&utm_medium=Email"
            "&utm_campaign=R%26D%20%231#news",
            "what stands in a link is left alone",
        )

    def test_odoo_finds_the_campaign_again_by_its_name(self):
        older = ["Autumn Sale", "AutumnX Sale", "50 percent off", "a", "ab"]
        self.env["utm.campaign"].create([{"name": name} for name in older])
        for name in ("autumn sale", "Autumn_ Sale", "50% off", "%", r"a\b", " Autumn  [2] ", "ÄPFEL\u0307", "a" * 300):
            mailing = self.make_mailing(self.make_list(self.partners[1], name="Names"))
            mailing.campaign_id.name = name
            mailing.action_launch()
            utm = mailing.campaign_id.utm_campaign_id
            self.assertEqual(utm.title, mailing.campaign_id.name)
            [(_name, sent)] = [pair for pair in parse_qsl(mailing.link_parameters) if pair[0] == "utm_campaign"]
            with self.subTest(name[:20]):
                self.assertEqual(self.env["utm.mixin"]._find_or_create_record("utm.campaign", sent), utm)

    def test_switched_off_nothing_is_added(self):
        mailing = self.make_mailing(self.make_list(self.partners, name="Off"))
        mailing.campaign_id.utm_enabled = False
        mailing.action_launch()
        self.assertFalse(mailing.link_parameters)
        self.assertFalse(mailing.campaign_id.utm_campaign_id)

    def test_links_that_are_not_tracked_have_them_in_the_mail(self):
        mailing = self.make_mailing(
            self.make_list(self.partners[1], name="Plain"),
            body_html='<p><a href="https://shop.example/x#y">x</a></p>',
            click_tracking=False,
            link_query="ref=1",
        )
        mailing.action_launch()
        self.mailing.action_cancel()
        self.send()
        html = self.message_to("person2@good.example").get_body(("html",)).get_content()
        self.assertIn('href="https://shop.example/x?ref=1&amp;utm_source=Newsletter&amp;utm_medium=Email', html)
        self.assertIn("#y", html)

    def test_bad_query_strings(self):
        mailing = self.make_mailing(self.make_list(self.partners, name="Bad"))
        for query in ("a=1\r\nX: y", "a#b", "x" * 1001, "a={{ object.name }}"):
            with self.subTest(query[:10]), self.assertRaises(ValidationError):
                mailing.link_query = query
        with self.assertRaises(UserError):
            self.mailing.with_user(self.salesperson).link_query = "later=1"
        with self.assertRaises(AccessError):
            mailing.with_user(self.salesperson).link_parameters = "x=1"

    def test_leads_and_their_revenue(self):
        utm, won = self.campaign.utm_campaign_id, self.env["crm.stage"].search([("is_won", "=", True)], limit=1)
        values = {"campaign_id": utm.id, "user_id": False}
        self.env["crm.lead"].create(
            [
                {"name": "Asked", "type": "lead", **values},
                {"name": "Big", "type": "opportunity", "expected_revenue": 100, **values},
                {"name": "Won", "type": "opportunity", "expected_revenue": 50, "stage_id": won.id, **values},
            ]
        )
        campaign = self.env["email.campaign"].browse(self.campaign.id)
        found = (campaign.lead_count, campaign.opportunity_count, campaign.expected_revenue, campaign.won_revenue)
        self.assertEqual(found, (1, 2, 150, 50))
        self.assertEqual(self.env["crm.lead"].search_count(campaign.action_view_leads()["domain"]), 3)
        theirs = self.campaign
        self.assertFalse(theirs.lead_count, "who may see no leads is told nothing of them")
        self.assertFalse(campaign.copy().utm_campaign_id, "a copy is another campaign")


@tagged("post_install", "-at_install")
class TestViewInBrowser(MessageCase, HttpCase):
    """/email/v: the message of one person, for whoever has its link."""

    def view(self, token=None, **options):
        token = token or self.signer.sign(VIEW, self.recipient.id)
        return self.url_open(f"/email/v/{token}", **{"headers": BROWSER, **options})

    def test_it_is_the_message_that_was_sent(self):
        self.send()
        html = self.message_to("person1@good.example").get_body(("html",)).get_content()
        [token] = set(re.findall(r"/email/v/([\w-]+)", html))
        response = self.view(token)
        self.assertEqual(response.status_code, 200)
        shown = re.sub("<title>.*?</title>", "", response.text)
        self.assertEqual(re.sub(r"\s+", " ", shown), re.sub(r"\s+", " ", html))
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;", response.text)
        self.assertNotIn("<script", response.text)
        self.assertNotIn("<img src=x", response.text)
        policy = response.headers["Content-Security-Policy"]
        for rule in ("default-src 'none'", "sandbox", "frame-ancestors 'none'", "form-action 'none'"):
            self.assertIn(rule, policy)
        self.assertNotIn("allow-scripts", policy)
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("no-store", response.headers["Cache-Control"])
        self.assertNotIn("session_id", response.headers.get("Set-Cookie", ""))

    def test_a_colleague_who_looks_is_not_the_recipient(self):
        self.authenticate("sally", "sally")
        response = self.view()
        for trace in ("/email/c/", "/email/o/"):
            self.assertNotIn(trace, response.text)
        self.assertIn("https://shop.example/p?q=1&amp;ref=spring", response.text)
        before = self.env["email.campaign.event"].search_count([("mailing_id", "=", self.mailing.id)])
        opt_out = re.search(r"/email/u/([\w-]+)", response.text)[1]
        self.assertTrue(self.env["email.link"]._is_test(OPT_OUT, opt_out), "and can't opt them out by mistake")
        self.assertEqual(before, self.env["email.campaign.event"].search_count([("mailing_id", "=", self.mailing.id)]))

    def test_whose_record_is_gone(self):
        self.partners[0].unlink()
        response = self.view()
        self.assertEqual(response.status_code, 200)
        self.assertIn("Hello Ann &lt;script", response.text)

    def test_what_is_gone_says_so(self):
        self.recipient.sudo().email = False
        response = self.view()
        self.assertEqual(response.status_code, 410)
        self.assertIn("can't be shown any more", response.text.replace("&#39;", "'"))
        self.assertIn("frame-ancestors", response.headers["Content-Security-Policy"])
        self.assertEqual(self.view(self.signer.sign(VIEW, 0)).status_code, 200, "the link of a test email")
        token = self.signer.sign(VIEW, self.recipient.id)
        self.recipient.sudo().unlink()
        self.assertEqual(self.view(token).status_code, 404)

    def test_every_bad_token_is_the_same_404(self):
        good = self.signer.sign(VIEW, self.recipient.id)
        other = Signer({1: b"the key of another database"}, 1)
        bodies = {(self.view().status_code, "good")}
        for token in (
            "x",
            good[:-1],
            good + "A",
            good[::-1],
            good.swapcase(),
            self.signer.sign(OPEN, self.recipient.id),
            self.signer.sign(OPT_OUT, self.recipient.id),
            self.signer.sign(VIEW, 2**40),
            self.signer.sign(VIEW, self.recipient.id, 1),
            other.sign(VIEW, self.recipient.id),
            "A" * 3000,
        ):
            response = self.view(token)
            bodies.add((response.status_code, response.text))
        self.assertEqual(len(bodies), 2)
        self.assertEqual({status for status, _body in bodies}, {200, 404})
        for method in ("POST", "PUT", "DELETE"):
            self.assertIn(self.view(method=method).status_code, (400, 404, 405), method)
        self.assertEqual(self.view(method="HEAD").status_code, 200)

    @mute_logger("odoo.http", "werkzeug")
    def test_any_path(self):
        good = self.signer.sign(VIEW, self.recipient.id)

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.one_of(
                st.text("ABCabc019-_%./?#\\ é", max_size=60),
                st.text("ABC019-_\r\n\0 é", max_size=60),
                st.integers(0, len(good) - 1).map(lambda n: good[:n]),
                st.integers(0, len(good) - 1).map(
                    lambda n: good[:n] + ("A" if good[n] != "A" else "B") + good[n + 1 :]
                ),
                st.binary(max_size=40).map(lambda octets: octets.hex()),
            )
        )
        def ask(path):
            response = self.view(path or "-", allow_redirects=False)
            self.assertIn(response.status_code, (301, 303, 400, 404))
            self.assertNotIn("Ann", response.text)

        ask()


@tagged("post_install", "-at_install")
class TestWhatAPersonReceived(MessageCase):
    """The dialog on recipients and on the log."""

    def shown(self, user, record):
        action = record.with_user(user).action_view_message()
        return self.env[action["res_model"]].with_user(user).browse(action["res_id"])

    def test_all_of_it_and_nothing_to_act_with(self):
        self.send()
        shown = self.shown(self.salesperson, self.recipient)
        sent = self.message_to("person1@good.example")
        self.assertEqual(shown.subject, "Spring is here")
        self.assertIn("&lt;script&gt;", shown.html)
        self.assertIn("voucher", shown.text)
        self.assertIn(f"Message-ID: {sent['Message-ID']}", shown.headers)
        self.assertIn("To:", shown.headers)
        self.assertIn("List-Unsubscribe: <http", shown.headers)
        for acting in (
            self.signer.sign(OPT_OUT, self.recipient.id),
            self.signer.sign_local("return-path", self.recipient.id),
        ):
            self.assertNotIn(acting, shown.headers + shown.html + shown.text)
        self.assertNotIn("/email/o/", shown.html)
        self.assertIn("https://shop.example/p?q=1&amp;ref=spring", shown.html)

    def test_from_the_log(self):
        self.send()
        event = self.env["email.campaign.event"].search([("recipient_id", "=", self.recipient.id)], limit=1)
        self.assertEqual(self.shown(self.salesperson, event).recipient_id, self.recipient)
        self.env.cr.execute("DELETE FROM email_campaign_recipient WHERE id = %s", [self.recipient.id])
        self.env.invalidate_all()
        with self.assertRaises(UserError):
            event.with_user(self.salesperson).action_view_message()

    def test_not_for_others(self):
        colleague = new_test_user(
            self.env, login="cole", email="cole@crm.example", groups="base.group_user,email_campaign.group_user"
        )
        with self.assertRaises(AccessError):
            self.recipient.with_user(colleague).action_view_message()
        dialog = self.env["email.campaign.recipient.message"].with_user(colleague)
        for name in ("html", "headers", "email"):
            opened = dialog.create({"recipient_id": self.recipient.id})
            opened.invalidate_recordset()
            self.recipient.invalidate_recordset()
            with self.subTest(name), self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                opened[name]
        company = self.env["res.company"].create({"name": "Other"})
        self.manager.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        with self.assertRaises(AccessError):
            self.recipient.with_user(self.manager).with_context(allowed_company_ids=company.ids).action_view_message()

    def test_what_cannot_be_made_any_more(self):
        self.recipient.sudo().email = False
        shown = self.shown(self.salesperson, self.recipient)
        self.assertEqual((shown.can_be_made, shown.html, shown.headers), (False, False, False))


@tagged("post_install", "-at_install")
class TestViewOfATemplate(CampaignCase):
    """Code in a template is run once more for who looks, with the rights of who launched it."""

    def test_code(self):
        template = self.env["mail.template"].create(
            {
                "name": "Coded",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "For {{ object.name.upper() }}",
                "body_html": '<p t-if="object.name">Hi <t t-out="object.name"/> <a href="{viewUrl}">view</a></p>',
            }
        )
        mailing = self.make_mailing(
            self.make_list(self.partners[:1]), subject=False, content_type="template", template_id=template.id
        )
        mailing.action_launch()
        recipient = mailing.recipient_ids
        for tracked in (True, False):
            _sender, message = recipient.with_user(self.manager)._message(tracked)
            self.assertEqual(message["Subject"], "For PERSON 1")
            self.assertIn("/email/v/", message.get_body(("html",)).get_content())
