"""A real SMTP server for tests, on loopback, that does what a test tells it to."""

import asyncio
import logging

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

logging.getLogger("mail.log").setLevel(logging.ERROR)


class Dropping(SMTP):
    """Can break the line before it has the final dot of a message."""

    async def smtp_DATA(self, arg):
        if getattr(self.session, "answer", None) == "drop before data":
            await self.push("354 go on")
            await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


class Peer(Controller):
    """Keeps what it accepts in `mails`; `script` says what to answer to a recipient, or when to hang up.

    A script entry is a reply ("550 5.1.1 no such user"), or "drop before data" (the line breaks within the content),
    "drop after data" (the message is taken and no answer is given), or a list of these for one try after the other;
    the last one stays. `delay` is how many seconds it takes for each message.

    :param tls: context of a server; nothing is taken without it
    :param at_once: whether TLS begins with the connection, not with STARTTLS
    """

    def __init__(self, password=None, tls=None, at_once=False):
        self.delay = 0
        self.mails = []
        self.script = {}
        self.connections = 0
        self.password = password
        self._starttls = None if at_once else tls
        super().__init__(self, hostname="127.0.0.1", port=0, ready_timeout=10, ssl_context=tls if at_once else None)

    @property
    def address(self):
        return self.server.sockets[0].getsockname()[:2]

    def recipients(self):
        """Give the addresses that got something, in order, with repetitions."""
        return [rcpt for mail in self.mails for rcpt in mail["rcpt_to"]]

    def mail_to(self, email):
        """Give the one message that `email` got, as bytes."""
        [found] = [mail for mail in self.mails if email in mail["rcpt_to"]]
        return found["data"]

    def factory(self):
        self.connections += 1
        if self.password is None:
            starttls = {"tls_context": self._starttls, "require_starttls": bool(self._starttls)}
            return Dropping(self, enable_SMTPUTF8=True, **starttls)
        return Dropping(self, authenticator=self._authenticate, auth_required=True, auth_require_tls=False)

    def _authenticate(self, server, session, envelope, mechanism, auth_data):
        return AuthResult(success=auth_data.password.decode() == self.password, handled=False)

    def _trigger_server(self):
        # The controller greets its own port, which it doesn't know when the system chose it.
        self.port = self.address[1]
        return super()._trigger_server()

    async def handle_MAIL(self, server, session, envelope, address, options):
        if "MAIL" in self.script:
            return self.script["MAIL"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self._next(address)
        if answer and answer[0] in "45":
            return answer
        session.answer = answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        drop = getattr(session, "answer", None)
        if self.delay:
            await asyncio.sleep(self.delay)
        self.mails.append(
            {
                "mail_from": envelope.mail_from,
                "options": list(envelope.mail_options),
                "rcpt_to": list(envelope.rcpt_tos),
                "data": envelope.original_content,
            }
        )
        if drop == "drop after data":
            server.transport.abort()
        return "250 2.0.0 OK"

    def _next(self, address):
        answer = self.script.get(address)
        if isinstance(answer, list):
            return answer.pop(0) if len(answer) > 1 else answer[0]
        return answer
