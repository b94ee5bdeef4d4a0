"""From an IP address to the network by which visitors are counted, and the check of origins that may embed a page."""

from __future__ import annotations

import ipaddress
import re

#: Bits that one household or office has in common: RFC 6177 gives a site a /64 at the least.
PREFIXES = {4: 24, 6: 64}
MAX_ORIGINS = 20
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = re.compile(rf"https?://(?:\*\.)?{_HOST}(?::[0-9]{{1,5}})?")


def network(ip: str | None) -> str:
    """Return the network of `ip` as text, 192.0.2.0/24; empty for what is no IP address.

    An IPv4 address that is written as IPv6 (RFC 4291 section 2.5.5.2) counts as the IPv4 address it is.
    """
    try:
        address = ipaddress.ip_address((ip or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network(f"{address}/{PREFIXES[address.version]}", strict=False))


def origins(text: str) -> list[str]:
    """Return the origins (RFC 6454) in `text`, which blanks separate, as ``frame-ancestors`` takes them.

    Raises ValueError with the first word that is none: a path, a keyword, anything that could end the header.
    """
    words = text.lower().split()
    for word in words:
        if not _ORIGIN.fullmatch(word):
            raise ValueError(word)
    if len(words) > MAX_ORIGINS:
        raise ValueError(words[MAX_ORIGINS])
    return words
