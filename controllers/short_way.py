"""The short way in for links, images and opt-outs: answered before Odoo makes a session, a cursor and a request of it.

Images and links of a mass email are asked for by the thousand within minutes, most of them by machines, and Odoo's way
in costs several times of what there is to do. So each process takes them at the door of its WSGI application, by facts
that a visit by the long way (`controllers/tracking`) left less than a second ago. Whatever is not quite ordinary goes
the long way, which gives the same answers.
"""

import functools
import logging
import re

import psycopg2

from odoo import http
from odoo.tools import config

from ..models.response import visit, visit_line
from ..models.response.email_visit_waiting import Judging
from . import short_opt_out
from .tracking import NOT_KEPT, PIXEL, location

_logger = logging.getLogger(__name__)

_PATH = re.compile(r"/email/(?:(?P<click>c/)|o/)(?P<token>[\w-]{1,200})(?(click)|\.gif)", re.ASCII)
_PREFETCH_HEADERS = {
    "HTTP_PURPOSE": "purpose",
    "HTTP_X_PURPOSE": "x-purpose",
    "HTTP_SEC_PURPOSE": "sec-purpose",
    "HTTP_X_MOZ": "x-moz",
}
# What Odoo adds to images.
_PIXEL_HEADERS = [
    ("Content-Type", "image/gif"),
    *NOT_KEPT,
    ("Content-Length", str(len(PIXEL))),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'"),
]
_HIDDEN_HEADERS = [("Content-Type", "text/html; charset=utf-8"), *NOT_KEPT, ("X-Content-Type-Options", "nosniff")]
_REDIRECT_HEADERS = [("Content-Type", "text/html; charset=utf-8"), *NOT_KEPT, ("Content-Length", "0")]
_REDIRECT_HEADERS += [("X-Content-Type-Options", "nosniff")]


def open_way():
    """Let Odoo's WSGI application ask here first. Doing it twice does no harm."""
    odoo_way = http.Application.__call__
    if getattr(odoo_way, "asks_email_campaign", False):
        return

    @functools.wraps(odoo_way)
    def call(application, environ, start_response):
        answer = _answer(environ) if environ.get("PATH_INFO", "").startswith("/email/") else None
        if answer is None:
            return odoo_way(application, environ, start_response)
        status, headers, body = answer
        start_response(status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    call.asks_email_campaign = True
    http.Application.__call__ = call


def _answer(environ):
    """Give (status, headers, body), None for what must go the long way."""
    leaving = environ["REQUEST_METHOD"] == "POST"
    match = (short_opt_out.PATH if leaving else _PATH).fullmatch(environ["PATH_INFO"])
    if not match or environ["REQUEST_METHOD"] not in ("GET", "HEAD", "POST"):
        return None
    # Either may name another database than the host does.
    if "HTTP_X_ODOO_DATABASE" in environ or "session_id" in environ.get("HTTP_COOKIE", ""):
        return None
    environ_of_all = environ
    if config["proxy_mode"] and environ.get("HTTP_X_FORWARDED_HOST"):
        environ = dict(environ)  # Odoo does the same to it afterwards
        http.ProxyFix(lambda *_ignored: ())(environ, None)
    facts = visit_line.facts(environ.get("HTTP_HOST", ""))
    if not facts:
        return None
    if leaving:
        answer = short_opt_out.answer(facts, environ, match["token"])
        environ_of_all["wsgi.input"] = environ["wsgi.input"]
        return answer
    kind = "click" if match["click"] else "open"
    ids = (visit.clicked if kind == "click" else visit.opened)(facts.signer, match["token"])
    if not ids or not ids[0] or (kind == "open" and not facts.opens):
        return None
    headers = {name: environ[key] for key, name in _PREFETCH_HEADERS.items() if key in environ}
    method, agent, ip = environ["REQUEST_METHOD"], environ.get("HTTP_USER_AGENT"), environ.get("REMOTE_ADDR")
    try:
        row = visit_line.lines.keep(facts.dbname, visit.parameters(kind, ids, method, agent, headers, ip))
    except psycopg2.Error as error:
        # The long way tells more about it.
        _logger.info("A visit goes the long way: %s", error)
        return None
    if row is None:
        return None
    Judging.of(facts.dbname).wake()
    if kind == "open":
        return "200 OK", _PIXEL_HEADERS, PIXEL
    target = visit.target(ids, row)
    if not target.url_id:
        return "204 NO CONTENT", _HIDDEN_HEADERS, b""
    if target.explains or not target.url or target.url.startswith("{{"):
        # Pages and links that lead each recipient elsewhere are the business of the long way.
        environ_of_all[visit.KEPT] = True
        return None
    return "302 FOUND", [*_REDIRECT_HEADERS, ("Location", location(target.url))], b""
