"""Why something was refused: one table from an enhanced status (RFC 3463) and a server's words to a reason.

What words say goes before what the status says, because many servers answer everything with 5.1.1 or 5.7.1. What blames
the address comes last, and only there does it matter when in the session it was said (`judge`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from .verdict import Reason

Stage = Literal["connect", "mail", "rcpt", "piped", "data", ""]

MAX_TEXT = 2_000  # characters of a diagnostic that are kept
MAX_WORDS = 600  # characters that are searched for a reason: it stands at the start

_WHO = (
    r"(?:user|recipient(?!'?s? (?:mail )?(?:server|domain|system))|mail ?box|addressee?|account|person|customer"
    r"|destinataire|utilisateur|usuario|empf(?:ä|ae)nger)"
)
_NOT = r"(?:not|n't|no longer|never)"

# (reason, status or None for any, text): the first row that fits decides.
_TEXTS: tuple[tuple[Reason, str | None, str], ...] = (
    ("dead_address", r"5\.4\.1", r"recipient address rejected: access denied"),
    ("policy", None, r"google groups|not accept(?:ing)? (?:any )?(?:e?-?mail|messages?) from"),
    (
        "rate",
        None,
        r"too many (?!hops|.?received)|rate[ -]?limit|throttl|too (?:fast|quickly|frequent)|unexpected volume",
    ),
    ("rate", None, r"(?:connection|message|sending|hourly|daily) (?:rate|limit|quota)|gr[ae]y-?list"),
    ("rate", None, r"try again later in"),
    ("rate", None, r"receiving mail (?:at a rate|too)|exceeded .{0,30}\b(?:per|connections|messages)\b"),
    ("mailbox_full", None, r"over ?quota|quota (?:is |has been )?(?:full|exceeded|violat)"),
    ("mailbox_full", None, r"exceed.{0,30}\b(?:quota|storage)"),
    ("mailbox_full", None, r"(?:mail ?box|in ?box|mail ?folder) (?:.{0,20} )?(?:is )?full\b|\bdisk full"),
    ("mailbox_full", None, r"not enough (?:\w+ )?space"),
    ("mailbox_full", None, r"insufficient (?:system |disk )?(?:storage|space)|out of (?:storage|disk)"),
    ("mailbox_full", None, r"too much mail (?:stored|data)"),
    ("mailbox_full", None, r"bo[iî]te (?:aux lettres )?.{0,30}pleine|postfach .{0,20}voll|buz[oó]n .{0,20}lleno"),
    ("mailbox_full", None, r"casella .{0,20}piena"),
    ("mailbox_full", None, r"(?:quota|size) (?:limit )?(?:of|for) .{0,60}(?:mailbox|user) .{0,20}exceed"),
    ("mailbox_full", None, r"mailbox (?:size )?limit|full (?:mail|in) ?box"),
    ("mailbox_full", None, r"mail ?box exceed|exceed(?:s|ed)? (?:the )?(?:local|allowed|mailbox) (?:limit|size)"),
    ("mailbox_full", None, r"too much mail"),
    ("size", None, r"(?:message|mail|size|line|headers?)\b[^\d\[]{0,30}\b(?:too (?:large|big)|exceed)"),
    ("size", None, r"(?:line|header)s? .{0,20}too long|exceed.{0,30}\bsize|\bsize limit|line limit"),
    ("disabled", None, rf"{_WHO}\b.{{0,60}}\b(?:disabled|discontinued|suspended|deactivated|d[eé]sactiv|gesperrt)"),
    ("disabled", None, rf"(?:disabled|suspended|deactivated|blocked) {_WHO}"),
    ("disabled", None, r"(?:account|mailbox|compte)\b.{0,20} (?:is|est) (?:temporarily )?(?:blocked|bloqu)"),
    ("disabled", None, r"(?:account|mailbox)\b.{0,20} is (?:temporarily )?(?:locked|frozen)"),
    ("disabled", None, r"extended inactivity|not currently being accepted for this"),
    ("content", None, r"\b(?:spam|virus|malware|phishing|unsolicited|infected|ube|junk)\b"),
    ("content", None, r"spam-?(?:like|score|message|signature)"),
    ("content", None, r"\bcontent\b.{0,40}\b(?:reject|denied|block|not accept|potential)"),
    ("content", None, r"attachments? .{0,30}(?:not|reject|block|prohib|forbid)"),
    ("content", None, r"(?:reject|block|prohib|forbid)\w* .{0,30}attachment|virus detected|pourriel"),
    ("content", None, r"\bfiltered\b"),
    ("content", None, r"headers? error|duplicate header|multiple .{0,20}addresses in|\brfc ?[25]?822\b"),
    ("content", None, r"not (?:rfc|compliant)"),
    ("blocked", None, r"black ?list|block ?list|\bblocked\b|\b(?:dns)?[rd]bl\b|spamhaus|reputation"),
    ("blocked", None, r"(?<!not )\blisted (?:at|on|by)\b|listed in .{0,20}(?:bl|list)\b"),
    ("blocked", None, r"\bbanned\b|client host .{0,80}\brejected|reverse dns|\bptr\b|\bname lookup failed|open relay"),
    ("blocked", None, r"messages from .{0,60} (?:weren't|not) (?:sent|accepted)|unverif\w+ sending"),
    ("blocked", None, r"refused to talk to me"),
    (
        "blocked",
        None,
        r"ask your postmaster|service (?:refus|reject|unavailable, clos)|connection (?:reject|dropp)|connexion refus",
    ),
    ("blocked", None, r"use the smtp server of your isp"),
    ("policy", None, r"\b(?:dmarc|spf|dkim|arc)\b|relay(?:ing)? (?:access )?(?:denied|not|prohibited)|starttls"),
    ("policy", None, r"\btls\b"),
    ("policy", None, r"(?:unable|not) to relay|sender address\b.{0,80}not exist|preferences|unroutable sender"),
    ("policy", None, r"sender address"),
    ("policy", None, r"sender (?:\S+ )?(?:address )?(?:\S+ )?(?:rejected|denied|unknown|not )|sender verify"),
    ("policy", None, r"of sender\b.{0,90}not exist"),
    ("policy", None, r"\bpolic(?:y|ies)\b|prohibited|not authori[sz]ed|authentication (?:is )?required"),
    ("policy", None, r"access denied|permission"),
)
# What a status alone says.
_STATUSES: tuple[tuple[Reason, str], ...] = (
    ("expired", r".\.4\.7"),
    ("mailbox_full", r".\.2\.2"),
    ("size", r".\.2\.3|.\.3\.4"),
    ("disabled", r".\.2\.1|.\.7\.13"),
    ("policy", r".\.1\.[78]"),
    ("dead_address", r"5\.1\.(?:[1236]|10|351)|5\.4\.4|5\.3\.2|5\.7\.27"),
    ("content", r".\.6\.\d+"),
    ("rate", r"4\.7\.\d+"),
    ("blocked", r".\.7\.1"),
    ("policy", r".\.7\.\d+"),
)
_VAGUE = re.compile(r"|5\.[0135]\.\d+")  # no status, or one that doesn't tell
# A status that says something else than that somebody is unknown.
_SAYS_ELSE = re.compile(r"4\..*|5\.(?:2\.[2-9]|3\.4|[46]\..*|7\.(?!1$).*)")
# Who says that something may be so doesn't say that it is.
_HEDGED = re.compile(
    r"\b(?:may not|might|möglicherweise|il se peut|possible que|puede que|potrebbe|talvez|mogelijk)\b|может быть|可能",
)
# Words that blame the address: the person ...
_NOBODY = re.compile(
    rf"\b{_WHO}s?\b(?: \S+)? (?:is |was |are |ist )?(?:unknown|invalid|unbekannt|inconnue?|desconocido|illegal)\b"
    r"|\b(?:unknown|invalid|no such|bad|illegal|non-?existent|unrout\w+|unbekannte[rn]?) (?:or \w+ )?"
    rf"(?:local |virtual |e-?mail )?{_WHO}"
    r"|\b(?:unknown|invalid|no such|bad|unrout\w+) (?:mailbox|person|(?:e-?mail |local )?address|final delivery)"
    rf"|\b{_WHO}\b.{{0,60}}{_NOT}\b.{{0,20}}(?:found|exist|known|listed|valid|present|accept|recogni[sz]ed|local|active|available)"
    r"|address\b.{0,60}(?:does(?:n't| not) exist|not? (?:longer|found|exist|valid))|doesn't have an? .{0,60}account"
    r"|address\b.{0,60}(?:wasn't|couldn't be|could not be|was not) found"
    r"|not our customer|no mailbox (?:here|found|currently)|recip(?:ient)?notfound|no valid recipients|nosuchuser"
    r"|user ?not ?found"
    r"|not (?:listed )?in .{0,20}(?:directory|address book)|badrcptto|validrcptto"
    r"|no (?:one|account) .{0,20}(?:address|name)"
    r"|unknown e-?mail address|n'existe pas|no existe|non esiste|n[aã]o existe"
    r"|nicht (?:gefunden|bekannt|vorhanden|existiert)"
    r"|existiert nicht|onbekend|nie istnieje|не (?:существует|найден)|пользователь не"
    r"|存在しません|見つかりません|不存在"
    r"|inactive e-?mail|moved to|has been replaced|recipient no longer",
)
_UNAVAILABLE = re.compile(r"requested action not taken: mailbox unavailable")
# ... or the domain, which nobody needs to be asked about.
_NOWHERE = re.compile(
    r"(?:no such|unknown|illegal|bad|non-?existent) (?:host|domain|destination)"
    r"|(?:host|domain)\b.{0,40}\b(?:unknown|not found|not exist)"
    r"|domain .{0,40}(?:not reachable|couldn't be found|could not be found|n't exist|not exist|must exist)|null mx"
    r"|unrout\w+ mail domain"
    r"|(?:host|domain)\b.{0,40} does(?: not|n't) (?:accept|receive) e?-?mail"
    r"|couldn't find (?:any host|a mail exchanger)"
    r"|point to non-?existent hosts?|indicated no smtp service"
    r"|name or service not known|not accept(?:ing)? network messages|\b(?:521|556)[ -]",
)
_REJECTED = re.compile(r"address rejected")
_EXPIRED = re.compile(
    r"expired|(?:retry|delivery) time(?:out)? .{0,20}exceeded|(?:too|very) long in .{0,10}queue|in the queue too long"
    r"|failing for a long"
    r"|(?:retry|delivery) timeout|retry time not reached|not delivered within|aborted after|failed \d+ attempts"
    r"|cannot send message (?:for|within)"
    r"|could not send (?:message )?for|after \d+ (?:attempt|day|hour)|giving up after|within the allowed queue"
    r"|past \d+ (?:hours|days)",
)
_NETWORK = re.compile(
    r"connect(?:ion)? .{0,80}(?:timed out|refused|reset|lost|failed)|no route|unreachable|\bdns\b|hop count"
    r"|too many hops|\bloop"
    r"|socket error|not reachable|not respond|no answer|timed? ?out|temporar\w+ (?:lookup|resol)"
    r"|establish an smtp connection|did not accept our",
)
_ROWS = tuple((reason, re.compile(status) if status else None, re.compile(text)) for reason, status, text in _TEXTS)
_STATUS_ROWS = tuple((reason, re.compile(status)) for reason, status in _STATUSES)

_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
_CODE = re.compile(r"(?<![\d.#])[245]\d\d(?=[ \-=#:,]|$)")
_NOISE = re.compile(r"https?://\S+|\S+@\S+")
# An answer that has a place for the recipient, and leaves it empty: none had been named when it was given.
_OF_NOBODY = re.compile(r"\b55\d[ :-]+: (?:user )?unknown|\b55\d[ :-]+: ", re.IGNORECASE)


def classify(code: int | None, enhanced: str | None, text: str) -> tuple[bool, Reason]:
    """Return (permanent, reason) of an SMTP reply: its code (RFC 5321), enhanced status (RFC 3463), text.

    `code` and `enhanced` may be None; an enhanced status in the text is then used. The class of the code, or
    else of the status, says whether it is permanent; without both it is not.
    """
    text = text[:MAX_TEXT]
    enhanced = enhanced or first_status(text)
    permanent = code // 100 == 5 if code else (enhanced or "").startswith("5")
    return permanent, _reason(enhanced or "", plain(text), "rcpt", False)


def judge(diagnostic: str, status: str, stage: Stage = "", first_hand: bool = False) -> tuple[str, bool, Reason]:
    """Return (status, permanent, reason) of one recipient of a report.

    :param diagnostic: what the server said, with code and enhanced status if it gave them
    :param status: the report's own status, or empty
    :param stage: the part of the SMTP session that was answered, where it is known. Filters say "user unknown" after
        they have seen the message; about an address that is only believed in answer to RCPT or with a status that
        says so.
    :param first_hand: whether it is the reporting system's own statement, and not what another server answered
    """
    diagnostic = diagnostic[:MAX_TEXT]
    told, code = first_status(diagnostic), first_code(diagnostic)
    if told and (not status or told[0] != status[0] or status.endswith(".0.0")):
        status = told
    kind = (status or code)[:1]
    enhanced = told if told and not told.endswith(".0.0") and status[:1] == told[:1] else status
    reason = _reason(enhanced, plain(diagnostic), stage, first_hand)
    if reason == "dead_address" and _OF_NOBODY.search(" ".join(diagnostic.split())):
        reason = "filtered"
    return status, kind != "4", reason


def first_status(text: str) -> str:
    """Return the first enhanced status in `text` that tells something, or an empty text."""
    found = [match[0] for match in _ENHANCED.finditer(text[:MAX_TEXT])]
    for vague in (".0", ".0.0"):  # "5.0.0 smtp; 5.1.0 - Unknown address error 550-'5.1.1 ..."
        if telling := [status for status in found if not status.endswith(vague)]:
            return telling[0]
    return found[0] if found else ""


def first_code(text: str) -> str:
    """Return the first reply code of a failure in `text`, or an empty text."""
    found = _CODE.search(text)
    return found[0] if found else ""


def plain(text: str) -> str:
    """Return `text` on one lower-case line, without URLs and addresses: "<spam@x.com>" says nothing about spam."""
    return " ".join(_NOISE.sub(" ", text[:MAX_TEXT]).split())[:MAX_WORDS].lower()


@lru_cache(maxsize=2_048)
def _reason(status: str, text: str, stage: Stage, first_hand: bool) -> Reason:
    for reason, pattern, words in _ROWS:
        if (pattern is None or pattern.fullmatch(status)) and words.search(text):
            return reason
    nobody, nowhere = _NOBODY.search(text), _NOWHERE.search(text)
    if nowhere and not status.startswith(("4.", "5.2.")) and stage != "mail":
        return "dead_address"
    if nobody and stage == "rcpt" and _SAYS_ELSE.fullmatch(status) is None:
        return "dead_address"
    for reason, pattern in _STATUS_ROWS:
        if pattern.fullmatch(status):
            return reason
    if _EXPIRED.search(text):
        return "expired"
    if re.fullmatch(r".\.4\.\d+", status):
        return "network"
    gone = {"5.1.0": _REJECTED, "5.5.0": _UNAVAILABLE}.get(status)
    if stage != "mail" and gone and gone.search(text):
        return "dead_address"
    if stage == "mail":
        return "policy"
    if stage == "connect":
        return "blocked"
    if nobody:
        believed = (first_hand and not _HEDGED.search(text)) or stage == "piped"
        return "dead_address" if believed and _VAGUE.fullmatch(status) else "filtered"
    if _UNAVAILABLE.search(text):
        return "filtered"
    if _NETWORK.search(text):
        return "network"
    # Recipients are refused before the message is sent; what is refused after it is the message.
    return "content" if stage == "data" and not status.startswith("4.") else "unknown"
