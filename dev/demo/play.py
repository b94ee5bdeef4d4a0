"""`make demo`: one campaign to a thousand contacts, and whether Odoo's figures are what the mailboxes say."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Problem
from ..progress import Step, say
from ..server import Server
from . import waiting
from .client import Client, Refused
from .mailboxes import Mailboxes
from .people import AUDIENCE, GROUPS, Person, audience, reference, values
from .prepare import SENDER, add_to_list, prepare, tag
from .table import compare, render
from .visitors import visit

NAME = "Open house"
CHUNK = 250  # contacts in one call
BODY = """
<div style="max-width:600px;margin:0 auto;font-family:Arial,sans-serif;color:#333333;">
    <h1 style="color:#714b67;">Hello {{ recipient.name ||| dear friend }},</h1>
    <p>on Saturday we open the workshop to everybody from {{ object.city ||| near and far }},
    with coffee, cake and sawdust.</p>
    <p><a href="https://www.example.com/open-house">See the programme</a>,
    <a href="https://www.example.com/open-house/way">how to get there</a>, or
    <a href="https://www.example.com/open-house/seat?from=email">keep a seat</a> in a course.</p>
    <p>Until Saturday!</p>
</div>"""


@dataclass(frozen=True)
class Launched:
    """One run of the demo: what was launched in Odoo, and for whom."""

    campaign_id: int
    mailing_id: int
    subject: str
    people: list[Person]
    partner_ids: list[int]


def play(server: Server) -> None:
    """Send a campaign, act as its recipients, compare.

    :raises Problem: when Odoo and the mailboxes do not tell the same story
    """
    odoo = prepare(server)
    waiting.leftovers(odoo, Mailboxes(server))
    mailboxes = Mailboxes(server)
    launched = _launch(odoo)
    waiting.sent(odoo, mailboxes, launched.mailing_id, f"Sending to {AUDIENCE:,} contacts")
    arrived = mailboxes.messages(launched.subject)
    by_address = {person.email: person for person in launched.people if person.group == "reader"}
    readers = [message for message in arrived if message["rcpt_to"] in by_address]
    done = visit(mailboxes, readers, seed=launched.mailing_id)
    waiting.answered(mailboxes, launched.subject)
    rows = compare(odoo, mailboxes, launched, done)
    say(render(f"{NAME}, campaign {launched.campaign_id}", rows))
    say(f"\n  {odoo.form_url('email-campaigns', launched.campaign_id)} (while `make run` is running)")
    differing = [row.label for row in rows if not row.agrees]
    if differing:
        raise Problem(
            f"Odoo and the mailboxes differ in: {', '.join(label.strip() for label in differing)}. "
            "The campaign is kept in the database: `make run` shows it, its log and the messages."
        )
    say("\n  Odoo and the mailboxes agree.")


def _launch(odoo: Client) -> Launched:
    run = 1 + odoo.count("email.campaign", [("name", "=like", f"{NAME} %")], archived=True)
    people = audience(run)
    partner_ids = _contacts(odoo, people, run)
    by_group: dict[str, list[int]] = {group: [] for group in GROUPS}
    for person, partner_id in zip(people, partner_ids, strict=True):
        by_group[person.group].append(partner_id)
    opted_out = [{"email": person.email} for person in people if person.group == "blacklisted"]
    odoo.call("mail.blacklist", "create", opted_out)
    invited = f"Invited in person {run}"
    list_id = odoo.ensure("email.target.list", [("name", "=", invited)], {"name": invited})
    add_to_list(odoo, list_id, by_group["excluded"])
    # Not in the order of the groups, as a real list would not be.
    mixed = sorted(partner_ids[: -GROUPS["duplicate"].size], key=lambda number: number * 619 % 1009)
    subject = f"{NAME} no. {run}"
    wizard = odoo.create(
        "email.campaign.send",
        {
            "name": f"{NAME} {run}",
            "subject": f"{{{{ recipient.name ||| Dear friend }}}}, come to our {subject}",
            "body_html": BODY,
            "email_from": SENDER,
            "excluding_list_ids": [list_id],
        },
        active_model="res.partner",
        active_ids=[*mixed, *by_group["duplicate"]],
    )
    try:
        dialog = odoo.call("email.campaign.send", "action_review", [wizard])["res_id"]
        mailing_id = int(odoo.read("email.campaign.launch", dialog, ["mailing_id"])["mailing_id"][0])
        odoo.call("email.campaign.launch", "action_confirm", [dialog])
    except Refused as error:
        raise Problem(f"The campaign can't be launched: {error}") from error
    campaign_id = odoo.read("email.campaign.mailing", mailing_id, ["campaign_id"])["campaign_id"][0]
    return Launched(campaign_id, mailing_id, subject, people, partner_ids)


def _contacts(odoo: Client, people: list[Person], run: int) -> list[int]:
    """Ids of the contacts of `people`, in their order; those that an interrupted run made are taken."""
    category_id = tag(odoo)
    found: dict[str, int] = {}
    with Step(f"Creating {len(people):,} contacts") as step:
        known = odoo.call(
            "res.partner",
            "search_read",
            [("ref", "=like", f"DEMO-{run}-%"), ("category_id", "in", [category_id])],
            ["ref"],
            context={"active_test": False},
        )
        found.update((row["ref"], row["id"]) for row in known)
        missing = [person for person in people if reference(person, run) not in found]
        for begin in range(0, len(missing), CHUNK):
            chunk = missing[begin : begin + CHUNK]
            vals_list = [values(person, run, category_id) for person in chunk]
            ids = odoo.call("res.partner", "create", vals_list, context={"tracking_disable": True})
            found.update(zip((reference(person, run) for person in chunk), ids, strict=True))
            step.update((begin + len(chunk)) / len(missing), f"{begin + len(chunk)} of {len(missing)}")
    return [found[reference(person, run)] for person in people]
