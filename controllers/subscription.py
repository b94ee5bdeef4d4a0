from odoo import http
from odoo.http import request

from ..models.response.email_link import OPT_OUT
from .tracking import NOT_KEPT

PAGE_HEADERS = [
    *NOT_KEPT,
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
]


class Subscription(http.Controller):
    """Opting out. Looking at a page changes nothing, because mail scanners look at every link; only a POST acts.

    There is no CSRF token: mail programs post here without a session (RFC 8058), and the signed token is the right.
    """

    @http.route("/email/u/<string:token>", type="http", auth="public", methods=["GET"], save_session=False)
    def email_opt_out(self, token):
        return self._page(self._recipient(token), "ask")

    @http.route(
        "/email/u/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        save_session=False,
        csrf=False,
    )
    def email_opt_out_now(self, token, **post):
        recipient = self._recipient(token)
        one_click = post.get("List-Unsubscribe") == "One-Click"
        visitor = {
            "ip": request.httprequest.remote_addr,
            "user_agent": request.httprequest.headers.get("User-Agent"),
        }
        env = (recipient._speaking_to_company() if recipient else request).env
        if post.get("undo"):
            undone = not recipient or recipient._opt_in_again(env._("opt-out page"), **visitor)
            return self._page(recipient, "undone" if undone else "nothing")
        if recipient:
            source = env._("one click in the mail program") if one_click else env._("opt-out page")
            recipient._opt_out(source, everything=post.get("scope") == "everything", **visitor)
        if one_click:
            return request.make_response("", [("Content-Type", "text/plain"), *NOT_KEPT])
        return self._page(recipient, "done", everything=post.get("scope") == "everything")

    def _recipient(self, token):
        """Give the recipient of `token`, or an empty one for the link of a test email."""
        recipient = request.env["email.link"]._recipient(OPT_OUT, token)
        if not recipient and not request.env["email.link"]._is_test(OPT_OUT, token):
            raise request.not_found()
        return recipient

    def _page(self, recipient, step, **values):
        lang = recipient._page_lang() if recipient else request.env.lang
        request.update_context(lang=lang)
        recipient = recipient.with_context(lang=lang)
        values.update(
            step=step,
            test=not recipient,
            page_lang=(lang or "en").replace("_", "-"),
            email=recipient._masked_email() if recipient else "jo•••@example.com",
            list_type=recipient._list_type() if recipient else request.env["email.list.type"].sudo(),
            company=(recipient.mailing_id.company_id if recipient else request.env.company).sudo(),
        )
        response = request.render("email_campaign.opt_out_page", values)
        response.headers.extend(PAGE_HEADERS)
        return response
