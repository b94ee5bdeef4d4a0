from odoo import http
from odoo.http import request


class Newsletters(http.Controller):
    """Newsletters that who is logged in subscribes to and unsubscribes from."""

    @http.route("/my/newsletters", type="http", auth="user", methods=["GET"], website=True)
    def my_newsletters(self, **_query):
        return self._page()

    @http.route("/my/newsletters", type="http", auth="user", methods=["POST"], website=True)
    def my_newsletters_chosen(self, **post):
        user = request.env.user
        newsletters = request.env["email.list.type"]._newsletters(user)
        if not newsletters._address_of(user):
            return self._page()
        ticked = newsletters.filtered(lambda newsletter: post.get(f"newsletter_{newsletter.id}"))
        asked = newsletters._choose(
            user,
            ticked,
            ip=request.httprequest.remote_addr,
            user_agent=request.httprequest.headers.get("User-Agent"),
        )
        return self._page(saved=True, asked=asked)

    def _page(self, **values):
        user = request.env.user
        newsletters = request.env["email.list.type"]._newsletters(user)
        email = newsletters._address_of(user)
        states = newsletters._newsletter_states(email)
        values.update(
            page_name="newsletters",
            email=email,
            newsletters=newsletters,
            states={newsletter.id: state for newsletter, state in states.items()},
        )
        return request.render("email_campaign.portal_my_newsletters", values)
