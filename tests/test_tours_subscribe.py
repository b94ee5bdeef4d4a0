from unittest.mock import patch

from odoo.tests import new_test_user, tagged
from odoo.tests.common import ChromeBrowser

from .subscribing import SubscribeCase

# The pages have no script of their own and allow none. This one the browser runs in each of them nevertheless.
VISITOR = """
addEventListener("DOMContentLoaded", () => {
    const heading = document.querySelector("h1").textContent.trim();
    console.log(`a page: ${heading}`);
    if (heading === "Please look into your mailbox" || heading === "You are subscribed") {
        console.log("test successful");
    } else if (!heading.startsWith("Subscribe to")) {
        console.error(`This page was not expected: ${document.body.innerText}`);
    }
});
"""
SUBSCRIBE = """
    const trap = document.querySelector("input[name=website]").getBoundingClientRect();
    if (trap.right > 0) {
        throw new Error("People see the field that is for machines");
    }
    document.querySelector("input[name=email]").value = "nora@new.example";
    setTimeout(() => document.querySelector("form button").click(), 2500);
"""
CONFIRM = 'document.querySelector("form button").click();'


@tagged("post_install", "-at_install")
class TestTours(SubscribeCase):
    """In the browser: a visitor with no rights at all, and a campaign manager with no others."""

    def visit(self, path, code):
        navigate_to = ChromeBrowser.navigate_to

        def with_visitor(browser, *args, **kwargs):
            browser._websocket_request("Page.addScriptToEvaluateOnNewDocument", params={"source": VISITOR})
            navigate_to(browser, *args, **kwargs)

        with patch.object(ChromeBrowser, "navigate_to", with_visitor):
            self.browser_js(path, code)

    def deliver(self):
        self.env.ref("mail.ir_cron_mail_scheduler_action").method_direct_trigger()

    def test_a_visitor_subscribes(self):
        self.visit(self.path, SUBSCRIBE)
        self.assertEqual(self.state("nora@new.example"), "pending")
        self.visit(self.confirm_path("nora@new.example"), CONFIRM)
        self.assertEqual(self.state("nora@new.example"), "opted_in")

    def test_ledger_and_erasure(self):
        self.confirmed("nora@new.example")
        new_test_user(self.env, login="maxi", name="Max", groups="email_campaign.group_manager")
        self.start_tour("/odoo/email-subscriptions", "email_campaign_consent", login="maxi")
        self.assertEqual(self.state("ben@good.example"), "opted_out")
        self.assertFalse(self.state("nora@new.example"))
        self.assertTrue(self.env["email.erasure"].search([]))
