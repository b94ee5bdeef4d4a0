"""How the mails of one mass email leave: which server, under which sender, with what return path."""

import email.utils
import smtplib
import socket
import ssl
from dataclasses import dataclass, field

from odoo.exceptions import UserError
from odoo.tools import config

from ...tools import address
from ...tools.smtp import Lane


class OutgoingError(Exception):
    """Nothing can leave at the moment; `explanation` tells people why and what to do."""

    def __init__(self, explanation):
        super().__init__(explanation)
        self.explanation = explanation


@dataclass
class Outgoing:
    """Where the mails of `mailing` (as superuser) go out.

    `sender` is the From header; where the server may not send as the person who writes, it is the company's own
    address in their name, and replies still go to them.
    """

    mailing: object
    server: object = field(init=False)
    sender: str = field(init=False)
    reply_to: str = field(init=False)
    sender_address: str = field(init=False)
    bounce_address: str = field(init=False)

    def __post_init__(self):
        company = self.mailing.company_id
        self._mail_servers = self.mailing.env["ir.mail_server"].with_context(
            domain_notifications_email=company.default_from_email, domain_bounce_address=company.bounce_email
        )
        written = self.mailing.email_from
        self.server, allowed = self._mail_servers._find_mail_server(written)
        name = email.utils.parseaddr(written)[0]
        own = address.normalize(written)
        self.sender_address = address.envelope(address.normalize(allowed))[0]
        self.sender = address.mailbox(name, self.sender_address)
        reply_to = self.mailing.reply_to or (written if address.normalize(allowed) != own else "")
        self.reply_to = self._mailbox(reply_to) if reply_to else ""
        self.bounce_address = self._find_bounce_address(company.bounce_email)

    def connect(self):
        """Give an open, logged-in lane.

        :raises OutgoingError: where there is none
        """
        env = self.mailing.env
        try:
            connection = self._mail_servers._connect__(
                mail_server_id=self.server.id if self.server else None, smtp_from=self.mailing.email_from
            )
        except smtplib.SMTPAuthenticationError as error:
            raise OutgoingError(
                env._(
                    "The mail server %(server)s refused the login of “%(user)s”: %(code)s %(answer)s. Check user name "
                    "and password under Settings, Technical, Outgoing Mail Servers.",
                    server=self.server_name,
                    user=(self.server and self.server.smtp_user) or "",
                    code=error.smtp_code,
                    answer=_text(error.smtp_error),
                )
            ) from error
        except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
            raise OutgoingError(self._not_reached(error)) from error
        except UserError as error:
            raise OutgoingError(str(error.args[0])) from error
        if connection is None:
            raise OutgoingError(env._("Odoo runs in test mode, in which no email leaves."))
        return Lane(connection)

    @property
    def server_name(self):
        if self.server:
            return f"“{self.server.name}” ({self.server.smtp_host}:{self.server.smtp_port})"
        return f"{config.get('smtp_server')}:{config.get('smtp_port')}"

    def return_path(self, token):
        """Give the envelope sender for one recipient: its bounces come back with `token` in the address (VERP)."""
        if not self.bounce_address:
            return self.sender_address
        local, _at, domain = self.bounce_address.rpartition("@")
        return f"{local}+{token}@{domain}"

    def _find_bounce_address(self, bounce_email):
        env = self.mailing.env
        if env["ir.config_parameter"].get_param("email_campaign.verp", "True") == "False" or not bounce_email:
            return ""
        allowed = self.server.from_filter if self.server else self._mail_servers._get_default_from_filter()
        return bounce_email if self._mail_servers._match_from_filter(bounce_email, allowed) else ""

    def _mailbox(self, written):
        name = email.utils.parseaddr(written)[0]
        return address.mailbox(name, address.envelope(address.normalize(written))[0])

    def _not_reached(self, error):
        env = self.mailing.env
        if isinstance(error, socket.gaierror):
            reason = env._("its name is not known")
        elif isinstance(error, ConnectionRefusedError):
            reason = env._("nothing answers there")
        elif isinstance(error, TimeoutError):
            reason = env._("it does not answer in time")
        else:
            reason = _text(getattr(error, "smtp_error", b"")) or str(error)
        if self.server:
            return env._(
                "The mail server %(server)s can't be used: %(reason)s. Check it under Settings, Technical, Outgoing "
                "Mail Servers.",
                server=self.server_name,
                reason=reason,
            )
        return env._(
            "There is no outgoing mail server, and %(server)s can't be used: %(reason)s. Add one under Settings, "
            "Technical, Outgoing Mail Servers.",
            server=self.server_name,
            reason=reason,
        )


def _text(answer):
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
