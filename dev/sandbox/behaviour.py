"""Which recipient address meets which fate. Pure: no sockets, no clock.

===================  ====================  ================================================================
Domain               Local part            What happens
===================  ====================  ================================================================
any other            anything              accepted and kept
``bounce.example``   starts ``full``       accepted; bounce 4.2.2, mailbox full, given up
``bounce.example``   starts ``blocked``    accepted; bounce 5.7.1, refused by policy
``bounce.example``   starts ``slow``       accepted; delay notice 4.4.1 (``Action: delayed``), no failure
``bounce.example``   starts ``complaint``  accepted; spam complaint (ARF, RFC 5965)
``bounce.example``   starts ``auto``       accepted; vacation reply (RFC 3834)
``bounce.example``   anything else         accepted; bounce 5.1.1, no such user
``reject.example``   starts ``busy``       451 4.7.1 at the first try of a (sender, recipient), accepted later
``reject.example``   starts ``full``       refused at RCPT with 452 4.2.2
``reject.example``   anything else         refused at RCPT with 550 5.1.1
===================  ====================  ================================================================

Domain and local part are compared without regard to case. Answers go to the envelope sender, and never to
the null sender (RFC 5321 section 6.1).
"""

import dataclasses
import enum

BOUNCE_DOMAIN = "bounce.example"
REJECT_DOMAIN = "reject.example"


class Answer(str, enum.Enum):
    """What is sent back after a message was accepted."""

    NO_SUCH_USER = "no_such_user"
    FULL = "full"
    BLOCKED = "blocked"
    SLOW = "slow"
    COMPLAINT = "complaint"
    AUTO = "auto"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One line of the table: a local part that starts with ``prefix`` gets a refusal or an answer."""

    prefix: str
    explanation: str
    answer: Answer | None = None
    refusal: str = ""
    first_try_only: bool = False


ACCEPT = Rule("", "Accepted and kept.")

BOUNCE_RULES = (
    Rule("full", "Accepted, then a bounce 4.2.2: mailbox full, given up.", Answer.FULL),
    Rule("blocked", "Accepted, then a bounce 5.7.1: refused by policy.", Answer.BLOCKED),
    Rule("slow", "Accepted, then a delay notice 4.4.1; not a failure.", Answer.SLOW),
    Rule("complaint", "Accepted, then a spam complaint from a feedback loop.", Answer.COMPLAINT),
    Rule("auto", "Accepted, then an automatic vacation reply.", Answer.AUTO),
    Rule("", "Accepted, then a bounce 5.1.1: no such user.", Answer.NO_SUCH_USER),
)
REJECT_RULES = (
    Rule(
        "busy",
        "Greylisted with 451 at the first try, accepted at a later one.",
        refusal="451 4.7.1 Greylisted, please try again later",
        first_try_only=True,
    ),
    Rule("full", "Refused with 452: mailbox full.", refusal="452 4.2.2 Mailbox full"),
    Rule("", "Refused with 550: no such user.", refusal="550 5.1.1 No such user here"),
)


class Behaviour:
    """The table, with the bounce domain of one's choice."""

    def __init__(self, bounce_domain: str = BOUNCE_DOMAIN) -> None:
        self.bounce_domain = bounce_domain.lower()
        self._rules = {REJECT_DOMAIN: REJECT_RULES, self.bounce_domain: BOUNCE_RULES}

    def of(self, address: str) -> Rule:
        """The rule for ``address``; an address without a domain is an ordinary one."""
        local, _at, domain = address.lower().rpartition("@")
        rules = self._rules.get(domain)
        return next(rule for rule in rules if local.startswith(rule.prefix)) if rules else ACCEPT

    def table(self) -> list[tuple[str, str]]:
        """(address pattern, explanation) of every rule, for people."""
        lines = [("anybody@anywhere.else", ACCEPT.explanation)]
        for domain in (self.bounce_domain, REJECT_DOMAIN):
            for rule in self._rules[domain]:
                local = f"{rule.prefix}…" if rule.prefix else "anything else "
                lines.append((f"{local}@{domain}", rule.explanation))
        return lines
