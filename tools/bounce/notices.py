"""Reports that are about no delivery: read receipts (RFC 8098), DMARC (RFC 7489) and TLS reports (RFC 8460)."""

from __future__ import annotations

import re

from .parts import Part

_SUBJECT = re.compile(r"^\W*(?:report domain:|dmarc\b)", re.IGNORECASE)
_FILE = re.compile(r"\bname\*?=[^;]{0,20}[\w.-]{1,200}![\w.-]{1,200}!\d{6,12}!\d{6,12}", re.IGNORECASE)


def kind_of(message: Part, parts: list[Part]) -> str:
    """Return what kind of notice it is, or an empty text if it is none that is known here."""
    kinds = {part.kind for part in parts}
    report = message.parameter("report-type").lower()
    if report == "disposition-notification" or "message/disposition-notification" in kinds:
        return "read receipt (RFC 8098)"
    if report in ("tlsrpt", "tlsrpt+gzip") or kinds & {"application/tlsrpt+gzip", "application/tlsrpt+json"}:
        return "TLS report (RFC 8460)"
    names = (part.fields.get(name, "") for part in parts for name in ("content-type", "content-disposition"))
    if any(map(_FILE.search, names)):
        return "DMARC report (RFC 7489)"
    if _SUBJECT.search(message.header("subject")):
        return "DMARC report (RFC 7489)"
    return ""
