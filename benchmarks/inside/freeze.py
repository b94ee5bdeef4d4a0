"""A large audience with all that can be wrong with it, and what launching a mass email to it costs."""

from __future__ import annotations

import time
from typing import Any

from odoo import SUPERUSER_ID, api

from .content import SENDER, SUBJECT, body
from .meter import Meter
from .setting import mail_server, settled

PERSON = "'person' || n || '@host' || n %% 1000 || '.example'"
BARE = "'bare' || n || '@other' || n %% 1000 || '.example'"


def fill(registry: Any, count: int, host: str, port: int) -> dict[str, Any]:
    """Put `count` members on three lists, half contacts and half bare addresses; give the ids of lists and campaign.

    One in ten is a duplicate, by record or by address. One in seventeen contacts has opted out, one in 31 is on the
    blacklist, one in 25 is invalid; of the bare addresses one in 41 and one in 21. A fourth list with a twentieth of
    them excludes.
    """
    tenth = count // 10
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        mail_server(env, host, port)
        first = _contacts(cr, 5 * tenth)
        types = env["email.list.type"].create([{"name": "Bench offers"}, {"name": "Bench events"}])
        values = [{"name": f"Bench {name}", "list_type_id": types[name == "C"].id} for name in "ABCX"]
        plain, mixed, doubled, excluding = (made.id for made in env["email.target.list"].create(values))
        _members(cr, plain, first, 4 * tenth)
        _members(cr, mixed, first + 4 * tenth, tenth)
        _bare_members(cr, mixed, 1, 3 * tenth)
        _members(cr, doubled, first, tenth // 2)
        _bare_members(cr, doubled, 1, tenth // 2)
        _bare_members(cr, doubled, 3 * tenth + 1, tenth)
        _members(cr, excluding, first + 2 * tenth, count // 40)
        _bare_members(cr, excluding, 2 * tenth + 1, count // 40)
        _refusals(cr, types[0].id, 5 * tenth, 4 * tenth)
        env.invalidate_all()
        campaign = env["email.campaign"].create(
            {
                "name": "Bench",
                "target_list_ids": [(6, 0, [plain, mixed, doubled])],
                "excluding_list_ids": [(6, 0, [excluding])],
            }
        )
        mailing = env["email.campaign.mailing"].create(
            {
                "campaign_id": campaign.id,
                "subject": SUBJECT,
                "body_html": body("{{ recipient.name ||| friend }}"),
                "email_from": SENDER,
            }
        )
        settled(env)
        return {"mailing": mailing.id}


def launch(registry: Any, mailing: int) -> dict[str, Any]:
    """Launch it; give what that cost, how long of it the audience was frozen, and who was left out for which reason."""
    frozen: list[float] = []

    def time_it(model: Any, name: str) -> None:
        original = getattr(model, name)

        def timed(self: Any, *arguments: Any) -> Any:
            begin = time.perf_counter()
            given = original(self, *arguments)
            frozen.append(time.perf_counter() - begin)
            return given

        setattr(model, name, timed)

    time_it(registry["email.campaign.mailing"], "_bring_up_to_date")
    time_it(registry["email.audience"], "_freeze")
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        with Meter(cr) as meter:
            env["email.campaign.mailing"].browse(mailing).action_launch()
            cr.commit()
        cr.execute(
            """
            SELECT coalesce(skip_reason, state), count(*) FROM email_campaign_recipient WHERE mailing_id = %s GROUP BY 1
            """,
            [mailing],
        )
        return {**meter.result, "freeze_seconds": sum(frozen), "states": dict(cr.fetchall())}


def _contacts(cr: Any, count: int) -> int:
    """Give the id of the first of `count` new contacts, whose ids follow one another."""
    cr.execute(
        f"""
        WITH made AS (
            INSERT INTO res_partner (name, complete_name, email, email_normalized, active, type, lang, partner_share,
                                     is_company, is_email_contact, create_uid, write_uid, create_date, write_date)
                 SELECT 'Person ' || n, 'Person ' || n, initcap({PERSON}), {PERSON}, TRUE, 'contact', 'en_US', TRUE,
                        FALSE, TRUE, 1, 1, now(), now()
                   FROM generate_series(1, %s) AS n
              RETURNING id
        ) SELECT min(id) FROM made
        """,
        [count],
    )
    return int(cr.fetchone()[0])


def _members(cr: Any, list_id: int, first: int, count: int) -> None:
    cr.execute(
        """
        INSERT INTO email_target_list_member (list_id, res_model, res_id, partner_id, name, email, email_normalized,
                                              lang, state, record_active,
                                              create_uid, write_uid, create_date, write_date)
             SELECT %s, 'res.partner', id, id, name, email, email_normalized, lang, 'subscribed', TRUE,
                    1, 1, now(), now()
               FROM res_partner WHERE id >= %s AND id < %s
        """,
        [list_id, first, first + count],
    )


def _bare_members(cr: Any, list_id: int, first: int, count: int) -> None:
    cr.execute(
        f"""
        INSERT INTO email_target_list_member (list_id, name, email, email_normalized, values, lang, state,
                                              record_active, create_uid, write_uid, create_date, write_date)
             SELECT %s, 'Bare ' || n, {BARE}, {BARE}, jsonb_build_object('city', 'Town ' || n %% 100), 'en_US',
                    'subscribed', TRUE, 1, 1, now(), now()
               FROM generate_series(%s, %s) AS n
        """,
        [list_id, first, first + count - 1],
    )


def _refusals(cr: Any, list_type: int, contacts: int, bare: int) -> None:
    """Opt-outs, the blacklist, and addresses known as invalid or valid."""
    cr.execute(
        f"""
        INSERT INTO email_subscription (email, list_type_id, state, at)
             SELECT {PERSON}, %s, 'opted_out', now() FROM generate_series(1, %s, 17) AS n
        """,
        [list_type, contacts],
    )
    cr.execute(
        f"""
        INSERT INTO mail_blacklist (email, email_key, active, create_uid, write_uid, create_date, write_date)
             SELECT email, email, TRUE, 1, 1, now(), now()
               FROM (SELECT {PERSON} AS email FROM generate_series(3, %s, 31) AS n
                     UNION ALL SELECT {BARE} FROM generate_series(3, %s, 41) AS n) AS refused
        """,
        [contacts, bare],
    )
    cr.execute(
        f"""
        INSERT INTO email_address (email, validity, create_uid, write_uid, create_date, write_date)
             SELECT email, CASE WHEN bad THEN 'invalid' ELSE 'valid' END, 1, 1, now(), now()
               FROM (SELECT {PERSON} AS email, n %% 25 = 6 AS bad FROM generate_series(1, %s, 5) AS n
                     UNION ALL SELECT {BARE}, n %% 7 = 0 FROM generate_series(1, %s, 3) AS n) AS known
        """,
        [contacts, bare],
    )
