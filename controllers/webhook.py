from odoo import http
from odoo.http import Response, request

from ..tools.webhook import MOST_OCTETS
from .tracking import NOT_KEPT

# Read for authentication; all others stay where they are.
HEADERS = (
    "authorization",
    "x-twilio-email-event-webhook-signature",
    "x-twilio-email-event-webhook-timestamp",
)


class Webhook(http.Controller):
    """What services tell about mail that left by them. The answer leaves when everything is safe in the database: after
    any other the service tries again."""

    @http.route(
        "/email/hook/<string:token>",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
        # A little more than is taken, so that a call that has too much is written down as refused.
        max_content_length=2 * MOST_OCTETS,
    )
    def email_hook(self, token, **_ignored):
        sent = request.httprequest
        headers = {name: sent.headers.get(name, "") for name in HEADERS}
        status = request.env["email.webhook"]._superuser()._receive(token, self._body(sent), headers)
        if status is None:
            raise request.not_found()
        answered = [("Content-Type", "text/plain"), *NOT_KEPT]
        if status == 401:
            answered.append(("WWW-Authenticate", 'Basic realm="email events"'))
        return Response("", status=status, headers=answered)

    def _body(self, sent):
        """Give the octets of the call, None where there are more than anybody needs."""
        if (sent.content_length or 0) > MOST_OCTETS:
            return None
        # Kept, because all of this is done again where the database could not bring it in line with another call.
        body = sent.get_data(cache=True)
        return body if len(body) <= MOST_OCTETS else None
