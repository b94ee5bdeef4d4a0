"""What a fresh database needs before it can send: a mail server, and a domain that bounces come back to."""

from __future__ import annotations

from ..server import HOST, Server
from .client import Client

DOMAIN = "crm.example"
MAIL_SERVER = "Mail sandbox"
SENDER = f'"Ready Furniture" <hello@{DOMAIN}>'
TAG = "Demo audience"  # contacts that a demo made, so that another one does not take them for customers


def prepare(server: Server) -> Client:
    """Set up mail in the database of `server`, as often as you like; returns a client of it.

    The address that links lead to (web.base.url) is set before Odoo starts: an interrupted campaign goes on
    at once, and its links must be right.
    """
    odoo = Client(server)
    odoo.ensure(
        "ir.mail_server",
        [("name", "=", MAIL_SERVER)],
        {
            "name": MAIL_SERVER,
            "smtp_host": HOST,
            "smtp_port": server.smtp_port,
            "smtp_encryption": "none",
            "smtp_authentication": "login",
            # Without this Odoo would send as its own address, and bounces would not come back to us.
            "from_filter": DOMAIN,
            "active": True,
        },
    )
    names = [("name", "=", DOMAIN)]
    domains = odoo.search("mail.alias.domain", names)
    domain_id = domains[0] if domains else odoo.create("mail.alias.domain", {"name": DOMAIN})
    company_id = odoo.read("res.users", odoo.user_id, ["company_id"])["company_id"][0]
    if not odoo.read("res.company", company_id, ["alias_domain_id"])["alias_domain_id"]:
        odoo.call("res.company", "write", [company_id], {"alias_domain_id": domain_id})
    return odoo


def tag(odoo: Client) -> int:
    """The id of the contact tag of demo audiences."""
    return odoo.ensure("res.partner.category", [("name", "=", TAG)], {"name": TAG})


def add_to_list(odoo: Client, list_id: int, partner_ids: list[int]) -> None:
    """Put contacts on a target list with the dialog that people use for it."""
    wizard = odoo.create(
        "email.target.list.add",
        {"list_id": list_id},
        active_model="res.partner",
        active_ids=partner_ids,
    )
    odoo.call("email.target.list.add", "action_apply", [wizard])
