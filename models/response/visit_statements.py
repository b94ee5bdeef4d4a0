"""SQL of visits: what keeps one while the visitor waits, and what judges many of them afterwards."""

from odoo.tools import SQL

from ..erased import NOBODY

# What is kept of a visit, in this order, with PostgreSQL's types.
PARAMETERS = {
    "recipient": "bigint",
    "url": "bigint",  # 0 for none
    "kind": "text",  # open, or click
    "machine": "text",  # why it is one, as far as the request tells; NULL for a person
    "human": "text",
    "ip": "text",
    "agent": "text",
}

# How many of a recipient's latest events are looked at. More within a minute come from a machine anyway.
LATEST = 50
# Seconds in which whoever followed the hidden link is known by address and User-Agent.
KNOWN_SECONDS = 60
# Seconds for which a visit waits until its email has left as far as we know.
PATIENCE = 600
NOW = SQL("now() AT TIME ZONE 'utc'")

# All that is done while somebody waits: two looks by a primary key, and one row in a small table.
_KEPT = """
    WITH hit AS (
        SELECT r.id, m.link_parameters
          FROM email_campaign_recipient r JOIN email_campaign_mailing m ON m.id = r.mailing_id
         WHERE r.id = %(recipient)s AND r.email NOT LIKE %(nobody)s
    ), kept AS (
        INSERT INTO email_visit_waiting (recipient_id, url_id, kind, at, machine, human, ip, user_agent)
             SELECT id, %(url)s, %(kind)s, %(now)s, %(machine)s, %(human)s, %(ip)s, %(agent)s
               FROM hit
    )
    SELECT u.url, u.show_message, hit.link_parameters
      FROM (VALUES (1)) AS asked LEFT JOIN hit ON TRUE LEFT JOIN email_tracking_url u ON u.id = %(url)s
"""


def kept(**values):
    """Give the statement that keeps a visit with its PARAMETERS; its one row is (url, explains, added).

    `url` is empty where the link is gone, `explains` says that it shows a message, `added` are the parameters that
    belong to it. Of a recipient that is gone nothing is kept.
    """
    return SQL(_KEPT, now=NOW, nobody=NOBODY, **{name: values[name] for name in PARAMETERS})


def preparing(name):
    """Give what prepares that statement on a connection under `name`."""
    numbered = {parameter: SQL(f"${n}::{kind}") for n, (parameter, kind) in enumerate(PARAMETERS.items(), 1)}
    types = SQL(", ").join(map(SQL, PARAMETERS.values()))
    return SQL("PREPARE %s (%s) AS %s", SQL.identifier(name), types, kept(**numbered))


# An email that is under way still: when it left is known in a moment. Its state is looked up for each visit; as a join
# it may be found by reading all recipients.
_NEXT = """
    SELECT w.id FROM email_visit_waiting w
     WHERE w.at <= %(now)s - %(patience)s * interval '1 s'
        OR coalesce((SELECT r.state FROM email_campaign_recipient r WHERE r.id = w.recipient_id), '')
           NOT IN ('claimed', 'handed')
     ORDER BY w.id LIMIT %(portion)s
"""


def following(portion):
    """Give a query of the ids of the `portion` visits that are judged next."""
    return SQL(_NEXT, now=NOW, patience=PATIENCE, portion=portion)


