import base64
import logging

import psycopg2

from odoo import http
from odoo.http import request

from ..models.response.email_link import CLICK, OPEN
from ..tools import visitor

_logger = logging.getLogger(__name__)

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# Kept by nobody on the way, so that the next opening or click arrives here again.
NOT_KEPT = [
    ("Cache-Control", "no-store, max-age=0"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
]


class Tracking(http.Controller):
    """Opens and clicks. A token names the recipient; what it can't name is not found, and always in the same way."""

    @http.route("/email/o/<string:token>.gif", type="http", auth="public", methods=["GET"], save_session=False)
    def email_open(self, token):
        recipient = request.env["email.link"]._recipient(OPEN, token)
        if not recipient:
            raise request.not_found()
        self._note(recipient, "open")
        return request.make_response(PIXEL, [("Content-Type", "image/gif"), *NOT_KEPT])

    @http.route("/email/c/<string:token>", type="http", auth="public", methods=["GET"], save_session=False)
    def email_click(self, token):
        recipient, tracking_url = request.env["email.link"]._click(CLICK, token)
        if not tracking_url:
            raise request.not_found()
        if recipient:
            self._note(recipient, "click", tracking_url_id=tracking_url.id)
        # The target comes from the database: nobody can make this server send people elsewhere.
        response = request.redirect(tracking_url._target(recipient.mailing_id), code=302, local=False)
        response.headers.extend(NOT_KEPT)
        return response

    def _note(self, recipient, kind, **values):
        """Write it down; a log that can't be written keeps nobody from the page they asked for."""
        headers = request.httprequest.headers
        agent = headers.get("User-Agent")
        visit = visitor.judge(request.httprequest.method, agent, headers)
        try:
            with request.env.cr.savepoint():
                recipient._note_visit(kind, visit, ip=request.httprequest.remote_addr, user_agent=agent, **values)
        except psycopg2.Error:
            _logger.exception("%s of recipient %s could not be written down", kind, recipient.id)
