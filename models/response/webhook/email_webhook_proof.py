from odoo import api, fields, models
from odoo.tools import SQL

from ....tools.webhook import mailgun, proof

# Until then a signature is believed, which may be of a clock that is ahead.
KEPT = mailgun.OLDEST + proof.AHEAD


class EmailWebhookProof(models.Model):
    """Signatures that don't cover what they came with: each is good for one content as long as it is believed."""

    _name = "email.webhook.proof"
    _description = "Signature of a Webhook"
    _rec_name = "at"
    _log_access = False

    signature = fields.Char(required=True, readonly=True, export_string_translation=False)
    content = fields.Char(required=True, readonly=True, export_string_translation=False)
    at = fields.Datetime(required=True, readonly=True)

    _signature_unique = models.UniqueIndex("(signature)")
    _at_index = models.Index("(at)")

    @api.model
    def _once(self, signature, content):
        """Tell whether `signature` came with nothing but `content` so far, and keep both; both are digests.

        Of two calls at once the later one waits for the other here, and begins anew when that is there.
        """
        [(same,)] = self.env.execute_query(
            SQL(
                """
                INSERT INTO email_webhook_proof AS known (signature, content, at)
                     VALUES (%(signature)s, %(content)s, now() AT TIME ZONE 'utc')
                ON CONFLICT (signature) DO UPDATE SET at = known.at
                  RETURNING content = %(content)s
                """,
                signature=signature,
                content=content,
            )
        )
        return same

    @api.autovacuum
    def _gc_proofs(self):
        """Forget those that are believed no longer."""
        self.env.cr.execute(
            SQL("DELETE FROM email_webhook_proof WHERE at < now() AT TIME ZONE 'utc' - %s::interval", KEPT)
        )
