import json

from odoo import api, models
from odoo.tools import SQL

from ..audience.email_address_changes import MOMENT
from ..erased import NOBODY
from . import verdict_items

# The kind of event that the log has of a verdict. Opting out writes its own, and what nobody understood is none.
LOGGED = {
    "hard": "bounce",
    "soft": "bounce",
    "delayed": "delayed",
    "complaint": "complaint",
    "auto_reply": "auto_reply",
    "delivered": "delivered",
}
# So many are written down in one statement, each with its message.
PORTION = 500
EVIDENCE = tuple(kind for kind in LOGGED if kind != "delayed")
# Kinds that tell the same of an email, the graver first: told once more by another channel, it is no second fact.
SAME = {"hard": ("hard",), "soft": ("hard", "soft")}


class EmailVerdict(models.Model):
    """How verdicts come in: written down once, logged, and the policy applied, each a statement over all of them."""

    _inherit = "email.verdict"

    @api.model
    def _take(self, found):
        """Write down what came back, and do what follows from it.

        :param found: dicts with recipient_id, verdict (`tools.bounce.Verdict`), matched_by, signed, channel,
            provider_id, reference, raw (bytes or None), at (naive UTC datetime or None), subject and sender. A verdict
            of kind other is a delivery report by the rule "delivered", an opt-out by the rule "opt_out".
        :return: how many of them are new
        """
        return sum(self._take_portion(found[begin : begin + PORTION]) for begin in range(0, len(found), PORTION))

    @api.model
    def _take_portion(self, found):
        emails = self._emails_of([item.get("recipient_id") for item in found])
        rows = verdict_items.rows(found, emails)
        if not rows:
            return 0
        providers = self._providers_of([row["recipient_id"] for row in rows if not row["provider_id"]])
        kept = self._policy()["raw_days"] > 0
        for row in rows:
            row["provider_id"] = row["provider_id"] or providers.get(row["recipient_id"])
            row["raw"] = row["raw"] if kept else None
        new = self._write_down(rows)
        self._follow([verdict_id for verdict_id, state in new if state != "proposed"])
        return len(new)

    @api.model
    def _emails_of(self, recipient_ids):
        """Give {id: address} of recipients behind whom somebody stands still."""
        ids = [number for number in recipient_ids if isinstance(number, int) and 0 < number < 2**31]
        self.env.flush_all()
        query = SQL(
            "SELECT id, email FROM email_campaign_recipient WHERE id = ANY(%s) AND email NOT LIKE %s",
            ids,
            NOBODY,
        )
        return dict(self.env.execute_query(query)) if ids else {}

    @api.model
    def _providers_of(self, recipient_ids):
        """Give {recipient id: id of the provider by which its mass email leaves, as far as that is known}."""
        recipients = self.env["email.campaign.recipient"].sudo().browse(recipient_ids)
        of_mailing = self.env["email.provider"]._of_mailings(recipients.mailing_id)
        return {recipient.id: of_mailing[recipient.mailing_id].id or None for recipient in recipients}

    @api.model
    def _write_down(self, rows):
        """Insert those of `rows` that are new; give [(id, state)] of them.

        What another channel told of the same email already is no second fact, unless only this counts; its message is
        kept where the first telling had none.
        """
        new = self.env.execute_query(
            SQL(
                """
                WITH item AS (
                    SELECT o.*, r.mailing_id, m.campaign_id, m.company_id, r.email, %(moment)s AS moment,
                           known.id AS known
                      FROM ROWS FROM (json_to_recordset(%(rows)s) AS (
                               recipient_id int, kind varchar, counts bool, state varchar, reason varchar,
                               status varchar, diagnostic varchar, rule varchar, matched_by varchar,
                               channel varchar, provider_id int, reference varchar, raw text, raw_size int,
                               at timestamp, subject varchar, sender varchar)) WITH ORDINALITY AS o
                      JOIN email_campaign_recipient r ON r.id = o.recipient_id
                      JOIN email_campaign_mailing m ON m.id = r.mailing_id
                 LEFT JOIN LATERAL (SELECT v.id FROM email_verdict v
                                     WHERE v.recipient_id = o.recipient_id AND v.channel <> o.channel
                                       AND v.state <> 'proposed'
                                       AND %(same)s
                                     LIMIT 1) AS known ON TRUE
                ), filled AS (
                    UPDATE email_verdict v SET raw = convert_to(i.raw, 'UTF8'), raw_size = i.raw_size
                      FROM item i WHERE v.id = i.known AND v.raw IS NULL AND i.raw IS NOT NULL
                )
                INSERT INTO email_verdict
                            (at, noted_at, counted_at, recipient_id, mailing_id, campaign_id, company_id, email, kind,
                             reason, status_code, diagnostic, rule, matched_by, channel, provider_id, reference, raw,
                             raw_size, subject, sender, counts, state)
                     SELECT coalesce(at, moment), moment, moment, recipient_id, mailing_id, campaign_id, company_id,
                            email, kind, reason, status, diagnostic, rule, matched_by, channel, provider_id, reference,
                            convert_to(raw, 'UTF8'), raw_size, subject, sender, counts, state
                       FROM item WHERE known IS NULL ORDER BY recipient_id, ordinality
                ON CONFLICT (recipient_id, kind, reference) DO NOTHING
                  RETURNING id, state
                """,
                moment=MOMENT,
                rows=json.dumps(rows),
                same=self._same(SQL("v"), SQL("o")),
            )
        )
        self.invalidate_model(flush=False)
        return new

    @api.model
    def _same(self, known, told):
        """Give the condition by which a row `known` tells already what `told` does, of the same recipient."""
        kinds = [(kind, before) for kind in LOGGED for before in SAME.get(kind, (kind,))]
        return SQL(
            """
            (%(told)s.kind, %(known)s.kind) IN (SELECT * FROM unnest(%(kinds)s::varchar[], %(before)s::varchar[]))
            AND %(known)s.superseded IS NOT TRUE AND (%(known)s.counts IS TRUE OR %(told)s.counts IS NOT TRUE)
            """,
            known=known,
            told=told,
            kinds=[kind for kind, _before in kinds],
            before=[before for _kind, before in kinds],
        )

    @api.model
    def _follow(self, ids, again=None):
        """Do what follows from the verdicts `ids`, which count from now on.

        :param again: what the log says of those that were taken back before and count once more
        """
        if not ids:
            return
        self._settle_doubts(ids)
        self._log_these(ids, again)
        self._stamp(self._bounced_by(ids))
        addresses = self.env["email.address"].sudo()
        addresses._recount(self._told_of(ids, "counted"))
        query = SQL("SELECT DISTINCT email FROM email_verdict WHERE id = ANY(%s) AND kind = 'delivered'", ids)
        addresses._note_delivered({email for (email,) in self.env.execute_query(query)})
        self._opt_these_out(ids)
        self.env.invalidate_all()

    @api.model
    def _bounced_by(self, ids):
        """Give the ids of the recipients of whom some of these say that the email bounced."""
        query = SQL(
            "SELECT DISTINCT recipient_id FROM email_verdict WHERE id = ANY(%s) AND kind IN ('hard', 'soft')", list(ids)
        )
        return [recipient_id for (recipient_id,) in self.env.execute_query(query)]

    @api.model
    def _told_of(self, ids, state):
        """Give (address, whether it is one hard bounce more or less) for those of `ids` that are bounces which count.

        One email that bounced is one, however many reports there are of it: only the first and the last matter.
        """
        return self.env.execute_query(
            SQL(
                """
                WITH mine AS MATERIALIZED (
                    SELECT id, recipient_id, email, kind FROM email_verdict
                     WHERE id = ANY(%s) AND state = %s AND counts AND kind IN ('hard', 'soft') AND email IS NOT NULL
                )
                SELECT m.email, m.kind = 'hard'
                       AND row_number() OVER (PARTITION BY m.recipient_id, m.kind ORDER BY m.id) = 1
                       AND NOT EXISTS (SELECT FROM email_verdict v
                                        WHERE v.recipient_id = m.recipient_id AND v.kind = 'hard'
                                          AND v.state = 'counted' AND v.id NOT IN (SELECT id FROM mine))
                  FROM mine m ORDER BY m.email, m.id
                """,
                list(ids),
                state,
            )
        )

    @api.model
    def _log_these(self, ids, again):
        """Write an event for each, and remember which."""
        self.env.cr.execute(
            SQL(
                """
                WITH told AS (
                    SELECT v.id, v.recipient_id, v.mailing_id, v.campaign_id, l.logged,
                           CASE WHEN %(again)s::varchar IS NULL THEN v.reference
                                ELSE 'verdict ' || v.id || ' ' || extract(epoch FROM %(moment)s) END AS source_ref,
                           concat_ws(': ', %(again)s::varchar, nullif(%(detail)s, '')) AS detail
                      FROM email_verdict v
                      JOIN unnest(%(kinds)s::varchar[], %(logged)s::varchar[]) AS l (kind, logged) ON l.kind = v.kind
                     WHERE v.id = ANY(%(ids)s) ORDER BY v.id
                ), logged AS (
                    INSERT INTO email_campaign_event
                                (mailing_id, campaign_id, recipient_id, kind, at, detail, source_ref)
                         SELECT mailing_id, campaign_id, recipient_id, logged, now() AT TIME ZONE 'utc',
                                nullif(detail, ''), source_ref
                           FROM told
                    ON CONFLICT DO NOTHING
                      RETURNING id, recipient_id, kind, source_ref
                )
                UPDATE email_verdict v SET event_id = e.id
                  FROM told t JOIN logged e
                       ON e.recipient_id = t.recipient_id AND e.kind = t.logged AND e.source_ref = t.source_ref
                 WHERE v.id = t.id
                """,
                ids=list(ids),
                again=again,
                moment=MOMENT,
                detail=self.env["email.address"]._told(),
                kinds=list(LOGGED),
                logged=list(LOGGED.values()),
            )
        )

    @api.model
    def _settle_doubts(self, ids):
        """Whatever comes back did leave."""
        query = SQL(
            "SELECT DISTINCT recipient_id FROM email_verdict WHERE id = ANY(%s) AND kind = ANY(%s)", ids, list(EVIDENCE)
        )
        recipients = self.env["email.campaign.recipient"].sudo()
        recipients.browse(number for (number,) in self.env.execute_query(query))._settle_by_evidence()

    @api.model
    def _stamp(self, recipient_ids):
        """Have recipients say what their verdicts say that stand; what was noted before there were any stays."""
        self.env.cr.execute(
            SQL(
                """
                WITH told AS (
                    SELECT v.recipient_id, min(v.noted_at) AS first,
                           bool_or(v.kind = 'hard') FILTER (WHERE s.stands) AS hard,
                           min(v.noted_at) FILTER (WHERE s.stands) AS bounced_at
                      FROM email_verdict v, LATERAL (SELECT v.state IN ('counted', 'noted') AS stands) s
                     WHERE v.recipient_id = ANY(%s) AND v.kind IN ('hard', 'soft') AND v.state <> 'proposed'
                       AND v.superseded IS NOT TRUE
                     GROUP BY 1
                )
                UPDATE email_campaign_recipient r
                   SET bounced_at = CASE WHEN r.bounced_at < t.first THEN r.bounced_at ELSE t.bounced_at END,
                       bounce_kind = CASE WHEN t.hard THEN 'hard' WHEN r.bounced_at < t.first THEN r.bounce_kind
                                          WHEN t.bounced_at IS NOT NULL THEN 'soft' END
                  FROM told t WHERE r.id = t.recipient_id
                """,
                list(recipient_ids),
            )
        )
