from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import visitor
from ..erased import NOBODY
from ..portions import do_in_portions
from .visit_statements import KNOWN_SECONDS, NOW

# Recipients of a mass email at a time, of whom most have done nothing.
PORTION = 5000
# Visits of one recipient that are set against each other; who has more is no person, and is left as it is.
MOST = 500


class EmailJudgement(models.Model):
    """Visits of a campaign judged anew by today's rules, in portions by a job; it stays as the trace of that.

    What only the request itself could tell (a HEAD, a prefetch) and who followed the hidden link stay what they were.
    """

    _name = "email.judgement"
    _description = "New Judgement of Visits"
    _rec_name = "campaign_id"
    _order = "id desc"

    campaign_id = fields.Many2one("email.campaign", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="campaign_id.company_id")
    state = fields.Selection(
        [("running", "Running"), ("done", "Done")], default="running", required=True, readonly=True
    )
    done_at = fields.Datetime("Finished", readonly=True)
    mailing_id = fields.Integer(readonly=True, help="The mass email that it has come to.")
    recipient_id = fields.Integer(readonly=True, help="Up to this recipient of it all are judged.")
    recipient_count = fields.Integer("Recipients", readonly=True)
    visit_count = fields.Integer("Visits", readonly=True)
    to_machine_count = fields.Integer("Now Machines", readonly=True)
    to_human_count = fields.Integer("Now People", readonly=True)

    _running_index = models.Index("(id) WHERE state = 'running'")

    @api.model
    def _start(self, campaigns):
        """Have the job judge the visits of `campaigns` anew; what runs for one of them begins again."""
        self.search([("campaign_id", "in", campaigns.ids), ("state", "=", "running")]).unlink()
        started = self.create([{"campaign_id": campaign.id} for campaign in campaigns])
        self.env.ref("email_campaign.cron_judge").sudo()._trigger()
        return started

    @api.model
    def _cron_judge(self):
        """Go on until everything is judged, or the time of the job is over."""
        do_in_portions(self.env, self._do_portion)

    @api.model
    def _do_portion(self):
        """Judge one portion; give whether there is more to do."""
        self.invalidate_model()
        judgement = self.search([("state", "=", "running")], order="id", limit=1)
        if not judgement:
            return False
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM email_campaign_recipient WHERE mailing_id = %s AND id > %s ORDER BY id LIMIT %s",
                judgement.mailing_id,
                judgement.recipient_id,
                PORTION,
            )
        )
        if rows:
            judgement._judge(rows[-1][0], len(rows))
            return True
        mailings = judgement.campaign_id.sudo().with_context(active_test=False).mailing_ids.sorted("id")
        following = next((each.id for each in mailings if each.id > judgement.mailing_id), None)
        if following:
            judgement.write({"mailing_id": following, "recipient_id": 0})
        else:
            judgement.write({"state": "done", "done_at": fields.Datetime.now()})
        return True

    def _judge(self, last, count):
        """Judge the visits of the recipients up to `last`."""
        portion = SQL("r.mailing_id = %s AND r.id > %s AND r.id <= %s", self.mailing_id, self.recipient_id, last)
        visitors = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT e.user_agent, e.ip
                  FROM email_campaign_recipient r JOIN email_campaign_event e ON e.recipient_id = r.id
                 WHERE %s AND e.kind IN ('open', 'click')
                """,
                portion,
            )
        )
        visits = SQL(
            "e.kind IN ('open', 'click') AND e.recipient_id IN (SELECT r.id FROM email_campaign_recipient r WHERE %s)",
            portion,
        )
        rollup = self.env["email.campaign.event.rollup"]
        told = [visitor.judge_visitor(agent, ip) for agent, ip in visitors]
        rollup._recount(-1, visits)
        [(visit_count, to_machine, to_human)] = self.env.execute_query(
            SQL(
                _JUDGED_ANEW,
                portion=portion,
                most=MOST,
                known=KNOWN_SECONDS,
                nobody=NOBODY,
                now=NOW,
                agents=[agent for agent, _ip in visitors],
                ips=[ip for _agent, ip in visitors],
                machines=[visit.reason if visit.verdict == "machine" else None for visit in told],
                humans=[visit.reason if visit.verdict == "human" else None for visit in told],
                of_the_request=list(visitor.OF_THE_REQUEST),
                **self.env["email.visit"]._rules(),
            )
        )
        rollup._recount(1, visits)
        self.env["email.campaign.event"].invalidate_model(flush=False)
        self.env["email.campaign.recipient"].invalidate_model(["opened_at", "clicked_at"], flush=False)
        self.write(
            {
                "recipient_id": last,
                "recipient_count": self.recipient_count + count,
                "visit_count": self.visit_count + visit_count,
                "to_machine_count": self.to_machine_count + to_machine,
                "to_human_count": self.to_human_count + to_human,
            }
        )


# Recipients by the index (mailing_id, id), their visits by (recipient_id, id). The rules are those of a visit when it
# comes (`visit_statements`); a first time whose visit the log no longer has stays.
_JUDGED_ANEW = """
WITH told AS MATERIALIZED (
    SELECT * FROM unnest(%(agents)s::text[], %(ips)s::text[], %(machines)s::text[], %(humans)s::text[])
               AS t (agent, ip, machine, human)
), visits AS MATERIALIZED (
    SELECT * FROM (
        SELECT e.id, e.recipient_id, e.kind, e.at, e.tracking_url_id AS url, e.ip, e.user_agent AS agent, e.verdict,
               e.verdict_reason AS reason, r.sent_at,
               row_number() OVER (PARTITION BY e.recipient_id ORDER BY e.id) AS place
          FROM email_campaign_recipient r JOIN email_campaign_event e ON e.recipient_id = r.id
         WHERE %(portion)s AND e.kind IN ('open', 'click')
           -- Of who was erased nothing is left to judge by.
           AND r.email NOT LIKE %(nobody)s) numbered
     WHERE place <= %(most)s
), ends AS MATERIALIZED (
    SELECT recipient_id, at, ip FROM visits v
     WHERE kind = 'click' AND %(links)s > 0
       AND (SELECT count(DISTINCT w.url) FROM visits w
             WHERE w.recipient_id = v.recipient_id AND w.kind = 'click' AND w.at <= v.at
               AND w.at > v.at - %(seconds)s * interval '1 s') >= %(links)s
), judged AS MATERIALIZED (
    SELECT v.*, CASE
               WHEN v.kind = 'click' AND v.url IS NULL THEN 'hidden_link'
               WHEN v.verdict = 'machine' AND v.reason = ANY(%(of_the_request)s) THEN v.reason
               WHEN t.machine IS NOT NULL THEN t.machine
               WHEN EXISTS (SELECT FROM visits w
                             WHERE w.recipient_id = v.recipient_id AND w.kind = 'click' AND w.url IS NULL
                               AND w.ip IS NOT DISTINCT FROM v.ip AND w.agent IS NOT DISTINCT FROM v.agent
                               AND abs(extract(epoch FROM w.at - v.at)) < %(known)s) THEN 'hidden_link'
               WHEN EXISTS (SELECT FROM ends w
                             WHERE w.recipient_id = v.recipient_id AND v.at > w.at - %(seconds)s * interval '1 s'
                               AND (v.kind = 'click' AND v.at <= w.at
                                    OR v.kind = 'open' AND v.at < w.at + %(seconds)s * interval '1 s'
                                       AND w.ip IS NOT DISTINCT FROM v.ip)) THEN 'burst'
               WHEN %(soon)s > 0 AND v.at <> v.sent_at AND v.at < v.sent_at + %(soon)s * interval '1 s'
               THEN 'too_soon' END AS machine, t.human
      FROM visits v LEFT JOIN told t ON t.agent IS NOT DISTINCT FROM v.agent AND t.ip IS NOT DISTINCT FROM v.ip
), changed AS (
    UPDATE email_campaign_event e
       SET verdict = CASE WHEN j.machine IS NULL THEN 'human' ELSE 'machine' END,
           verdict_reason = coalesce(j.machine, j.human), judged_at = %(now)s,
           first_reason = CASE WHEN e.first_verdict IS NULL THEN e.verdict_reason ELSE e.first_reason END,
           first_verdict = coalesce(e.first_verdict, e.verdict)
      FROM judged j
     WHERE e.id = j.id AND (j.verdict IS DISTINCT FROM CASE WHEN j.machine IS NULL THEN 'human' ELSE 'machine' END
                            OR j.reason IS DISTINCT FROM coalesce(j.machine, j.human))
), firsts AS (
    SELECT recipient_id, min(at) FILTER (WHERE kind = 'open') AS first_open,
           min(at) FILTER (WHERE kind = 'click') AS first_click,
           min(at) FILTER (WHERE kind = 'open' AND machine IS NULL) AS opened,
           min(at) FILTER (WHERE kind = 'click' AND machine IS NULL) AS clicked
      FROM judged GROUP BY recipient_id
), stamps AS (
    SELECT f.recipient_id, CASE WHEN f.first_open <= r.opened_at OR r.opened_at IS NULL THEN f.opened
                                ELSE r.opened_at END AS opened_at,
           CASE WHEN f.first_click <= r.clicked_at OR r.clicked_at IS NULL THEN f.clicked
                ELSE r.clicked_at END AS clicked_at
      FROM firsts f JOIN email_campaign_recipient r ON r.id = f.recipient_id
), stamped AS (
    UPDATE email_campaign_recipient r SET opened_at = s.opened_at, clicked_at = s.clicked_at
      FROM stamps s
     WHERE r.id = s.recipient_id
       AND (r.opened_at IS DISTINCT FROM s.opened_at OR r.clicked_at IS DISTINCT FROM s.clicked_at)
)
SELECT count(*), count(*) FILTER (WHERE verdict = 'human' AND machine IS NOT NULL),
       count(*) FILTER (WHERE verdict = 'machine' AND machine IS NULL)
  FROM judged
"""
