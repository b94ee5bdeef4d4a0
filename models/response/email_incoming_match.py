import logging
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import address, bounce, marks
from .email_link import MESSAGE_ID, OPT_OUT, RETURN_PATH

_logger = logging.getLogger(__name__)

# A report that returns our Date: that is when the mail was made, which is moments before it was sent.
NEAR = timedelta(hours=1)
# One that returns no Date: a mail system tries for five days (RFC 5321 section 4.5.4.1), and then needs a moment.
LATELY = timedelta(days=7)
# Kinds of verdicts on what only mail systems write, about an email that they return.
RETURNED = ("hard", "soft", "complaint")
MOST_ADDRESSES = 10  # of one report; whoever names more names nobody


@dataclass(frozen=True)
class Match:
    """Whom a message is about: `recipient` (as superuser, may be empty), found `by` what, and whether we `signed` that.

    What we did not sign anybody can write: it may be shown to people, and changes nothing by itself.
    """

    recipient: object
    by: str = ""
    signed: bool = False


class EmailIncoming(models.AbstractModel):
    """Whom an incoming message is about, by what proves most first.

    ================ ====== =============================================================================
    by               signed what
    ================ ====== =============================================================================
    return_path      yes    the address it was delivered to (VERP)
    returned_headers yes    List-Unsubscribe or Return-Path of the email that it returns
    message_id       yes    the Message-ID of the email that it returns, or that a report has kept for itself
    references       yes    In-Reply-To or References: what it answers
    address_time     no     sender and time of the email that it returns, and an address that got one then
    ================ ====== =============================================================================
    """

    _inherit = "email.incoming"

    @api.model
    def _absorb(self, message, message_dict=None):
        own = self._is_own(message)
        if own and bounce.read(self._octets(message)).kind not in RETURNED:
            _logger.info("A mass email came back to us as it was sent: nothing was changed")
            return True
        return super()._absorb(message, message_dict) or own or self._is_stray(message)

    @api.model
    def _match(self, message, verdict):
        """Find whom `message` is about, `verdict` being that of `tools.bounce`."""
        found = None
        for by, token in self._tokens(message, verdict):
            recipient = self.env["email.link"]._recipient_of(token)
            if not recipient:
                continue
            if found is None:
                found = Match(recipient, by, True)
            elif recipient != found.recipient:
                _logger.info(
                    "An incoming message is about recipient %s by its %s, and about %s by its %s: the first counts",
                    found.recipient.id,
                    found.by,
                    recipient.id,
                    by,
                )
                break
        return found or self._match_by_address(verdict)

    @api.model
    def _tokens(self, message, verdict):
        """Give (by what, ids) of the tokens in `message` that we signed, what proves most first."""
        signer = self.env["email.link"]._signer()
        for token in marks.plus_tokens(marks.values(message, marks.RECIPIENTS)):
            yield "return_path", signer.read_local(RETURN_PATH, token, 1)
        returned = verdict.returned_headers
        for token in marks.link_tokens(returned.get("list-unsubscribe", "")):
            yield "returned_headers", signer.read(OPT_OUT, token, 1)
        for token in marks.plus_tokens([returned.get("return-path", "")]):
            yield "returned_headers", signer.read_local(RETURN_PATH, token, 1)
        if own := marks.id_token(verdict.message_id):
            yield "message_id", signer.read_local(MESSAGE_ID, own[0], 1)
        for message_id in marks.answered(message):
            if own := marks.id_token(message_id):
                yield "references", signer.read_local(MESSAGE_ID, own[0], 1)
        if verdict.kind in RETURNED:
            for message_id in marks.values(message, ["message-id"]):
                if own := marks.id_token(message_id):
                    yield "message_id", signer.read_local(MESSAGE_ID, own[0], 1)

    @api.model
    def _match_by_address(self, verdict):
        """Find the one recipient whom a report without any token of ours can be about, or nobody."""
        nobody = Match(self.env["email.link"]._recipient_of(None))
        if verdict.kind not in RETURNED:
            return nobody
        named = {address.key(failed.address) for failed in verdict.recipients}
        since, until = self._sending_window(verdict)
        if not since or not 0 < len(named) <= MOST_ADDRESSES:
            return nobody
        self.env["email.campaign.recipient"].flush_model()
        self.env["email.campaign.mailing"].flush_model()
        rows = self.env.execute_query(self._sent_around(sorted(named), since, until))
        sender = address.key(verdict.returned_headers["from"])
        ids = [
            recipient_id
            for recipient_id, email_from, company_id in rows
            if sender in self._senders(email_from, company_id)
        ]
        if len(ids) != 1:
            return nobody
        return Match(self.env["email.link"]._recipient_of(ids), "address_time", False)

    @api.model
    def _sent_around(self, emails, since, until):
        """Give the query for who got, or may have got, a mass email at one of `emails` between two moments.

        Its rows are (recipient's id, its mass email's sender, its company's id). Mass emails of a few days are few;
        the index on (mailing_id, email) has one look for each of them.
        """
        return SQL(
            """
            SELECT r.id, m.email_from, m.company_id
              FROM email_campaign_mailing m
              JOIN email_campaign_recipient r
                ON r.mailing_id = m.id AND r.email = ANY(%(emails)s) AND r.skip_reason IS NULL
             WHERE m.launched_at <= %(until)s AND (m.done_at IS NULL OR m.done_at >= %(since)s)
               AND (r.sent_at BETWEEN %(since)s AND %(until)s OR r.state = 'in_doubt')
             LIMIT 50
            """,
            emails=emails,
            since=since,
            until=until,
        )

    @api.model
    def _sending_window(self, verdict):
        """Give (from, to) when the email that a report returns can have been sent, both None if it shows no such."""
        returned = verdict.returned_headers
        if not returned.get("from"):
            return None, None
        at = _moment(returned.get("date", ""))
        if at:
            return at - NEAR, at + NEAR
        if marks.id_token(verdict.message_id):
            now = fields.Datetime.now()
            return now - LATELY, now
        return None, None

    @api.model
    def _senders(self, email_from, company_id):
        """Give the addresses that a mass email written by `email_from` may show as its sender."""
        company = self.env["res.company"].sudo().browse(company_id)
        return {address.key(written) for written in (email_from, company.default_from_email) if written}

    @api.model
    def _is_own(self, message):
        """Whether `message` has the Message-ID of a mass email of ours.

        That is the mass email itself, come back as it was, which nobody is to read or answer; or a report of a mail
        system that has left it that name.
        """
        signer = self.env["email.link"]._signer()
        own = next((found for value in marks.values(message, ["message-id"]) if (found := marks.id_token(value))), None)
        return own is not None and bool(signer.read_local(MESSAGE_ID, own[0], 1))

    @api.model
    def _is_stray(self, message):
        """Whether `message` was delivered to a return path of ours, and nobody knows what it is about.

        It makes no record, and nothing answers it: mail systems write there, and they would answer in turn. What is
        addressed to others as well is theirs.
        """
        delivered = marks.addresses(marks.values(message, marks.DELIVERED))
        named = delivered or marks.addresses(marks.values(message, ["to"]))
        if not any("+" in written for written in named):
            return False
        ours = self.env["mail.alias.domain"].sudo().search([("bounce_alias", "!=", False)]).mapped("bounce_email")
        parts = {tuple(written.lower().rsplit("@", 1)) for written in ours if written}

        def is_ours(written):
            local, _at, domain = written.rpartition("@")
            return (local.partition("+")[0], domain) in parts and "+" in local

        found = [is_ours(written) for written in named]
        if not (any(found) if delivered else all(found)):
            return False
        _logger.info("A message to a return path names nobody that we wrote to: nothing was changed")
        return True


def _moment(date):
    """Give the moment that a Date field names, as naive UTC; None for what strangers write there."""
    try:
        at = parsedate_to_datetime(date).astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return at if datetime(2000, 1, 1) < at < datetime(2100, 1, 1) else None
