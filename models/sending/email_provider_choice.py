from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class EmailProvider(models.Model):
    """Which providers a mass email may leave by."""

    _inherit = "email.provider"

    @api.model
    def _candidates(self, mailing):
        """Give the providers that `mailing` may leave by, the preferred one first.

        That is the one that was chosen, or else the one of the mail server that Odoo finds for the sender, then those
        that take over and may send from the same address. Those in trouble are among them, those that refused this
        mass email are not.
        """
        sender = mailing.email_from
        senders = {sender}
        if mailing.provider_id:
            preferred = mailing.sudo().provider_id.filtered(lambda provider: provider._serves(mailing.company_id))
        else:
            server, allowed = self._mail_servers(mailing.company_id)._find_mail_server(sender)
            senders.add(allowed)
            preferred = self._for_server(server).filtered(lambda provider: provider._serves(mailing.company_id))
        domain = Domain("company_id", "in", [False, mailing.company_id.id]) & Domain("takes_over", "=", True)
        others = (
            self.sudo()
            .search(domain)
            .filtered(lambda provider: any(provider._may_send_from(address, mailing.company_id) for address in senders))
        )
        return (preferred | others) - mailing.sudo().refused_provider_ids

    @api.model
    def _of_mailings(self, mailings):
        """Give {mass email: the provider that it was to leave by}, empty where there is none.

        That is the chosen one, or that of the mail server which Odoo finds for the sender. It says what was, for what
        comes back: none is made, and one that is archived or refused the mass email is it still.
        """
        providers = self.sudo().with_context(active_test=False)
        found, by_sender = {}, {}
        for mailing in mailings.sudo():
            if mailing.provider_id:
                found[mailing] = mailing.provider_id
                continue
            key = mailing.company_id, mailing.email_from
            if key not in by_sender:
                server, _sender = self._mail_servers(mailing.company_id)._find_mail_server(mailing.email_from)
                wanted = [("mail_server_id", "=", server.id if server else False)]
                by_sender[key] = providers.search(wanted, limit=1)
            found[mailing] = by_sender[key]
        return found

    def _may_send_from(self, sender, company):
        """Tell whether mail of `company` from the address `sender` may leave by this provider."""
        self.ensure_one()
        if not self.active or not self._serves(company):
            return False
        # What people keep for their own mail is not for the mass emails of others.
        owner = self.mail_server_id.sudo().owner_user_id
        allowed = self.mail_server_id.sudo().from_filter if owner else self._allowed_senders()
        return self._mail_servers(company)._match_from_filter(sender, allowed)

    def _allowed_senders(self):
        """Give the addresses and domains that it may send from, as text; empty for any."""
        self.ensure_one()
        if self.sender_filter:
            return self.sender_filter
        server = self.mail_server_id.sudo()
        return server.from_filter if server else server._get_default_from_filter()

    def _serves(self, company):
        """Tell whether it may be used by `company`."""
        server = self.mail_server_id.sudo()
        return self.active and self.company_id in (company, company.browse()) and (not server or server.active)

    def _check_sender(self, sender, company):
        """Refuse a sender that this provider may not send from.

        :raises ValidationError: saying which senders are allowed
        """
        self.ensure_one()
        if not self._serves(company):
            raise ValidationError(
                self.env._(
                    "“%(provider)s” can't be used by %(company)s. Choose another provider.",
                    provider=self.name,
                    company=company.name,
                )
            )
        if sender and not self._may_send_from(sender, company):
            raise ValidationError(
                self.env._(
                    "“%(provider)s” may not send from %(sender)s, only from %(allowed)s. Choose another provider, or "
                    "another sender.",
                    provider=self.name,
                    sender=sender,
                    allowed=self._allowed_senders(),
                )
            )

    @api.model
    def _mail_servers(self, company):
        return (
            self.env["ir.mail_server"]
            .sudo()
            .with_context(
                domain_notifications_email=company.default_from_email, domain_bounce_address=company.bounce_email
            )
        )
