"""SQL of a visit: one statement that judges it and writes all that follows from it.

PostgreSQL reads and plans it once for a connection: that takes three times as long as what it does for one visit.
"""

from odoo.tools import SQL

from ..audience.consent.email_erasure import ERASED_DOMAIN

# What the prepared statements are given, in this order, and its types.
PARAMETERS = {
    "recipient": "bigint",
    "url": "bigint",  # 0 for none
    "machine": "text",  # why it is one, as far as the request tells; NULL for a person
    "human": "text",
    "ip": "text",
    "agent": "text",
    "hidden": "bool",  # whether it is the hidden link
    "soon": "int",
    "links": "int",
    "seconds": "int",
    "evidence": "text",
}

# How many of a recipient's latest events are looked at. More within a minute come from a machine anyway.
LATEST = 50
# Seconds in which whoever followed the hidden link is known by address and User-Agent.
KNOWN_SECONDS = 60
NOW = SQL("now() AT TIME ZONE 'utc'")
# Who was erased leaves no trace any more; see `email.erasure`.
NOBODY = f"%@{ERASED_DOMAIN}"

# The recipient, by primary key; nothing if it was deleted since.
_HIT = """
    hit AS (
        SELECT r.id, r.mailing_id, m.campaign_id, m.link_parameters, r.email, r.state, %(now)s AS at,
               %(soon)s > 0 AND (r.state IN ('claimed', 'handed') OR r.sent_at > %(now)s - %(soon)s * interval '1 s')
               AS too_soon
          FROM email_campaign_recipient r JOIN email_campaign_mailing m ON m.id = r.mailing_id
         WHERE r.id = %(recipient)s AND r.email NOT LIKE %(nobody)s
    )
"""
# What this visit and the latest before it tell together, by the index (recipient_id, id) of the log.
_CLICKED = """
    recent AS MATERIALIZED (
        SELECT e.id, e.kind, e.at, e.tracking_url_id, e.verdict, e.verdict_reason,
               e.ip IS NOT DISTINCT FROM %(ip)s AS near,
               e.ip IS NOT DISTINCT FROM %(ip)s AND e.user_agent IS NOT DISTINCT FROM %(agent)s AS same,
               e.at > %(now)s - %(seconds)s * interval '1 s' AS moment
          FROM (SELECT * FROM email_campaign_event WHERE recipient_id = %(recipient)s
                 ORDER BY id DESC LIMIT %(latest)s) e
         WHERE e.kind IN ('open', 'click') AND e.at > %(now)s - greatest(%(seconds)s, %(known)s) * interval '1 s'
    ), found AS (
        SELECT %(hidden)s OR coalesce(bool_or(verdict_reason = 'hidden_link' AND same), FALSE) AS hidden,
               %(links)s > 0 AND (%(url)s <> 0)::int + count(DISTINCT tracking_url_id) FILTER (
                   WHERE kind = 'click' AND moment AND tracking_url_id <> %(url)s) >= %(links)s AS burst
          FROM recent
    ), revised AS (
        UPDATE email_campaign_event e
           SET verdict = 'machine', verdict_reason = CASE WHEN f.hidden AND r.same THEN 'hidden_link' ELSE 'burst' END,
               first_verdict = coalesce(e.first_verdict, e.verdict), judged_at = %(now)s,
               first_reason = CASE WHEN e.first_verdict IS NULL THEN e.verdict_reason ELSE e.first_reason END
          FROM recent r, found f
         WHERE e.id = r.id AND r.verdict = 'human'
           AND (f.hidden AND r.same OR f.burst AND r.moment AND (r.kind = 'click' OR r.near))
     RETURNING e.id, e.kind, e.at
    )
"""
_OPENED = """
    found AS (SELECT FALSE AS hidden, FALSE AS burst)
"""
_JUDGED = """
    judged AS (
        SELECT hit.*, coalesce(%(machine)s, CASE WHEN hidden THEN 'hidden_link' WHEN burst THEN 'burst'
                                                 WHEN too_soon THEN 'too_soon' END) AS machine
          FROM hit, found
    ), logged AS (
        INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, tracking_url_id, verdict,
                                          verdict_reason, ip, user_agent, detail)
             SELECT mailing_id, campaign_id, id, 'sent', at, NULL, NULL, NULL, NULL, NULL, %(evidence)s
               FROM judged WHERE state = 'in_doubt' AND machine IS NULL
          UNION ALL
             SELECT mailing_id, campaign_id, id, %(kind)s, at, nullif(%(url)s, 0),
                    CASE WHEN machine IS NULL THEN 'human' ELSE 'machine' END, coalesce(machine, %(human)s),
                    %(ip)s, %(agent)s, NULL
               FROM judged
    ), stamped AS (
        UPDATE email_campaign_recipient r SET %(stamps)s,
               state = CASE WHEN r.state = 'in_doubt' AND j.machine IS NULL THEN 'sent' ELSE r.state END,
               worker = CASE WHEN r.state = 'in_doubt' AND j.machine IS NULL THEN NULL ELSE r.worker END,
               sent_at = CASE WHEN r.state = 'in_doubt' AND j.machine IS NULL THEN j.at ELSE r.sent_at END
          FROM judged j
         WHERE r.id = j.id AND (j.machine IS NULL AND (j.state = 'in_doubt' OR r.%(stamp)s IS NULL) OR %(again)s)
    ), %(address)s
    SELECT CASE WHEN judged.id IS NOT NULL THEN judged.machine IS NULL END AS human, u.url, u.show_message AS explains,
           judged.link_parameters AS added
      FROM (VALUES (%(url)s)) AS asked (url_id)
           LEFT JOIN judged ON TRUE LEFT JOIN email_tracking_url u ON u.id = asked.url_id
"""
_OPENED_STAMPS = SQL("opened_at = coalesce(r.opened_at, CASE WHEN j.machine IS NULL THEN j.at END)")
# A first time that only visits gave which are taken for a machine's now is taken back, or is the next person's.
_CLICKED_STAMPS = SQL(
    """
    clicked_at = CASE WHEN j.machine IS NULL THEN coalesce(r.clicked_at, j.at)
                      WHEN r.clicked_at >= (SELECT min(at) FROM revised WHERE kind = 'click')
                      THEN (SELECT min(at) FROM recent WHERE kind = 'click' AND verdict = 'human'
                                                         AND id NOT IN (SELECT id FROM revised))
                      ELSE r.clicked_at END,
    opened_at = CASE WHEN r.opened_at >= (SELECT min(at) FROM revised WHERE kind = 'open')
                     THEN (SELECT min(at) FROM recent WHERE kind = 'open' AND verdict = 'human'
                                                        AND id NOT IN (SELECT id FROM revised))
                     ELSE r.opened_at END
    """
)


