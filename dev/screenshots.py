"""`make screenshots`: the README's pictures, taken from what `make run` keeps running in another terminal."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from .browser import FLAGS, find_or_install
from .demo.client import Client
from .demo.launch import MAILING
from .demo.mailboxes import Mailboxes
from .demo.visitors import click, open_message, opt_out, opt_out_link, scan
from .errors import Problem
from .paths import CHECKOUT, MODULE
from .progress import Step
from .server import Server, describe
from .settings import Settings

FOLDER = CHECKOUT / "static" / "description"
DESKTOP, PHONE = (1400, 900), (390, 780)
LARGEST = 150_000  # bytes of one picture
# The second, fourth, sixth … recipient opens the email, and so on.
ACTS = ((2, open_message), (4, click), (13, scan), (19, opt_out))
DATA_ROW = ".o_list_view .o_data_row"
WIZARD_SUBJECT = "{{ recipient.name ||| Dear friend }}, the workshop is open on Saturday"
WIZARD_BODY = "Come and have a look at what we built over the winter: coffee, cake and sawdust from ten o'clock."


class Photographer:
    """A browser that is logged in, and the records of the demo campaign."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser = browser
        self.server = server
        self.odoo = Client(server)
        mailing_id = self.odoo.ref(MAILING)
        if not mailing_id:
            raise Problem("The demo campaign was deleted. `make clean`, then `make run` makes a fresh one.")
        self.mailing_id = mailing_id
        self.mailing = self.odoo.read("email.campaign.mailing", mailing_id, ["campaign_id", "subject", "opened_count"])
        self.page = self.open(DESKTOP)
        self.page.goto(f"{server.url}/web/login")
        self.page.fill("#login", server.login)
        self.page.fill("#password", server.password)
        self.page.click("button[type=submit]")
        self.page.wait_for_selector(".o_main_navbar")

    def open(self, size: tuple[int, int]) -> Page:
        """A new window of that size."""
        width, height = size
        return self._browser.new_context(viewport={"width": width, "height": height}).new_page()

    def go(self, path: str, wait: str) -> None:
        """Open a page of Odoo and wait until the element `wait` is there."""
        self.page.goto(f"{self.server.url}/odoo/{path}")
        self.page.wait_for_selector(wait)

    def press(self, selector: str, **kwargs: Any) -> Locator:
        """Click on what is there first."""
        found = self.page.locator(selector, **kwargs).first
        found.click()
        return found

    def respond(self) -> None:
        """Let recipients read the demo campaign, unless they did in an earlier run."""
        if self.mailing["opened_count"]:
            return
        mailboxes = Mailboxes(self.server)
        for number, found in enumerate(self.messages()):
            message = mailboxes.message(found["id"])
            for every, act in ACTS:
                if number % every == every - 1:
                    act(message)

    def messages(self) -> list[dict[str, Any]]:
        """What arrived of the demo campaign, and stayed."""
        with urllib.request.urlopen(f"{self.server.inbox_url}/api/messages?limit=1000", timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        subject = self.mailing["subject"].rpartition("}}")[2]
        return [each for each in found if each["subject"].endswith(subject) and not each["answer"]]

    def message(self) -> dict[str, Any]:
        """One message with its links, whose recipient has not opted out."""
        number = next(number for number, _ in enumerate(self.messages()) if number % ACTS[-1][0] != ACTS[-1][0] - 1)
        return Mailboxes(self.server).message(self.messages()[number]["id"])


def campaign(at: Photographer) -> Page:
    """The form with the numbers."""
    at.go(f"email-campaigns/{at.mailing['campaign_id'][0]}", ".o_field_widget[name=sent_count]")
    return at.page


def mailing(at: Photographer) -> Page:
    """One mass email that is done."""
    at.go(f"mass-emails/{at.mailing_id}", ".o_field_widget[name=body_html] iframe, .o_field_widget[name=body_html] p")
    return at.page


def log(at: Photographer) -> Page:
    """What happened to every email of the campaign."""
    campaign(at)
    at.press("button[name=action_view_events].oe_stat_button")
    at.page.wait_for_selector(DATA_ROW)
    return at.page


def wizard(at: Photographer) -> Page:
    """From chosen contacts to a campaign in one dialog."""
    at.go("contacts?view_type=list", DATA_ROW)
    for number in range(8):
        at.page.locator(f"{DATA_ROW} .o_list_record_selector input").nth(number).check()
    at.press(".o_cp_action_menus button", has_text="Actions")
    at.press(".o-dropdown-item", has_text="Send campaign email")
    at.page.fill(".modal .o_field_widget[name=name] input", "Open workshop")
    at.page.fill(".modal .o_field_widget[name=subject] input", WIZARD_SUBJECT)
    at.press(".modal .odoo-editor-editable")
    at.page.keyboard.type(WIZARD_BODY)
    return at.page


def contact(at: Photographer) -> Page:
    """A contact whose mail came back."""
    [contact_id] = at.odoo.search("res.partner", [("email", "=", "greta.goner@bounce.example")])
    at.go(f"contacts/{contact_id}", ".o_field_widget[name=email_validity]")
    at.press(".nav-link[name=email_campaign]")
    return at.page


def target_list(at: Photographer) -> Page:
    """Who is on a list."""
    list_ids = at.odoo.read("email.campaign", at.mailing["campaign_id"][0], ["target_list_ids"])["target_list_ids"]
    at.go(f"email-target-lists/{list_ids[0]}", ".o_data_row")
    return at.page


def opt_out_page(at: Photographer) -> Page:
    """What a recipient sees behind the link, on a phone."""
    page = at.open(PHONE)
    page.goto(opt_out_link(at.message()))
    page.wait_for_selector("h1")
    return page


def preferences_page(at: Photographer) -> Page:
    """Where recipients choose, on a phone."""
    page = opt_out_page(at)
    page.set_viewport_size({"width": PHONE[0], "height": 800})
    page.locator("a[href^='/email/p/']").click()
    page.wait_for_selector("input[type=checkbox]")
    return page


def inbox(at: Photographer) -> Page:
    """The sandbox in which everything arrives."""
    page = at.open(DESKTOP)
    page.goto(f"{at.server.inbox_url}/?q=season")
    page.wait_for_selector("a")
    return page


PICTURES: dict[str, Callable[[Photographer], Page]] = {
    "campaign": campaign,
    "mailing": mailing,
    "log": log,
    "wizard": wizard,
    "contact": contact,
    "list": target_list,
    "opt_out": opt_out_page,
    "preferences": preferences_page,
    "inbox": inbox,
}


def screenshots(settings: Settings, arguments: Sequence[str]) -> int:
    """Take all pictures, or those named in `arguments`."""
    unknown = [name for name in arguments if name not in PICTURES]
    if unknown:
        raise Problem(f"There is no picture {', '.join(unknown)}. There are: {', '.join(PICTURES)}.")
    with _photographer(describe(settings, MODULE)) as at:
        at.respond()
        for name in arguments or PICTURES:
            with Step(f"screenshot_{name}.png"):
                page = PICTURES[name](at)
                page.wait_for_timeout(1000)  # transitions, avatars, fonts
                _keep(name, page.screenshot())
    return 0


@contextmanager
def _photographer(server: Server) -> Iterator[Photographer]:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", *FLAGS]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_or_install(), args=flags)
        yield Photographer(browser, server)
        browser.close()


def _keep(name: str, png: bytes) -> None:
    small = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    if len(small.getvalue()) > LARGEST:
        raise Problem(f"screenshot_{name}.png would have {len(small.getvalue()):,} bytes, more than {LARGEST:,}.")
    (FOLDER / f"screenshot_{name}.png").write_bytes(small.getvalue())
