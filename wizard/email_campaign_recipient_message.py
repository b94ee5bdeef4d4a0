import re
from email.utils import format_datetime

from odoo import api, fields, models

# A signed link acts for the recipient: it is not for others to use.
SIGNED = re.compile(r"(/email/\w/)[\w-]{16,}|(\+)[0-9a-f]{16,}(?=@)|(\?subject=)[\w-]{16,}")
HIDDEN = r"\1\2\3…"


class EmailCampaignRecipientMessage(models.TransientModel):
    """What one person received: subject, look, plain text and headers, for whoever may see the recipient."""

    _name = "email.campaign.recipient.message"
    _description = "What a Person Received"

    recipient_id = fields.Many2one("email.campaign.recipient", required=True, readonly=True, ondelete="cascade")
    email = fields.Char(related="recipient_id.email", related_sudo=False)
    state = fields.Selection(related="recipient_id.state", related_sudo=False)
    sent_at = fields.Datetime(related="recipient_id.sent_at", related_sudo=False)
    subject = fields.Char(compute="_compute_message")
    html = fields.Text("Look", compute="_compute_message")
    text = fields.Text("Plain Text", compute="_compute_message")
    headers = fields.Text(compute="_compute_message")
    can_be_made = fields.Boolean(compute="_compute_message")

    @api.depends("recipient_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_message(self):
        for shown in self:
            recipient = shown.recipient_id
            recipient.check_access("read")
            made = recipient._message(tracked=False)
            shown.can_be_made = bool(made)
            shown.subject = shown.html = shown.text = shown.headers = False
            if not made:
                continue
            _sender, message = made
            shown.subject = message["Subject"]
            for kind, name in (("html", "html"), ("plain", "text")):
                part = message.get_body((kind,))
                shown[name] = part.get_content() if part else False
            shown.headers = shown._headers()

    def _headers(self):
        """Give the headers of the email itself, with nothing in them that could be used in the recipient's name."""
        sender, message = self.recipient_id._message(tracked=True)
        lines = [f"Return-Path: <{sender}>"]
        for name, value in message.items():
            if name.lower() == "date":
                if not self.sent_at:
                    continue
                value = format_datetime(self.sent_at)
            lines.append(f"{name}: {' '.join(str(value).split())}")
        return SIGNED.sub(HIDDEN, "\n".join(lines))
