"""Connecting to a mail server, and saying in a person's words why that failed."""

import smtplib
import socket

from OpenSSL import SSL

from odoo.exceptions import UserError
from odoo.tools import config

HANGING_UP = (smtplib.SMTPServerDisconnected, ConnectionResetError)


class ConnectingError(Exception):
    """There is no connection; `explanation` tells people why and what to do."""

    def __init__(self, explanation):
        super().__init__(explanation)
        self.explanation = explanation


def connect(mail_servers, server, sender):
    """Give an open, logged-in connection of smtplib to `server` for mail from `sender`.

    :param mail_servers: `ir.mail_server` as superuser, with the context of the company
    :param server: one of them, or none of them for the server of Odoo's configuration file
    :raises ConnectingError: where there is none
    """
    env = mail_servers.env
    to = {"mail_server_id": server.id} if server else {"host": config.get("smtp_server")}
    try:
        connection = mail_servers._connect__(smtp_from=sender, **to)
    except smtplib.SMTPAuthenticationError as error:
        raise ConnectingError(
            env._(
                "The mail server %(server)s refused the login of “%(user)s”: %(code)s %(answer)s. Check user name "
                "and password under Settings, Technical, Outgoing Mail Servers.",
                server=server_name(server),
                user=(server.sudo().smtp_user if server else config.get("smtp_user")) or "",
                code=error.smtp_code,
                answer=text(error.smtp_error),
            )
        ) from error
    except (OSError, ValueError, smtplib.SMTPException, SSL.Error) as error:
        # A client's certificate is shown by pyOpenSSL, which has errors of its own; ValueError: another server's name.
        raise ConnectingError(_not_reached(env, server, error)) from error
    except UserError as error:
        raise ConnectingError(str(error.args[0])) from error
    if connection is None:
        raise ConnectingError(env._("Odoo runs in test mode, in which no email leaves."))
    return connection


def server_name(server):
    """Give how people know `server`."""
    if server:
        return f"“{server.name}” ({server.smtp_host}:{server.smtp_port})"
    return f"{config.get('smtp_server')}:{config.get('smtp_port')}"


def text(answer):
    """Give the answer of a server as text."""
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)


def _not_reached(env, server, error):
    if isinstance(error, socket.gaierror):
        reason = env._("its name is not known")
    elif isinstance(error, ConnectionRefusedError):
        reason = env._("nothing answers there")
    elif isinstance(error, TimeoutError):
        reason = env._("it does not answer in time")
    else:
        reason = text(getattr(error, "smtp_error", b"")) or str(error)
        if server and server.sudo().smtp_authentication == "certificate" and isinstance(error, HANGING_UP):
            # Most servers say what they have against a certificate only after the handshake, by hanging up.
            reason = env._("%(reason)s; it may not accept the certificate that is shown to it", reason=reason)
    if server:
        return env._(
            "The mail server %(server)s can't be used: %(reason)s. Check it under Settings, Technical, Outgoing "
            "Mail Servers.",
            server=server_name(server),
            reason=reason,
        )
    return env._(
        "There is no outgoing mail server, and %(server)s can't be used: %(reason)s. Add one under Settings, "
        "Technical, Outgoing Mail Servers.",
        server=server_name(server),
        reason=reason,
    )
