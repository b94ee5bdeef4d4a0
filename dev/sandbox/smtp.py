"""The SMTP side: aiosmtpd's server with the sandbox's behaviour behind it.

Beyond aiosmtpd's own extensions (SIZE, 8BITMIME, SMTPUTF8) it offers DSN (RFC 3461), because what a bounce
says depends on ORCPT, NOTIFY, RET and ENVID.
"""

import asyncio
import collections
import hmac
import sqlite3
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from .behaviour import Answer, Behaviour
from .inbox import Accepted, Inbox
from .records import Recipient

SIZE_LIMIT = 32 * 1024 * 1024  # octets
GREYLIST_SIZE = 10_000  # (sender, recipient) pairs remembered
DSN_PARAMETERS = ("ORCPT", "NOTIFY", "RET", "ENVID")


class SandboxEnvelope(Envelope):
    """An envelope that also keeps what RFC 3461 parameters were given."""

    def __init__(self) -> None:
        super().__init__()
        self.recipients: list[tuple[Recipient, Answer | None]] = []
        self.mail_parameters: dict[str, str] = {}


class SandboxSMTP(SMTP):
    """aiosmtpd, taught the RFC 3461 parameters, which it would answer with 555."""

    parameters: dict[str, str]

    def _create_envelope(self) -> SandboxEnvelope:
        return SandboxEnvelope()

    async def smtp_MAIL(self, arg: str | None) -> None:
        self.parameters = dsn_parameters(arg)
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        self.parameters = dsn_parameters(arg)
        await super().smtp_RCPT(arg)

    def _getparams(self, params: Any) -> dict[str, str | bool] | None:
        known = super()._getparams(params)
        if known:
            for name in DSN_PARAMETERS:
                known.pop(name, None)
        return known


def dsn_parameters(arg: str | None) -> dict[str, str]:
    """The RFC 3461 parameters of a MAIL or RCPT command, in their own case (aiosmtpd upper-cases them)."""
    _address, _bracket, tail = (arg or "").rpartition(">")
    pairs = (word.partition("=") for word in tail.split())
    return {name.upper(): value for name, _equals, value in pairs if name.upper() in DSN_PARAMETERS}


def xtext(value: str) -> str:
    """Decode RFC 3461 section 4 xtext (``+2B`` is ``+``); what is malformed stays as it is."""
    head, *escaped = value.split("+")
    for part in escaped:
        code = part[:2]
        is_hex = len(code) == 2 and all(digit in "0123456789ABCDEF" for digit in code)
        head += chr(int(code, 16)) + part[2:] if is_hex else "+" + part
    return "".join(character for character in head if character.isprintable())


def unusable(address: str, envelope: Envelope) -> str:
    """The refusal for an address outside ASCII that came without SMTPUTF8 (RFC 6531) or is not UTF-8."""
    if address.isascii() or (envelope.smtp_utf8 and address.isprintable()):
        return ""
    return "553 5.6.7 An address outside ASCII needs SMTPUTF8"


class Handler:
    """Answers RCPT by the table in :mod:`.behaviour` and keeps what DATA brings."""

    def __init__(self, inbox: Inbox, behaviour: Behaviour) -> None:
        self._inbox = inbox
        self._behaviour = behaviour
        self._tried: collections.OrderedDict[tuple[str, str], None] = collections.OrderedDict()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        offered = [line for line in responses if line.strip() != "250-AUTH"]  # without a mechanism it says nothing
        return [*offered[:-1], "250-DSN", offered[-1]]

    async def handle_MAIL(
        self,
        server: SandboxSMTP,
        session: Session,
        envelope: SandboxEnvelope,
        address: str,
        options: list[str],
    ) -> str:
        if refusal := unusable(address, envelope):
            return refusal
        envelope.mail_from = address  # aiosmtpd gives the null sender as "<>"
        envelope.mail_options.extend(options)
        envelope.mail_parameters = server.parameters
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self,
        server: SandboxSMTP,
        session: Session,
        envelope: SandboxEnvelope,
        address: str,
        options: list[str],
    ) -> str:
        if refusal := unusable(address, envelope):
            self._inbox.count_refusal(refusal)
            return refusal
        rule = self._behaviour.of(address)
        if rule.refusal and not (rule.first_try_only and self._tried_before(envelope.mail_from or "", address)):
            self._inbox.count_refusal(rule.refusal)
            return rule.refusal
        recipient = Recipient(
            address,
            original=xtext(server.parameters.get("ORCPT", "")),
            notify=server.parameters.get("NOTIFY", "").upper() != "NEVER",
        )
        envelope.rcpt_tos.append(address)
        envelope.recipients.append((recipient, self._due_answer(rule.answer, recipient, envelope)))
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SandboxSMTP, session: Session, envelope: SandboxEnvelope) -> str:
        sender = envelope.mail_from or ""
        accepted = Accepted(
            mail_from="" if sender == "<>" else sender,
            recipients=envelope.recipients,
            raw=envelope.original_content or b"",
            envelope_id=xtext(envelope.mail_parameters.get("ENVID", "")),
            return_full=envelope.mail_parameters.get("RET", "FULL").upper() != "HDRS",
        )
        try:
            first_id = self._inbox.add(accepted)
        except sqlite3.OperationalError as error:  # disk full, file gone
            return f"452 4.3.1 Cannot keep the message: {error}"
        return f"250 2.0.0 OK: queued as {first_id:08X}"

    def _due_answer(self, answer: Answer | None, recipient: Recipient, envelope: Envelope) -> Answer | None:
        """Never to the null sender (RFC 5321 section 6.1); NOTIFY=NEVER forbids delivery reports only."""
        if envelope.mail_from == "<>":
            return None
        is_report = answer not in (Answer.COMPLAINT, Answer.AUTO)
        return None if is_report and not recipient.notify else answer

    def _tried_before(self, sender: str, recipient: str) -> bool:
        pair = (sender.lower(), recipient.lower())
        if pair in self._tried:
            return True
        self._tried[pair] = None
        if len(self._tried) > GREYLIST_SIZE:
            self._tried.popitem(last=False)
        return False


class Authenticator:
    """Takes one user with one password. A wrong one gets aiosmtpd's 535 5.7.8."""

    def __init__(self, user: str, password: str, inbox: Inbox) -> None:
        self._user = user.encode()
        self._password = password.encode()
        self._inbox = inbox

    def __call__(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
    ) -> AuthResult:
        same_user = hmac.compare_digest(login.login, self._user)
        same_password = hmac.compare_digest(login.password, self._password)
        if same_user and same_password:
            return AuthResult(success=True, handled=False, auth_data=login.login)
        self._inbox.count_refused_login()
        return AuthResult(success=False, handled=False)


def connection(handler: Handler, authenticator: Authenticator | None, loop: asyncio.AbstractEventLoop) -> SandboxSMTP:
    """The protocol for one connection. With an authenticator, nothing is taken before AUTH."""
    return SandboxSMTP(
        handler,
        hostname="sandbox.localhost",
        ident="sandbox",
        data_size_limit=SIZE_LIMIT,
        enable_SMTPUTF8=True,
        auth_required=authenticator is not None,
        auth_require_tls=False,  # loopback only
        auth_exclude_mechanism=() if authenticator else ("PLAIN", "LOGIN"),
        authenticator=authenticator,
        loop=loop,
    )
