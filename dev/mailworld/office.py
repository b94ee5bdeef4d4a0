"""Odoo in this world: its accounts, its campaign, its crons, and what it knows afterwards."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..demo.client import Client, Refused
from ..demo.prepare import add_to_list
from . import cast
from .cast import Person
from .dovecot import Dovecot
from .place import HOST
from .postfix import Postfix

SUBJECT = "Open house"
BODY = """
<p>Hello {{ recipient.name ||| dear friend }},</p>
<p>on Saturday we open the workshop. <a href="https://www.example.com/open-house">See the programme</a>.</p>"""
FETCH = "mail.ir_cron_mail_gateway_action"
LOOK_EVERY = 0.3  # seconds
SENT_STATES = ("queued", "claimed", "handed", "retry")
FIELDS = ["email", "state", "bounced_at", "bounce_kind", "opted_out_at", "replied_at"]
# What comes back is written down here; anywhere else it would be a stray message.
OWN_MODELS = ["email.campaign", "email.campaign.mailing", "email.campaign.recipient", "email.provider", "res.partner"]


@dataclass(frozen=True)
class Counts:
    """How many records there are that incoming mail could create."""

    contacts: int
    leads: int
    messages: int


@dataclass(frozen=True)
class Known:
    """All that Odoo knows of the campaign at a moment."""

    recipients: dict[str, dict[str, Any]]
    validity: dict[str, str]
    events: Mapping[tuple[str, str], int]  # by recipient and kind
    counts: Counts
    notes: int


class Office:
    """One Odoo, driven as its users do. Only its own crons send and fetch."""

    def __init__(self, odoo: Client) -> None:
        self.odoo = odoo
        self.mailing_id = 0
        self._cron_id = odoo.ref(FETCH)

    def set_up(self, postfix: Postfix, dovecot: Dovecot) -> None:
        """The mail servers, the domain that mail comes back to, and the mailboxes to read."""
        odoo = self.odoo
        odoo.create(
            "ir.mail_server",
            {
                "name": "Postfix",
                "smtp_host": HOST,
                "smtp_port": postfix.port,
                "smtp_encryption": "none",
                "smtp_authentication": "login",
                "from_filter": cast.OURS,
            },
        )
        domain_id = odoo.create("mail.alias.domain", {"name": cast.OURS})
        company_id = odoo.read("res.users", odoo.user_id, ["company_id"])["company_id"][0]
        odoo.call("res.company", "write", [company_id], {"alias_domain_id": domain_id})
        [lead] = odoo.search("ir.model", [("model", "=", "crm.lead")])
        # What comes to the sender and belongs to nothing becomes a lead, as in many a company.
        for user, model in (("bounce", False), ("sales", lead)):
            values = {
                "name": f"Dovecot: {user}",
                "server_type": "imap",
                "server": HOST,
                "port": dovecot.port,
                "user": user,
                "password": dovecot.password,
                "object_id": model,
            }
            server_id = odoo.create("fetchmail.server", values)
            odoo.call("fetchmail.server", "button_confirm_login", [server_id])

    def launch(self, people: list[Person]) -> None:
        """A campaign to everybody."""
        odoo = self.odoo
        values = [{"name": person.name, "email": person.email} for person in people]
        partners = odoo.call("res.partner", "create", values, context={"tracking_disable": True})
        list_type = odoo.ref("email_campaign.list_type_marketing")
        list_id = odoo.create("email.target.list", {"name": "Everybody", "list_type_id": list_type})
        add_to_list(odoo, list_id, partners)
        campaign = {"name": SUBJECT, "target_list_ids": [list_id], "user_id": odoo.user_id}
        mailing = {
            "campaign_id": odoo.create("email.campaign", campaign),
            "subject": SUBJECT,
            "body_html": BODY,
            "email_from": f"Workshop <{cast.SENDER}>",
        }
        self.mailing_id = odoo.create("email.campaign.mailing", mailing)
        odoo.call("email.campaign.mailing", "action_launch", [self.mailing_id])

    def waiting(self) -> int:
        """How many recipients the sending job is not done with."""
        domain = [("mailing_id", "=", self.mailing_id), ("state", "in", SENT_STATES)]
        return self.odoo.count("email.campaign.recipient", domain)

    def wake_fetching(self) -> None:
        """Make Odoo's own job for incoming mail due now."""
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        with contextlib.suppress(Refused):  # it is running
            self.odoo.call("ir.cron", "write", [self._cron_id], {"nextcall": now})

    def settle(self) -> None:
        """Until the job for incoming mail has ended: it holds its row as long as it runs, and refuses to be changed."""
        while True:
            try:
                self.odoo.call("ir.cron", "write", [self._cron_id], {"priority": 5})
                return
            except Refused:
                time.sleep(LOOK_EVERY)

    def counts(self) -> Counts:
        """The records that incoming mail could create."""
        stray = [("message_type", "=", "email"), ("model", "not in", OWN_MODELS)]
        return Counts(
            self.odoo.count("res.partner", [], archived=True),
            self.odoo.count("crm.lead", [], archived=True),
            self.odoo.count("mail.message", stray),
        )

    def known(self) -> Known:
        """What is known now."""
        odoo, mine = self.odoo, [("mailing_id", "=", self.mailing_id)]
        recipients = odoo.call("email.campaign.recipient", "search_read", mine, FIELDS)
        addresses = odoo.call("email.address", "search_read", [], ["email", "validity"])
        events = odoo.call("email.campaign.event", "search_read", mine, ["email", "kind"])
        return Known(
            {row["email"]: row for row in recipients},
            {row["email"]: row["validity"] for row in addresses},
            Counter((row["email"], row["kind"]) for row in events),
            self.counts(),
            odoo.count("mail.message", []),
        )
