import base64
import string
from urllib.parse import quote

from werkzeug.urls import iri_to_uri

from odoo import http
from odoo.http import Response, request

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# Kept by nobody on the way, so that the next opening or click arrives here again.
NOT_KEPT = [
    ("Cache-Control", "no-store, max-age=0"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
]
# No user, no language, no session: what every image and every link of every email asks for must be cheap.
TRACKED = {"type": "http", "auth": "none", "methods": ["GET"], "readonly": False, "save_session": False}


def location(url):
    """Give `url` as a header has it, in ASCII.

    A name of a host that Python's rules refuse (they are those of 2003) is written in percent-encoding, which browsers
    read by today's rules.
    """
    try:
        return iri_to_uri(url)
    except ValueError:
        return quote(url, safe=string.punctuation)


class Tracking(http.Controller):
    """Opens and clicks. A token names the recipient; what it can't name is not found, and always in the same way."""

    @http.route("/email/o/<string:token>.gif", **TRACKED)
    def email_open(self, token, **_ignored):
        if not self._visits()._opened(token, request.httprequest):
            raise request.not_found()
        return Response(PIXEL, headers=[("Content-Type", "image/gif"), *NOT_KEPT])

    @http.route("/email/c/<string:token>", **TRACKED)
    def email_click(self, token, **_ignored):
        target = self._visits()._clicked(token, request.httprequest)
        if target is None:
            raise request.not_found()
        if not target.url_id:
            # The hidden link: a person who gets there stays where they are.
            return Response(status=204, headers=NOT_KEPT)
        if target.explains or not target.url:
            return self._page(target)
        # The target comes from the database: nobody can make this server send people elsewhere.
        return Response(status=302, headers=[("Location", location(target.url)), *NOT_KEPT])

    def _visits(self):
        return request.env["email.visit"]._superuser()

    def _page(self, target):
        """Show the message of a link, or, where there is no link any more, that its campaign is over."""
        request.env["ir.http"]._auth_method_public()
        recipient = request.env["email.link"]._recipient_of((target.recipient_id,))
        if not recipient.mailing_id.exists():
            recipient = recipient.browse()
        lang = recipient._page_lang() if recipient else request.env.lang
        company = recipient.mailing_id.company_id if recipient else request.env.company
        link = request.env["email.tracking.url"].sudo().browse(target.url_id if target.url else ())
        values = {"link": link.with_context(lang=lang), "company": company.sudo()}
        status = 200 if link else 410
        return request.env["email.page"]._show("email_campaign.tracking_page", lang, values, status=status)
