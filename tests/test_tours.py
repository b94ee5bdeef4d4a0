from unittest.mock import patch

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import ChromeBrowser

from ..models.response.email_link import OPT_OUT
from .common import CampaignCase

# The pages have no script of their own and allow none. This one the browser runs in each of them nevertheless.
VISITOR = """
addEventListener("DOMContentLoaded", () => {
    const heading = document.querySelector("h1").textContent.trim();
    console.log(`a page: ${heading}`);
    if (heading === "You are unsubscribed") {
        document.querySelector("button[name=undo]").click();
    } else if (heading === "You are subscribed again") {
        console.log("test successful");
    } else if (!heading.startsWith("Unsubscribe")) {
        console.error(`This page was not expected: ${document.body.innerText}`);
    }
});
"""
UNSUBSCRIBE = """
    if (!document.body.innerText.includes("an•••@good.example")) {
        throw new Error(`No question here: ${document.body.innerText}`);
    }
    document.querySelector("form button").click();
"""


class TourCase(CampaignCase, HttpCase):
    """What a salesperson does in the browser, with no right but this addon's smallest."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            login="tour_salesperson",
            name="Tess Tours",
            email="tess@crm.example",
            groups="email_campaign.group_user",
        )
        cls.ann, cls.ben, cls.nick = cls.env["res.partner"].create(
            [
                {"name": "Ann Apple", "email": "ann@good.example"},
                {"name": "Ben Beech", "email": "ben@good.example"},
                {"name": "Nick Nomail"},
            ]
        )

    def walk(self, url_path, tour_name):
        self.start_tour(url_path, tour_name, login=self.user.login)
        self.env.invalidate_all()

    def send(self):
        # Unlike in other tests, the registry is in its test mode all the time here.
        self.env.ref("email_campaign.cron_send").method_direct_trigger()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestTours(TourCase):
    def test_list_campaign_launch_and_outcome(self):
        self.walk("/odoo", "email_campaign_launch")
        mailing = self.env["email.campaign.mailing"].search([("subject", "=", "Spring is here")])
        self.assertEqual(mailing.user_id, self.user)
        self.assertFalse(self.peer.mails, "nothing leaves before the worker runs")

        self.send()
        self.assertEqual(sorted(self.peer.recipients()), ["ann@good.example", "ben@good.example", "cleo@good.example"])
        for email, name in (("ann@good.example", "Ann Apple"), ("cleo@good.example", "friend")):
            body = self.message_to(email).get_body(("plain",)).get_content()
            self.assertIn(f"Hello {name}, the first seeds are in.", body)
        self.walk("/odoo", "email_campaign_outcome")

    def test_send_from_the_contact_list(self):
        self.walk("/odoo", "email_campaign_send")
        self.send()
        self.assertEqual(sorted(self.peer.recipients()), ["ann@good.example", "ben@good.example"])
        self.assertEqual(self.message_to("ben@good.example")["Subject"], "Ben Beech, the apples are ripe")

    def test_contact_after_a_bounce(self):
        self.peer.script = {"ann@good.example": ["250 OK", "550 5.1.1 no such user"]}
        target_list = self.make_list(self.ann, user=self.user)
        for _ in range(2):
            self.make_mailing(target_list, user=self.user).action_launch()
            self.send()
        self.walk(f"/odoo/contacts/{self.ann.id}", "email_campaign_contact")

    def test_unknown_field(self):
        target_list = self.make_list(self.ann, user=self.user)
        campaign = (
            self.env["email.campaign"]
            .with_user(self.user)
            .create({"name": "Spring", "target_list_ids": target_list.ids})
        )
        self.walk(f"/odoo/email-campaigns/{campaign.id}", "email_campaign_unknown_field")
        self.assertEqual(campaign.mailing_ids.state, "draft")
        self.assertFalse(campaign.mailing_ids.recipient_ids)

    def test_opt_out_page_and_undo(self):
        mailing = self.make_mailing(self.make_list(self.ann, user=self.user), user=self.user)
        mailing.action_launch()
        self.send()
        recipient = mailing.recipient_ids
        token = self.env["email.link"]._signer().sign(OPT_OUT, recipient.id)
        navigate_to = ChromeBrowser.navigate_to

        def with_visitor(browser, *args, **kwargs):
            browser._websocket_request("Page.addScriptToEvaluateOnNewDocument", params={"source": VISITOR})
            navigate_to(browser, *args, **kwargs)

        with patch.object(ChromeBrowser, "navigate_to", with_visitor):
            self.browser_js(f"/email/u/{token}", UNSUBSCRIBE)
        self.env.invalidate_all()
        self.assertEqual(recipient.event_ids.sorted("id").mapped("kind"), ["sent", "opt_out", "opt_in"])
        self.assertFalse(recipient.opted_out_at)
