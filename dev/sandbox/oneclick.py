"""Press a message's one-click unsubscribe button as a mail provider would (RFC 8058)."""

import dataclasses
import http.client
import ipaddress
import urllib.parse

TIMEOUT = 15.0  # seconds


@dataclasses.dataclass(frozen=True)
class Outcome:
    """``status`` is the HTTP status, 0 where there was none; ``explanation`` is for people."""

    status: int
    explanation: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its very name, without asking DNS."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def unsubscribe(url: str) -> Outcome:
    """POST ``List-Unsubscribe=One-Click`` to ``url``, without cookies and without following redirects.

    Only hosts of the loopback interface are asked: a message must not make the sandbox call strangers.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Outcome(0, "The address is malformed.")
    if parts.scheme not in ("http", "https") or not is_loopback(host):
        return Outcome(
            0, f"Not asked: {host or url} is not this machine. Set the base URL of Odoo to localhost to try."
        )
    target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    connection_class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connection_class(host, port, timeout=TIMEOUT)
    try:
        connection.request(
            "POST",
            target,
            body="List-Unsubscribe=One-Click",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        reply = connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(0, f"No answer from {host}: {error}")
    finally:
        connection.close()
    if 300 <= reply.status < 400:
        return Outcome(reply.status, "A redirect. RFC 8058 wants the answer at once; a mail provider would give up.")
    return Outcome(reply.status, reply.reason or http.client.responses.get(reply.status, ""))
