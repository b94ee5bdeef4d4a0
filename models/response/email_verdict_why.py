import base64

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# How the name of a rule begins: what that means, for people who don't read RFCs.
RULES = {
    "RFC 3464 fields in the text": _lt(
        "A mail system wrote the fields of a delivery report (RFC 3464) into the text of its message."
    ),
    "RFC 3464": _lt("A mail system reports on the delivery in the standard form for that (RFC 3464)."),
    "X-Failed-Recipients": _lt("A mail system named the recipients that it could not reach in a header of its own."),
    "report in prose": _lt("A mail system reports in plain words that it could not deliver the email."),
    "flufl.bounce": _lt("A mail system wrote it, and only general patterns for such reports recognised the recipient."),
    "RFC 5965": _lt("A mailbox provider reports in the standard form (RFC 5965) that somebody pressed “spam”."),
    "complaint form": _lt("A mailbox provider reports in its own form that somebody pressed “spam”."),
    "notification of Amazon SES": _lt("Amazon SES reports it by email."),
    "SMTP reply": _lt("The receiving server said so when the email was handed over to it."),
    "delivered": _lt("The receiving server, or the provider, reports that the email was delivered."),
    "opt_out": _lt("The provider reports that the recipient opted out there."),
    "ordinary message": _lt("It came to the return path of this email, and no rule made sense of it."),
    "malformed message": _lt("It came to the return path of this email, and is so broken that it can't be read."),
}
BY_KIND = {"auto_reply": _lt("A machine answered, as its headers or its subject tell.")}
# Of RFC 3463 and its registry; the first digit says whether it is for good.
STATUSES = {
    "1.0": _lt("something about the address"),
    "1.1": _lt("no such mailbox"),
    "1.2": _lt("no such domain"),
    "1.3": _lt("the address is not well formed"),
    "1.4": _lt("the address is ambiguous"),
    "1.6": _lt("the mailbox has moved"),
    "1.10": _lt("the domain takes no mail"),
    "2.0": _lt("something about the mailbox"),
    "2.1": _lt("the mailbox is closed"),
    "2.2": _lt("the mailbox is full"),
    "2.3": _lt("the message is too long for the mailbox"),
    "3.0": _lt("something about the mail system"),
    "3.4": _lt("the message is too big for the system"),
    "4.1": _lt("no answer from the server"),
    "4.4": _lt("no route to the server"),
    "4.6": _lt("a mail loop"),
    "4.7": _lt("the time for delivery ran out"),
    "5.0": _lt("something about the protocol"),
    "6.0": _lt("something about the content"),
    "7.0": _lt("something about security or rules"),
    "7.1": _lt("delivery is not allowed"),
    "7.26": _lt("the sender could not be authenticated"),
    "7.28": _lt("too many messages"),
}
CLASSES = {"2": _lt("success"), "4": _lt("temporary"), "5": _lt("for good")}
STATES = {
    "counted": _lt("It counts: the rules in the settings were applied to the address."),
    "noted": _lt("It is on record only: nothing followed for the recipient."),
    "proposed": _lt(
        "It is a proposal: it bears no signature of ours, so that nothing follows until somebody confirms it."
    ),
    "undone": _lt("It was taken back: nothing follows from it any more."),
}
SHOWN_RAW = 64 * 1024  # octets


class EmailVerdict(models.Model):
    """Why: the verdict told in plain words, and the message to be looked at, as text and nothing else."""

    _inherit = "email.verdict"

    rule_text = fields.Char("Recognised By", compute="_compute_why")
    status_text = fields.Char("What the Status Says", compute="_compute_why")
    state_text = fields.Char("What Followed", compute="_compute_why")
    raw_text = fields.Text("Message as It Came", compute="_compute_raw_text", compute_sudo=True)
    raw_note = fields.Char(compute="_compute_raw_text", compute_sudo=True)
    can_undo = fields.Boolean(compute="_compute_can_decide", export_string_translation=False)
    can_confirm = fields.Boolean(compute="_compute_can_decide", export_string_translation=False)

    @api.depends("rule", "status_code", "state", "reason", "kind")
    @api.depends_context("lang")
    def _compute_why(self):
        for verdict in self:
            verdict.rule_text = verdict._rule_text()
            verdict.status_text = verdict._status_text()
            verdict.state_text = STATES.get(verdict.state, "") and self.env._(STATES[verdict.state])
            if verdict.is_block and verdict.state == "noted":
                verdict.state_text = self.env._(
                    "The sender is to blame and not the address: it shows on the provider, and nothing followed for "
                    "the recipient."
                )

    def _rule_text(self):
        rule = self.rule or ""
        for beginning, told in RULES.items():
            if rule.startswith(beginning):
                return self.env._(told)
        return self.env._(BY_KIND[self.kind]) if self.kind in BY_KIND else rule

    def _status_text(self):
        if not self.status_code:
            return False
        first, _dot, rest = self.status_code.partition(".")
        words = [CLASSES.get(first), STATUSES.get(rest) or STATUSES.get(f"{rest.partition('.')[0]}.0")]
        told = ", ".join(self.env._(word) for word in words if word)
        return f"{self.status_code} ({told})" if told else self.status_code

    @api.depends("raw", "raw_size")
    def _compute_raw_text(self):
        days = self._policy()["raw_days"]
        for verdict in self:
            octets = verdict._octets()
            verdict.raw_text = _shown(octets) if octets else False
            verdict.raw_note = False
            if octets and verdict.raw_size > len(octets):
                verdict.raw_note = self.env._(
                    "Only the first %(kept)s of %(size)s kB were kept.",
                    kept=len(octets) // 1024,
                    size=verdict.raw_size // 1024,
                )
            elif not octets and verdict.raw_size and not days:
                verdict.raw_note = self.env._("Messages are not kept, say the settings.")
            elif not octets and verdict.raw_size:
                verdict.raw_note = self.env._("Messages are kept for %s days, and this one is older.", days)
            elif not octets and verdict.channel == "dialogue":
                verdict.raw_note = self.env._("It was said while sending; there is no message.")

    @api.depends("state", "kind")
    @api.depends_context("uid")
    def _compute_can_decide(self):
        manager = self.env.user.has_group("email_campaign.group_manager")
        for verdict in self:
            mine = manager or verdict.kind not in ("complaint", "opt_out")
            stands = verdict.state in ("counted", "noted")
            verdict.can_undo = mine and stands and verdict.kind in ("hard", "soft", "complaint")
            verdict.can_confirm = mine and verdict.state in ("proposed", "undone")

    def _octets(self):
        """Give what is kept of the message, as bytes; empty where nothing is."""
        self.ensure_one()
        kept = self.sudo().with_context(bin_size=False).raw
        return base64.b64decode(kept) if kept else b""

    def action_download(self):
        """Download the message (`controllers/verdict.py`)."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/email/verdict/{self.id}.eml", "target": "download"}

    def _downloaded(self):
        """Give what is kept of the message, for who may take it along.

        :raises AccessError: for who is no campaign manager, or may not read this
        """
        self.check_access("read")
        if not self.env.user.has_group("email_campaign.group_manager"):
            raise AccessError(self.env._("Only campaign managers download messages."))
        return self._octets()


def _shown(octets):
    """Give octets as text in which nothing but characters, tabs and ends of lines is left."""
    told = octets[:SHOWN_RAW].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in told)
