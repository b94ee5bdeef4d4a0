"""Odoo over HTTP, with a session, as its own web client talks to it."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import Problem
from ..paths import LOGS
from ..server import Server

TIMEOUT = 300.0  # seconds for one call; the longest one puts a thousand contacts on a list
ODOO_LOG = LOGS / "odoo.log"


class Refused(Exception):
    """Odoo took the call and said no, in words meant for its users."""


class Client:
    """One logged-in user. Not for use by several threads at once.

    The session's protocol and not /xmlrpc or /jsonrpc: from Odoo 19 on these warn in the log at each call.
    """

    def __init__(self, server: Server, log: Path = ODOO_LOG) -> None:
        self._server = server
        self._log = log
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)
        credentials = {"db": server.db, "login": server.login, "password": server.password}
        try:
            self.user_id = self._post("/web/session/authenticate", credentials)["uid"]
        except Refused as error:
            raise Problem(
                f"Odoo does not let the demo log in as {server.login}: {error} Was the password changed? "
                "`make clean` deletes the database, then `make run` or `make demo` makes a fresh one."
            ) from error

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """The result of a public method.

        :raises Refused: with Odoo's words
        :raises Problem: when Odoo does not answer
        """
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def search(self, model: str, domain: Sequence[Any], archived: bool = False, **kwargs: Any) -> list[int]:
        """Ids of the records that match; archived ones too if asked."""
        if archived:
            kwargs["context"] = {"active_test": False}
        found: list[int] = self.call(model, "search", domain, **kwargs)
        return found

    def count(self, model: str, domain: Sequence[Any], archived: bool = False) -> int:
        """How many records match."""
        context = {"active_test": not archived}
        found: int = self.call(model, "search_count", domain, context=context)
        return found

    def read(self, model: str, record_id: int, fields: Sequence[str]) -> dict[str, Any]:
        """The fields of one record."""
        [values] = self.call(model, "read", [record_id], list(fields))
        return dict(values)

    def create(self, model: str, values: dict[str, Any], **context: Any) -> int:
        """The id of a new record; `context` as its form would get it."""
        [record_id] = self.call(model, "create", [values], context=context)
        return int(record_id)

    def ensure(self, model: str, domain: Sequence[Any], values: dict[str, Any]) -> int:
        """The id of the first record that matches, brought to `values`, or of a new one."""
        found = self.search(model, domain, archived=True, limit=1)
        if not found:
            return self.create(model, values)
        self.call(model, "write", found, values)
        return found[0]

    def ref(self, xmlid: str) -> int | None:
        """The id of the record of an XML id; None where somebody deleted it."""
        module, _dot, name = xmlid.partition(".")
        domain = [("module", "=", module), ("name", "=", name)]
        rows = self.call("ir.model.data", "search_read", domain, ["model", "res_id"], limit=1)
        if not rows:
            return None
        found = self.search(rows[0]["model"], [("id", "=", rows[0]["res_id"])], archived=True)
        return found[0] if found else None

    def form_url(self, path: str, record_id: int) -> str:
        """The address of a record's form; `path` is that of the action it is opened in."""
        return f"{self._server.url}/odoo/{path}/{record_id}"

    def _post(self, path: str, params: dict[str, Any]) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(self._server.url + path, body, {"Content-Type": "application/json"})
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                reply = json.load(answer)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Problem(
                f"Odoo at {self._server.url} does not answer any more ({error}). Why, is at the end of its "
                f"log {self._log}. Run the same command again: it carries on where it stopped."
            ) from error
        if "error" in reply:
            raise Refused(_words(reply["error"]))
        return reply.get("result")


def _words(error: dict[str, Any]) -> str:
    data = error.get("data") or {}
    return str(data.get("message") or error.get("message") or "no reason given").strip()
