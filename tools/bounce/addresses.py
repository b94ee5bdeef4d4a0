"""Addresses as reports write them."""

from __future__ import annotations

import re

from ..address import AddressError, normalize

MAX_ADDRESS = 1_000

# Loose on purpose: what is found is compared with addresses that we know. Bounded, so that no text makes it slow.
LOCAL = r"(?:\"[^\"\s@]{1,64}\"|[^\s<>()\[\]{}:;,\"'`@\\|]{1,64})"
DOMAIN = r"(?:[^\W_][\w-]{0,62}(?:\.[\w-]{1,63}){0,10}|\[[\d.]{7,15}\])"
ADDRESS = rf"{LOCAL}@{DOMAIN}"

_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_ROUTE = re.compile(r"^@[^:\s]{1,200}:")
_INSIDE = re.compile(rf"<({ADDRESS})>|({ADDRESS})")


def read(text: str) -> tuple[str, bool]:
    """Return (normal form, True) of an address in a report (RFC 6533 3), or (text, False) if it is none."""
    text = _UNITEXT.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), text[:MAX_ADDRESS]).strip()
    text = _ROUTE.sub("", text.strip("<>").strip())
    try:
        return normalize(text), True
    except AddressError:
        pass
    text = " ".join(text.split()).strip("<>")[:320]
    # Addresses that are in use although no standard has them: with a dot at the end of the local part, quoted ...
    if re.fullmatch(ADDRESS, text):
        local, _at, domain = text.rpartition("@")
        return f"{local}@{domain.lower()}".lower(), "." in domain
    return text, False


def within(text: str, most: int = 20) -> list[str]:
    """Return the addresses that a header value holds, in their normal form, each once."""
    found = (match[1] or match[2] for match in _INSIDE.finditer(text[:10_000]))
    return list(dict.fromkeys(read(spec)[0] for spec in found))[:most]
