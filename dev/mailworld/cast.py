"""Who gets the campaign: two hundred people, what their mail servers and they themselves do, what must follow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

OURS = "crm.test"
GOOD, LATE = "good.test", "late.test"
BOUNCES, SENDER, FEEDBACK = f"bounce@{OURS}", f"sales@{OURS}", f"feedback@{OURS}"
# Mailboxes that Odoo reads; complaints of a feedback loop come to an address of their own.
FENCED = "fenced.test"
BOXES = {BOUNCES: "bounce", FEEDBACK: "bounce", SENDER: "sales"}
DELAYED = "@late\\.test$"
# What Postfix does with mail that it has taken.
TRANSPORT = {
    "@hard\\.test$": "error:5.1.1 no such user",
    "@full\\.test$": "retry:4.2.2 mailbox full",
    "@blocked\\.test$": "error:5.7.1 blocked for policy reasons",
    DELAYED: "retry:4.3.2 not now, try again later",
}
# What it says in answer to RCPT.
REFUSED = {
    "@refused\\.test$": "550 5.1.1 no such user here",
    "@full-now\\.test$": "552 5.2.2 mailbox full",
    "@fenced\\.test$": "554 5.7.1 your network is on our block list",
}


class Act(Enum):
    """What somebody does who got the email."""

    NOTHING = "nothing"
    AWAY = "an automatic reply to the return path"
    AWAY_TO_SENDER = "an automatic reply to the sender, as Outlook's rules write it"
    REPLY = "a reply"
    COMPLAIN = "a complaint to the return path"
    COMPLAIN_BY_LOOP = "a complaint to the address of the feedback loop"
    OPT_OUT = "an email to the address for opting out"
    RECEIPT = "a read receipt to the return path"


@dataclass(frozen=True)
class Outcome:
    """What must be known of a recipient at the end. `validity` is what the address may be."""

    state: str = "sent"
    bounce: str = ""  # hard or soft; "-": whether one is on record or not, it is not hard
    validity: tuple[str, ...] = ("unknown", "valid")
    opted_out: bool = False
    replied: bool = False


@dataclass(frozen=True)
class Role:
    """A group of people. `box`: mail for them is delivered. `notices` come back by mail for each of them."""

    name: str
    size: int
    domain: str
    outcome: Outcome
    box: bool = True
    act: Act = Act.NOTHING
    notices: int = 0
    delays: int = 0


HARD = ("invalid",)
SOFT = ("soft_bouncing",)
ROLES = (
    Role("Hard: 5.1.1 afterwards", 8, "hard.test", Outcome("sent", "hard", HARD), False, notices=1),
    Role("Hard: an unknown user, afterwards", 6, GOOD, Outcome("sent", "hard", HARD), False, notices=1),
    Role("Hard: 550 5.1.1 at RCPT", 6, "refused.test", Outcome("failed", "hard", HARD), False),
    Role("Soft: 4.2.2, expired", 8, "full.test", Outcome("sent", "soft", SOFT), False, notices=1, delays=1),
    Role("Soft: 552 5.2.2 at RCPT", 2, "full-now.test", Outcome("failed", "soft", SOFT), False),
    Role("Blocked: 5.7.1 afterwards", 4, "blocked.test", Outcome("sent", "-"), False, notices=1),
    Role("Blocked: 554 5.7.1 at RCPT", 2, FENCED, Outcome("failed", "-"), False),
    Role("Delayed, then delivered", 2, LATE, Outcome(), delays=1),
    Role("Automatic reply to the return path", 3, GOOD, Outcome(), act=Act.AWAY),
    Role("Automatic reply to the sender", 2, GOOD, Outcome(), act=Act.AWAY_TO_SENDER),
    Role("Real reply", 3, GOOD, Outcome(replied=True), act=Act.REPLY),
    Role("Complaint to the return path", 1, GOOD, Outcome(opted_out=True), act=Act.COMPLAIN),
    Role("Complaint by a feedback loop", 1, GOOD, Outcome(opted_out=True), act=Act.COMPLAIN_BY_LOOP),
    Role("Opting out by mail", 1, GOOD, Outcome(opted_out=True), act=Act.OPT_OUT),
    Role("Read receipt", 1, GOOD, Outcome(), act=Act.RECEIPT),
    Role("Delivered, nothing more", 150, GOOD, Outcome()),
)


@dataclass(frozen=True)
class Person:
    """One addressee."""

    number: int
    role: Role

    @property
    def email(self) -> str:
        """The address that the campaign goes to."""
        return f"person{self.number}@{self.role.domain}"

    @property
    def box(self) -> str:
        """The name of the mailbox, of those who have one."""
        return f"person{self.number}"

    @property
    def name(self) -> str:
        """What the contact is called."""
        return f"Person Number {self.number}"


def audience() -> list[Person]:
    """Everybody, in the order of the roles."""
    roles = [role for role in ROLES for _ in range(role.size)]
    return [Person(number, role) for number, role in enumerate(roles, 1)]


def boxes(people: list[Person]) -> dict[str, str]:
    """The folder of each address that mail is delivered to."""
    return {**BOXES, **{person.email: person.box for person in people if person.role.box}}
