"""Ten million events, and what it costs to open and to group them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from odoo import SUPERUSER_ID, Command, api

from .lists import opened as timed
from .lists import read_page
from .meter import Meter
from .setting import settled

PAGE = 80  # groups, as Odoo's client asks
# In a thousand events: kind, verdict, reason, whether on a link. Beside these, each recipient has one "sent".
MIX = (
    ("open", "human", None, False, 250),
    ("open", "human", "mail_proxy", False, 220),
    ("open", "machine", "crawler", False, 180),
    ("click", "human", None, True, 160),
    ("click", "machine", "head_request", True, 130),
    ("bounce", None, None, False, 40),
    ("opt_out", "human", None, False, 12),
    ("reply", None, None, False, 6),
    ("complaint", None, None, False, 2),
)
LINKS = 10


def fill(registry: Any, events: int, mailings: int) -> dict[str, Any]:
    """Make as many `events` of so many mass emails, one a quarter of a day, four events to a recipient.

    Nineteen in twenty are of a manager; those of the salesperson are the oldest, and the fewest.
    """
    begin = time.perf_counter()
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        users = [
            env["res.users"].create(
                {
                    "name": login,
                    "login": login,
                    "email": f"{login}@crm.example",
                    "tz": "Europe/Berlin",
                    "group_ids": [Command.set(env.ref(f"email_campaign.{group}").ids)],
                }
            )
            for login, group in (("bench-log-manager", "group_manager"), ("bench-log-sales", "group_user"))
        ]
        owners = [users[1] if n < mailings // 20 else users[0] for n in range(mailings)]
        campaigns = env["email.campaign"].create(
            [{"name": f"Bench {n}", "user_id": owner.id} for n, owner in enumerate(owners)]
        )
        made = env["email.campaign.mailing"].create(
            [{"campaign_id": campaign.id, "subject": f"Bench {n}"} for n, campaign in enumerate(campaigns)]
        )
        env["email.tracking.url"].create(
            [
                {"name": f"Link {link}", "url": f"https://shop.example/{link}", "campaign_id": campaign.id}
                for campaign in campaigns
                for link in range(LINKS)
            ]
        )
        cr.commit()
        _rows(cr, events, made.ids)
        settled(env)
        return {
            "manager": users[0].id,
            "salesperson": users[1].id,
            "mailing": made[-1].id,
            "seconds": time.perf_counter() - begin,
        }


def _rows(cr: Any, events: int, mailings: list[int]) -> None:
    """Write recipients and events by SQL, with the indexes of the log made anew at the end."""
    each = events // len(mailings) // 4
    cr.execute(
        """
        INSERT INTO email_campaign_recipient (mailing_id, name, email, state, sent_at, opened_at, clicked_at)
             SELECT m, 'Person ' || n, 'person' || n || '@bench-log.example', 'sent', now(),
                    CASE WHEN n %% 3 = 0 THEN now() END, CASE WHEN n %% 9 = 0 THEN now() END
               FROM unnest(%s) AS m, generate_series(1, %s) AS n
        """,
        [mailings, each],
    )
    cr.execute(
        """
        SELECT indexname, indexdef FROM pg_indexes
         WHERE tablename = 'email_campaign_event' AND indexname NOT LIKE '%_pkey'
        """
    )
    indexes = cr.fetchall()
    for name, _definition in indexes:
        cr.execute(f'DROP INDEX "{name}"')
    cr.execute(
        """
        CREATE TEMPORARY TABLE mix AS
        SELECT *, sum(share) OVER (ORDER BY n) - share AS above, sum(share) OVER (ORDER BY n) AS below
          FROM unnest(%s, %s, %s, %s, %s) WITH ORDINALITY AS mix (kind, verdict, reason, on_link, share, n)
        """,
        [list(column) for column in zip(*MIX, strict=True)],
    )
    cr.execute(
        """
        CREATE TEMPORARY TABLE sent AS
        SELECT m AS mailing_id, now() AT TIME ZONE 'utc' - (%s - n + 57) * interval '6 hours' AS at
          FROM unnest(%s) WITH ORDINALITY AS t (m, n)
        """,
        [len(mailings), mailings],
    )
    # Day after day: what is sent at a time, and what comes of it in the two weeks after that, the most at once.
    cr.execute(
        """
        INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, verdict, verdict_reason,
                                          tracking_url_id, ip, user_agent)
        SELECT e.mailing_id, m.campaign_id, e.recipient_id, e.kind, e.at, e.verdict, e.reason,
               CASE WHEN e.on_link THEN (SELECT min(u.id) FROM email_tracking_url u WHERE u.campaign_id = m.campaign_id)
                                        + (random() * (%(links)s - 1))::int END,
               CASE WHEN e.kind IN ('open', 'click') THEN '203.0.113.' || (e.recipient_id %% 250) END,
               CASE WHEN e.kind IN ('open', 'click') THEN 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' END
          FROM (
            SELECT r.mailing_id, r.id AS recipient_id, 'sent' AS kind, s.at, NULL AS verdict, NULL AS reason,
                   FALSE AS on_link
              FROM email_campaign_recipient r JOIN sent s USING (mailing_id)
             UNION ALL
            SELECT r.mailing_id, r.id, mix.kind, s.at + random() ^ 6 * interval '14 days', mix.verdict, mix.reason,
                   mix.on_link
              FROM (SELECT *, random() * 1000 AS dice FROM email_campaign_recipient, generate_series(1, 3)) r
                   JOIN sent s USING (mailing_id) JOIN mix ON r.dice >= mix.above AND r.dice < mix.below
          ) e JOIN email_campaign_mailing m ON m.id = e.mailing_id
         ORDER BY e.at
        """,
        {"links": LINKS},
    )
    for _name, definition in indexes:
        cr.execute(definition)


def count(registry: Any) -> dict[str, Any]:
    """Count the log as the scheduled job does once all can be seen, in its portions."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        rollup = env["email.campaign.event.rollup"]
        cr.execute("SELECT max(id) FROM email_campaign_event")
        [(last,)] = cr.fetchall()
        with Meter(cr) as meter:
            for until in [*range(200_000, last, 200_000), last]:
                rollup._roll(until)
                cr.commit()
        settled(env)
        numbers = [env[f"email.campaign.event.{model}"].search_count([]) for model in ("count", "hour")]
        return {**meter.result, "numbers": numbers}


