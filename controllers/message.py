from markupsafe import Markup, escape

from odoo import http
from odoo.http import request

from ..models.response.email_link import VIEW
from .tracking import NOT_KEPT

# The mail as it is, and nothing besides: it runs nothing, belongs to no origin and stands in nobody's frame. Its
# images come from where the mail has them.
MESSAGE_HEADERS = [
    *NOT_KEPT,
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Content-Type", "text/html; charset=utf-8"),
]


class Message(http.Controller):
    """An email in the browser, for whoever has its link."""

    @http.route("/email/v/<string:token>", type="http", auth="public", methods=["GET"], save_session=False)
    def email_view(self, token, **_ignored):
        links = request.env["email.link"]
        recipient = links._recipient(VIEW, token)
        if not recipient:
            if links._is_test(VIEW, token):
                return self._page(recipient, test=True)
            raise request.not_found()
        made = recipient._message(tracked=not recipient._is_shown_to(request.env.user))
        part = made and made[1].get_body(("html", "plain"))
        if not part:
            return self._page(recipient, status=410)
        html = part.get_content()
        if part.get_content_subtype() == "plain":
            html = f"<head></head><pre>{escape(html)}</pre>"
        title = Markup("<title>{}</title>").format(made[1]["Subject"] or "")
        return request.make_response(html.replace("<head>", f"<head>{title}", 1), MESSAGE_HEADERS)

    def _page(self, recipient, test=False, status=200):
        lang = recipient._page_lang() if recipient else request.env.lang
        company = (recipient.mailing_id.company_id if recipient else request.env.company).sudo()
        values = {"company": company, "test": test}
        return request.env["email.page"]._show("email_campaign.message_page", lang, values, status=status)
