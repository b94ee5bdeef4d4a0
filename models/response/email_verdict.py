import json

from odoo import api, fields, models
from odoo.tools import SQL

from ..unchecked import UncheckedMany2one

# The kind of event that the log has of a verdict; opting out writes its own.
LOGGED = {kind: kind for kind in ("delayed", "complaint", "auto_reply", "delivered")} | dict.fromkeys(
    ("hard", "soft"), "bounce"
)
KINDS = ("hard", "soft", "delayed", "complaint", "auto_reply", "delivered", "opt_out", "other")


class EmailVerdict(models.Model):
    """What one message or event says about one recipient.

    To be replaced by the model of the same name that has the policy, undoing and the message itself: this is only what
    webhooks need of it, with the same fields and the same entrance.
    """

    _name = "email.verdict"
    _description = "Verdict on What Came Back"
    _order = "id desc"
    _log_access = False

    at = fields.Datetime("When", required=True, readonly=True)
    recipient_id = fields.Many2one("email.campaign.recipient", required=True, readonly=True, ondelete="cascade")
    mailing_id = UncheckedMany2one("email.campaign.mailing", "Mass Email", required=True, readonly=True)
    campaign_id = UncheckedMany2one("email.campaign", required=True, readonly=True)
    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    email = fields.Char("Address", readonly=True)
    kind = fields.Selection([(kind, kind) for kind in KINDS], required=True, readonly=True)
    reason = fields.Char(readonly=True)
    status_code = fields.Char("Status", readonly=True)
    diagnostic = fields.Char(readonly=True)
    rule = fields.Char(readonly=True)
    matched_by = fields.Char(readonly=True)
    channel = fields.Char(readonly=True)
    provider_id = UncheckedMany2one("email.provider", readonly=True)
    reference = fields.Char(required=True, readonly=True)
    raw = fields.Binary(attachment=False, prefetch=False, readonly=True, groups=fields.NO_ACCESS)
    state = fields.Char(readonly=True)

    _reference_unique = models.UniqueIndex("(recipient_id, kind, reference)")

    @api.model
    def _take(self, found):
        """Write down what came back, and do what follows from it; give how many are new."""
        rows = [_row(item) for item in found]
        self.env.flush_all()
        new = self.env.execute_query(
            SQL(
                """
                WITH taken AS (
                    INSERT INTO email_verdict
                                (at, recipient_id, mailing_id, campaign_id, company_id, email, kind, reason,
                                 status_code, diagnostic, rule, matched_by, channel, provider_id, reference, state)
                         SELECT coalesce(o.at, now() AT TIME ZONE 'utc'), r.id, m.id, m.campaign_id, m.company_id,
                                r.email, o.kind, o.reason, o.status, o.diagnostic, o.rule, o.matched_by, o.channel,
                                o.provider_id, o.reference, o.state
                           FROM json_to_recordset(%(rows)s) AS o (
                                recipient_id int, kind varchar, reason varchar, status varchar, diagnostic varchar,
                                rule varchar, matched_by varchar, channel varchar, provider_id int, reference varchar,
                                state varchar, at timestamp)
                           JOIN email_campaign_recipient r ON r.id = o.recipient_id
                           JOIN email_campaign_mailing m ON m.id = r.mailing_id ORDER BY r.id
                    ON CONFLICT DO NOTHING
                      RETURNING *
                ), logged AS (
                    INSERT INTO email_campaign_event
                                (mailing_id, campaign_id, recipient_id, kind, at, detail, source_ref)
                         SELECT mailing_id, campaign_id, recipient_id, %(logged)s::json->>kind,
                                now() AT TIME ZONE 'utc', concat_ws(' ', status_code, diagnostic), reference
                           FROM taken WHERE %(logged)s::json->>kind IS NOT NULL
                    ON CONFLICT DO NOTHING
                ), stamped AS (
                    UPDATE email_campaign_recipient r
                       SET bounced_at = coalesce(r.bounced_at, now() AT TIME ZONE 'utc'),
                           bounce_kind = CASE WHEN r.bounce_kind = 'hard' THEN 'hard' ELSE t.kind END
                      FROM (SELECT recipient_id, min(kind) AS kind FROM taken WHERE kind IN ('hard', 'soft')
                             GROUP BY 1) t
                     WHERE r.id = t.recipient_id
                )
                SELECT recipient_id, email, kind, state, status_code, diagnostic FROM taken
                """,
                rows=json.dumps(rows),
                logged=json.dumps(LOGGED),
            )
        )
        self.env.invalidate_all(flush=False)
        self.env["email.address"].sudo()._note_bounces(
            [
                {"email": email, "kind": kind, "status": status, "reason": diagnostic}
                for _recipient, email, kind, state, status, diagnostic in new
                if kind in ("hard", "soft") and state == "counted"
            ]
        )
        loud = [row[0] for row in new if row[2] in ("complaint", "opt_out")]
        for recipient in self.env["email.campaign.recipient"].sudo().browse(loud):
            recipient._opt_out("webhook")
        return len(new)


def _row(item):
    verdict = item["verdict"]
    failed = verdict.recipients[0] if verdict.recipients else None
    kind = verdict.kind
    if verdict.delayed:
        kind = "delayed"
    elif verdict.rule in ("delivered", "opt_out"):
        kind = verdict.rule
    counts = kind in ("complaint", "opt_out") or (kind in ("hard", "soft") and failed.counts)
    return {
        **{name: item[name] for name in ("recipient_id", "matched_by", "channel", "provider_id", "reference")},
        "kind": kind,
        "rule": verdict.rule,
        "reason": failed and failed.reason,
        "status": failed and failed.status,
        "diagnostic": failed and failed.diagnostic[:500],
        "state": "counted" if counts else "noted",
        "at": item["at"] and item["at"].isoformat(),
    }
