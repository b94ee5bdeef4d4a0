import logging

from odoo import api, models
from odoo.tools import SQL

from ...tools import address, bounce

_logger = logging.getLogger(__name__)


class EmailIncoming(models.AbstractModel):
    """What comes back for a mass email by mail: matched to its recipient by what we signed, and written down once."""

    _name = "email.incoming"
    _description = "What Comes Back by Email"

    @api.model
    def _absorb(self, message, message_dict=None):
        """Deal with `message` (email.message) if it comes back for a mass email.

        :param message_dict: what `mail.thread.message_parse` read in it, if that was done already
        :return: whether it was ours; if so it must go no further
        """
        verdict = bounce.read(message)
        match = self._match(message, verdict)
        if self._is_reply(match, verdict, message):
            return self._take_reply(match.recipient, message, message_dict, verdict.kind == "auto_reply")
        if not match.signed:
            return False
        recipient = match.recipient
        reference = (message.get("Message-ID") or "").strip()[:200] or bounce.reference(message)
        if verdict.kind == "complaint":
            self._note_complaint(recipient, reference)
        elif verdict.kind in ("hard", "soft") and not verdict.delayed:
            self._note_bounce(recipient, verdict, reference)
        elif not verdict.understood:
            self._note_not_understood(recipient, verdict, message)
        # A delay or a receipt is for nobody to read or to answer.
        return True

    @api.model
    def _note_bounce(self, recipient, verdict, reference):
        # The return path tells whom it is about; the report may name the address in another form, or forwarded.
        own = address.key(recipient.email)
        named = [failed for failed in verdict.recipients if address.key(failed.address) == own]
        failed = (named or list(verdict.recipients) or [None])[0]
        if failed is None:
            return
        detail = failed.diagnostic if failed.status in failed.diagnostic else f"{failed.status} {failed.diagnostic}"
        detail = detail.strip()[:500]
        # Whatever comes back did leave.
        recipient._settle_by_evidence()
        if not self.env["email.campaign.event"]._log(recipient, "bounce", detail=detail, source_ref=reference):
            return
        # What is the sender's fault is on record and hurts nobody's address.
        kind = failed.kind if failed.counts else None
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient
                   SET bounced_at = coalesce(bounced_at, now() AT TIME ZONE 'utc'),
                       bounce_kind = CASE WHEN bounce_kind = 'hard' THEN 'hard' ELSE %(kind)s END
                 WHERE id = %(id)s RETURNING id
                """,
                kind=kind or "soft",
                id=recipient.id,
            )
        )
        recipient.invalidate_recordset()
        if kind:
            self.env["email.address"]._note_bounces(
                [{"email": recipient.email, "kind": kind, "status": failed.status, "reason": detail}]
            )

    @api.model
    def _note_not_understood(self, recipient, verdict, message):
        """Tell the people of the mass email about a message that nobody could make sense of: they can."""
        sender, subject = (str(message.get(name) or "").strip()[:200] for name in ("From", "Subject"))
        _logger.info(
            "A message of %r at the return path of recipient %s was not understood (%s): %r",
            sender,
            recipient.id,
            verdict.rule,
            subject,
        )
        recipient.mailing_id._message_log(
            body=recipient._speaking_to_company().env._(
                "A message came back from %(recipient)s that could not be understood: “%(subject)s”, from %(sender)s.",
                recipient=recipient.email,
                subject=subject,
                sender=sender,
            )
        )

    @api.model
    def _note_complaint(self, recipient, reference):
        """Somebody pressed “this is spam”: that is an opt-out, said loudly."""
        if self.env["email.campaign.event"]._log(recipient, "complaint", source_ref=reference):
            complaining = recipient.with_context(email_consent={"source": "complaint"})
            complaining._opt_out(recipient._speaking_to_company().env._("spam complaint"))
