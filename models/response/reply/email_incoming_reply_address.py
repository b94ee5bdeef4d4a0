from odoo import api, models
from odoo.tools import email_split


class EmailIncoming(models.AbstractModel):
    """What comes to the mailbox of a provider from whom it wrote to lately, with no sign of what it answers."""

    _inherit = "email.incoming"

    @api.model
    def _take_by_address(self, message, message_dict, automatic):
        """Put it on the list of replies unless it has another place to go; give whether it was taken."""
        server_id = self.env.context.get("default_fetchmail_server_id")
        provider = self.env["email.provider"]._receiving(server_id) if server_id else None
        # Whoever has Odoo make records of what comes to a mailbox wants those: only a proved reply is none.
        if not provider or provider.fetchmail_server_id.object_id:
            return False
        if message_dict.get("is_bounce") or self._has_a_place(message_dict):
            return False
        writer = self._writer(message)
        colleagues = (
            self.env["res.users"]
            .sudo()
            .search_count([("email_normalized", "=", writer), ("share", "=", False)], limit=1)
        )
        recipient = None if colleagues else provider._wrote_lately_to(writer)
        if not recipient:
            return False
        if automatic:
            # Nobody is to answer it, and it would make a record; as nothing is proved, nothing is written down.
            return True
        if not self._is_flood(recipient):
            self._queue(recipient, message, message_dict, "address")
        return True

    @api.model
    def _has_a_place(self, message_dict):
        """Whether Odoo's gateway knows a conversation or an alias that it belongs to."""
        if message_dict.get("parent_id"):
            return True
        written = [found.lower() for found in email_split(message_dict.get("recipients") or "")]
        local_parts = [found.partition("@")[0] for found in written]
        return bool(
            self.env["mail.alias"]
            .sudo()
            .search_count(
                [
                    "|",
                    ("alias_full_name", "in", written),
                    "&",
                    ("alias_name", "in", local_parts),
                    ("alias_incoming_local", "=", True),
                ],
                limit=1,
            )
        )
