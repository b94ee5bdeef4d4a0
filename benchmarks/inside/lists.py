"""A list of a million members: what it costs to open its form and to put a hundred thousand more on it."""

from __future__ import annotations

import json
import time
from typing import Any

from lxml import etree

from odoo import SUPERUSER_ID, Command, api

from .meter import Meter
from .setting import partners, settled

OPENINGS = 7
LIST_PAGE, FORM_PAGE, COUNT_LIMIT = 80, 40, 10_001  # as Odoo's client asks


def fill(registry: Any, count: int, adding: int) -> dict[str, Any]:
    """Make a list with `count` members, half contacts and half addresses, and `adding` contacts for it.

    Another one as large was filled before it, whose members must not be read to find the first of this one.

    Give the list, an empty one, and a salesperson whose they are, with the smallest right there is.
    """
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        user = env["res.users"].create(
            {
                "name": "Bench",
                "login": "bench-lists",
                "email": "bench@crm.example",
                "group_ids": [Command.set(env.ref("email_campaign.group_user").ids)],
            }
        )
        lists = env["email.target.list"].create(
            [{"name": name, "user_id": user.id} for name in ("Large", "Empty", "Before")]
        )
        _fill_bare(cr, lists[2].id, count)
        cr.execute(
            """
            INSERT INTO email_target_list_member
                        (list_id, res_model, res_id, partner_id, name, email, email_normalized, lang, state,
                         record_active, create_uid, write_uid, create_date, write_date)
                 SELECT %s, 'res.partner', id, id, name, email, email_normalized, lang, 'subscribed', TRUE,
                        1, 1, now(), now()
                   FROM res_partner WHERE id = ANY(%s)
            """,
            [lists[0].id, partners(env, count // 2, "lists")],
        )
        _fill_bare(cr, lists[0].id, count - count // 2)
        partners(env, adding, "lists-more")
        settled(env)
        return {"large": lists[0].id, "empty": lists[1].id, "user": user.id}


def _fill_bare(cr: Any, target_list: int, count: int) -> None:
    cr.execute(
        """
        INSERT INTO email_target_list_member (list_id, name, email, email_normalized, state, record_active,
                                              create_uid, write_uid, create_date, write_date)
             SELECT %s, 'Bare ' || n, 'bare' || n || '@lists.example', 'bare' || n || '@lists.example',
                    'subscribed', TRUE, 1, 1, now(), now()
               FROM generate_series(1, %s) AS n
        """,
        [target_list, count],
    )


def open_form(registry: Any, large: int, user: int) -> dict[str, Any]:
    """Read the form of the list as the client does, and then the first page of its members."""

    def act(env: Any) -> None:
        read_form(env, "email.target.list", large)

    def page(env: Any) -> None:
        read_page(env, "email.target.list.member", [("list_id", "=", large)])

    return {"form": opened(registry, user, act), "page": opened(registry, user, page)}


def add(registry: Any, target_list: int, user: int, limit: int) -> dict[str, Any]:
    """Choose all of a search in the list of contacts, and add them by the dialog; give what it cost."""
    with registry.cursor() as cr:
        env = api.Environment(cr, user, {})
        domain = [("email", "like", "@lists-more-"), ("id", "<=", _last(env, limit))]
        wizard = env["email.target.list.add"].with_context(
            active_model="res.partner", active_ids=[], active_domain=domain, selected_by_domain=True
        )
        with Meter(cr) as meter:
            made = wizard.create({"list_id": target_list})
            message = made.action_apply()["params"]["message"]
            cr.commit()
        return {**meter.result, "message": message}


def fill_mass_mailing(registry: Any, count: int, adding: int) -> dict[str, Any]:
    """Make a mailing list with `count` contacts, an empty one, and `adding` contacts for that."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        admin = env.ref("base.user_admin")
        lists = env["mailing.list"].create([{"name": "Large"}, {"name": "Empty"}])
        cr.execute(
            """
            WITH made AS (
                INSERT INTO mailing_contact (name, email, email_normalized, create_uid, write_uid, create_date,
                                             write_date)
                     SELECT 'Bare ' || n, 'bare' || n || '@lists.example', 'bare' || n || '@lists.example',
                            1, 1, now(), now()
                       FROM generate_series(1, %s) AS n
                  RETURNING id
            ), numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made)
            INSERT INTO mailing_subscription (contact_id, list_id, opt_out, create_uid, write_uid, create_date,
                                              write_date)
                 SELECT id, %s, FALSE, 1, 1, now(), now() FROM numbered WHERE n <= %s
            """,
            [count + adding, lists[0].id, count],
        )
        settled(env)
        return {"large": lists[0].id, "empty": lists[1].id, "user": admin.id}


def open_mass_mailing(registry: Any, large: int, user: int) -> dict[str, Any]:
    """The same for Odoo's mass_mailing."""

    def act(env: Any) -> None:
        read_form(env, "mailing.list", large)

    def page(env: Any) -> None:
        read_page(env, "mailing.contact", [("list_ids", "in", [large])])

    return {"form": opened(registry, user, act), "page": opened(registry, user, page)}


def add_mass_mailing(registry: Any, target_list: int, user: int, limit: int) -> dict[str, Any]:
    """The same for Odoo's mass_mailing, with its dialog."""
    with registry.cursor() as cr:
        env = api.Environment(cr, user, {})
        ids = env["mailing.contact"].search([("list_ids", "=", False)], limit=limit).ids
        with Meter(cr) as meter:
            made = env["mailing.contact.to.list"].create(
                {"mailing_list_id": target_list, "contact_ids": [Command.set(ids)]}
            )
            made.action_add_contacts()
            cr.commit()
        return {**meter.result, "count": len(ids)}


def opened(registry: Any, user: int, act: Any) -> list[float]:
    """Give the seconds of each of some openings, each with nothing in Odoo's cache, as a request begins."""
    taken = []
    for _ in range(OPENINGS):
        with registry.cursor() as cr:
            env = api.Environment(cr, user, {})
            begin = time.perf_counter()
            act(env)
            taken.append(time.perf_counter() - begin)
    return taken


def read_form(env: Any, model: str, record_id: int) -> None:
    """Read what the form of a record shows, as the client asks for it."""
    json.dumps(env[model].browse(record_id).web_read(_specification(env, model, "form")), default=str)


def read_page(env: Any, model: str, domain: list[Any]) -> None:
    """Read the first page of a list view."""
    json.dumps(
        env[model].web_search_read(
            domain, _specification(env, model, "list"), limit=LIST_PAGE, count_limit=COUNT_LIMIT
        ),
        default=str,
    )


def _last(env: Any, limit: int) -> int:
    found = env["res.partner"].search([("email", "like", "@lists-more-")], order="id", offset=limit - 1, limit=1)
    return int(found.id)


def _specification(env: Any, model: str, kind: str) -> dict[str, Any]:
    views = env[model].get_views([(False, kind)])
    return _of(env, model, etree.fromstring(views["views"][kind]["arch"]))


def _of(env: Any, model: str, root: Any) -> dict[str, Any]:
    """Give the specification of the fields in a view, which is that of the client's relational model."""
    found: dict[str, Any] = {}
    for node in root.xpath(".//field[not(ancestor::field)]"):
        field = env[model]._fields[node.get("name")]
        if field.type in ("many2one", "reference"):
            found[field.name] = {"fields": {"display_name": {}}}
        elif field.type in ("one2many", "many2many"):
            below = node.find("list")
            fields = {} if below is None else _within(env, field.comodel_name, below)
            found[field.name] = {"fields": fields or {"display_name": {}}, "limit": FORM_PAGE}
        else:
            found[field.name] = {}
    return found


def _within(env: Any, model: str, node: Any) -> dict[str, Any]:
    return _of(env, model, etree.fromstring(etree.tostring(node)))
