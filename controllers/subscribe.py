import time

from odoo import http
from odoo.http import request
from odoo.tools import is_html_empty

from ..tools import address, one_click
from ..tools.network import origins

#: Seconds that nobody needs less than to fill in the form, and in which a page that was opened may be sent.
FASTEST, LATEST = 2, 24 * 3600
MAX_FIELD = 2_000


class Subscribe(http.Controller):
    """Subscribing by a form, and confirming it.

    No request is checked for where it comes from: the form is meant to stand on other websites. Whoever forges one gets
    an email sent to the address, as everybody does who types it, and nothing else: it is the owner who subscribes, by a
    button behind the link in that email. The answer is the same whatever we know of an address.
    """

    @http.route("/email/s/<string:token>", type="http", auth="public", methods=["GET"], save_session=False)
    def email_subscribe(self, token, lang=None):
        return self._form(self._list_type(token), lang)

    @http.route("/email/s/<string:token>", type="http", auth="public", methods=["POST"], save_session=False, csrf=False)
    def email_subscribe_now(self, token, **post):
        list_type = self._list_type(token)
        given = {name: value[:MAX_FIELD] for name, value in post.items() if isinstance(value, str)}
        lang = self._lang(list_type, given.get("lang"))
        text = self._text(list_type, given.get("text"))
        if given.get("website"):
            # A field that no person sees was filled in: that was a machine. It learns nothing.
            return self._page(list_type, "sent", lang)
        try:
            email = address.entered(given.get("email", ""))
        except address.AddressError:
            return self._form(list_type, lang, given, problem="email")
        if text and list_type.consent_checkbox and not given.get("agree"):
            return self._form(list_type, lang, given, problem="agree")
        if given.get("opened") and not self._took_time(list_type, given["opened"]):
            return self._form(list_type, lang, given, problem="time")
        asked = (
            list_type.env["email.subscription.request"]
            .with_context(lang=lang)
            ._ask(
                list_type.with_context(lang=lang),
                email,
                given.get("name", "") if list_type.ask_name else "",
                text,
                **self._visitor(),
            )
        )
        return self._page(list_type, "sent", lang) if asked else self._page(list_type, "limited", lang, status=429)

    @http.route("/email/confirm/<string:token>", type="http", auth="public", methods=["GET"], save_session=False)
    def email_confirm(self, token):
        subscription_request, list_type = self._request(token)
        step = "expired"
        if subscription_request and subscription_request._is_open():
            step = "ask"
        elif subscription_request.state == "confirmed" and subscription_request._is_subscribed():
            step = "done"
        return self._confirm_page(subscription_request, list_type, step)

    @http.route(
        "/email/confirm/<string:token>", type="http", auth="public", methods=["POST"], save_session=False, csrf=False
    )
    def email_confirm_now(self, token, **post):
        subscription_request, list_type = self._request(token)
        by_button = one_click.is_asked(post)
        if not subscription_request:
            return self._confirm_page(subscription_request, list_type, "expired")
        if by_button or post.get("leave"):
            source = "mail_program" if by_button else "page"
            left = subscription_request._leave(source=source, **self._visitor())
            return self._confirm_page(subscription_request, list_type, "left" if left else "expired")
        confirmed = subscription_request._confirm(**self._visitor())
        return self._confirm_page(subscription_request, list_type, "done" if confirmed else "expired")

    def _list_type(self, token):
        """Give the list type of `token`, or answer as to every text that is no token."""
        ids = request.env["email.link"]._signer().read("subscribe", token, 1) or (0,)
        list_type = request.env["email.list.type"].sudo().browse(ids[0] or ()).exists()
        if not list_type.active or not list_type.subscribe_form:
            raise request.not_found()
        return list_type

    def _request(self, token):
        found, list_type = request.env["email.subscription.request"]._of_token(token)
        if not list_type:
            raise request.not_found()
        return found, list_type

    def _text(self, list_type, given):
        """Give the version that the form showed, as it says; there may be a newer one since, or on another website."""
        shown = list_type.consent_text_id
        if given and given.isascii() and given.isdigit() and len(given) < 10:
            shown = shown.search([("id", "=", int(given)), ("list_type_id", "=", list_type.id)]) or shown
        return shown if not is_html_empty(shown.text) else shown.browse()

    def _took_time(self, list_type, stamp):
        """Say whether the page was opened some moments ago, as `stamp` proves."""
        ids = request.env["email.link"]._signer().read("subscribe-form", stamp, 2)
        return bool(ids) and ids[0] == list_type.id and FASTEST <= time.time() - ids[1] <= LATEST

    def _visitor(self):
        return {
            "ip": request.httprequest.remote_addr,
            "user_agent": request.httprequest.headers.get("User-Agent"),
        }

    def _lang(self, list_type, wanted=None):
        """Give the language of the page: one that is wanted, one that the browser asks for, or the company's."""
        installed = [code for code, _name in request.env["res.lang"].get_installed()]
        if wanted in installed:
            return wanted
        for spoken in request.httprequest.accept_languages.values():
            spoken = spoken.replace("-", "_")
            alike = (code for code in installed if code.partition("_")[0] == spoken.partition("_")[0])
            if found := spoken if spoken in installed else next(alike, None):
                return found
        company = (list_type.company_id or request.env.company).sudo()
        return company.partner_id.lang if company.partner_id.lang in installed else installed[0]

    def _form(self, list_type, lang, given=None, problem=None):
        lang = self._lang(list_type, lang)
        text = self._text(list_type, (given or {}).get("text")).with_context(lang=lang)
        return self._page(
            list_type,
            "form",
            lang,
            given=given or {},
            problem=problem,
            text=text,
            opened=request.env["email.link"]._signer().sign("subscribe-form", list_type.id, int(time.time())),
        )

    def _page(self, list_type, step, lang, status=200, **values):
        values["step"] = step
        return self._rendered("email_campaign.subscribe_page", list_type, lang, status, **values)

    def _confirm_page(self, subscription_request, list_type, step):
        lang = self._lang(list_type, subscription_request.lang)
        return self._rendered(
            "email_campaign.confirm_page",
            list_type,
            lang,
            subscription_request=subscription_request,
            step=step,
            blacklisted=step == "ask" and subscription_request._had_opted_out_of_everything(),
            paused=step == "ask" and subscription_request._is_paused(),
        )

    def _rendered(self, template, list_type, lang, status=200, **values):
        list_type = list_type.with_context(lang=lang)
        again = list_type.active and list_type.subscribe_form
        company = (list_type.company_id or request.env.company).sudo()
        values.update(
            list_type=list_type,
            company=company,
            brand=company.name,
            logo=list_type._logo_uri(company),
            form_url=list_type._subscribe_url() if again else "",
        )
        framed_by = origins(list_type.embed_origins or "")
        return request.env["email.page"]._show(template, lang, values, status=status, framed_by=framed_by)
