import re
from urllib.parse import urlsplit

from odoo.tests import HttpCase, tagged

from ..models.response.email_link import VIEW
from .common import CampaignCase
from .test_response import BROWSER

BODY = """
<p><a href="{{ object.website }}">Your page</a> <a href="{{ values.voucher ||| https://shop.example/none }}">Voucher</a>
<a href="https://shop.example/spring">Shop</a></p>
"""


class PersonalCase(CampaignCase, HttpCase):
    """A mass email with links that lead each recipient elsewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for partner, website in zip(
            cls.partners,
            ("https://one.example/a?b=1#c", "www.two.example", "javascript:alert(1)", "ann@x.example", False),
            strict=True,
        ):
            cls.env.cr.execute("UPDATE res_partner SET website = %s WHERE id = %s", [website or None, partner.id])
        cls.partners.invalidate_recordset()

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].set_param("email_campaign.burst_links", "0")

    def sent(self, **values):
        target_list = self.make_list(self.partners)
        target_list.member_ids.filtered(lambda member: member.partner_id == self.partners[1]).sudo().write(
            {"values": {"voucher": "https://shop.example/v/22?s=%2F"}}
        )
        mailing = self.make_mailing(target_list, body_html=BODY, **values)
        mailing.campaign_id.name = "Mine"
        mailing.action_launch()
        self.send()
        # Some time later, so that it is people who click.
        mailing.recipient_ids.sudo().sent_at = "2026-01-01"
        self.env.flush_all()
        return mailing

    def links(self, person, label):
        html = self.message_to(f"person{person}@good.example").get_body(("html",)).get_content()
        return re.findall(rf'href="([^"]*)"[^>]*>{label}<', html)

    def click(self, person, label):
        [href] = self.links(person, label)
        self.assertIn("/email/c/", href)
        response = self.url_open(urlsplit(href).path, headers=BROWSER, allow_redirects=False)
        self.env.invalidate_all()
        return response


@tagged("post_install", "-at_install")
class TestPersonalLinks(PersonalCase):
    """They are counted as one link, lead where the value said, and only there."""

    UTM = "utm_source=Newsletter&utm_medium=Email&utm_campaign=Mine"

    def test_each_recipient_gets_to_the_own_target(self):
        mailing = self.sent()
        for person, label, target in (
            (1, "Your page", f"https://one.example/a?b=1&{self.UTM}#c"),
            (2, "Your page", f"https://www.two.example/?{self.UTM}"),
            (1, "Voucher", f"https://shop.example/none?{self.UTM}"),
            (2, "Voucher", f"https://shop.example/v/22?s=%2F&{self.UTM}"),
            (2, "Shop", f"https://shop.example/spring?{self.UTM}"),
        ):
            response = self.click(person, label)
            self.assertEqual((response.status_code, response.headers["Location"]), (302, target))
            self.assertIn("no-store", response.headers["Cache-Control"])
        urls = {url.name: url for url in mailing.campaign_id.tracking_url_ids}
        counts = {name: url.click_count for name, url in urls.items()}
        self.assertEqual(counts, {"Your page": 2, "Voucher": 2, "Shop": 1})
        self.assertEqual(urls["Your page"].url, "{{ object.website }}")
        clicked = mailing.recipient_ids.filtered("clicked_at").mapped("email")
        self.assertEqual(sorted(clicked), ["person1@good.example", "person2@good.example"])

    def test_what_is_no_web_address_is_as_it_was(self):
        self.sent()
        self.assertEqual(self.links(3, "Your page"), ["#"])
        self.assertEqual(self.links(4, "Your page"), ["mailto:ann@x.example"])
        self.assertEqual(self.links(5, "Your page"), ["#"])
        self.assertEqual(self.env["email.personal.target"].sudo().search_count([]), 2 + 5)

    def test_not_tracked_where_clicks_are_not(self):
        self.sent(click_tracking=False)
        self.assertEqual(self.links(1, "Your page"), ["https://one.example/a?b=1#c"])
        self.assertFalse(self.env["email.personal.target"].sudo().search([]))

    def test_a_mass_email_without_them_keeps_none(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        mailing.action_launch()
        self.env.flush_all()
        self.env.cr.execute("DROP TABLE email_personal_target")
        self.send()
        self.assertEqual(mailing.sent_count, 5, "no statement asks for it")
        self.assertEqual(self.click(1, "what is new").status_code, 302)

    def test_the_target_stays_what_was_sent(self):
        mailing = self.sent()
        self.partners[0].website = "https://later.example"
        self.assertIn("one.example", self.click(1, "Your page").headers["Location"])
        # Nobody's links lead to what is somebody else's.
        first, second = mailing.recipient_ids.sorted("id")[:2]
        self.env["email.personal.target"].sudo().search([("recipient_id", "=", first.id)]).unlink()
        response = self.click(1, "Your page")
        self.assertEqual((response.status_code, response.headers.get("Location")), (410, None))
        self.assertEqual(self.click(2, "Your page").status_code, 302)
        self.assertTrue(second.clicked_at)

    def test_only_web_addresses_come_out_of_the_table(self):
        self.sent()
        for url in ("javascript:alert(1)", "//evil.example", "https://", "{{ x }}", ""):
            self.env.cr.execute("UPDATE email_personal_target SET url = %s", [url])
            self.assertEqual(self.click(1, "Your page").status_code, 410)

    def test_a_campaign_with_them_can_be_copied(self):
        mailing = self.sent()
        copied = mailing.campaign_id.copy()
        again = copied.mailing_ids
        again.action_launch()
        self.peer.mails.clear()
        self.send()
        again.recipient_ids.sudo().sent_at = "2026-01-01"
        self.env.flush_all()
        self.assertIn("one.example", self.click(1, "Your page").headers["Location"])
        self.assertEqual(copied.tracking_url_ids.filtered(lambda url: url.name == "Your page").click_count, 1)

    def test_sent_again_it_leads_where_the_mail_says(self):
        mailing = self.sent()
        targets = self.env["email.personal.target"].sudo()
        kept = targets.search([("url", "like", "one.example")])
        targets._keep([(kept.recipient_id.id, kept.tracking_url_id.id, "https://new.example/")])
        self.assertIn("https://new.example/", self.click(1, "Your page").headers["Location"])
        self.assertEqual(targets.search_count([("recipient_id", "in", mailing.recipient_ids.ids)]), 7)

    def test_view_in_browser_after_the_value_changed(self):
        """What was sent stays what it was; a link that led nowhere then leads somewhere now."""
        mailing = self.sent()
        for person, website in ((1, "https://new.example/"), (3, "https://late.example/")):
            self.partners[person - 1].website = website
        self.env.flush_all()
        for person, target in (
            (1, f"https://one.example/a?b=1&{self.UTM}#c"),
            (3, f"https://late.example/?{self.UTM}"),
        ):
            recipient = mailing.recipient_ids.filtered(lambda r, n=person: r.email == f"person{n}@good.example").sudo()
            token = self.env["email.link"]._signer().sign(VIEW, recipient.id)
            page = self.url_open(f"/email/v/{token}", headers=BROWSER).text
            [href] = re.findall(r'href="([^"]*)"[^>]*>Your page<', page)
            response = self.url_open(urlsplit(href).path, headers=BROWSER, allow_redirects=False)
            self.assertEqual((response.status_code, response.headers["Location"]), (302, target))

    def test_view_in_browser_and_for_colleagues(self):
        mailing = self.sent()
        recipient = mailing.recipient_ids.filtered(lambda each: each.email == "person1@good.example")
        token = self.env["email.link"]._signer().sign(VIEW, recipient.id)
        page = self.url_open(f"/email/v/{token}", headers=BROWSER).text
        self.assertEqual(re.findall(r'href="([^"]*)"[^>]*>Your page<', page), self.links(1, "Your page"))
        shown = self.env["email.campaign.recipient.message"].browse(recipient.action_view_message()["res_id"])
        self.assertIn('href="https://one.example/a?b=1#c"', shown.html)

    def test_erasure_takes_them_along(self):
        self.sent()
        held = self.env["email.erasure"].sudo()._held("person1@good.example")
        self.assertEqual(
            {row["url"] for row in held["links"]}, {"https://one.example/a?b=1#c", "https://shop.example/none"}
        )
        self.env["email.erasure"].with_user(self.manager)._erase("person1@good.example")
        self.env.invalidate_all()
        self.assertEqual(self.env["email.personal.target"].sudo().search_count([]), 5)
        self.assertEqual(self.click(1, "Your page").status_code, 410)
        erased = self.env["email.campaign.recipient"].sudo().search([("email", "like", "erased-")], limit=1)
        url = self.env["email.tracking.url"].search([("url", "=", "{{ object.website }}")])
        self.env["email.personal.target"]._keep([(erased.id, url.id, "https://back.example/")])
        self.assertFalse(self.env["email.personal.target"].sudo().search([("url", "like", "back")]))

    def test_a_template_with_code(self):
        template = self.env["mail.template"].create(
            {
                "name": "Coded",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "Yours",
                "body_html": '<p><t t-if="object.name">Hi</t> <a href="{{ object.website }}">Your page</a></p>',
            }
        )
        mailing = self.make_mailing(self.make_list(self.partners), content_type="template", template_id=template.id)
        mailing.campaign_id.utm_enabled = False
        mailing.action_launch()
        self.send()
        self.assertEqual(self.click(1, "Your page").headers["Location"], "https://one.example/a?b=1#c")
        self.assertEqual(self.links(3, "Your page"), ["#"])
