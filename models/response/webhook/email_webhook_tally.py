from odoo import api, fields, models
from odoo.tools import SQL

REFUSALS = [
    ("malformed", "What came is not what this service sends"),
    ("too_large", "Too much at once"),
    ("no_key", "The key of the service is not entered here yet"),
    ("bad_key", "The key that is entered here is not one of this service"),
    ("unsigned", "It had no signature, or no password"),
    ("wrong_signature", "The signature does not fit the key that is entered here"),
    ("too_old", "It was signed too long ago, or a clock is wrong"),
    ("wrong_login", "The name or the password was wrong"),
    ("foreign_url", "It named a server that is not Amazon's"),
    ("unreachable", "A server of Amazon could not be reached from here"),
    ("bad_certificate", "The certificate of the signature is not valid"),
    ("other_topic", "It came from another topic than the one that is set here"),
    ("no_topic", "Its topic was not confirmed here, nor set by hand"),
    ("used", "Its signature came before, with another event"),
]
# Calls come side by side, each on a connection of its own to the database, and each counts in a row of its own.
SLOTS = 64
# The same refusal is written down once in so many seconds.
QUIET = 10


class EmailWebhookTally(models.Model):
    """What came to a webhook, in numbers, and the last call that was refused. Its rows together are one account."""

    _name = "email.webhook.tally"
    _description = "Account of a Webhook"
    _rec_name = "slot"
    _log_access = False

    webhook_id = fields.Many2one("email.webhook", required=True, readonly=True, ondelete="cascade")
    slot = fields.Integer(required=True, readonly=True)
    taken = fields.Integer(readonly=True)
    ignored = fields.Integer(readonly=True)
    unmatched = fields.Integer(readonly=True)
    last_at = fields.Datetime(readonly=True)
    unknown = fields.Char(readonly=True)
    unknown_at = fields.Datetime(readonly=True)
    refusal = fields.Selection(REFUSALS, readonly=True)
    refusal_detail = fields.Char(readonly=True)
    refused_at = fields.Datetime(readonly=True)

    _slot_unique = models.UniqueIndex("(webhook_id, slot)")


class EmailWebhook(models.Model):
    """What came to it so far."""

    _inherit = "email.webhook"

    tally_ids = fields.One2many("email.webhook.tally", "webhook_id")
    taken = fields.Integer("Events", compute="_compute_tally", help="Events about recipients of mass emails.")
    ignored = fields.Integer(
        compute="_compute_tally", help="Opens, clicks and the like, which are counted here in another way."
    )
    unmatched = fields.Integer(
        "Of Other Mail", compute="_compute_tally", help="Events about mail that is not known here."
    )
    last_at = fields.Datetime("Last Event", compute="_compute_tally")
    unknown = fields.Char(
        "Not Understood", compute="_compute_tally", help="The last event of a kind that is not known."
    )
    refusal = fields.Selection(REFUSALS, "Last Refusal", compute="_compute_tally")
    refusal_detail = fields.Char("What Was Refused", compute="_compute_tally")
    refused_at = fields.Datetime("Refused", compute="_compute_tally")
    state = fields.Selection(
        [("waiting", "Nothing Came Yet"), ("works", "Works"), ("refused", "Refused")],
        "Status",
        compute="_compute_tally",
    )

    @api.depends("tally_ids")
    def _compute_tally(self):
        for webhook in self:
            rows = webhook.sudo().tally_ids
            for name in ("taken", "ignored", "unmatched"):
                webhook[name] = sum(rows.mapped(name))
            seen = max(filter(None, rows.mapped("last_at")), default=False)
            refused = rows.filtered("refused_at").sorted("refused_at")[-1:]
            webhook.last_at = seen
            webhook.unknown = rows.filtered("unknown_at").sorted("unknown_at")[-1:].unknown
            for name in ("refusal", "refusal_detail", "refused_at"):
                webhook[name] = refused[name]
            in_trouble = refused and (not seen or refused.refused_at > seen)
            webhook.state = "refused" if in_trouble else "works" if seen else "waiting"

    def _count(self, taken, ignored, unmatched, unknown):
        """Add to the account; `unknown` is the service's word for an event that nobody here knows, or empty."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_webhook_tally AS t
                            (webhook_id, slot, taken, ignored, unmatched, last_at, unknown, unknown_at)
                     SELECT %(webhook)s, pg_backend_pid() %% %(slots)s, %(taken)s, %(ignored)s, %(unmatched)s,
                            moment, word, CASE WHEN word IS NOT NULL THEN moment END
                       FROM date_trunc('second', now() AT TIME ZONE 'utc') AS moment,
                            CAST(%(unknown)s AS varchar) AS word
                ON CONFLICT (webhook_id, slot) DO UPDATE
                        SET taken = coalesce(t.taken, 0) + EXCLUDED.taken,
                            ignored = coalesce(t.ignored, 0) + EXCLUDED.ignored,
                            unmatched = coalesce(t.unmatched, 0) + EXCLUDED.unmatched,
                            last_at = EXCLUDED.last_at,
                            unknown = coalesce(EXCLUDED.unknown, t.unknown),
                            unknown_at = coalesce(EXCLUDED.unknown_at, t.unknown_at)
                """,
                webhook=self.id,
                slots=SLOTS,
                taken=taken,
                ignored=ignored,
                unmatched=unmatched,
                unknown=unknown or None,
            )
        )
        self._forget_tally()

    def _note_refusal(self, refusal, detail):
        """Write down why a call was not taken, for who sets it up; `detail` is what strangers wrote."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_webhook_tally AS t (webhook_id, slot, refusal, refusal_detail, refused_at)
                     VALUES (%(webhook)s, pg_backend_pid() %% %(slots)s, %(refusal)s, %(detail)s,
                             date_trunc('second', now() AT TIME ZONE 'utc'))
                ON CONFLICT (webhook_id, slot) DO UPDATE
                        SET refusal = EXCLUDED.refusal, refusal_detail = EXCLUDED.refusal_detail,
                            refused_at = EXCLUDED.refused_at
                      WHERE t.refusal IS DISTINCT FROM EXCLUDED.refusal
                         OR t.refused_at < EXCLUDED.refused_at - %(quiet)s * interval '1 s'
                """,
                webhook=self.id,
                slots=SLOTS,
                refusal=refusal,
                detail=detail or None,
                quiet=QUIET,
            )
        )
        self._forget_tally()

    def _forget_tally(self):
        self.env["email.webhook.tally"].invalidate_model(flush=False)
        self.invalidate_recordset(flush=False)
