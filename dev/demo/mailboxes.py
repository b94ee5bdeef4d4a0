"""What arrived, asked from the mail sandbox by its JSON API: the other side of the story."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from ..errors import Problem
from ..paths import LOGS
from ..server import Server

PAGE = 1000  # messages in one answer, the most that the sandbox gives
TIMEOUT = 30.0  # seconds
SANDBOX_LOG = LOGS / "sandbox.log"


class Mailboxes:
    """The messages and counters of the sandbox since the moment this was made."""

    def __init__(self, server: Server) -> None:
        self._url = server.inbox_url
        stats = self.stats()
        self._since: int = stats["newest_id"]
        self._refused: int = self._refused_for_good(stats)

    def stats(self) -> dict[str, Any]:
        """All counters of the sandbox."""
        return dict(self._get("/api/stats"))

    def refused(self) -> int:
        """How many recipients were refused for good (550)."""
        return self._refused_for_good(self.stats()) - self._refused

    def messages(self, subject: str) -> list[dict[str, Any]]:
        """What arrived with `subject` in the subject, without bodies, in the order of arrival."""
        return [message for message in self._pages() if subject.casefold() in message["subject"].casefold()]

    def message(self, message_id: int) -> dict[str, Any]:
        """One message with its headers, text, HTML and links."""
        return dict(self._get(f"/api/messages/{message_id}"))

    def _pages(self) -> Iterator[dict[str, Any]]:
        since = self._since
        while True:
            page = self._get(f"/api/messages?{urllib.parse.urlencode({'since_id': since, 'limit': PAGE})}")
            yield from page
            if len(page) < PAGE:
                return
            since = page[-1]["id"]

    def _refused_for_good(self, stats: dict[str, Any]) -> int:
        return int(stats["refused_by_code"].get("550", 0))

    def _get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(self._url + path, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Problem(
                f"The mail sandbox at {self._url} does not answer any more ({error}). Why, is at the end of "
                f"its log {SANDBOX_LOG}. Run the same command again."
            ) from error
