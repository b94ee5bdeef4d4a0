"""What comes back, for the tests of what follows from it."""

from datetime import datetime, timedelta, timezone

from ..models.response.email_link import MESSAGE_ID, RETURN_PATH
from ..tools.bounce import Failed, Verdict
from .test_response import SentCase


class VerdictCase(SentCase):
    """A mass email that was sent; messages come through Odoo's gateway, events of providers by `_take`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailing.sudo().provider_id = cls.provider
        cls.now = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
        cls.recipients = cls.mailing.recipient_ids.sudo()

    def report(
        self, status="5.1.1", said="no such user", name="b1", recipient=None, action="failed", filler="", to=None
    ):
        """Give the octets of a delivery report for `recipient` at its return path."""
        recipient = recipient or self.recipient
        token = self.signer.sign_local(RETURN_PATH, recipient.id)
        return (
            "From: Mail Delivery System <MAILER-DAEMON@mx.good.example>\r\n"
            f"To: {to or f'bounce+{token}@crm.example'}\r\n"
            f"Subject: Undelivered Mail\r\nMessage-ID: <{name}@mx.good.example>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
            f"--B\r\nContent-Type: text/plain\r\n\r\nThis is the mail system.\r\n{filler}\r\n"
            "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.good.example\r\n\r\n"
            f"Final-Recipient: rfc822; {recipient.email}\r\nAction: {action}\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: smtp; 550 {status} {said}\r\n\r\n--B--\r\n"
        ).encode()

    def complaint(self, name="arf1", recipient=None):
        token = self.signer.sign_local(MESSAGE_ID, (recipient or self.recipient).id)
        return (
            "From: feedback@isp.example\r\nTo: abuse@crm.example\r\nSubject: FW: complaint\r\n"
            f"Message-ID: <{name}@isp.example>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\r\n\r\n'
            "--B\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n"
            "--B\r\nContent-Type: message/feedback-report\r\n\r\n"
            "Feedback-Type: abuse\r\nUser-Agent: ISP/1\r\nVersion: 1\r\n\r\n"
            f"--B\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{token}@crm.example>\r\nSubject: x\r\n\r\nHi\r\n"
            "--B--\r\n"
        ).encode()

    def process(self, message):
        self.env["mail.thread"].message_process(False, message)
        self.env.invalidate_all()

    def event(self, kind="soft", days_ago=0.0, reason=None, name=None, recipient=None, **values):
        """Give what a provider tells by its webhook."""
        recipient = recipient or self.recipient
        reason = reason or ("dead_address" if kind == "hard" else "mailbox_full")
        status = {"hard": "5.1.1", "soft": "4.2.2"}.get(kind, "")
        failed = Failed(recipient.email, "failed", status, f"{kind} {reason}", kind == "hard", reason)
        told = {
            "hard": Verdict("hard", "event", (failed,)),
            "soft": Verdict("soft", "event", (failed,)),
            "complaint": Verdict("complaint", "event"),
            "auto_reply": Verdict("auto_reply", "event"),
        }.get(kind) or Verdict("other", kind)
        return {
            "recipient_id": recipient.id,
            "verdict": told,
            "matched_by": "event",
            "signed": True,
            "channel": "webhook",
            "provider_id": None,
            "reference": name or f"{kind}-{days_ago}",
            "raw": None,
            "at": self.now - timedelta(days=days_ago) if days_ago else None,
            "subject": None,
            "sender": None,
            **values,
        }

    def take(self, *found):
        new = self.env["email.verdict"]._take(list(found))
        self.env.invalidate_all()
        return new

    def verdicts(self, recipient=None):
        return self.env["email.verdict"].search([("recipient_id", "=", (recipient or self.recipient).id)], order="id")

    def known(self, email="person1@good.example"):
        return self.env["email.address"].search([("email", "=", email)])

    def policy(self, **values):
        for name, value in values.items():
            self.env["ir.config_parameter"].set_param(f"email_campaign.{name}", value)

    def undo(self, verdicts, user=None, reason="Their server was set up wrongly"):
        wizard = self.env["email.verdict.undo"].with_user(user or self.manager)
        wizard = wizard.with_context(active_model="email.verdict", active_ids=verdicts.ids)
        wizard.create({"reason": reason}).action_undo()
        self.env.invalidate_all()
