import logging
import time
from functools import partial

from odoo import SUPERUSER_ID, api, models
from odoo.tools import SQL

from ....tools import webhook as hook
from ....tools.webhook import body as bodies
from .email_webhook import LOGIN

_logger = logging.getLogger(__name__)

# What a caller is answered whose call is refused; all others get 403. After 503 the service tries again.
STATUSES = {"malformed": 400, "too_large": 413, "unsigned": 401, "wrong_login": 401, "unreachable": 503}
# Amazon's certificates, by their URL: (until when they are believed, what was there).
_certificates = {}
CERTIFICATE_SECONDS = 86_400
MOST_CERTIFICATES = 8


class EmailWebhook(models.Model):
    """What a service tells: checked, matched to recipients, and handed on to be judged, all in one transaction."""

    _inherit = "email.webhook"

    @api.model
    def _superuser(self):
        """Give this for a route without a user."""
        return self.with_env(self.env(user=SUPERUSER_ID))

    @api.model
    def _receive(self, token, body, headers):
        """Take in one call.

        :param token: the last part of the URL that was called
        :param body: the octets of the call, `tools.webhook.MOST_OCTETS` at the most, or None for more than that
        :param headers: {name in lower case: value}
        :return: the status of HTTP to answer with, or None where there is no such webhook
        """
        webhook = self._of_token(token)
        if not webhook:
            return None
        try:
            webhook._take_in(body, headers)
        except hook.Refused as refused:
            _logger.info("A call of the webhook %s was refused: %s", webhook.id, refused.refusal)
            webhook._note_refusal(refused.refusal, refused.detail)
            return STATUSES.get(refused.refusal, 403)
        return 200

    def _take_in(self, body, headers):
        """Check a call, and do what follows from its events.

        :raises Refused: for what is not taken; nothing has changed then
        """
        if body is None:
            raise hook.Refused("too_large")
        check, read = hook.SERVICES[self.service]
        data = hook.parse(body)
        fetched, once = {}, self.env["email.webhook.proof"]._once
        keys = hook.Keys(self.secret or "", LOGIN, self.topic_arn or "", partial(self._certificate, fetched), once)
        check(hook.Call(body, headers, bodies.utc_now()), data, keys)
        self._keep(fetched)
        if self.service == "ses" and self._agree(data):
            return
        told = read(data)
        wanted = [one for one in told if one.kind not in hook.IGNORED]
        matched = self._match(wanted)
        self.env["email.verdict"].sudo()._take(
            [
                {
                    "recipient_id": recipient_id,
                    "verdict": hook.to_verdict(one),
                    "matched_by": by,
                    # The whole call is proven to be of the service; but its account may send other mail than ours, and
                    # to the same people.
                    "signed": by != "address_time",
                    "channel": "webhook",
                    "provider_id": self.provider_id.id,
                    "reference": f"{one.service}:{one.reference}",
                    "raw": one.raw if one.kind != "delivered" else None,
                    "at": one.at,
                    "subject": None,
                    "sender": None,
                }
                for one, recipient_id, by in matched
            ]
        )
        unknown = next((one.word for one in told if not one.known), "")
        self._count(len(matched), len(told) - len(wanted), len(wanted) - len(matched), unknown)

    def _agree(self, data):
        """Confirm that messages of a topic are wanted, if `data` asks for it; give whether it does.

        The first topic that is confirmed is the one from then on, where nobody has set another.

        :raises Refused: where Amazon can't be told, and for messages of a topic that nobody has agreed to
        """
        topic = hook.sns.topic(data)
        if url := hook.sns.confirmation(data):
            self._fetch(url)
            self.env.cr.execute(
                SQL("UPDATE email_webhook SET topic_arn = %s WHERE id = %s AND topic_arn IS NULL", topic, self.id)
            )
            self.invalidate_recordset(["topic_arn"])
            self._count(0, 0, 0, "")
            return True
        if not self.topic_arn:
            raise hook.Refused("no_topic", topic)
        return False

    @api.model
    def _certificate(self, fetched, url):
        """Give the certificate at `url`, which is Amazon's; it is put into `fetched` ({url: PEM}) if it is new."""
        until, pem = _certificates.get(url, (0, b""))
        if until < time.monotonic():
            pem = fetched[url] = self._fetch(url)
        return pem

    @api.model
    def _keep(self, fetched):
        """Keep the certificates by which something was proven: others would take their places."""
        for url, pem in fetched.items():
            while len(_certificates) >= MOST_CERTIFICATES:
                _certificates.pop(next(iter(_certificates)), None)
            _certificates[url] = (time.monotonic() + CERTIFICATE_SECONDS, pem)

    @api.model
    def _fetch(self, url):
        """Get what is at `url`; the one place from which anything is asked of the world outside."""
        return hook.fetch(url)
