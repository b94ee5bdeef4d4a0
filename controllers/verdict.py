from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from .tracking import NOT_KEPT

# What strangers wrote: a file to be kept, which no browser shows and nothing runs.
RAW_HEADERS = [
    *NOT_KEPT,
    ("Content-Type", "message/rfc822"),
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
    ("X-Content-Type-Options", "nosniff"),
]


class Verdict(http.Controller):
    """The message behind a verdict, for managers who want to look at it with a mail program."""

    @http.route("/email/verdict/<int:verdict_id>.eml", type="http", auth="user", methods=["GET"], readonly=True)
    def email_verdict(self, verdict_id, **_ignored):
        """Download the message; whoever may not is told the same as where there is none."""
        verdict = request.env["email.verdict"].browse(verdict_id).exists()
        try:
            octets = verdict._downloaded() if verdict else b""
        except AccessError:
            octets = b""
        if not octets:
            raise request.not_found()
        name = f'attachment; filename="verdict-{verdict_id}.eml"'
        return request.make_response(octets, [*RAW_HEADERS, ("Content-Disposition", name)])
