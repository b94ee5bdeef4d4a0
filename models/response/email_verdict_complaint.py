import logging

import psycopg2

from odoo import api, fields, models

from ..unchecked import UncheckedMany2one

_logger = logging.getLogger(__name__)


class EmailVerdict(models.Model):
    """Opting out whoever complained, and taking that back: what the complaint itself did, and nothing else.

    What the owner of the address said stands above it. The ledger has that, even where it changed nothing because the
    complaint had opted them out already.
    """

    _inherit = "email.verdict"

    asked_scope = fields.Char(readonly=True, export_string_translation=False)  # type | everything
    # How it was before a complaint opted somebody out, and where that is in the ledger.
    state_before = fields.Char(readonly=True, export_string_translation=False)
    scope_before = fields.Char(readonly=True, export_string_translation=False)
    consent_id = UncheckedMany2one("email.consent", readonly=True, export_string_translation=False)

    @api.model
    def _opt_these_out(self, ids):
        """Opt out whoever complained, or asked for it, each by itself: these are few, and each has its own ways."""
        for verdict in self.sudo().browse(ids).filtered(lambda one: one.kind in ("complaint", "opt_out")):
            try:
                with self.env.cr.savepoint():
                    verdict.opted_out = verdict._opt_out()
                    verdict.flush_recordset()
            except psycopg2.OperationalError:
                raise  # somebody else writes the same: all of it is done again
            except Exception:
                _logger.exception("Nobody could be opted out by the verdict %s", verdict.id)

    def _opt_out(self):
        """Opt the recipient out as the policy says; give whether that changed anything."""
        complained = self.kind == "complaint"
        recipient = self.recipient_id.with_context(
            email_consent={"source": "complaint" if complained else "mail_program", "detail": self.rule}
        )
        office = recipient._speaking_to_company()
        source = office.env._("spam complaint") if complained else office.env._("opted out at the provider")
        everything = complained and self._policy()["complaint_scope"] == "everything"
        before = recipient._subscription().state, recipient.opted_out_scope
        changed = recipient._opt_out(source, everything=everything)
        self.asked_scope = "everything" if everything or not recipient.list_type_id else "type"
        if changed and complained:
            self.state_before, self.scope_before = before
            ledger = self.env["email.consent"].search([("email", "=", recipient.email)], order="id desc", limit=1)
            self.consent_id = ledger
        elif changed:
            events = self.env["email.campaign.event"].sudo()
            self.event_id = events.search([("recipient_id", "=", recipient.id), ("kind", "=", "opt_out")], limit=1)
        return bool(changed)

    def _release(self, reason):
        """Take back the opting out by these complaints, and by others taken back before which these still upheld."""
        detail = self.env._("Complaint taken back by %(user)s: %(reason)s", user=self.env.user.name, reason=reason)
        evidence = {"action": "restored", "source": "hand", "detail": detail, "user_id": self.env.uid}
        held = [
            ("email", "in", self.mapped("email")),
            ("kind", "=", "complaint"),
            ("state", "=", "undone"),
            ("opted_out", "=", True),
        ]
        # The last one first: what it was before that one is what the one before it had made of it.
        for complaint in self.search(held, order="id desc"):
            if complaint._others_complained():
                continue
            if not complaint._said_by_owner():
                complaint.with_context(email_consent=evidence)._restore(detail)
            complaint.opted_out = False

    def _others_complained(self):
        """Tell whether another complaint stands that says the same, or more."""
        others = [("email", "=", self.email), ("kind", "=", "complaint"), ("state", "=", "counted")]
        if self.asked_scope == "everything":
            return bool(self.search_count([*others, ("asked_scope", "=", "everything")], limit=1))
        list_type = self.recipient_id.list_type_id
        return any(
            other.asked_scope == "everything" or other.recipient_id.list_type_id == list_type
            for other in self.search(others)
        )

    def _said_by_owner(self, of_type=False):
        """Tell whether the owner of the address, or somebody for them, said the same since, or more.

        :param of_type: only whether they refused the list type, whatever the complaint was about
        """
        list_types = [self.recipient_id.list_type_id.id] if of_type or self.asked_scope != "everything" else []
        if not of_type:
            list_types.append(False)
        said = [
            ("email", "=", self.email),
            ("id", ">", self.consent_id.id or 0),
            ("action", "=", "opt_out"),
            ("source", "!=", "complaint"),
            ("list_type_id", "in", list_types),
        ]
        return bool(self.env["email.consent"].search_count(said, limit=1))

    def _restore(self, detail):
        """Make of the opt-out what was before this complaint, unless that was changed since anyway."""
        recipient = self.recipient_id.with_context(email_consent=self.env.context["email_consent"])
        office = recipient._speaking_to_company()
        if self.asked_scope == "everything":
            blacklist = self.env["mail.blacklist"].sudo()
            stands = bool(blacklist._of_address(self.email).by_owner)
            if stands:
                blacklist._remove(self.email, message=office.env._("Opted in again: %s", detail))
            about = office.env._("all email")
        else:
            subscription = recipient._subscription()
            stands = subscription.state == "opted_out"
            if stands:
                subscription._restore(self.state_before, detail)
            about = office._list_type().name
        if not stands:
            return
        scope = self.scope_before or ("type" if recipient.list_type_id and self._said_by_owner(of_type=True) else False)
        recipient.write({"opted_out_scope": scope, "opted_out_at": recipient.opted_out_at if scope else False})
        recipient._log_consent("opt_in", about, None, None)


class EmailCampaignRecipient(models.Model):
    _inherit = "email.campaign.recipient"

    def _subscription(self):
        """Give what the owner of the address said about the list type that the email came by, if anything."""
        subscriptions = self.env["email.subscription"].sudo()
        wanted = [("email", "=", self.email), ("list_type_id", "=", self.list_type_id.id)]
        return subscriptions.search(wanted, limit=1) if self.list_type_id else subscriptions
