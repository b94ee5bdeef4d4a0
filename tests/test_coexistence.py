import re
from urllib.parse import urlsplit

from odoo.tests import HttpCase, tagged

from .common import CampaignCase
from .test_response import BROWSER


@tagged("post_install", "-at_install")
class TestCoexistence(CampaignCase):
    """The same campaign on a database that has Odoo's own mass_mailing and website too. Run there by `make test`."""

    def test_beside_mass_mailing(self):
        self.assertIn("mailing.mailing", self.env, "this test is for a database with mass_mailing")
        self.env["mail.blacklist"]._add("person1@good.example")
        mailing = self.make_mailing(self.make_list(self.partners))
        mailing.action_launch()
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.skipped_count), ("done", 4, 1))
        self.assertEqual(len(self.peer.mails), 4)
        self.assertFalse(self.env["mailing.trace"].search([("email", "in", self.partners.mapped("email"))]))

    def test_its_own_mailing_still_works(self):
        theirs = self.env["mailing.mailing"].create(
            {
                "subject": "Theirs",
                "body_html": "<p>Hello</p>",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": [("id", "in", self.partners.ids)],
                "email_from": "Theirs <theirs@crm.example>",
            }
        )
        theirs.action_send_mail()
        self.env["mail.mail"].search([("mailing_id", "=", theirs.id)]).send()
        self.assertEqual(sorted(self.peer.recipients()), sorted(self.partners.mapped("email")))


@tagged("post_install", "-at_install")
class TestBesideWebsite(CampaignCase, HttpCase):
    """A visitor comes by a link of an email to a page of Odoo's website, and asks there: the campaign gets the lead."""

    def test_a_lead_that_a_link_brought(self):
        # Odoo looks for what is in the cookie as for a pattern, which fits this one too, and takes the older.
        older = self.env["utm.campaign"].create({"name": "50 percent off: Früh-ling"})
        mailing = self.make_mailing(
            self.make_list(self.partners[0]),
            body_html='<p><a href="/contactus?topic=spring#form">Ask us</a></p>',
        )
        campaign = mailing.campaign_id
        campaign.name = "50% off: Früh_ling"
        mailing.action_launch()
        self.send()
        html = self.message_to("person1@good.example").get_body(("html",)).get_content()
        [link] = re.findall(r'href="([^"]*/email/c/[^"]+)"[^>]*>Ask us', html)
        page = self.url_open(urlsplit(link).path, headers=BROWSER)
        self.assertEqual((page.status_code, urlsplit(page.url).path), (200, "/contactus"))
        self.assertIn("utm_medium=Email", urlsplit(page.url).query)
        self.assertIn("odoo_utm_campaign", self.opener.cookies)
        # Without the parameters: from now on only the cookies know.
        asked = self.url_open(
            "/website/form/crm.lead",
            data={"contact_name": "Vic", "email_from": "vic@good.example", "name": "Tell me more"},
            headers=BROWSER,
        )
        lead = self.env["crm.lead"].browse(asked.json()["id"])
        self.assertEqual(lead.campaign_id, campaign.utm_campaign_id)
        self.assertEqual((lead.source_id, lead.medium_id), (campaign.utm_source_id, campaign.utm_medium_id))
        self.assertFalse(self.env["crm.lead"].search([("campaign_id", "=", older.id)]))
        found = self.env["email.campaign"].browse(campaign.id)
        self.assertEqual(found.lead_count + found.opportunity_count, 1)
        lead.write({"type": "opportunity", "user_id": self.salesperson.id, "expected_revenue": 70})
        lead.action_set_won()
        self.salesperson.group_ids += self.env.ref("sales_team.group_sale_salesman")
        theirs = self.env["email.campaign"].with_user(self.salesperson).browse(campaign.id)
        self.assertEqual((theirs.opportunity_count, theirs.expected_revenue, theirs.won_revenue), (1, 70, 70))
        self.assertEqual(self.env["crm.lead"].search(theirs.action_view_leads()["domain"]), lead)

    def test_pages_for_recipients_stay_as_they_are(self):
        mailing = self.make_mailing(self.make_list(self.partners[0]))
        mailing.action_launch()
        links = self.env["email.link"]._signer()
        self.opener.cookies.clear()
        for page, purpose in (("u", "opt-out"), ("p", "preferences"), ("v", "view")):
            token = links.sign(purpose, mailing.recipient_ids.id)
            response = self.url_open(f"/email/{page}/{token}", headers=BROWSER)
            self.assertEqual(response.status_code, 200)
            self.assertNotIn("/web/assets", response.text, "nothing of the website around it")
            self.assertNotIn("Set-Cookie", response.headers)
