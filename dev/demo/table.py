"""The figures of the campaign form, each beside what the mailboxes say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .client import Client
from .mailboxes import Mailboxes
from .people import GROUPS, Person
from .visitors import Done

if TYPE_CHECKING:
    from .play import Launched

BOUNCES = ("no_such_user", "full", "blocked")  # the sandbox's answers that say: it did not arrive
# What the campaign form shows: field, label, field of the rate.
FORM = (
    ("recipient_count", "Recipients", ""),
    ("sent_count", "Sent", ""),
    ("remaining_count", "Remaining", ""),
    ("failed_count", "Failed", ""),
    ("in_doubt_count", "In doubt", ""),
    ("skipped_count", "Skipped", ""),
    ("opened_count", "Opened", "opened_rate"),
    ("clicked_count", "Clicked", "clicked_rate"),
    ("bounced_count", "Bounced", "bounced_rate"),
    ("opted_out_count", "Opted out", "opted_out_rate"),
)


@dataclass(frozen=True)
class Row:
    """One figure: as Odoo has it, and as the mailboxes have it."""

    label: str
    odoo: int
    mailboxes: int
    rate: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether both are the same."""
        return self.odoo == self.mailboxes


def compare(odoo: Client, mailboxes: Mailboxes, launched: Launched, done: Done) -> list[Row]:
    """The rows of the table."""
    arrived = mailboxes.messages(launched.subject)
    copies = Counter(message["rcpt_to"].lower() for message in arrived)
    answers = Counter(message["answer"] for message in arrived if message["answer_state"] == "sent")
    refused = mailboxes.refused()
    skipped = not_mailed(launched.people, copies)
    counted = {
        "recipient_count": len(copies) + refused,
        "sent_count": len(arrived),
        "remaining_count": len(launched.people) - sum(skipped.values()) - len(copies) - refused,
        "failed_count": refused,
        "in_doubt_count": 0,
        "skipped_count": sum(skipped.values()),
        "opened_count": len(done.opened),
        "clicked_count": len(done.clicked),
        "bounced_count": sum(answers[kind] for kind in BOUNCES) + refused,
        "opted_out_count": len(done.opted_out) + answers["complaint"],
    }
    fields = [name for field, _label, rate in FORM for name in (field, rate) if name]
    figures = odoo.read("email.campaign", launched.campaign_id, fields)
    reasons = _skip_reasons(odoo, launched.mailing_id)
    rows = []
    for field, label, rate in FORM:
        rows.append(Row(label, figures[field], counted[field], figures[rate] if rate else None))
        if field == "skipped_count":
            for reason, (words, count) in reasons.items():
                rows.append(Row(f"  {words}", count, skipped[reason]))
    twice = sum(count > 1 for count in copies.values())
    dead = answers["no_such_user"] + refused
    return [
        *rows,
        Row("Mailed twice", 0, twice),
        Row("Visited by machines only", _machine_visits(odoo, launched.mailing_id), len(done.scanned)),
        Row("Contacts now invalid", _contacts(odoo, launched, "invalid"), dead),
        Row("Contacts soft bouncing", _contacts(odoo, launched, "soft_bouncing"), answers["full"]),
    ]


def not_mailed(people: Sequence[Person], copies: Counter[str]) -> Counter[str]:
    """By the reason that Odoo should give: how many of those who should get nothing did get nothing."""
    left_out: Counter[str] = Counter()
    for person in people:
        reason = GROUPS[person.group].skip_reason
        # The reader with the address of a duplicate gets one copy.
        if reason and copies[person.email.lower()] <= (person.group == "duplicate"):
            left_out[reason] += 1
    return left_out


def render(title: str, rows: Sequence[Row]) -> str:
    """The table as text, its last column saying whether the row agrees."""
    width = max(len(row.label) for row in rows) + 2
    lines = [f"\n  {title}\n", f"  {'':{width}}{'Odoo':>7}{'rate':>9}{'mailboxes':>12}"]
    for row in rows:
        rate = "" if row.rate is None else f"{row.rate:.1f} %"
        verdict = "agrees" if row.agrees else "DIFFERS"
        lines.append(f"  {row.label:{width}}{row.odoo:>7,}{rate:>9}{row.mailboxes:>12,}   {verdict}")
    lines += [
        "",
        "  Odoo: what the campaign form shows, and at the end what is on the contacts. Mailboxes: what the",
        "  sandbox received, refused and bounced, and what the demo's recipients did with their messages.",
    ]
    return "\n".join(lines)


def _skip_reasons(odoo: Client, mailing_id: int) -> dict[str, tuple[str, int]]:
    """For each reason of the demo and each that Odoo gives: its words, and how many were skipped for it."""
    model = "email.campaign.recipient"
    domain = [("mailing_id", "=", mailing_id), ("state", "=", "skipped")]
    groups = odoo.call(model, "formatted_read_group", domain, ["skip_reason"], ["__count"])
    counts = {group["skip_reason"]: group["__count"] for group in groups}
    field = odoo.call(model, "fields_get", ["skip_reason"], ["selection"])["skip_reason"]
    labels = dict(field["selection"])
    planned = [kind.skip_reason for kind in GROUPS.values() if kind.skip_reason]
    return {reason: (labels[reason], counts.get(reason, 0)) for reason in dict.fromkeys([*planned, *counts])}


def _machine_visits(odoo: Client, mailing_id: int) -> int:
    """How many recipients' messages were looked at by a machine and not by a person."""
    return odoo.count(
        "email.campaign.recipient",
        [
            ("mailing_id", "=", mailing_id),
            ("event_ids.verdict", "=", "machine"),
            ("opened_at", "=", False),
            ("clicked_at", "=", False),
        ],
    )


def _contacts(odoo: Client, launched: Launched, validity: str) -> int:
    domain = [("id", "in", launched.partner_ids), ("email_validity", "=", validity)]
    return odoo.count("res.partner", domain, archived=True)
