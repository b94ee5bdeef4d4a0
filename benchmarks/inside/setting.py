"""What a database needs before it can send: a mail server that leads to the sink, a domain, people."""

from __future__ import annotations

from typing import Any

from .content import BASE_URL, DOMAIN, FIRST_NAMES, LAST_NAMES


def mail_server(env: Any, host: str, port: int) -> Any:
    """Give the one outgoing mail server of the database, leading to `host` and `port`."""
    values = {
        "name": "Sink",
        "smtp_host": host,
        "smtp_port": port,
        "smtp_encryption": "none",
        "smtp_authentication": "login",
        "from_filter": DOMAIN,
    }
    server = env["ir.mail_server"].search([("name", "=", "Sink")])
    if server:
        server.write(values)
    else:
        env["ir.mail_server"].search([]).active = False
        server = env["ir.mail_server"].create(values)
    domain = env["mail.alias.domain"].search([("name", "=", DOMAIN)]) or env["mail.alias.domain"].create(
        {"name": DOMAIN}
    )
    env.company.alias_domain_id = domain
    env["ir.config_parameter"].set_param("web.base.url", BASE_URL)
    env["ir.config_parameter"].set_param("web.base.url.freeze", "True")
    return server


def people(count: int, tag: str) -> list[tuple[str, str]]:
    """Give `count` names and addresses at fifty domains; no other `tag` has these addresses."""
    return [
        (f"{FIRST_NAMES[n % 10]} {LAST_NAMES[n // 10 % 10]}", f"person{n}@{tag}-{n % 50}.example")
        for n in range(1, count + 1)
    ]


def partners(env: Any, count: int, tag: str) -> list[int]:
    """Give the ids of `count` new contacts, in the order of `people`.

    Written by SQL: making 50,000 contacts one by one is not what is measured.
    """
    names, emails = map(list, zip(*people(count, tag), strict=True))
    env.cr.execute(
        """
        WITH made AS (
            INSERT INTO res_partner (name, complete_name, email, email_normalized, active, type, lang, partner_share,
                                     is_company, is_email_contact, create_uid, write_uid, create_date, write_date)
                 SELECT name, name, email, email, TRUE, 'contact', 'en_US', TRUE, FALSE, TRUE, 1, 1, now(), now()
                   FROM unnest(%s, %s) AS people (name, email)
              RETURNING id
        ) SELECT array_agg(id ORDER BY id) FROM made
        """,
        [names, emails],
    )
    ids: list[int] = env.cr.fetchone()[0]
    env.cr.execute("UPDATE res_partner SET commercial_partner_id = id WHERE id = ANY(%s)", [ids])
    env.invalidate_all()
    return ids


def settled(env: Any) -> None:
    """Let the database have the statistics that it would have in real life, and autovacuum not begin just then."""
    env.cr.commit()
    env.cr._cnx.autocommit = True
    try:
        env.cr.execute("VACUUM ANALYZE")
    finally:
        env.cr._cnx.autocommit = False
