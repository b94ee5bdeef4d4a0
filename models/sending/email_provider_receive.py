from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# How long after a mass email somebody who writes is thought to write because of it.
LATELY = timedelta(days=30)
MOST_MAILINGS = 1_000


class EmailProvider(models.Model):
    """The mailbox of a provider: what comes there from whom it wrote to."""

    _inherit = "email.provider"

    receive_trouble = fields.Char(compute="_compute_receive_trouble")

    @api.depends("receive", "fetchmail_server_id.active", "fetchmail_server_id.state", "fetchmail_server_id.object_id")
    def _compute_receive_trouble(self):
        for provider in self:
            server = provider.fetchmail_server_id.sudo()
            trouble = False
            if provider.receive and not server:
                trouble = self.env._("no incoming mail server is chosen, so nothing is fetched")
            elif provider.receive and not server.active:
                trouble = self.env._("“%s” is archived, so nothing is fetched", server.name)
            elif provider.receive and server.state != "done" and server.server_type != "local":
                trouble = self.env._("“%s” is not confirmed yet: open it, and test and confirm it", server.name)
            elif provider.receive and server.object_id:
                trouble = self.env._(
                    "“%(server)s” makes a record (%(model)s) of each mail, so only those that say what they answer are "
                    "put on the list",
                    server=server.name,
                    model=server.object_id.name,
                )
            provider.receive_trouble = trouble

    @api.model
    def _receiving(self, server_id):
        """Give the providers (as superuser) that receive by the incoming mail server of that id."""
        return self.sudo().search([("receive", "=", True), ("fetchmail_server_id", "=", server_id)])

    def _wrote_lately_to(self, email):
        """Give the latest recipient (as superuser) of a mass email that left by one of these and went to `email`."""
        recipients = self.env["email.campaign.recipient"].sudo()
        since = fields.Datetime.now() - LATELY
        ids = self._mailings_since(since, MOST_MAILINGS).ids
        if not ids:
            return recipients
        recipients.flush_model()
        # One look for each mass email, by the index on (mailing_id, email).
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM email_campaign_recipient
                 WHERE mailing_id = ANY(%s) AND email = %s AND skip_reason IS NULL
                   AND (state = 'in_doubt' OR sent_at >= %s)
                 ORDER BY sent_at DESC NULLS LAST LIMIT 1
                """,
                ids,
                email,
                since,
            )
        )
        return recipients.browse([recipient_id for (recipient_id,) in rows])
