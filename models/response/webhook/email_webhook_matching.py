import re
from datetime import timedelta

from odoo import models
from odoo.tools import SQL

from ....tools import address, marks
from ....tools.webhook.body import utc_now
from ..email_link import MESSAGE_ID, RETURN_PATH

_MESSAGE_ID = re.compile(r"<?([0-9a-f]{16,80})(?:@|>|$)", re.IGNORECASE)
# What has no name of ours in it is matched by its address: with what was sent there within so many days before.
DAYS = 7
# A mass email may take long; it was launched within so many days before that.
LAUNCHED_DAYS = 60
# Clocks differ, and a service may tell before we have written down that it took a mail.
AHEAD = timedelta(minutes=15)
MOST_MAILINGS = 200
WORTH_ASKING = ("hard", "soft", "complaint", "opt_out")


class EmailWebhook(models.Model):
    """Whom an event is about."""

    _inherit = "email.webhook"

    def _match(self, told):
        """Give [(`Told`, recipient id, what it was known by)] of those of `told` that are about recipients of ours."""
        signer = self.env["email.link"]._signer()
        named, others = [], []
        for one in told:
            number, by = self._named(signer, one)
            (named if number else others).append((one, number, by))
        emails = self._emails([number for _one, number, _by in named])
        matched = [
            (one, number, by)
            for one, number, by in named
            # An event about an address that had a copy says nothing about the recipient.
            if number in emails and (not one.address or address.key(one.address) == emails[number])
        ]
        # A person confirms what is known by address and time. That nothing went wrong is not worth asking anybody.
        unnamed = [one for one, _none, _by in others if one.kind in WORTH_ASKING]
        return matched + self._by_address([one for one in unnamed if one.address and one.may_be_ours])

    def _named(self, signer, one):
        """Give (recipient id, "message_id" or "return_path") of what we signed, or (0, "")."""
        found = _MESSAGE_ID.match(one.message_id)
        if found and (ids := signer.read_local(MESSAGE_ID, found[1], 1)):
            return ids[0], "message_id"
        for token in marks.plus_tokens([one.return_path]):
            if ids := signer.read_local(RETURN_PATH, token, 1):
                return ids[0], "return_path"
        return 0, ""

    def _emails(self, numbers):
        """Give {id: normalised address} of those recipients that the provider may have had to do with."""
        if not numbers:
            return {}
        query = SQL(
            """
            SELECT r.id, r.email FROM email_campaign_recipient r JOIN email_campaign_mailing m ON m.id = r.mailing_id
             WHERE r.id = ANY(%s) AND r.skip_reason IS NULL AND coalesce(m.company_id = %s, TRUE)
            """,
            numbers,
            self.provider_id.company_id.id or None,
        )
        return dict(self.env.execute_query(query))

    def _by_address(self, told):
        """Match by address and time, within what left by this provider: where there is exactly one it may be about.

        The call is proven to be of the service, but the account may have sent other mail there: it is a proposal.
        """
        now = utc_now()
        moments = [min(one.at or now, now) for one in told]
        mailings = self._recent_mailings(min(moments)) if told else ()
        if not mailings:
            return []
        # One look at the index (mailing_id, email) for each event and mass email.
        query = SQL(
            """
            SELECT o.number, min(r.id)
              FROM unnest(%(numbers)s::int[], %(emails)s::varchar[], %(moments)s::timestamp[])
                   AS o (number, email, at)
              JOIN email_campaign_recipient r
                   ON r.mailing_id = ANY(%(mailings)s) AND r.email = o.email AND r.skip_reason IS NULL
             WHERE r.state IN ('handed', 'sent', 'in_doubt')
               AND coalesce(r.sent_at, o.at) BETWEEN o.at - %(days)s * interval '1 day' AND o.at + %(ahead)s
             GROUP BY o.number HAVING count(*) = 1
            """,
            numbers=list(range(len(told))),
            emails=[address.key(one.address) for one in told],
            moments=moments,
            mailings=list(mailings),
            days=DAYS,
            ahead=AHEAD,
        )
        self.env.flush_all()
        return [(told[number], recipient, "address_time") for number, recipient in self.env.execute_query(query)]

    def _recent_mailings(self, moment):
        """Give the ids of mass emails that were leaving by this provider, or may have been, at `moment` or later."""
        since = moment - timedelta(days=DAYS + LAUNCHED_DAYS)
        return self.provider_id._mailings_since(since, MOST_MAILINGS).ids
