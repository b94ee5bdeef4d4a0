from odoo import api, models
from odoo.tools import SQL

from . import prepared

MAX_ATTEMPTS = 6
# Minutes until the second attempt; each further one waits three times as long (5, 15, 45, 135, 405).
FIRST_DELAY = 5
# Whoever did one of these had the email.
EVIDENCE = SQL("coalesce(r.opened_at, r.clicked_at, r.replied_at, r.bounced_at, r.opted_out_at) IS NOT NULL")

# Why one record does not get it, which says nothing about others with the same address.
OF_THE_RECORD = ("record_gone", "no_access")

# Reads the state of the mass email and keeps it as it is until the end of the transaction; other workers may hold it as
# well. Without this a button pressed meanwhile would go unseen: a transaction sees what was when it began.
_HELD = SQL("SELECT id, campaign_id, state FROM email_campaign_mailing WHERE id = $1 FOR SHARE")
# $1 mass email, $2 ids, $3 worker. By itself it waits for the disk, see `_hand`.
_HAND = SQL(
    """
    WITH held AS MATERIALIZED (%s), mine AS MATERIALIZED (
        -- Whoever takes us for dead waits, and looks for what we handed over after that.
        SELECT is_dead FROM email_campaign_worker WHERE number = $3 AND mailing_id = $1 FOR SHARE
    )
    UPDATE email_campaign_recipient SET state = 'handed', worker = $3, attempts = attempts + 1
     WHERE id = ANY($2) AND state IN ('queued', 'retry')
       AND coalesce(next_try_at, '-infinity') <= now() AT TIME ZONE 'utc'
       AND EXISTS (SELECT FROM held WHERE state = 'sending')
       AND EXISTS (SELECT FROM mine WHERE is_dead IS NOT TRUE)
       AND (SELECT set_config('synchronous_commit', 'on', TRUE)) = 'on'
 RETURNING id
    """,
    _HELD,
)
# $1 mass email, $2 worker, $3 the outcomes, $4 what the log says of evidence, $5 the ids of the outcomes.
_FLUSH = SQL(
    """
    WITH held AS MATERIALIZED (%(held)s), outcome AS (
        SELECT * FROM json_to_recordset($3) AS o (id bigint, state varchar, code int, reply varchar, bounce varchar)
    ), done AS (
        UPDATE email_campaign_recipient r
           SET worker = NULL,
               state = CASE WHEN m.state = 'cancelled' AND o.state IN ('retry', 'queued') THEN 'cancelled'
                            WHEN o.state = 'retry' AND r.attempts >= %(max)s THEN 'failed'
                            WHEN o.state = 'in_doubt' AND %(evidence)s THEN 'sent'
                            ELSE o.state END,
               attempts = CASE WHEN o.state = 'queued' THEN r.attempts - 1 ELSE r.attempts END,
               next_try_at = CASE WHEN o.state = 'retry'
                    THEN now() AT TIME ZONE 'utc'
                         + make_interval(mins => (%(delay)s * 3 ^ (r.attempts - 1))::int) END,
               smtp_code = CASE WHEN o.state = 'queued' THEN r.smtp_code ELSE o.code END,
               smtp_reply = CASE WHEN o.state = 'queued' THEN r.smtp_reply ELSE o.reply END,
               sent_at = CASE WHEN o.state = 'sent' OR o.state = 'in_doubt' AND %(evidence)s
                              THEN now() AT TIME ZONE 'utc' ELSE r.sent_at END,
               bounced_at = CASE WHEN o.bounce IS NOT NULL AND %(final)s
                                 THEN now() AT TIME ZONE 'utc' ELSE r.bounced_at END,
               bounce_kind = CASE WHEN o.bounce IS NOT NULL AND %(final)s THEN o.bounce ELSE r.bounce_kind END
          FROM outcome o, held m
         WHERE r.id = ANY($5) AND r.id = o.id AND m.id = r.mailing_id
           -- Where others took us for dead, as when the database was away, they left our number on it. One expression,
           -- of which the planner knows nothing: by its statistics nothing is ever handed over, and for no row it would
           -- read a small table whole and try each outcome on each row that is found.
           AND coalesce(r.worker = $2 AND r.state IN ('handed', 'in_doubt'), FALSE)
     RETURNING r.id, r.mailing_id, m.campaign_id, r.state, o.bounce,
               CASE WHEN r.state <> 'sent' THEN o.reply
                    WHEN o.state = 'in_doubt' THEN $4 END AS detail
    )
    INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, detail)
         SELECT mailing_id, campaign_id, id,
                CASE WHEN bounce IS NOT NULL THEN 'bounce' ELSE state END,
                now() AT TIME ZONE 'utc', detail
           FROM done WHERE state IN ('sent', 'failed')
    """,
    held=_HELD,
    max=MAX_ATTEMPTS,
    delay=FIRST_DELAY,
    evidence=EVIDENCE,
    final=SQL(
        "(o.state = 'failed' OR o.state = 'retry' AND r.attempts >= %s AND m.state <> 'cancelled')", MAX_ATTEMPTS
    ),
)
# Name, types of the parameters and text of what is prepared.
HAND = "email_campaign_hand", ("int", "bigint[]", "int"), _HAND
FLUSH = "email_campaign_flush", ("int", "int", "json", "text", "bigint[]"), _FLUSH


