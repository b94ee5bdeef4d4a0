from odoo import models
from odoo.fields import Domain


class EmailProvider(models.Model):
    """What may have left by a provider, for what comes back by it. Nothing is made or taken for that."""

    _inherit = "email.provider"

    def _mailings_since(self, since, limit):
        """Give the mass emails (as superuser) that were launched since then and may have left by one of these.

        :param limit: so many of the latest are looked at
        """
        # Others send what was to leave by one that refused it, or that had trouble after it was launched.
        domain = (
            Domain("launched_at", ">=", since)
            & Domain("state", "!=", "draft")
            & (
                Domain("provider_id", "in", [False, *self.ids])
                | Domain("refused_provider_ids", "!=", False)
                | Domain("provider_id.last_error_at", ">=", since)
            )
        )
        if companies := self.company_id if all(provider.company_id for provider in self) else None:
            domain &= Domain("company_id", "in", companies.ids)
        mailings = self.env["email.campaign.mailing"].sudo().search(domain, limit=limit, order="id desc")
        known = {}

        def may_have_left(mailing):
            chosen = mailing.provider_id
            if chosen & self:
                return True
            failed = chosen in mailing.refused_provider_ids or (
                chosen.last_error_at and chosen.last_error_at >= mailing.launched_at
            )
            if chosen and not failed:
                return False
            key = (bool(chosen), mailing.email_from, mailing.company_id)
            if key not in known:
                known[key] = self._may_have_sent(*key)
            return known[key]

        return mailings.filtered(may_have_left)

    def _may_have_sent(self, chosen, sender, company):
        """Tell whether mail from `sender` may have left by one of these, another one being `chosen` or none."""
        able = self.filtered(lambda provider: provider._may_send_from(sender, company))
        if any(able.mapped("takes_over")):
            return True
        if chosen or not able:
            return False
        server, _sender = self._mail_servers(company)._find_mail_server(sender)
        return (server or self.env["ir.mail_server"]) in [provider.mail_server_id.sudo() for provider in able]
