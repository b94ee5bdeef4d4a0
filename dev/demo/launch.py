"""`make run`: the campaign of the demo data goes out to the contacts of the CRM's demo data."""

from __future__ import annotations

from ..errors import Problem
from ..progress import say
from ..server import Server
from . import waiting
from .client import Client, Refused
from .mailboxes import Mailboxes
from .prepare import add_to_list, prepare, tag

LIST = "email_campaign.target_list_customers"
MAILING = "email_campaign.mailing_welcome"
# Beside the contacts of Odoo's demo data, some whose mail comes back (see dev/sandbox/behaviour.py).
EXTRA = {
    "Greta Goner": "greta.goner@bounce.example",
    "Oskar Old": "oskar.old@bounce.example",
    "Fulvia Full": "full.fulvia@bounce.example",
    "Bruno Blocked": "blocked.bruno@bounce.example",
    "Nora Nowhere": "nora.nowhere@reject.example",
}
COUNTS = {
    "sent_count": "sent",
    "remaining_count": "to be tried again",
    "failed_count": "failed",
    "in_doubt_count": "in doubt",
    "skipped_count": "skipped",
}


def launch(server: Server) -> None:
    """Send the demo campaign once; what an interrupted run left goes out too."""
    odoo = prepare(server)
    mailboxes = Mailboxes(server)
    waiting.leftovers(odoo, mailboxes)
    mailing_id = odoo.ref(MAILING)
    if mailing_id is None:
        say("The demo campaign was deleted, so there is nothing to send. `make clean` makes room for it.")
        return
    if odoo.read("email.campaign.mailing", mailing_id, ["state"])["state"] == "draft":
        _fill_list(odoo)
        try:
            odoo.call("email.campaign.mailing", "action_launch", [mailing_id])
        except Refused as error:
            raise Problem(f"The demo campaign can't be launched: {error}") from error
    if odoo.read("email.campaign.mailing", mailing_id, ["state"])["state"] in ("queued", "sending"):
        waiting.sent(odoo, mailboxes, mailing_id, "Sending the demo campaign")
    mailing = odoo.read("email.campaign.mailing", mailing_id, ["campaign_id", "state", *COUNTS])
    campaign_id, name = mailing["campaign_id"]
    counts = ", ".join(f"{mailing[field]} {word}" for field, word in COUNTS.items() if mailing[field])
    say(f"\n  Campaign “{name}” is {mailing['state']}: {counts or 'nothing sent'}")
    say(f"  {odoo.form_url('email-campaigns', campaign_id)}")


def _fill_list(odoo: Client) -> None:
    list_id = odoo.ref(LIST)
    if list_id is None:
        raise Problem(
            "The target list of the demo campaign was deleted. `make clean` deletes the database, "
            "then `make run` makes a fresh one."
        )
    category = tag(odoo)
    for name, email in EXTRA.items():
        odoo.ensure(
            "res.partner",
            [("email", "=", email)],
            {"name": name, "email": email, "category_id": [(4, category)]},
        )
    customers = odoo.search(
        "res.partner",
        [
            "|",
            ("email", "in", list(EXTRA.values())),
            "&",
            ("email", "!=", False),
            ("category_id", "not in", [category]),
        ],
    )
    add_to_list(odoo, list_id, customers)
