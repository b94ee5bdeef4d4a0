"""Getting a small document from a server of a service: within a time, up to a size, and from nowhere else."""

from __future__ import annotations

import http.client
import ssl
import time
from urllib.parse import urlsplit

from .proof import Refused

TIMEOUT = 5.0  # seconds, for everything together
MOST_OCTETS = 100_000  # a certificate has 2 kB, the answer to a confirmation less
_PORTION = 8_192


def fetch(url: str, context: ssl.SSLContext | None = None, timeout: float = TIMEOUT) -> bytes:
    """Give what is at `url` (https), following no redirection.

    :param context: whom to trust; the authorities that the system trusts if None
    :raises Refused: "unreachable" for everything but a complete document with status 200
    """
    parts = urlsplit(url)
    deadline = time.monotonic() + timeout
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port, timeout=timeout, context=context or ssl.create_default_context()
    )
    try:
        connection.request("GET", target, headers={"User-Agent": "email_campaign"})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise Refused("unreachable", f"{parts.hostname}: {response.status}")
        return _read(response, deadline, parts.hostname or "")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refused("unreachable", f"{parts.hostname}: {type(error).__name__}") from error
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, deadline: float, host: str) -> bytes:
    found = b""
    while portion := response.read1(_PORTION):
        found += portion
        if len(found) > MOST_OCTETS or time.monotonic() > deadline:
            raise Refused("unreachable", f"{host}: too much or too slow")
    return found
