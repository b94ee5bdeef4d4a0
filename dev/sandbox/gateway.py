"""Hand a message to Odoo's mail gateway, as Odoo's own script ``odoo-mailgate.py`` does: over XML-RPC."""

import dataclasses
import http.client
import xml.parsers.expat
import xmlrpc.client

TIMEOUT = 60.0  # seconds that Odoo has for one message


class GatewayUnavailable(Exception):
    """Odoo did not answer, or is not ready yet: worth another try."""


class GatewayRefused(Exception):
    """Odoo took the call and said no; another try would end the same way."""


@dataclasses.dataclass(frozen=True)
class Login:
    """Where Odoo is (``http://127.0.0.1:8069``) and who calls."""

    url: str
    database: str
    user: str
    password: str = dataclasses.field(repr=False)


class _Transport(xmlrpc.client.Transport):
    def make_connection(self, host: object) -> http.client.HTTPConnection:
        connection = super().make_connection(host)  # type: ignore[arg-type]
        connection.timeout = TIMEOUT
        return connection


class _SafeTransport(xmlrpc.client.SafeTransport):
    def make_connection(self, host: object) -> http.client.HTTPSConnection:
        connection = super().make_connection(host)  # type: ignore[arg-type]
        connection.timeout = TIMEOUT
        return connection


class Gateway:
    """One caller; not for use by several threads at once. Logs in at the first push."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._user_id = 0

    def push(self, message: bytes) -> None:
        """Give ``message`` to ``mail.thread.message_process``.

        Raises :exc:`GatewayUnavailable` or :exc:`GatewayRefused`.
        """
        try:
            if not self._user_id:
                self._user_id = self._authenticate()
            self._service("object").execute_kw(
                self._login.database,
                self._user_id,
                self._login.password,
                "mail.thread",
                "message_process",
                [False, xmlrpc.client.Binary(message)],
                {},
            )
        except xmlrpc.client.Fault as fault:
            raise GatewayRefused(last_line(fault.faultString)) from fault
        except (OSError, http.client.HTTPException) as error:
            raise GatewayUnavailable(f"{self._login.url} does not answer: {error}") from error
        except (xmlrpc.client.Error, xml.parsers.expat.ExpatError) as error:
            raise GatewayUnavailable(f"{self._login.url} does not answer as Odoo would: {error}") from error

    def _authenticate(self) -> int:
        """The user's id. A database still in the making refuses everybody, so a refusal is no last word."""
        try:
            user_id = self._service("common").authenticate(
                self._login.database, self._login.user, self._login.password, {}
            )
        except xmlrpc.client.Fault as fault:
            raise GatewayUnavailable(f"Odoo cannot log in: {last_line(fault.faultString)}") from fault
        if not isinstance(user_id, int) or not user_id:
            raise GatewayUnavailable(f"Odoo refuses the login {self._login.user!r} (see --odoo-login, --odoo-password)")
        return user_id

    def _service(self, name: str) -> xmlrpc.client.ServerProxy:
        url = self._login.url.rstrip("/")
        transport = _SafeTransport() if url.startswith("https:") else _Transport()
        return xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/{name}", transport=transport, allow_none=True)


def last_line(fault: str) -> str:
    """What a traceback ends with."""
    lines = [line.strip() for line in fault.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
