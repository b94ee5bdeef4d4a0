"""Recipients at work: over HTTP they open, click and opt out with what they really got. Scanners look too.

Only what the messages contain is used; nothing is asked of Odoo.
"""

from __future__ import annotations

import html.parser
import http.client
import random
import re
import time
import urllib.parse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ..errors import Problem
from ..progress import Step
from ..sandbox.links import one_click_url
from .client import ODOO_LOG
from .mailboxes import Mailboxes

OPENING, CLICKING = 0.30, 0.12  # shares of those who read
SCANNED, OPT_OUT_PAGES, ONE_CLICKS, SECOND_THOUGHTS = 20, 1, 1, 3  # people
TIMEOUT = 60.0  # seconds for one request
READING = 6.0  # seconds until the first looks into the mailbox: who is there at once is taken for a machine
AT_ONCE = 4
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Act = Callable[[dict[str, Any]], None]


@dataclass
class Done:
    """Ids of the messages whose owners did something, as they themselves know it."""

    opened: set[int] = field(default_factory=set)
    clicked: set[int] = field(default_factory=set)
    opted_out: set[int] = field(default_factory=set)
    scanned: set[int] = field(default_factory=set)


def visit(mailboxes: Mailboxes, readers: Sequence[dict[str, Any]], seed: int) -> Done:
    """Let some of the `readers` (messages) act; who does what is the same for the same `seed`."""
    shuffled = random.Random(seed).sample(list(readers), len(readers))
    opening, clicking = (round(len(shuffled) * share) for share in (OPENING, CLICKING))
    acts: dict[int, list[Act]] = {message["id"]: [] for message in shuffled}
    done = Done()

    def plan(messages: Sequence[dict[str, Any]], act: Act, who: set[int] | None) -> None:
        for message in messages:
            acts[message["id"]].append(act)
            if who is not None:
                who.add(message["id"])

    # Most who click have loaded the images before; a tenth reads without images.
    plan(shuffled[:opening], open_message, done.opened)
    plan(shuffled[: opening // 10], open_message, done.opened)  # a second time: counts once
    without_images = clicking // 10
    plan(shuffled[opening - clicking + without_images : opening + without_images], click, done.clicked)
    others = shuffled[opening + without_images :]
    plan(others[:SCANNED], scan, done.scanned)
    plan(others[SCANNED:][:SECOND_THOUGHTS], look_at_opt_out, None)
    plan(shuffled[:OPT_OUT_PAGES], opt_out, done.opted_out)
    plan(shuffled[OPT_OUT_PAGES:][:ONE_CLICKS], one_click, done.opted_out)
    _run(mailboxes, {message_id: todo for message_id, todo in acts.items() if todo})
    return done


def _run(mailboxes: Mailboxes, acts: dict[int, list[Act]]) -> None:
    def act(entry: tuple[int, list[Act]]) -> None:
        message = mailboxes.message(entry[0])
        for each in entry[1]:
            each(message)

    with Step(f"{len(acts)} recipients read, click and opt out") as step, ThreadPoolExecutor(AT_ONCE) as pool:
        time.sleep(READING)
        for number, _none in enumerate(pool.map(act, acts.items()), 1):
            step.update(number / len(acts), f"{number} of {len(acts)}")


def open_message(message: dict[str, Any]) -> None:
    """Load the images, as a mail program does."""
    _expect(message, "GET", pixel(message), 200)


def click(message: dict[str, Any]) -> None:
    """Follow the first link, but not to where it leads: that is out there."""
    _expect(message, "GET", tracked_links(message)[0], 302)


def scan(message: dict[str, Any]) -> None:
    """Look at everything as a security gateway does, before anybody has read the message."""
    _expect(message, "HEAD", pixel(message), 200)
    for link in tracked_links(message):
        _expect(message, "HEAD", link, 302)


def look_at_opt_out(message: dict[str, Any]) -> None:
    """Open the opt-out page and think better of it."""
    _expect(message, "GET", opt_out_link(message), 200)


def opt_out(message: dict[str, Any]) -> None:
    """Open the opt-out page and send its form as it stands."""
    url = opt_out_link(message)
    form = Form(_expect(message, "GET", url, 200))
    if form.method != "post":
        raise Problem(f"The opt-out page {url} shows no form to send. Odoo's log is {ODOO_LOG}.")
    target = urllib.parse.urljoin(url, form.action)
    _expect(message, "POST", target, 200, urllib.parse.urlencode(form.fields), FORM)


def one_click(message: dict[str, Any]) -> None:
    """Press the mail program's own button (RFC 8058)."""
    headers = {name.lower(): value for name, value in message["headers"]}
    url = one_click_url(headers.get("list-unsubscribe", ""), headers.get("list-unsubscribe-post", ""))
    if not url:
        raise Problem(f"Message {message['id']} to {message['rcpt_to']} offers no one-click opt-out (RFC 8058).")
    _expect(message, "POST", url, 200, "List-Unsubscribe=One-Click", FORM)


def pixel(message: dict[str, Any]) -> str:
    """The address of the open pixel in a message."""
    found = re.search(r'src="([^"]+/email/o/[^"]+)"', message["html"])
    if not found:
        raise Problem(f"Message {message['id']} to {message['rcpt_to']} has no open pixel.")
    return found[1].replace("&amp;", "&")


def tracked_links(message: dict[str, Any]) -> list[str]:
    """The addresses of the links that are counted."""
    found = [link for link in message["links"] if "/email/c/" in link]
    if not found:
        raise Problem(f"Message {message['id']} to {message['rcpt_to']} has no tracked link.")
    return found


def opt_out_link(message: dict[str, Any]) -> str:
    """The address of the opt-out page in the text of a message."""
    found = [link for link in message["links"] if "/email/u/" in link]
    if not found:
        raise Problem(f"Message {message['id']} to {message['rcpt_to']} has no opt-out link.")
    return str(found[0])


class Form(html.parser.HTMLParser):
    """The first form of a page: where it goes, and what a browser would send of it, nothing being changed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.method = self.action = ""
        self.fields: dict[str, str] = {}
        self._ended = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and not self.method:
            self.method, self.action = (values.get("method") or "get").lower(), values.get("action") or ""
        elif self.method and not self._ended and tag in ("input", "button") and values.get("name"):
            if values.get("type") in ("radio", "checkbox") and "checked" not in values:
                return
            self.fields[values["name"] or ""] = values.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._ended = self._ended or tag == "form"


def _expect(
    message: dict[str, Any],
    method: str,
    url: str,
    status: int,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> str:
    """Make one request, without cookies and without following redirects; the page."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    target = parts._replace(scheme="", netloc="").geturl()
    agent = {"User-Agent": AGENTS[message["id"] % len(AGENTS)]}
    try:
        connection.request(method, target, body, {**agent, **(headers or {})})
        answer = connection.getresponse()
        page = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise Problem(f"{method} {url} got no answer ({error}). Odoo's log is {ODOO_LOG}.") from error
    finally:
        connection.close()
    if answer.status != status:
        raise Problem(
            f"{method} {url} was answered with {answer.status} {answer.reason}, not with {status}. "
            f"Odoo's log is {ODOO_LOG}."
        )
    return page
