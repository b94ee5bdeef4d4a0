"""What must be, beside what is: the table of `make integration`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import cast
from .cast import ROLES, Act, Outcome, Person
from .office import Counts, Known
from .place import Place
from .postfix import Postfix

# The acts that end in the log, by the kind of their event.
LOGGED = {
    Act.AWAY: "auto_reply",
    Act.AWAY_TO_SENDER: "auto_reply",
    Act.REPLY: "reply",
    Act.COMPLAIN: "complaint",
    Act.COMPLAIN_BY_LOOP: "complaint",
}
KINDS = {
    "auto_reply": "Log: automatic replies",
    "reply": "Log: replies",
    "complaint": "Log: complaints",
    "delayed": "Log: delays",
    "bounce": "Log: bounces",
}


@dataclass(frozen=True)
class Row:
    """One check. `why` says of the first thing that differs how it does."""

    what: str
    expected: int
    found: int
    why: str = ""

    @property
    def agrees(self) -> bool:
        """Whether it is as it must be."""
        return self.expected == self.found


def table(rows: Sequence[Row]) -> str:
    """A simple table of reStructuredText, which reads well in a terminal too."""
    cells = [(row.what, f"{row.expected:,}", f"{row.found:,}", "" if row.agrees else "differs") for row in rows]
    lines = [("What", "Expected", "Found", ""), *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    rule = " ".join("=" * width for width in widths)
    texts = [f"{a:<{widths[0]}} {b:>{widths[1]}} {c:>{widths[2]}} {d}".rstrip() for a, b, c, d in lines]
    return "\n".join([rule, texts[0], rule, *texts[1:], rule])


def of_recipients(people: Sequence[Person], known: Known) -> Iterator[Row]:
    """How many of each role ended as they must."""
    for role in ROLES:
        wrong = [
            f"{person.email}: {said}"
            for person in people
            if person.role == role and (said := differing(person, role.outcome, known))
        ]
        yield Row(role.name, role.size, role.size - len(wrong), wrong[0] if wrong else "")


def differing(person: Person, outcome: Outcome, known: Known) -> str:
    """What is otherwise with somebody than it must be; empty where nothing is."""
    row = known.recipients.get(person.email)
    if row is None:
        return "is no recipient"
    said = []
    if row["state"] != outcome.state:
        said.append(f"is {row['state']}, not {outcome.state}")
    kind = row["bounce_kind"] or ""
    if outcome.bounce != "-" and bool(row["bounced_at"]) != bool(outcome.bounce):
        said.append("has a bounce" if row["bounced_at"] else "has no bounce")
    elif kind == "hard" if outcome.bounce == "-" else kind != outcome.bounce:
        said.append(f"has a bounce that is {kind or 'neither hard nor soft'}")
    validity = known.validity.get(person.email, "unknown")
    if validity not in outcome.validity:
        said.append(f"the address is {validity}, not {' or '.join(outcome.validity)}")
    if bool(row["opted_out_at"]) != outcome.opted_out:
        said.append("is opted out" if row["opted_out_at"] else "is not opted out")
    if bool(row["replied_at"]) != outcome.replied:
        said.append("counts as having replied" if row["replied_at"] else "does not count as having replied")
    return ", ".join(said)


def of_mailboxes(people: Sequence[Person], place: Place, postfix: Postfix) -> Iterator[Row]:
    """Whether everybody has one email, as Postfix says that it delivered."""
    delivered = postfix.delivered()
    expected = sum(person.role.box for person in people)
    found = {person.email: len(place.maildir(person.box)) for person in people if person.role.box}
    said = sum(delivered[person.email] for person in people)
    yield Row("Emails that Postfix delivered to people", expected, said)
    yield Row("Emails in their mailboxes", expected, sum(found.values()))
    twice = [email for email, number in found.items() if number > 1]
    yield Row("People who have it twice", 0, len(twice), ", ".join(twice[:3]))
    notices = sum(person.role.notices + person.role.delays for person in people)
    acts = Counter(person.role.act for person in people)
    to_sender = acts[Act.REPLY] + acts[Act.AWAY_TO_SENDER] + 1  # and a stranger
    to_return_path = notices + sum(acts.values()) - acts[Act.NOTHING] - (to_sender - 1)
    yield Row("What came to the return path", to_return_path, len(place.maildir("bounce")))
    yield Row("What came to the sender", to_sender, len(place.maildir("sales")))


def of_the_log(people: Sequence[Person], known: Known) -> Iterator[Row]:
    """Whether each thing that happened stands in the campaign's log once."""
    expected: Counter[str] = Counter(LOGGED[person.role.act] for person in people if person.role.act in LOGGED)
    expected["delayed"] = sum(person.role.delays for person in people)
    # One for each notice, and for each refusal in the dialogue. Whether a refusal of *us* is called a bounce there or
    # only a failure, is not for this to say.
    told = [person for person in people if person.role.domain != cast.FENCED]
    expected["bounce"] = sum(bool(person.role.outcome.bounce) for person in told)
    for kind, what in KINDS.items():
        found = sum(known.events.get((person.email, kind), 0) for person in told)
        yield Row(what, expected[kind], found)


def of_records(before: Counts, known: Known, failures: int) -> Iterator[Row]:
    """Whether nothing came into being that nobody asked for, but a lead of the stranger's."""
    yield Row("Messages that Odoo failed to take", 0, failures)
    yield Row("New contacts", 0, known.counts.contacts - before.contacts)
    yield Row("New leads (one is the enquiry of a stranger)", 1, known.counts.leads - before.leads)
    yield Row("Messages elsewhere than at campaigns and contacts", 1, known.counts.messages - before.messages)


def of_a_second_fetch(fetched: int, first: Known, second: Known) -> Iterator[Row]:
    """Whether all of it, fetched once more, changes nothing."""
    changed = sum(
        first.recipients[email] != row or first.validity.get(email) != second.validity.get(email)
        for email, row in second.recipients.items()
    )
    new = sum(second.events.values()) - sum(first.events.values()) + second.notes - first.notes
    new += second.counts.contacts + second.counts.leads - first.counts.contacts - first.counts.leads
    yield Row(f"Recipients changed by fetching all {fetched} messages again", 0, changed)
    yield Row("Records created by that", 0, new)