class EmailCampaignRecipient(models.Model):
    """The queue protocol: every change of state that a worker makes, each one statement over a set of rows.

    What a worker has handed over carries its number, and it writes down outcomes of such rows only, so that nothing it
    does too late can undo what others did.
    """

    _inherit = "email.campaign.recipient"

    @api.model
    def _recover(self):
        """Take back what dead workers held: what had not left is queued again, what may have left is in doubt.

        Workers are declared dead in a transaction before this one.

        Evidence may have come faster than this: what was opened or came back has left.
        """
        workers, mailings = self.env["email.campaign.worker"]._take_dead()
        if not workers:
            return
        self.env.execute_query(
            SQL(
                """
                WITH taken AS (
                    UPDATE email_campaign_recipient r
                       -- Should it live after all, it may still write down what became of what is in doubt.
                       SET worker = CASE WHEN r.state = 'handed' THEN r.worker END,
                           sent_at = CASE WHEN r.state = 'handed' AND %(evidence)s
                                          THEN now() AT TIME ZONE 'utc' ELSE r.sent_at END,
                           next_try_at = CASE WHEN r.state <> 'handed' THEN r.next_try_at END,
                           state = CASE WHEN r.state = 'handed' AND %(evidence)s THEN 'sent'
                                        WHEN r.state = 'handed' THEN 'in_doubt'
                                        WHEN m.state = 'cancelled' THEN 'cancelled'
                                        ELSE 'queued' END
                      FROM email_campaign_mailing m
                     WHERE m.id = r.mailing_id AND r.mailing_id = ANY(%(mailings)s) AND r.is_open IS TRUE
                       AND r.state IN ('claimed', 'handed') AND r.worker = ANY(%(workers)s)
                 RETURNING r.id, r.mailing_id, m.campaign_id, r.state
                )
                INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, detail)
                     SELECT mailing_id, campaign_id, id, 'sent', now() AT TIME ZONE 'utc', %(detail)s
                       FROM taken WHERE state = 'sent'
                  RETURNING id
                """,
                evidence=EVIDENCE,
                mailings=mailings.ids,
                workers=workers,
                detail=self._evidence_text(),
            )
        )
        self.env["email.address"]._note_unnoted(mailings.ids)

    @api.model
    def _sweep(self):
        """Bring rows and mass emails together that a person and a worker changed at the same moment.

        Each sees the state from before the other; it is one of the two that comes last and leaves a row which nobody
        would look at again.
        """
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient r SET state = 'cancelled', next_try_at = NULL
                  FROM email_campaign_mailing m
                 WHERE m.id = r.mailing_id AND m.state = 'cancelled' AND r.is_open IS TRUE
                   AND r.state IN ('queued', 'retry')
             RETURNING r.id
                """
            )
        )
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_mailing m SET state = 'queued', done_at = NULL
                 WHERE m.state = 'done'
                   AND EXISTS (SELECT FROM email_campaign_recipient r
                                WHERE r.mailing_id = m.id AND r.is_open IS TRUE
                                  AND r.state IN ('queued', 'retry'))
             RETURNING m.id
                """
            )
        )
        self.env.invalidate_all(flush=False)

    @api.model
    def _evidence_text(self):
        return self.env._("No answer came, but it was opened, answered or came back: it has left.")

    @api.model
    def _claim(self, mailing, worker, limit, held=(), kept=()):
        """Take up to `limit` rows of `mailing` that wait; those who may not be mailed any more are skipped at once.

        :param held: domains that nothing is taken for
        :param kept: ids that this worker has taken before and goes on taking care of

        Nothing is written on the others: that the worker has them is noted on the worker. Others leave its ids out as
        long as it lives, and should two have the same row after all, only one of them can mark it as handed.

        Those that are due for another try come first. Then the queue is walked by id from where the last claim of any
        worker ended, so that what was dealt with is not looked at again, and at its end once more from the beginning:
        what came back into it stands there.
        Returns (rows as dicts, number of rows that were taken up). To be called at the begin of a transaction.
        """
        workers, audience = self.env["email.campaign.worker"], self.env["email.audience"]
        after, is_any_due = workers._enter(mailing)
        joins, reason = audience._suppression(mailing, SQL("r"), SQL("r.email"), SQL("r.list_type_id"), few=True)
        free = workers._free_of_others(worker.number, mailing)
        if held:
            free = SQL("%s AND split_part(email, '@', 2) <> ALL(%s)", free, list(held))
        if kept:
            free = SQL("%s AND id <> ALL(%s)", free, list(kept))

        def picked(condition, order, number):
            return self._picked(mailing, SQL("%s AND %s", condition, free), order, number, joins, reason)

        due, rows = [], []
        if is_any_due:
            due = picked(SQL("next_try_at <= now() AT TIME ZONE 'utc'"), SQL("next_try_at, id"), limit)
        if left := limit - len(due):
            rows = picked(SQL("next_try_at IS NULL AND id > %s", after), SQL("id"), left)
            if not rows and not due and after:
                rows = picked(SQL("next_try_at IS NULL"), SQL("id"), left)
        taken = due + rows
        if taken and audience._frequency_cap():
            audience._hold_addresses([row["id"] for row in taken])
        ends = (rows[0]["id"], rows[-1]["id"]) if rows else (None, None)
        workers._note_claim(worker.number, mailing, *ends, retry_ids=[*kept, *(row["id"] for row in due)])
        if rows:
            workers._move_on(mailing, rows[-1]["id"])
        self._skip({row["id"]: row["skip_reason"] for row in taken if row["skip_reason"]})
        return [row for row in taken if not row["skip_reason"]], len(taken)

    @api.model
    def _picked(self, mailing, condition, order, limit, joins, reason):
        """Give rows of `mailing` that wait and fulfil `condition`, as dicts with why one may not be mailed."""
        return self.env.execute_query_dict(
            SQL(
                """
                WITH picked AS MATERIALIZED (
                    SELECT id, email, name, lang, values, list_type_id, res_model, res_id, partner_id, next_try_at
                      FROM email_campaign_recipient
                     WHERE mailing_id = %(mailing)s AND is_open IS TRUE AND state IN ('queued', 'retry')
                       AND %(condition)s
                     ORDER BY %(order)s LIMIT %(limit)s
                )
                SELECT r.id, r.email, r.name, r.lang, r.values, r.res_model, %(reason)s AS skip_reason,
                       -- A contact that was merged since is the one it was merged into.
                       CASE WHEN r.res_model = 'res.partner' THEN coalesce(r.partner_id, r.res_id)
                            ELSE r.res_id END AS res_id
                  FROM picked r %(joins)s ORDER BY r.id
                """,
                mailing=mailing.id,
                condition=condition,
                order=order,
                limit=limit,
                reason=reason,
                joins=joins,
            )
        )

    @api.model
    def _hand(self, mailing, worker, ids, before=""):
        """Mark rows as about to leave; give those that may. None may once the mailing is not sending.

        :param before: what `_flush_call` gave, to be run at the same go

        This is the gate: whoever else has a row in mind, one transaction alone can take it from waiting to handed.

        The commit that follows waits for the disk, however the database is set up: if a crash of PostgreSQL made it
        forget this mark, they would be sent twice.
        """
        call = worker.statements.call(self.env.cr, *HAND, mailing.id, prepared.array(ids), worker.number)
        prepared.run(self.env.cr, before, call)
        return {row_id for (row_id,) in self.env.cr.fetchall()}

    @api.model
    def _defer(self, moments):
        """Let rows wait whose domain is slowed down, until `moments` (UTC) by id."""
        if not moments:
            return
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient r SET state = 'queued', next_try_at = late.at
                  FROM unnest(%s, %s::timestamp[]) AS late (id, at)
                 WHERE r.id = late.id AND r.state IN ('queued', 'retry')
             RETURNING r.id
                """,
                list(moments),
                list(moments.values()),
            )
        )

    @api.model
    def _skip(self, reasons):
        """Skip rows that wait: `reasons` by id."""
        if not reasons:
            return
        skipped = self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient r
                   SET state = 'skipped', skip_reason = s.reason, next_try_at = NULL
                  FROM unnest(%s, %s::varchar[]) AS s (id, reason)
                 WHERE r.id = s.id AND r.state IN ('queued', 'retry')
             RETURNING r.id, r.skip_reason
                """,
                list(reasons),
                list(reasons.values()),
            )
        )
        self._promote_duplicates([row_id for row_id, reason in skipped if reason in OF_THE_RECORD])

    def _promote_duplicates(self, skipped_ids):
        """Queue for each of these rows another one with the same address, which was left out because of it."""
        if not skipped_ids:
            return
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient SET state = 'queued', skip_reason = NULL
                 WHERE id IN (SELECT DISTINCT ON (d.mailing_id, d.email) d.id
                                FROM email_campaign_recipient gone
                                JOIN email_campaign_recipient d
                                     ON d.mailing_id = gone.mailing_id AND d.email = gone.email
                                    AND d.skip_reason = 'duplicate' AND d.state = 'skipped'
                               WHERE gone.id = ANY(%s)
                               ORDER BY d.mailing_id, d.email, d.id)
             RETURNING id
                """,
                skipped_ids,
            )
        )

    @api.model
    def _prepare_flush(self, worker):
        """Have the database read and plan what `_flush_call` runs, before it is needed."""
        worker.statements.plan(self.env.cr, *FLUSH)

    @api.model
    def _flush_call(self, mailing, worker, outcomes):
        """Give the text of a statement that writes down what became of handed rows of `mailing`, with the log.

        :param outcomes: dicts with id, state (sent|retry|failed|in_doubt|queued), code, reply and, where the refusal
            counts against the address if it is for good or the last, bounce (hard|soft)
        """
        return worker.statements.call(
            self.env.cr,
            *FLUSH,
            mailing.id,
            worker.number,
            prepared.records(outcomes),
            self._evidence_text(),
            prepared.array([outcome["id"] for outcome in outcomes]),
        )
