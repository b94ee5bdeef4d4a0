"""The origin of a web page: what a Content-Security-Policy calls the place that a form may lead to."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import idna

_SCHEMES = ("http", "https")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")
# What has no place in a link, or ends a source of a policy (Content Security Policy Level 3 section 2.3.1).
_NEVER = re.compile(r"[\s\\\"'<>\x00-\x20\x7f]")
_LONGEST = 2_000  # characters of a link that somebody typed


def origin(url: str) -> str:
    """Give scheme, host and port of `url` in ASCII, or an empty text where it is no whole http(s) address.

    >>> origin("https://www.example.com:8443/goodbye?x=1")
    'https://www.example.com:8443'
    >>> origin("javascript:alert(1)")
    ''
    """
    if len(url) > _LONGEST or _NEVER.search(url) or not url.isprintable():
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode("ascii")
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:  # of which idna.IDNAError is one
        return ""
    # A name in front of the host is how a link pretends to lead elsewhere.
    if parts.scheme not in _SCHEMES or "@" in parts.netloc or not _HOST.fullmatch(host):
        return ""
    return f"{parts.scheme}://{host}{port}"
