"""What came back, as it was found, made into plain rows that the database takes whatever strangers wrote."""

import base64
import hashlib
import logging
from datetime import datetime, timezone

from ...tools import address
from ...tools.plaintext import one_line

_logger = logging.getLogger(__name__)

# Octets of a message that are kept; a report with the header of what it returns is a tenth of that.
KEPT_RAW = 64 * 1024
KEPT_DIAGNOSTIC = 2_000  # characters
KEPT_NAME = 200
CHANNELS = ("mailbox", "webhook", "dialogue")
# A `Verdict` of kind other with one of these rules tells something after all.
TOLD_BY_RULE = ("delivered", "opt_out")
# They say something about the recipient; the others are on record only.
_EFFECTIVE = ("complaint", "opt_out")


def rows(found, emails):
    """Give the rows of those of `found` that say something about somebody, one dict for each.

    One that can't be read is left out, and says so in the server's log: it keeps nobody else's from being heard.

    :param found: see `email.verdict._take`
    :param emails: {recipient_id: address} of those that are there
    """
    result = []
    for item in found:
        try:
            row = _row(item, emails)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            _logger.warning("Something that came back can't be read, and was left out", exc_info=True)
            continue
        if row:
            result.append(row)
    return result


def _row(item, emails):
    recipient_id = int(item["recipient_id"])
    if recipient_id not in emails:
        return None
    verdict = item["verdict"]
    failed = about(verdict, emails[recipient_id])
    kind = kind_of(verdict, failed)
    if kind is None:
        return None
    counts = kind in _EFFECTIVE or (kind in ("hard", "soft") and (failed is None or failed.counts))
    raw = item.get("raw")
    raw = bytes(raw) if raw else b""
    return {
        "recipient_id": recipient_id,
        "kind": kind,
        "counts": counts,
        "state": ("counted" if counts else "noted") if item.get("signed", True) else "proposed",
        "reason": failed.reason if failed else None,
        "status": text(failed.status, 20) if failed else None,
        "diagnostic": text(failed.diagnostic, KEPT_DIAGNOSTIC) if failed else None,
        "rule": text(verdict.rule, KEPT_NAME),
        "matched_by": text(item.get("matched_by"), 40),
        "channel": item.get("channel") if item.get("channel") in CHANNELS else "mailbox",
        "provider_id": int(item.get("provider_id") or 0) or None,
        "reference": text(item.get("reference"), KEPT_NAME) or _reference(raw, verdict, item.get("at")),
        # As the ORM keeps what is binary.
        "raw": base64.b64encode(raw[:KEPT_RAW]).decode() if raw else None,
        "raw_size": len(raw),
        "at": _moment(item.get("at")),
        "subject": text(item.get("subject"), KEPT_NAME),
        "sender": text(item.get("sender"), KEPT_NAME),
    }


def about(verdict, email):
    """Give what `verdict` says about `email`, or about whom it names in its place; None if it names nobody.

    The return path tells whom it is about; a report may name the address in another form, or one it was forwarded to.
    """
    own = address.key(email)
    named = [failed for failed in verdict.recipients if address.key(failed.address) == own]
    return (named or list(verdict.recipients) or [None])[0]


def kind_of(verdict, failed):
    """Give the kind of row that a verdict makes; None where there is nothing to keep."""
    if verdict.kind in ("hard", "soft"):
        if failed is None:
            return verdict.kind
        return "delayed" if failed.action == "delayed" else failed.kind
    if verdict.kind in ("complaint", "auto_reply"):
        return verdict.kind
    if verdict.rule in TOLD_BY_RULE:
        return verdict.rule
    # A receipt is nothing to keep; what nobody understood, people may look at.
    return None if verdict.understood else "other"


def text(value, longest):
    """Give `value` as text that PostgreSQL and JSON take, None for nothing."""
    return one_line(value, longest) or None


def _reference(raw, verdict, at):
    """Give a name to what has none: the same for the same."""
    return hashlib.sha256(raw or repr((verdict, at)).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _moment(at):
    """Give a moment (naive UTC) as text; None for none, or one that can't be right."""
    if at is None:
        return None
    if at.tzinfo is not None:
        at = at.astimezone(timezone.utc).replace(tzinfo=None)
    return at.isoformat() if at.year >= 2000 and at <= datetime.now(timezone.utc).replace(tzinfo=None) else None
