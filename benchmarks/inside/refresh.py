"""A dynamic list over a large number of contacts, and what refreshing it costs."""

from __future__ import annotations

from typing import Any

from odoo import SUPERUSER_ID, api

from .freeze import _contacts
from .meter import Meter
from .setting import settled

# The first alone finds everybody that is made here; with the others there is something to take out and to keep as well.
CRITERIA = (
    ("add", [("email", "ilike", "@host"), ("id", ">=", "first")]),
    ("remove", [("function", "=", "Rival")]),
    ("keep", [("lang", "=", "en_US")]),
)


def fill(registry: Any, count: int) -> dict[str, Any]:
    """Make `count` contacts and a list that is to find them all; give the id of the list."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        first = _contacts(cr, count)
        owner = env["res.users"].create(
            {
                "name": "Bench",
                "login": f"bench{first}",
                "group_ids": [(4, env.ref("email_campaign.group_user").id)],
            }
        )
        target_list = env(user=owner.id)["email.target.list"].create(
            {
                "name": "Bench",
                "kind": "dynamic",
                "criterion_ids": [
                    (0, 0, {"sequence": n, "operation": operation, "model": "res.partner", "domain": domain})
                    for n, (operation, domain) in enumerate(_criteria(first))
                ],
            }
        )
        settled(env)
        return {"list": target_list.id, "owner": owner.id, "first": first}


def _criteria(first: int) -> list[tuple[str, str]]:
    """Give (operation, domain as text) of each, for contacts from the id `first` on: other figures made some, too."""
    return [(operation, repr(domain).replace("'first'", str(first))) for operation, domain in CRITERIA]


def refresh(registry: Any, list: int, owner: int) -> dict[str, Any]:
    """Refresh the list as its owner does with the button; give what that cost, and how many came and went."""
    with registry.cursor() as cr:
        env = api.Environment(cr, owner, {})
        with Meter(cr) as meter:
            env["email.target.list"].browse(list).action_refresh()
            cr.commit()
        done = env["email.target.list"].browse(list).refresh_ids[0]
        return {**meter.result, "came": done.came, "went": done.went, "members": done.member_count}


def change(registry: Any, first: int, count: int) -> dict[str, Any]:
    """Let one in a hundred contacts be no longer meant, and as many others be renamed."""
    with registry.cursor() as cr:
        cr.execute(
            "UPDATE res_partner SET function = 'Rival' WHERE id >= %s AND id < %s AND id %% 100 = 0",
            [first, first + count],
        )
        cr.execute(
            "UPDATE res_partner SET name = name || '!' WHERE id >= %s AND id < %s AND id %% 100 = 50",
            [first, first + count],
        )
        settled(api.Environment(cr, SUPERUSER_ID, {}))
        return {}
