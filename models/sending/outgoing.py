"""How the mails of one mass email leave: which server, under which sender, with what return path."""

import email.utils
from dataclasses import dataclass, field

from psycopg2.errors import SerializationFailure

from odoo import api
from odoo.modules.registry import Registry
from odoo.sql_db import Cursor

from ...tools import address
from ...tools.smtp import Lane
from .connecting import connect, server_name


@dataclass
class Outgoing:
    """Where the mails of `mailing` (as superuser) go out: by `provider`, or by the one that Odoo finds for the sender.

    `sender` is the From header; where the server may not send as the person who writes, it is the company's own
    address in their name, and replies still go to them.
    """

    mailing: object
    provider: object = None
    server: object = field(init=False)
    sender: str = field(init=False)
    reply_to: str = field(init=False)
    sender_address: str = field(init=False)
    bounce_address: str = field(init=False)
    opt_out_address: str = field(init=False)

    def __post_init__(self):
        company = self.mailing.company_id
        self._mail_servers = self.mailing.env["ir.mail_server"].with_context(
            domain_notifications_email=company.default_from_email, domain_bounce_address=company.bounce_email
        )
        self._dbname = self.mailing.env.cr.dbname
        self._written = written = self.mailing.email_from
        self.server, allowed = self._find_server(written)
        name = email.utils.parseaddr(written)[0]
        own = address.normalize(written)
        self.sender_address = address.envelope(address.normalize(allowed))[0]
        self.sender = address.mailbox(name, self.sender_address)
        reply_to = self.mailing.reply_to or (written if address.normalize(allowed) != own else "")
        self.reply_to = self._mailbox(reply_to) if reply_to else ""
        self.bounce_address = self._find_bounce_address(company.bounce_email)
        self.opt_out_address = self._find_opt_out_address(company.bounce_email)

    def connect(self):
        """Give an open, logged-in lane.

        :raises ConnectingError: where there is none
        """
        return Lane(self.open())

    def open(self):
        """Give an open, logged-in connection.

        :raises ConnectingError: where there is none
        """
        return connect(self._mail_servers, self.server, self._written)

    @property
    def may_open_apart(self):
        """Whether `open_apart` can be used: a test's cursor shows nobody else what it has written."""
        return type(self.mailing.env.cr) is Cursor

    def open_apart(self):
        """Do what `open` does in another thread, with a cursor of its own.

        :raises ConnectingError: where there is none
        """
        env = self._mail_servers.env
        with Registry(self._dbname).cursor() as cr:
            mail_servers = self._mail_servers.with_env(api.Environment(cr, env.uid, env.context, env.su))
            server = self.server and mail_servers.browse(self.server.id)
            connection = connect(mail_servers, server, self._written)
            try:
                cr.commit()  # pylint: disable=invalid-commit
            except SerializationFailure:
                cr.rollback()  # another one had the token renewed at the same moment, and wrote it
            return connection

    @property
    def server_name(self):
        return server_name(self.server)

    def return_path(self, token):
        """Give the envelope sender for one recipient: its bounces come back with `token` in the address (VERP)."""
        if not self.bounce_address:
            return self.sender_address
        local, _at, domain = self.bounce_address.rpartition("@")
        return f"{local}+{token}@{domain}"

    def _find_server(self, written):
        """Give (mail server, or an empty one for that of the configuration file; the address that it may send from)."""
        if not self.provider:
            return self._mail_servers._find_mail_server(written)
        server = self.provider.mail_server_id
        own = self.provider.sender_filter
        if own and self._mail_servers._match_from_filter(written, own):
            return server, written
        return server, self._mail_servers._find_mail_server(written, mail_servers=server)[1]

    def _find_opt_out_address(self, bounce_email):
        """Give where people can write to for opting out: mail arrives there as it does for return paths."""
        if not bounce_email or not self._has_plus_addresses():
            return ""
        return self.mailing.env["email.incoming"]._unsubscribe_address(bounce_email)

    def _has_plus_addresses(self):
        return self.mailing.env["ir.config_parameter"]._email_campaign_switch("email_campaign.verp")

    def _find_bounce_address(self, bounce_email):
        if not bounce_email or not self._has_plus_addresses():
            return ""
        allowed = self.provider and self.provider.sender_filter
        if not allowed:
            allowed = self.server.from_filter if self.server else self._mail_servers._get_default_from_filter()
        return bounce_email if self._mail_servers._match_from_filter(bounce_email, allowed) else ""

    def _mailbox(self, written):
        name = email.utils.parseaddr(written)[0]
        return address.mailbox(name, address.envelope(address.normalize(written))[0])
