from odoo import api, fields, models
from odoo.fields import NO_ACCESS

from ...tools import bounce
from ..unchecked import UncheckedMany2one

# What is the sender's fault, or the system's between: such a verdict hurts no address, and shows on the provider.
BLOCKS = tuple(sorted(bounce.NOT_THE_ADDRESS))

KINDS = [
    ("hard", "Hard Bounce"),
    ("soft", "Soft Bounce"),
    ("delayed", "Delay"),
    ("complaint", "Complaint"),
    ("auto_reply", "Automatic Reply"),
    ("delivered", "Delivery Report"),
    ("opt_out", "Opt-out"),
    ("other", "Not Understood"),
]
REASONS = [
    ("dead_address", "The address does not exist"),
    ("disabled", "The mailbox is closed"),
    ("mailbox_full", "The mailbox is full"),
    ("filtered", "Refused by a filter of the recipient"),
    ("blocked", "The sender is blocked"),
    ("policy", "Against the rules of the receiving server"),
    ("content", "Refused for its content"),
    ("size", "The email is too large"),
    ("rate", "Too many emails in too short a time"),
    ("expired", "Not delivered in time"),
    ("network", "The receiving server was not reached"),
    ("unknown", "No reason was given"),
]
MATCHED_BY = [
    ("return_path", "The signed return path that it came to"),
    ("returned_headers", "Signed headers of the email that came back"),
    ("message_id", "The signed Message-ID of the email that came back"),
    ("references", "The signed Message-ID that it answers"),
    ("address_time", "The address and the time, without a signature"),
    ("event", "What the provider says the email is"),
    ("dialogue", "The connection by which the email was handed over"),
]
CHANNELS = [("mailbox", "Mailbox"), ("webhook", "Webhook"), ("dialogue", "While Sending")]


class EmailVerdict(models.Model):
    """What one incoming message, event of a provider or refusal says about one recipient, and why we think so.

    ======== ====================================== ==========================================================
    state    set by                                 what follows
    ======== ====================================== ==========================================================
    counted  a bounce that blames the address, a    the policy: validity of the address, opting out
             complaint, an opt-out
    noted    everything else, and what the sender   on record only
             is to blame for
    proposed what was matched without a signature   nothing, until somebody confirms it
    undone   a person, who says why                 what it did is taken back, as far as no other verdict says
                                                    the same
    ======== ====================================== ==========================================================

    `_take` is the one entrance, `_take_refusals` that of the sending job.
    """

    _name = "email.verdict"
    _description = "Verdict on What Came Back"
    _order = "id desc"
    _log_access = False

    at = fields.Datetime("When", required=True, readonly=True, help="When it happened, as far as that is told.")
    noted_at = fields.Datetime("Noted", required=True, readonly=True)
    counted_at = fields.Datetime("Counted Since", required=True, readonly=True)
    recipient_id = fields.Many2one(
        "email.campaign.recipient", required=True, readonly=True, ondelete="cascade", index=False
    )
    mailing_id = UncheckedMany2one("email.campaign.mailing", "Mass Email", required=True, readonly=True)
    campaign_id = UncheckedMany2one("email.campaign", required=True, readonly=True)
    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    partner_id = fields.Many2one(related="recipient_id.partner_id", string="Contact")
    email = fields.Char("Address", readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    reason = fields.Selection(REASONS, readonly=True)
    status_code = fields.Char("Status", readonly=True, help="The status code of RFC 3463, as 5.1.1.")
    diagnostic = fields.Char("What the Server Said", readonly=True)
    rule = fields.Char(readonly=True, help="What decided on the verdict.")
    matched_by = fields.Selection(MATCHED_BY, readonly=True)
    channel = fields.Selection(CHANNELS, "Came By", required=True, readonly=True)
    provider_id = UncheckedMany2one("email.provider", "Sent By", readonly=True)
    reference = fields.Char(readonly=True, required=True, help="What tells it from another one: the same counts once.")
    # Never handed out as it is: it is what strangers wrote. See `raw_text`, and the route that downloads it.
    raw = fields.Binary("Message", attachment=False, prefetch=False, readonly=True, groups=NO_ACCESS)
    raw_size = fields.Integer("Size", readonly=True, help="Octets of the whole message.")
    subject = fields.Char(readonly=True)
    sender = fields.Char("From", readonly=True)
    state = fields.Selection(
        [("counted", "Counted"), ("noted", "On Record"), ("proposed", "Proposed"), ("undone", "Taken Back")],
        required=True,
        readonly=True,
    )
    # What follows if it stands; it is kept, for what is proposed, or taken back and confirmed again.
    counts = fields.Boolean(readonly=True, export_string_translation=False)
    # The email was tried again: it says something about the address still, and nothing about that other try.
    superseded = fields.Boolean(readonly=True, export_string_translation=False)
    is_block = fields.Boolean(
        "Sender's Fault", compute="_compute_is_block", search="_search_is_block", export_string_translation=False
    )
    opted_out = fields.Boolean("Opted Out by It", readonly=True)
    event_id = UncheckedMany2one("email.campaign.event", "Event", readonly=True)
    undone_by_id = fields.Many2one("res.users", "Taken Back By", readonly=True, ondelete="set null")
    undone_at = fields.Datetime("Taken Back", readonly=True)
    undone_reason = fields.Char("Taken Back Because", readonly=True)

    # The same message, fetched from two mailboxes or by two workers, counts once.
    _reference_unique = models.UniqueIndex("(recipient_id, kind, reference)")
    # What speaks against an address: a handful of rows for each.
    _email_index = models.Index("(email, state)")
    _mailing_index = models.Index("(mailing_id, id)")
    _proposed_index = models.Index("(id) WHERE state = 'proposed'")
    _raw_index = models.Index("(noted_at) WHERE raw IS NOT NULL")
    _delivered_index = models.Index("(noted_at) WHERE kind = 'delivered'")
    _block_index = models.Index(
        "(provider_id, noted_at) WHERE reason IN ('blocked', 'content', 'policy', 'rate', 'size')"
    )

    @api.depends("kind", "email")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for verdict in self:
            verdict.display_name = f"{kinds.get(verdict.kind, verdict.kind)}: {verdict.email or ''}"

    @api.depends("reason")
    def _compute_is_block(self):
        for verdict in self:
            verdict.is_block = verdict.reason in BLOCKS

    @api.model
    def _search_is_block(self, operator, value):
        if operator != "in" or True not in value:
            return NotImplemented
        return [("reason", "in", BLOCKS)]
