"""A person with a real browser: what opens and clicks as people do counts as people."""

import json
import time

from odoo.tests import HttpCase, tagged
from odoo.tests.common import ChromeBrowser, ChromeBrowserException

from ..models.response.email_link import CLICK, HIDDEN_LINK, OPEN
from .test_response import SentCase

# Headless Chromium says that it is one, as crawlers do; with a window it says this.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
PATIENCE = 20.0  # seconds until the browser has asked for what it is shown


@tagged("post_install", "-at_install")
class TestPerson(SentCase, HttpCase):
    """Reads a mail in Chromium and clicks a link with the mouse."""

    def test_a_person_in_a_browser_is_one(self):
        target = self.link.create(
            {"name": "Health", "url": f"{self.base_url()}/web/health", "campaign_id": self.mailing.campaign_id.id}
        )
        click, hidden = (
            self.signer.sign_family(CLICK, self.recipient.id, url_id) for url_id in (target.id, HIDDEN_LINK)
        )
        opened = self.signer.sign(OPEN, self.recipient.id)
        base = self.base_url()
        mail = (
            f'<a href="{base}/email/c/{click}" style="position:fixed;left:0;top:0;width:400px;height:100px">Shop</a>'
            f'<a href="{base}/email/c/{hidden}" style="display:none" tabindex="-1" aria-hidden="true"></a>'
            f'<img src="{base}/email/o/{opened}.gif" width="1" height="1" alt="">'
        )
        browser = ChromeBrowser(self)
        self.addCleanup(browser.stop)
        with self.allow_requests(browser=browser):
            browser._websocket_request("Network.setUserAgentOverride", params={"userAgent": AGENT})
            # A page that was loaded from nowhere may load nothing from a loopback address.
            browser.navigate_to(f"{base}/web/health", wait_stop=True)
            put = f"document.body.innerHTML = {json.dumps(mail)}"
            browser._websocket_request("Runtime.evaluate", params={"expression": put})
            self.wait_for(browser, "document.images[0].complete && document.images[0].naturalWidth === 1")
            for kind in ("mousePressed", "mouseReleased"):
                place = {"type": kind, "x": 60, "y": 40, "button": "left", "clickCount": 1}
                browser._websocket_request("Input.dispatchMouseEvent", params=place)
            self.wait_for(browser, "document.readyState === 'complete' && !document.images.length")
            self._wait_remaining_requests()
        self.assertEqual(set(self.kinds()), {("open", "human"), ("click", "human")})
        self.assertTrue(self.recipient.opened_at and self.recipient.clicked_at)
        self.assertEqual((self.mailing.click_human_count, self.mailing.click_machine_count), (1, 0))

    def wait_for(self, browser, condition):
        """Wait until `condition`, JavaScript in the page, holds; the database is the server's meanwhile."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                found = browser._websocket_request("Runtime.evaluate", params={"expression": condition})
            except ChromeBrowserException:
                found = {}  # it is on its way to another page
            if found.get("result", {}).get("value"):
                return
            time.sleep(0.1)
        self.fail(f"the page never came to {condition}: {found}")
