from odoo import SUPERUSER_ID, http
from odoo.http import request
from odoo.tools import format_date

from ..models.response.email_link import OPT_OUT, PREFERENCES
from ..tools import one_click
from ..tools.weborigin import origin
from .tracking import NOT_KEPT

# Characters of a comment that are kept, and of what a form may send for one field.
LONGEST_COMMENT = 1_000
MOST_CHOICES = 200


class Subscription(http.Controller):
    """Opting out and choosing. Looking at a page changes nothing, because mail scanners look at every link; only a POST
    acts.

    There is no CSRF token: mail programs post here without a session (RFC 8058), and the signed token is the right.
    """

    @http.route("/email/u/<string:token>", type="http", auth="public", methods=["GET"], save_session=False)
    def email_opt_out(self, token):
        recipient, list_type = self._named(OPT_OUT, token)
        state = recipient and recipient._opted_out_now()
        if not state:
            return self._opt_out_page(recipient, list_type, "ask")
        return self._opt_out_page(recipient, list_type, "already", everything=state == "everything")

    @http.route(
        "/email/u/<string:token>",
        type="http",
        auth="none",
        methods=["POST"],
        readonly=False,
        save_session=False,
        csrf=False,
    )
    def email_opt_out_now(self, token, **post):
        if one_click.is_asked(post):
            return self._one_click(token)
        self._recognise()
        recipient, list_type = self._named(OPT_OUT, token)
        env = (recipient._speaking_to_company() if recipient else request).env
        if post.get("undo"):
            undone = not recipient or recipient._opt_in_again(env._("opt-out page"), **self._visitor())
            return self._opt_out_page(recipient, list_type, "undone" if undone else "nothing")
        everything = post.get("scope") == "everything"
        if recipient:
            told = self._told(post)
            recipient._opt_out(env._("opt-out page"), everything=everything, **told, **self._visitor())
            if list_type.after_url:
                # It comes from the database: nobody can make this server send people elsewhere.
                response = request.redirect(list_type.after_url, code=303, local=False)
                response.headers.extend(NOT_KEPT)
                return response
        return self._opt_out_page(recipient, list_type, "done", everything=everything)

    def _one_click(self, token):
        """Do what the button of the mail program asks for, and no more: a large mailing brings many of these."""
        env = request.env(user=SUPERUSER_ID)
        if env["email.link"]._opt_out_at_once(token, **self._visitor()):
            env["email.visit"]._remember_way(request.httprequest)
        else:
            self._recognise()
            self._named(OPT_OUT, token)
        return request.make_response("", [("Content-Type", "text/plain"), *NOT_KEPT])

    @http.route("/email/p/<string:token>", type="http", auth="public", methods=["GET"], save_session=False)
    def email_preferences(self, token):
        return self._preferences_page(*self._named(PREFERENCES, token), "ask")

    @http.route(
        "/email/p/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        save_session=False,
        csrf=False,
    )
    def email_preferences_now(self, token, **post):
        recipient, list_type = self._named(PREFERENCES, token)
        asked = post.get("do")
        if asked not in ("save", "pause", "resume", "everything", "back"):
            return self._preferences_page(recipient, list_type, "ask")
        changed = {}
        if recipient:
            env = recipient._speaking_to_company().env
            source, visitor = env._("preference centre"), self._visitor()
            if asked == "save":
                changed = recipient._choose(self._wanted(), source, **visitor)
            elif asked == "pause":
                recipient._pause(source, **visitor)
            elif asked == "resume":
                recipient._end_pause(source, **visitor)
            elif asked == "everything":
                recipient._opt_out(source, everything=True, **visitor)
            else:
                recipient._come_back(source, **visitor)
        return self._preferences_page(recipient, list_type, asked, changed)

    def _recognise(self):
        """Be who is logged in, as the ledger says who that is, or the public user."""
        if request.session.uid:
            request.update_env(user=request.session.uid)
        else:
            request.env["ir.http"]._auth_method_public()

    def _named(self, purpose, token):
        """Give (recipient, list type) of `token`; without a recipient for a test email, and for a look at a list type.

        :raises NotFound: for every other token
        """
        links = request.env["email.link"]
        if recipient := links._recipient(purpose, token):
            return recipient, recipient._list_type().exists()
        list_type = links._previewed(token)
        if not list_type and not links._is_test(purpose, token):
            raise request.not_found()
        return recipient, list_type

    def _visitor(self):
        headers = request.httprequest.headers
        return {"ip": request.httprequest.remote_addr, "user_agent": headers.get("User-Agent")}

    def _told(self, post):
        """Give what somebody answered who was asked for the reason."""
        number = post.get("reason") or ""
        known = number.isascii() and number.isdigit() and len(number) < 10
        reason = request.env["email.opt.out.reason"].sudo().browse(int(number) if known else ()).exists()
        comment = "".join(sign for sign in post.get("comment") or "" if sign.isprintable() or sign in "\n\t")
        return {"opt_out_reason_id": reason.id, "comment": comment.strip()[:LONGEST_COMMENT]}

    def _wanted(self):
        """Give {id of a list type: whether it is ticked} of those that stood on the form."""
        form = request.httprequest.form

        def numbers(name):
            given = form.getlist(name)[:MOST_CHOICES]
            return {int(text) for text in given if text.isascii() and text.isdigit() and len(text) < 10}

        ticked = numbers("list")
        return {number: number in ticked for number in numbers("shown")}

    def _opt_out_page(self, recipient, list_type, step, **values):
        lang, values = self._page(recipient, list_type, step, values)
        reasons = request.env["email.opt.out.reason"].sudo().with_context(lang=lang)
        ask = step == "ask" and (not list_type or list_type.ask_reason)
        values["ask_reason"] = ask
        values["reasons"] = reasons.search([]) if ask else reasons
        values["may_undo"] = not recipient or bool(recipient.opted_out_at)
        target = origin(list_type.after_url or "") if step in ("ask", "already") else ""
        return request.env["email.page"]._show("email_campaign.opt_out_page", lang, values, form_target=target)

    def _preferences_page(self, recipient, list_type, step, changed=()):
        lang, values = self._page(recipient, list_type, step, {})
        types = request.env["email.list.type"].sudo()
        if recipient:
            choices = recipient._choices()
            values["blacklisted"], values["may_come_back"] = recipient._blacklisting()
            paused_until = recipient._paused_until()
        else:
            choices = dict.fromkeys(list_type | types._offered(values["company"]), True)
            values.update(blacklisted=step == "everything", may_come_back=True)
            paused_until = request.env["email.pause"]._new_end() if step == "pause" else None
        values["paused_until"] = paused_until and format_date(request.env, paused_until, lang, "long")
        values["choices"] = [(each.with_context(lang=lang), reached) for each, reached in choices.items()]
        values["changed"] = [(each.with_context(lang=lang), wanted) for each, wanted in dict(changed).items()]
        return request.env["email.page"]._show("email_campaign.preferences_page", lang, values)

    def _page(self, recipient, list_type, step, values):
        """Give (language, what every page shows)."""
        lang = recipient._page_lang() if recipient else request.env.lang
        company = (recipient.mailing_id.company_id if recipient else request.env.company).sudo()
        token = recipient and request.env["email.link"]._signer().sign(PREFERENCES, recipient.id)
        return lang, {
            **values,
            "step": step,
            "test": not recipient,
            "email": recipient._masked_email() if recipient else "jo•••@example.com",
            "list_type": list_type.with_context(lang=lang),
            "company": company,
            "brand": company.name,
            "logo": list_type._logo_uri(company),
            "preferences_url": f"/email/p/{token}" if token else "",
        }
