"""One event of a service in the form that all of them are brought to, and the verdict that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from ..bounce import Failed, Reason, Verdict, classify

Kind = Literal["hard", "soft", "delayed", "complaint", "delivered", "opt_out", "auto_reply", "open", "click", "other"]
# What the service counts, and we count better ourselves; and what says nothing about a recipient.
IGNORED: frozenset[Kind] = frozenset(("open", "click", "other"))
# Who gives every mail a Message-ID of its own: that it isn't ours says nothing there.
RENAMING = frozenset(("brevo",))


class Says(NamedTuple):
    """What an event of a service means: a row of its table.

    Without a `reason` the diagnostic tells it. Services call much a hard bounce that is none, so what a diagnostic
    plainly says goes before "hard"; unless the service is `firm`, because it has a word of its own for dead addresses.
    """

    kind: Kind
    reason: Reason | None = None
    firm: bool = False


# In every table.
DEAD = Says("hard", "dead_address", firm=True)
HARD, SOFT, DELAYED = Says("hard"), Says("soft"), Says("delayed")
DELIVERED, COMPLAINT, OPT_OUT, AUTO_REPLY = Says("delivered"), Says("complaint"), Says("opt_out"), Says("auto_reply")
OPEN, CLICK, OTHER = Says("open"), Says("click"), Says("other")
BLOCKED, POLICY, CONTENT = Says("soft", "blocked"), Says("soft", "policy"), Says("soft", "content")
# The service did not even try, because of what came back before, to this account or to another one of its customers.
SUPPRESSED = BLOCKED


@dataclass(frozen=True)
class Told:
    """What a service tells about one recipient.

    `word` is the service's own name of the event, `known` whether there is a row for it; `reference` names the event
    among all of that service, so that it counts once; `at` is naive UTC; `status` is x.y.z (RFC 3463) or empty.
    `message_id` holds our Message-ID, or only its token, `return_path` the envelope sender, both as far as the event
    has them.
    """

    service: str
    word: str
    kind: Kind
    address: str
    reference: str
    at: datetime | None = None
    reason: Reason = "unknown"
    permanent: bool = False
    status: str = ""
    diagnostic: str = ""
    message_id: str = ""
    return_path: str = ""
    known: bool = True
    raw: bytes = b""

    @property
    def may_be_ours(self) -> bool:
        """Whether it may be about mail of ours if its Message-ID is none of ours: an account may serve others too."""
        return not self.message_id or self.service in RENAMING

    @property
    def rule(self) -> str:
        """What decided: the service and its event."""
        return f"{self.service}: {self.word}"


def weigh(says: Says, status: str, diagnostic: str) -> tuple[Kind, bool, Reason]:
    """Give (kind, permanent, reason) of what the service `says`, with what a server said to it."""
    if says.kind not in ("hard", "soft", "delayed"):
        return says.kind, False, "unknown"
    permanent, said = classify(None, status or None, diagnostic)
    if says.kind == "hard":
        if says.firm or said in ("dead_address", "unknown"):
            return "hard", True, "dead_address"
        return "soft", True, said
    # A service that says it may go well another time knows of no dead address.
    return says.kind, permanent and says.kind == "soft" and said != "dead_address", says.reason or said


def to_verdict(told: Told) -> Verdict:
    """Give what `told` says in the form in which incoming mail is judged."""
    if told.kind in ("delivered", "opt_out"):
        return Verdict("other", told.kind)
    if told.kind == "auto_reply":
        return Verdict("auto_reply", told.rule)
    if told.kind not in ("hard", "soft", "delayed", "complaint"):
        return Verdict("other", told.rule)
    action = {"delayed": "delayed", "complaint": "complaint"}.get(told.kind, "failed")
    failed = Failed(told.address, action, told.status, told.diagnostic, told.permanent, told.reason)
    kind = "complaint" if told.kind == "complaint" else failed.kind
    return Verdict(kind, told.rule, (failed,), told.message_id or None)
