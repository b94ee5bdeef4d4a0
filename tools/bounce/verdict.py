"""What a message is found to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["hard", "soft", "complaint", "auto_reply", "other"]
Reason = Literal[
    "dead_address",
    "disabled",
    "mailbox_full",
    "filtered",
    "blocked",
    "policy",
    "content",
    "size",
    "rate",
    "expired",
    "network",
    "unknown",
]
# The rules of `other` for what nobody made sense of; it has other rules for receipts and notices.
ORDINARY, MALFORMED = "ordinary message", "malformed message"
# What the sender is to blame for, or the system between: it says nothing about the address.
NOT_THE_ADDRESS: frozenset[Reason] = frozenset(("blocked", "policy", "content", "size", "rate"))


@dataclass(frozen=True)
class Failed:
    """One recipient that a report is about.

    `action` is failed, delayed or complaint; `status` is x.y.z (RFC 3463) or empty; `diagnostic` is what a server said.
    """

    address: str
    action: str
    status: str
    diagnostic: str
    permanent: bool
    reason: Reason

    @property
    def kind(self) -> Literal["hard", "soft"]:
        """Hard only if the address itself is dead; a permanent refusal for any other reason is soft."""
        dead = self.action == "failed" and self.permanent and self.reason == "dead_address"
        return "hard" if dead else "soft"

    @property
    def counts(self) -> bool:
        """Whether it speaks against the address: a delay doesn't, nor does what the sender is to blame for."""
        return self.action == "failed" and self.reason not in NOT_THE_ADDRESS


@dataclass(frozen=True)
class Verdict:
    """What a message is, by which rule. `message_id` and `returned_headers` (lower-case) are of what it returns."""

    kind: Kind
    rule: str
    recipients: tuple[Failed, ...] = ()
    message_id: str | None = None
    returned_headers: dict[str, str] = field(default_factory=dict)

    @property
    def delayed(self) -> bool:
        """Whether it only says that delivery is still being tried: soft by its kind, and no bounce yet."""
        return self.kind == "soft" and all(recipient.action == "delayed" for recipient in self.recipients)

    @property
    def understood(self) -> bool:
        """Whether some rule knew the message: a receipt or a DMARC report is `other`, and understood."""
        return self.rule not in (ORDINARY, MALFORMED)