# Visits of recipients by the index (recipient_id, id) of the log, recipients and mass emails by primary keys.
#
# A visit is judged by those around it, so that one that was taken for a person's may turn out to be a machine's; its
# event is revised then, and a first time that only such visits gave is the next person's, or taken back.
_JUDGED = """
WITH taken AS MATERIALIZED (
    DELETE FROM email_visit_waiting
     WHERE id IN (%(next)s) RETURNING *
), hits AS MATERIALIZED (
    SELECT t.id AS place, t.kind, t.at, t.url_id, t.machine, t.human, t.ip, t.user_agent, r.id AS recipient_id,
           r.mailing_id, m.campaign_id, r.email, r.state,
           %(soon)s > 0 AND r.sent_at > t.at - %(soon)s * interval '1 s' AS too_soon
      FROM taken t JOIN email_campaign_recipient r ON r.id = t.recipient_id
      JOIN email_campaign_mailing m ON m.id = r.mailing_id
     WHERE r.email NOT LIKE %(nobody)s
), visits AS MATERIALIZED (
    SELECT NULL::bigint AS event_id, place, recipient_id, kind, at, url_id, ip, user_agent, machine, too_soon FROM hits
 UNION ALL
    SELECT e.id, NULL, e.recipient_id, e.kind, e.at, coalesce(e.tracking_url_id, 0), e.ip, e.user_agent,
           CASE WHEN e.verdict = 'machine' THEN e.verdict_reason END, FALSE
      FROM (SELECT recipient_id, min(at) AS since FROM hits GROUP BY recipient_id) h
     CROSS JOIN LATERAL (SELECT * FROM email_campaign_event WHERE recipient_id = h.recipient_id
                          ORDER BY id DESC LIMIT %(latest)s) e
     WHERE e.kind IN ('open', 'click') AND e.at > h.since - greatest(%(seconds)s, %(known)s) * interval '1 s'
), many AS MATERIALIZED (
    SELECT recipient_id FROM visits WHERE kind = 'click' AND url_id <> 0 AND %(links)s > 0
     GROUP BY recipient_id HAVING count(DISTINCT url_id) >= %(links)s
), ends AS MATERIALIZED (
    SELECT v.recipient_id, v.at, v.ip
      FROM many JOIN visits v USING (recipient_id) JOIN visits w USING (recipient_id)
     WHERE v.kind = 'click' AND w.kind = 'click' AND w.url_id <> 0
       AND w.at <= v.at AND w.at > v.at - %(seconds)s * interval '1 s'
     GROUP BY v.recipient_id, v.at, v.ip HAVING count(DISTINCT w.url_id) >= %(links)s
), lured AS MATERIALIZED (
    SELECT recipient_id, at, ip, user_agent FROM visits WHERE kind = 'click' AND url_id = 0
), judged AS MATERIALIZED (
    SELECT v.*, CASE
               WHEN v.kind = 'click' AND v.url_id = 0 THEN 'hidden_link'
               WHEN v.machine IS NOT NULL THEN v.machine
               WHEN EXISTS (SELECT FROM lured l
                             WHERE l.recipient_id = v.recipient_id AND l.ip IS NOT DISTINCT FROM v.ip
                               AND l.user_agent IS NOT DISTINCT FROM v.user_agent
                               AND abs(extract(epoch FROM l.at - v.at)) < %(known)s) THEN 'hidden_link'
               WHEN EXISTS (SELECT FROM ends e
                             WHERE e.recipient_id = v.recipient_id AND v.at > e.at - %(seconds)s * interval '1 s'
                               AND (v.kind = 'click' AND v.at <= e.at
                                    OR v.kind = 'open' AND v.at < e.at + %(seconds)s * interval '1 s'
                                       AND e.ip IS NOT DISTINCT FROM v.ip)) THEN 'burst'
               WHEN v.too_soon THEN 'too_soon' END AS verdict_reason
      FROM visits v
), firsts AS MATERIALIZED (
    SELECT recipient_id, bool_or(event_id IS NULL AND verdict_reason IS NULL) AS human,
           min(at) FILTER (WHERE event_id IS NULL AND verdict_reason IS NULL) AS human_at,
           min(at) FILTER (WHERE kind = 'open' AND verdict_reason IS NULL) AS opened,
           min(at) FILTER (WHERE kind = 'click' AND verdict_reason IS NULL) AS clicked,
           min(at) FILTER (WHERE kind = 'open' AND machine IS DISTINCT FROM verdict_reason) AS not_opened,
           min(at) FILTER (WHERE kind = 'click' AND machine IS DISTINCT FROM verdict_reason) AS not_clicked
      FROM judged GROUP BY recipient_id
), logged AS (
    INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, tracking_url_id, verdict,
                                      verdict_reason, ip, user_agent, detail)
         SELECT mailing_id, campaign_id, recipient_id, kind, at, url_id, verdict, reason, ip, user_agent, detail
           FROM (SELECT 0 AS place, h.mailing_id, h.campaign_id, h.recipient_id, 'sent' AS kind, f.human_at AS at,
                        NULL::bigint AS url_id, NULL AS verdict, NULL AS reason, NULL AS ip, NULL AS user_agent,
                        %(evidence)s AS detail
                   FROM (SELECT DISTINCT ON (recipient_id) * FROM hits WHERE state = 'in_doubt') h
                   JOIN firsts f ON f.recipient_id = h.recipient_id AND f.human
              UNION ALL
                 SELECT h.place, h.mailing_id, h.campaign_id, h.recipient_id, h.kind, h.at, nullif(h.url_id, 0),
                        CASE WHEN j.verdict_reason IS NULL THEN 'human' ELSE 'machine' END,
                        coalesce(j.verdict_reason, h.human), h.ip, h.user_agent, NULL
                   FROM hits h JOIN judged j ON j.place = h.place) rows
          ORDER BY place
), revised AS (
    UPDATE email_campaign_event e
       SET verdict = 'machine', verdict_reason = j.verdict_reason, judged_at = %(now)s,
           first_verdict = coalesce(e.first_verdict, e.verdict),
           first_reason = CASE WHEN e.first_verdict IS NULL THEN e.verdict_reason ELSE e.first_reason END
      FROM judged j
     WHERE e.id = j.event_id AND j.machine IS NULL AND j.verdict_reason IS NOT NULL
), stamps AS (
    SELECT r.id, f.human, f.human_at,
           CASE WHEN r.opened_at IS NULL OR r.opened_at >= f.not_opened THEN f.opened ELSE r.opened_at END AS opened_at,
           CASE WHEN r.clicked_at IS NULL OR r.clicked_at >= f.not_clicked THEN f.clicked
                ELSE r.clicked_at END AS clicked_at
      FROM firsts f JOIN email_campaign_recipient r ON r.id = f.recipient_id
), stamped AS (
    UPDATE email_campaign_recipient r
       SET opened_at = s.opened_at, clicked_at = s.clicked_at,
           state = CASE WHEN r.state = 'in_doubt' AND s.human THEN 'sent' ELSE r.state END,
           worker = CASE WHEN r.state = 'in_doubt' AND s.human THEN NULL ELSE r.worker END,
           -- When it was sent nobody knows; not so late that this visit would be too soon.
           sent_at = CASE WHEN r.state = 'in_doubt' AND s.human THEN s.human_at - %(soon)s * interval '1 s'
                          ELSE r.sent_at END
      FROM stamps s
     WHERE r.id = s.id AND (r.opened_at IS DISTINCT FROM s.opened_at OR r.clicked_at IS DISTINCT FROM s.clicked_at
                            OR r.state = 'in_doubt' AND s.human)
)
SELECT (SELECT count(*) FROM taken), h.kind, array_agg(DISTINCT h.email ORDER BY h.email)
  FROM hits h JOIN judged j ON j.place = h.place
 WHERE j.verdict_reason IS NULL GROUP BY h.kind
 UNION ALL
SELECT count(*), NULL, NULL FROM taken
"""


def judged(portion, evidence, **rules):
    """Give the statement that logs the `portion` visits that wait longest: rows (count, kind, addresses of persons).

    The last row has the count of all that were taken, and no kind.

    :param evidence: what the log says where a visit settles a doubt
    :param rules: soon, links, seconds
    """
    return SQL(
        _JUDGED,
        next=following(portion),
        evidence=evidence,
        now=NOW,
        nobody=NOBODY,
        latest=LATEST,
        known=KNOWN_SECONDS,
        **rules,
    )
