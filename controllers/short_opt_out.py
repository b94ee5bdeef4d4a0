"""The short way in for RFC 8058's one click: opted out before Odoo makes a session and a request of it.

A large mailing brings many of these at once. It does what the long way does (`controllers/subscription`), by the same
facts as links and images have (`controllers/short_way`).
"""

import io
import logging
import re
from urllib.parse import parse_qs

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..models.response.email_link import OPT_OUT
from ..tools import one_click
from .tracking import NOT_KEPT

_logger = logging.getLogger(__name__)

PATH = re.compile(r"/email/u/(?P<token>[\w-]{1,200})", re.ASCII)
# What mail programs post is known to the letter; forms say more.
LONGEST_BODY = 100
_FORM = "application/x-www-form-urlencoded"
_HEADERS = [
    ("Content-Type", "text/plain"),
    *NOT_KEPT,
    ("Content-Length", "0"),
    ("X-Content-Type-Options", "nosniff"),
]


def answer(facts, environ, token):
    """Give (status, headers, body), None for what must go the long way.

    :param facts: `visit_line.Facts` of the database that is asked
    :param environ: of WSGI, whose input can be read again afterwards
    """
    if not facts.signer.read(OPT_OUT, token, 1) or not _is_one_click(environ):
        return None
    registry = Registry(facts.dbname)
    try:
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            if "email.link" not in env:
                return None  # the addon was removed a moment ago
            visitor = environ.get("REMOTE_ADDR"), environ.get("HTTP_USER_AGENT")
            if not env["email.link"]._opt_out_at_once(token, *visitor):
                return None
        registry.signal_changes()
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
        registry.reset_changes()
        _logger.info("An opt-out goes the long way, which tries again: %s", error)
        return None
    except Exception:
        # Whatever it is, the long way can tell people of it. To do twice what was done does no harm.
        registry.reset_changes()
        _logger.exception("An opt-out goes the long way")
        return None
    return "200 OK", _HEADERS, b""


def _is_one_click(environ):
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit() and len(length) <= len(str(LONGEST_BODY))):
        return False
    if int(length) > LONGEST_BODY or "HTTP_TRANSFER_ENCODING" in environ:
        return False
    if environ.get("QUERY_STRING") or environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != _FORM:
        return False
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    try:
        return parse_qs(body.decode(), max_num_fields=2, strict_parsing=True) == {one_click.NAME: [one_click.VALUE]}
    except ValueError:
        return False