def opened(registry: Any, manager: int, salesperson: int, mailing: int, **_made: Any) -> dict[str, Any]:
    """Read what the list view of the log shows, plain, filtered and grouped; give the seconds of each."""
    events = "email.campaign.event"
    machine = [("kind", "in", ["open", "click"]), ("verdict", "=", "machine")]

    def page(domain: list[Any]) -> Callable[[Any], None]:
        return lambda env: read_page(_as_client(env), events, domain)

    def groups(*groupby: str, domain: tuple[Any, ...] = ()) -> Callable[[Any], None]:
        return lambda env: read_groups(_as_client(env), events, list(domain), groupby)

    asked = [
        ("the log opened by a manager", manager, page([])),
        ("opened, what machines did", manager, page(machine)),
        ("opened, complaints", manager, page([("kind", "=", "complaint")])),
        ("opened, one mass email", manager, page([("mailing_id", "=", mailing)])),
        ("opened, one address", manager, page([("email", "ilike", "person77@bench-log.example")])),
        ("opened by a salesperson, all of it long ago", salesperson, page([])),
        ("grouped by kind", manager, groups("kind")),
        ("grouped by campaign", manager, groups("campaign_id")),
        ("grouped by link", manager, groups("tracking_url_id")),
        ("grouped by day", manager, groups("at:day")),
        ("grouped by kind and verdict", manager, groups("kind", "verdict")),
        ("grouped by kind for a salesperson", salesperson, groups("kind")),
    ]
    return {"seconds": {label: timed(registry, user, act) for label, user, act in asked}}


def read_groups(env: Any, model: str, domain: list[Any], groupby: tuple[str, ...]) -> None:
    """Read the groups of a list view, as the client asks for them."""
    json.dumps(env[model].web_read_group(domain, list(groupby), ["__count"], limit=PAGE), default=str)


def _as_client(env: Any) -> Any:
    return env(context={"lang": "en_US", "tz": env.user.tz})


def listed(registry: Any, manager: int, mailing: int, **_made: Any) -> dict[str, Any]:
    """Make a target list of all who did not open, of all campaigns of the manager."""
    with registry.cursor() as cr:
        env = api.Environment(cr, manager, {})
        target_list = env["email.target.list"].create({"name": "Did not open"})
        domain = [("state", "=", "sent"), ("opened_at", "=", False)]
        with Meter(cr) as meter:
            count = target_list._add_recipients(domain)
            cr.commit()
        return {**meter.result, "count": count}