def visited(kind, address):
    """Give the statement that writes down an open or a click and gives what it leads to: (human, url, explains, added).

    `human` is empty where the recipient is gone, the others where the link is; `explains` says that it shows a message;
    `added` are the parameters that belong to it.

    :param kind: open, or click
    :param address: the WITH parts that note activity of the addresses in `judged`
    """
    clicked = kind == "click"
    parameters = {name: SQL(f"${number}::{kind}") for number, (name, kind) in enumerate(PARAMETERS.items(), 1)}
    return SQL(
        "WITH" + ",".join([_HIT, _CLICKED if clicked else _OPENED, _JUDGED]),
        **parameters,
        kind=kind,
        now=NOW,
        nobody=NOBODY,
        latest=LATEST,
        known=KNOWN_SECONDS,
        address=address,
        stamp=SQL.identifier("clicked_at" if clicked else "opened_at"),
        stamps=_CLICKED_STAMPS if clicked else _OPENED_STAMPS,
        again=SQL("EXISTS (SELECT FROM revised)") if clicked else SQL("FALSE"),
    )


def prepare(name, statement):
    """Give what prepares `statement` on a connection under `name`."""
    types = SQL(", ").join(map(SQL, PARAMETERS.values()))
    return SQL("PREPARE %s (%s) AS %s", SQL.identifier(name), types, statement)


def execute(name, values):
    """Give what runs the prepared statement `name` with {parameter: value}."""
    given = SQL(", ").join(SQL("%s", values[parameter]) for parameter in PARAMETERS)
    return SQL("EXECUTE %s (%s)", SQL.identifier(name), given)


def logged_only(kind, **values):
    """Give the statement that adds to the log alone, and waits for nobody who writes the recipient or the address.

    :param values: recipient, url, machine and human, ip, agent
    """
    return SQL(
        """
        INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, tracking_url_id, verdict,
                                          verdict_reason, ip, user_agent)
             SELECT r.mailing_id, m.campaign_id, r.id, %(kind)s, %(now)s, nullif(%(url)s, 0),
                    CASE WHEN %(machine)s IS NULL THEN 'human' ELSE 'machine' END, coalesce(%(machine)s, %(human)s),
                    %(ip)s, %(agent)s
               FROM email_campaign_recipient r JOIN email_campaign_mailing m ON m.id = r.mailing_id
              WHERE r.id = %(recipient)s AND r.email NOT LIKE %(nobody)s
        """,
        kind=kind,
        now=NOW,
        nobody=NOBODY,
        **{name: values[name] for name in ("recipient", "url", "machine", "human", "ip", "agent")},
    )
