from odoo import api, models
from odoo.tools import SQL

from .email_address_changes import ACTIVITIES, NOW

KEPT_REASON = 500  # characters


class EmailAddress(models.Model):
    """The policy on bounces: what the verdicts on an address that stand make of it, over a set of addresses at once.

    Nothing is summed up: each time the verdicts are counted that stand, a few for each address. So it is the same
    whether one comes, in whatever order, or one is taken back.

    - *hard* ones count from the last time that somebody said by hand what the address is;
    - *soft* ones from the last time that it was seen to work, too; several of one day (UTC) count as one. They are
      enough if there were ever so many days within the window.
    """

    _inherit = "email.address"

    @api.model
    def _recount(self, told):
        """Apply the policy to addresses of which something bad was told: they may become worse, and never better.

        :param told: (address, whether it is one hard bounce more) for each
        """
        if told:
            self._apply_policy(told, self._worse(), "bounce")

    @api.model
    def _recount_undone(self, told, reason):
        """Apply the policy to addresses anew of which something was taken back because of `reason`.

        :param told: as for `_recount`
        """
        if told:
            self._apply_policy(told, self._anew(), "undone", note=reason)

    @api.model
    def _note_delivered(self, emails):
        """Note that emails were delivered, says their server: what was counted softly is over.

        It does not say that anybody reads there, and makes no unknown address valid.
        """
        if not emails:
            return
        change = SQL(
            """
            INSERT INTO email_address AS a (email, validity, last_delivered_at, hard_bounce_count, soft_bounce_count)
                 SELECT email, 'unknown', %(now)s, 0, 0 FROM unnest(%(emails)s::varchar[]) AS email ORDER BY email
            ON CONFLICT (email) DO UPDATE
                    SET last_delivered_at = EXCLUDED.last_delivered_at, soft_bounce_count = 0,
                        validity_at = CASE WHEN a.validity = 'soft_bouncing' THEN %(now)s ELSE a.validity_at END,
                        reason = CASE WHEN a.validity = 'soft_bouncing' THEN NULL ELSE a.reason END,
                        status_code = CASE WHEN a.validity = 'soft_bouncing' THEN NULL ELSE a.status_code END,
                        validity = CASE WHEN a.validity = 'soft_bouncing' THEN 'valid' ELSE a.validity END
            """,
            now=NOW,
            emails=sorted(emails),
        )
        self._change(emails, change, "delivery")

    @api.model
    def _told(self):
        """Give SQL for what verdict `v` tells in one line: status and words."""
        return SQL(
            """
            left(CASE WHEN position(coalesce(v.status_code, '') IN coalesce(v.diagnostic, '')) > 0 THEN v.diagnostic
                      ELSE concat_ws(' ', v.status_code, v.diagnostic) END, %s)
            """,
            KEPT_REASON,
        )

    @api.model
    def _apply_policy(self, told, update, source, note=None):
        hard = {}
        for email, is_hard in told:
            hard[email] = hard.get(email, 0) + is_hard
        emails = sorted(hard)
        change = SQL(
            """
            INSERT INTO email_address AS a (email, validity, validity_at, last_bounced_at, reason, status_code,
                                            hard_bounce_count, soft_bounce_count)
                 %(found)s
            ON CONFLICT (email) DO UPDATE SET %(update)s
            """,
            found=self._policy_query(emails, [hard[email] for email in emails]),
            update=update,
        )
        self._change(emails, change, source, note=note)

    def _worse(self):
        """Give what a bounce changes. One that is invalid stays so, for the reason it has."""
        return SQL(
            """
            last_bounced_at = EXCLUDED.last_bounced_at,
            hard_bounce_count = a.hard_bounce_count + EXCLUDED.hard_bounce_count,
            soft_bounce_count = EXCLUDED.soft_bounce_count,
            validity = CASE WHEN %(kept)s THEN a.validity ELSE EXCLUDED.validity END,
            validity_at = CASE WHEN %(kept)s OR a.validity = EXCLUDED.validity
                               THEN a.validity_at ELSE EXCLUDED.validity_at END,
            reason = CASE WHEN %(kept)s THEN a.reason ELSE EXCLUDED.reason END,
            status_code = CASE WHEN %(kept)s THEN a.status_code ELSE EXCLUDED.status_code END
            """,
            kept=SQL("(a.validity = 'invalid' OR EXCLUDED.validity NOT IN ('soft_bouncing', 'invalid'))"),
        )

    def _anew(self):
        """Give what taking back changes: all that bounces had made of it."""
        return SQL(
            """
            last_bounced_at = EXCLUDED.last_bounced_at,
            hard_bounce_count = greatest(a.hard_bounce_count - EXCLUDED.hard_bounce_count, 0),
            soft_bounce_count = EXCLUDED.soft_bounce_count,
            validity = EXCLUDED.validity,
            validity_at = CASE WHEN a.validity = EXCLUDED.validity THEN a.validity_at ELSE EXCLUDED.validity_at END,
            reason = EXCLUDED.reason, status_code = EXCLUDED.status_code
            """
        )

    @api.model
    def _policy_query(self, emails, hard):
        """Give the query for what the policy makes of `emails`, one row each, in the columns of `_apply_policy`.

        By the index of verdicts on their address, and that of the history on the address.
        """
        policy = self.env["email.verdict"]._policy()
        return SQL(
            """
            WITH asked AS (
                SELECT * FROM unnest(%(emails)s::varchar[], %(hard)s::int[]) AS t (email, told_hard)
            ), known AS (
                SELECT asked.email, asked.told_hard, hand.validity AS by_hand, hand.at AS by_hand_at,
                       hand.reason AS by_hand_reason, first.noted_at AS first_at,
                       before.validity AS before, before.at AS before_at,
                       before.reason AS before_reason, a.last_bounced_at, greatest(%(done_at)s) AS done_at,
                       greatest(%(done_at)s, a.last_delivered_at, hand.at) AS worked_at
                  FROM asked LEFT JOIN email_address a ON a.email = asked.email
             LEFT JOIN LATERAL (SELECT * FROM email_address_history h
                                 WHERE h.address_id = a.id AND h.source = 'hand' ORDER BY h.id DESC LIMIT 1)
                       AS hand ON TRUE
             LEFT JOIN LATERAL (SELECT min(v.noted_at) AS noted_at FROM email_verdict v
                                 WHERE v.email = asked.email AND v.state <> 'proposed' AND v.kind IN ('hard', 'soft'))
                       AS first ON TRUE
                       -- What it was before anything was kept of which this is made.
             LEFT JOIN LATERAL (SELECT * FROM email_address_history h
                                 WHERE h.address_id = a.id AND h.at < first.noted_at ORDER BY h.id DESC LIMIT 1)
                       AS before ON TRUE
            ), stands AS (
                SELECT v.email, v.recipient_id, v.kind, v.at, v.counted_at, v.noted_at, v.status_code,
                       %(told)s AS reason
                  FROM known k JOIN email_verdict v
                       ON v.email = k.email AND v.state = 'counted' AND v.kind IN ('hard', 'soft')
                      AND v.counted_at > coalesce(k.by_hand_at, '-infinity')
                      AND (v.kind = 'hard' OR v.at > coalesce(k.worked_at, '-infinity'))
            ), days AS (
                SELECT email, day, count(*) OVER (
                           PARTITION BY email ORDER BY day
                           RANGE BETWEEN make_interval(days => %(window)s - 1) PRECEDING AND CURRENT ROW) AS within
                  FROM (SELECT DISTINCT email, at::date::timestamp AS day FROM stands WHERE kind = 'soft') AS d
            ), hard AS (
                SELECT email, count(DISTINCT recipient_id) AS hards FROM stands WHERE kind = 'hard' GROUP BY email
            ), soft AS (
                SELECT email, max(within) AS softs, (array_agg(within ORDER BY day DESC))[1] AS soft_now
                  FROM days GROUP BY email
            ), worst AS (
                SELECT DISTINCT ON (email) email, status_code, reason, kind
                  FROM stands ORDER BY email, kind, counted_at DESC, at DESC
            ), counted AS (
                SELECT k.*, coalesce(hard.hards, 0) AS hards, coalesce(soft.softs, 0) AS softs,
                       coalesce(soft.soft_now, 0) AS soft_now, worst.status_code, worst.reason, worst.kind,
                       (SELECT max(v.noted_at) FROM email_verdict v
                         WHERE v.email = k.email AND v.state = 'counted' AND v.kind IN ('hard', 'soft')) AS bounced_at
                  FROM known k LEFT JOIN hard ON hard.email = k.email LEFT JOIN soft ON soft.email = k.email
             LEFT JOIN worst ON worst.email = k.email
            ), judged AS (
                SELECT *, CASE WHEN by_hand = 'invalid' THEN 'by hand'
                               WHEN before = 'invalid' AND coalesce(by_hand_at, '-infinity') <= before_at THEN 'before'
                               WHEN %(hards)s > 0 AND hards >= %(hards)s OR %(softs)s > 0 AND softs >= %(softs)s
                               THEN 'invalid'
                               WHEN kind IS NOT NULL THEN 'soft_bouncing'
                               WHEN by_hand = 'valid' AND by_hand_at > coalesce(done_at, '-infinity') THEN 'hand valid'
                               WHEN by_hand = 'valid' OR done_at IS NOT NULL THEN 'valid'
                               ELSE 'unknown' END AS result
                  FROM counted
            )
            SELECT email,
                   CASE WHEN result IN ('by hand', 'before') THEN 'invalid'
                        WHEN result = 'hand valid' THEN 'valid' ELSE result END,
                   %(now)s,
                   coalesce(bounced_at, CASE WHEN last_bounced_at < first_at THEN last_bounced_at END,
                            CASE WHEN first_at IS NULL THEN %(now)s END),
                   CASE WHEN result IN ('by hand', 'hand valid') THEN by_hand_reason
                        WHEN result = 'before' THEN before_reason
                        WHEN result IN ('invalid', 'soft_bouncing') THEN nullif(reason, '') END,
                   CASE WHEN result IN ('invalid', 'soft_bouncing') THEN status_code END,
                   told_hard, soft_now
              FROM judged ORDER BY email
            """,
            emails=emails,
            hard=hard,
            done_at=SQL(", ").join(SQL.identifier("a", column) for column in ACTIVITIES.values()),
            told=self._told(),
            now=NOW,
            window=policy["soft_days"],
            hards=policy["hard_bounces"],
            softs=policy["soft_bounces"],
        )
