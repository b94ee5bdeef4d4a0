"""The pages, from Jinja templates. Autoescaping is on and no template switches it off."""

import datetime
import pathlib
from collections.abc import Mapping

import jinja2

from . import answer
from .behaviour import Answer
from .links import find_links, one_click_url
from .mime import Content, content
from .oneclick import Outcome
from .records import Message

TABS = {
    "html": "HTML",
    "phone": "Phone",
    "text": "Plain text",
    "headers": "Headers",
    "raw": "Source",
    "links": "Links",
    "attachments": "Attachments",
    "answer": "Answer",
}
LABELS = {
    Answer.NO_SUCH_USER: "no such user",
    Answer.FULL: "mailbox full",
    Answer.BLOCKED: "blocked",
    Answer.SLOW: "delayed",
    Answer.COMPLAINT: "complaint",
    Answer.AUTO: "vacation reply",
}
SHOWN = 500_000  # characters of a source or text that a page shows; the rest is in the download


class Pages:
    """Renders templates; ``site`` is what every page may use (the server's addresses, the rules)."""

    def __init__(self, site: Mapping[str, object]) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"when": when, "octets": octets}
        self._environment.globals |= {
            "site": site,
            "labels": {kind.value: label for kind, label in LABELS.items()},
        }

    def render(self, template: str, **values: object) -> str:
        return self._environment.get_template(template).render(**values)

    def message(self, message: Message, raw: bytes, tab: str, remote: bool, outcome: Outcome | None) -> str:
        """One message; ``outcome`` is that of the opt-out button when it was pressed."""
        parts = content(raw)
        tabs = tabs_of(message, parts)
        shown = tab if tab in tabs else next(iter(tabs))
        reply = answer.build(message, raw) if shown == "answer" else b""
        return self.render(
            "message.html",
            message=message,
            parts=parts,
            tabs=tabs,
            tab=shown,
            remote=remote,
            outcome=outcome,
            source=(reply or raw).decode("utf-8", "replace")[:SHOWN],
            text=parts.text[:SHOWN],
            links=find_links(parts.html, parts.text),
            one_click=one_click_url(parts.header("List-Unsubscribe"), parts.header("List-Unsubscribe-Post")),
        )


def tabs_of(message: Message, parts: Content) -> dict[str, str]:
    """The tabs that have something to show, by name; the first is where a reader begins."""
    empty = set()
    if not parts.html:
        empty |= {"html", "phone"}
    if not parts.text and parts.html:
        empty.add("text")
    if not parts.attachments:
        empty.add("attachments")
    if not message.answer:
        empty.add("answer")
    return {name: label for name, label in TABS.items() if name not in empty}


def when(seconds: float) -> str:
    """Local time, with the day unless it is today."""
    moment = datetime.datetime.fromtimestamp(seconds)
    is_today = moment.date() == datetime.date.today()
    return moment.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M")


def octets(size: int) -> str:
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1000:.1f} kB"
    return f"{size / 1_000_000:.1f} MB"
