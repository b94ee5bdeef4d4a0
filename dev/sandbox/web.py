"""The inbox over HTTP: which path leads where. Sockets are in :mod:`.webserver`, pages in :mod:`.pages`."""

import re
import urllib.parse
from collections.abc import Callable, Mapping

from . import answer, api, mime, preview
from .inbox import Inbox
from .links import one_click_url
from .oneclick import Outcome, unsubscribe
from .pages import Pages
from .records import Message
from .responses import Response, download, error, page, redirect, static

Query = Mapping[str, str]
PAGE_SIZE = 50
ID = r"(\d{1,18})"


class Web:
    """Answers requests; knows nothing of sockets."""

    def __init__(self, inbox: Inbox, pages: Pages) -> None:
        self._inbox = inbox
        self._pages = pages
        routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", "/", self.list),
            ("GET", "/help", self.help),
            ("GET", r"/static/([a-z]+\.[a-z]+)", lambda query, name: static(name)),
            ("GET", f"/m/{ID}", self.message),
            ("GET", f"/m/{ID}/html", self.html),
            ("GET", f"/m/{ID}/raw", self.raw),
            ("GET", f"/m/{ID}/answer", self.answer),
            ("GET", f"/m/{ID}/part/{ID}", self.part),
            ("GET", f"/m/{ID}/cid/(.+)", self.inline_image),
            ("POST", f"/m/{ID}/unsubscribe", self.unsubscribe),
            ("POST", "/clear", self.clear),
            ("GET", "/api/stats", self.api_stats),
            ("GET", "/api/messages", self.api_messages),
            ("DELETE", "/api/messages", self.api_clear),
            ("GET", f"/api/messages/{ID}", self.api_message),
            ("GET", f"/api/messages/{ID}/raw", self.raw),
            ("GET", f"/api/messages/{ID}/answer", self.answer),
        ]
        self._routes = [(method, re.compile(pattern), function) for method, pattern, function in routes]

    def respond(self, method: str, target: str) -> Response:
        """The response to one request; ``target`` is path and query as sent."""
        path, _mark, query_string = target.partition("?")
        query = dict(urllib.parse.parse_qsl(query_string, errors="replace"))
        wrong_method = False
        for allowed, pattern, function in self._routes:
            if match := pattern.fullmatch(path):
                if method == allowed or (method == "HEAD" and allowed == "GET"):
                    return function(query, *match.groups())
                wrong_method = True
        return error(405, "Method not allowed") if wrong_method else self._not_found()

    # Pages

    def list(self, query: Query) -> Response:
        words = query.get("q", "")
        number = api.whole_number(query.get("page", ""), 1, lowest=1, highest=1_000_000)
        messages, total = self._inbox.page(words, (number - 1) * PAGE_SIZE, PAGE_SIZE)
        return page(
            self._pages.render(
                "inbox.html",
                messages=messages,
                total=total,
                words=words,
                number=number,
                last=max(1, -(-total // PAGE_SIZE)),
                stats=self._inbox.stats(),
            )
        )

    def help(self, query: Query) -> Response:
        return page(self._pages.render("help.html"))

    def message(self, query: Query, number: str, outcome: Outcome | None = None) -> Response:
        message = self._inbox.get(int(number))
        if message is None:
            return self._not_found()
        raw = self._inbox.raw(message.id)
        return page(self._pages.message(message, raw, query.get("tab", ""), "remote" in query, outcome))

    def unsubscribe(self, query: Query, number: str) -> Response:
        headers = mime.content(self._inbox.raw(int(number)))
        url = one_click_url(headers.header("List-Unsubscribe"), headers.header("List-Unsubscribe-Post"))
        outcome = unsubscribe(url) if url else Outcome(0, "The message offers no one-click opt-out.")
        return self.message(query, number, outcome)

    def clear(self, query: Query) -> Response:
        self._inbox.clear()
        return redirect("/")

    # What a page shows inside, or offers for saving

    def html(self, query: Query, number: str) -> Response:
        return preview.html(int(number), mime.content(self._inbox.raw(int(number))).html, "remote" in query)

    def raw(self, query: Query, number: str) -> Response:
        message = self._inbox.get(int(number))
        return download(self._inbox.raw(message.id), f"{message.id}.eml") if message else self._not_found()

    def answer(self, query: Query, number: str) -> Response:
        message = self._inbox.get(int(number))
        octets = answer.build(message, self._inbox.raw(message.id)) if message else b""
        return download(octets, f"{number}-answer.eml") if octets else self._not_found()

    def part(self, query: Query, number: str, part: str) -> Response:
        found = [item for item in mime.content(self._inbox.raw(int(number))).attachments if item.number == int(part)]
        return download(found[0].content, found[0].name) if found else self._not_found()

    def inline_image(self, query: Query, number: str, content_id: str) -> Response:
        wanted = urllib.parse.unquote(content_id)
        parts = mime.content(self._inbox.raw(int(number))).attachments
        found = [item for item in parts if item.content_id == wanted]
        return preview.image(found[0]) if found else self._not_found()

    # JSON

    def api_stats(self, query: Query) -> Response:
        return api.json_response(api.stats(self._inbox))

    def api_messages(self, query: Query) -> Response:
        return api.messages(self._inbox, query)

    def api_message(self, query: Query, number: str) -> Response:
        message: Message | None = self._inbox.get(int(number))
        if message is None:
            return api.json_response({"error": "no such message"}, status=404)
        return api.json_response(api.whole(message, self._inbox.raw(message.id)))

    def api_clear(self, query: Query) -> Response:
        self._inbox.clear()
        return api.json_response(api.stats(self._inbox))

    def _not_found(self) -> Response:
        return page(self._pages.render("missing.html"), status=404)
