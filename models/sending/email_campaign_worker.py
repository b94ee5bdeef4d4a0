from odoo import api, fields, models
from odoo.tools import SQL

from .worker import living_workers

# No worker has this number. Its row stands for the queue of a mass email: whoever claims goes past it, one at a time,
# and it knows up to which id the queue was walked.
QUEUE = 0


class EmailCampaignWorker(models.Model):
    """Which workers have taken up which mass email, and which of its recipients.

    Those who claim leave out what others take care of. Whoever comes after a dead worker knows where to look: nothing
    is handed over but by a worker whose note stands here, and a note goes only when its worker ends and holds nothing
    any more, or after all that it had handed over was taken from it.
    """

    _name = "email.campaign.worker"
    _description = "Worker on a Mass Email"
    _rec_name = "number"
    _log_access = False

    number = fields.Integer(required=True, readonly=True, help="0 is the queue itself.")
    mailing_id = fields.Many2one(
        "email.campaign.mailing", "Mass Email", required=True, readonly=True, index=True, ondelete="cascade"
    )
    claimed_at = fields.Datetime("Last Claim", required=True, readonly=True)
    is_dead = fields.Boolean("Taken for Dead", readonly=True)
    # Of the recipients that wait within these, both included, it takes care; nothing of this stands on their rows.
    first_id = fields.Integer(readonly=True)
    last_id = fields.Integer(readonly=True)
    retry_ids = fields.Json(
        readonly=True, help="Recipients that it takes care of as well, wherever they stand in the queue."
    )

    _number_unique = models.Constraint("UNIQUE(number, mailing_id)", "This worker is known there.")

    @api.model
    def _enter(self, mailing):
        """Be the only one who claims of `mailing` until the end of the transaction.

        :return: (the id it was walked up to, whether any are due for another try)

        To be the first statement of a transaction: who waited for another one begins anew, and sees what that one took.
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_campaign_worker (number, mailing_id, claimed_at, last_id)
                     VALUES (%s, %s, now() AT TIME ZONE 'utc', 0)
                ON CONFLICT (number, mailing_id) DO UPDATE SET claimed_at = EXCLUDED.claimed_at
                  RETURNING last_id, EXISTS (SELECT FROM email_campaign_recipient r
                                              WHERE r.mailing_id = %s AND r.next_try_at <= now() AT TIME ZONE 'utc')
                """,
                QUEUE,
                mailing.id,
                mailing.id,
            ),
            log_exceptions=False,
        )
        return self.env.cr.fetchone()

    @api.model
    def _move_on(self, mailing, last_id):
        """Note up to which id the queue of `mailing` was walked."""
        self.env.cr.execute(
            SQL(
                "UPDATE email_campaign_worker SET last_id = %s WHERE number = %s AND mailing_id = %s AND last_id <> %s",
                last_id,
                QUEUE,
                mailing.id,
                last_id,
            )
        )

    @api.model
    def _go_back(self, mailing, first_id):
        """Have the queue of `mailing` walked again from the id `first_id` on."""
        self.env.cr.execute(
            SQL(
                "UPDATE email_campaign_worker SET last_id = %s WHERE number = %s AND mailing_id = %s AND last_id >= %s",
                first_id - 1,
                QUEUE,
                mailing.id,
                first_id,
            ),
            log_exceptions=False,
        )

    @api.model
    def _note_claim(self, number, mailing, first_id=None, last_id=None, retry_ids=()):
        """Note that the worker `number` takes care of recipients of `mailing`, or of none any more."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_campaign_worker
                            (number, mailing_id, claimed_at, is_dead, first_id, last_id, retry_ids)
                     VALUES (%s, %s, now() AT TIME ZONE 'utc', FALSE, %s, %s, to_jsonb(%s::int[]))
                ON CONFLICT (number, mailing_id) DO UPDATE
                        SET claimed_at = EXCLUDED.claimed_at, is_dead = FALSE, first_id = EXCLUDED.first_id,
                            last_id = EXCLUDED.last_id, retry_ids = EXCLUDED.retry_ids
                """,
                number,
                mailing.id,
                first_id,
                last_id,
                list(retry_ids) or None,
            ),
            log_exceptions=False,
        )

    @api.model
    def _free_of_others(self, number, mailing):
        """Give a condition on recipients of `mailing`: no other living worker takes care of them."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT first_id, last_id, retry_ids FROM email_campaign_worker
                 WHERE mailing_id = %s AND number NOT IN (%s, %s) AND number IN (%s)
                   AND (first_id IS NOT NULL OR retry_ids IS NOT NULL)
                """,
                mailing.id,
                QUEUE,
                number,
                living_workers(),
            )
        )
        conditions = [SQL("id NOT BETWEEN %s AND %s", first, last) for first, last, _ids in rows if first]
        if retried := [row_id for _first, _last, ids in rows for row_id in ids or ()]:
            conditions.append(SQL("id <> ALL(%s)", retried))
        return SQL(" AND ").join(conditions) if conditions else SQL("TRUE")

    @api.model
    def _dismiss(self, number, except_for=()):
        """Forget the worker `number` as it ends, but for mass emails (ids) of which it may still hold something."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM email_campaign_worker WHERE number = %s AND mailing_id <> ALL(%s)",
                number,
                list(except_for),
            ),
            log_exceptions=False,
        )

    @api.model
    def _declare_dead(self):
        """Mark the notes of workers that don't live any more; give whether there are any.

        Waits for whoever hands over by such a note at this moment. Once this is committed nobody does, so that the next
        transaction sees all that they have handed over.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE email_campaign_worker SET is_dead = TRUE
                 WHERE number <> %s AND is_dead IS NOT TRUE AND number NOT IN (%s)
                """,
                QUEUE,
                living_workers(),
            ),
            log_exceptions=False,
        )

    @api.model
    def _take_dead(self):
        """Forget the workers that are declared dead; give (their numbers, the mass emails that they had taken up).

        What they had not handed over yet is walked again.
        """
        rows = self.env.execute_query(
            SQL(
                """
                DELETE FROM email_campaign_worker WHERE is_dead IS TRUE
             RETURNING number, mailing_id, first_id, retry_ids
                """
            )
        )
        mailings = self.env["email.campaign.mailing"].browse({mailing_id for _number, mailing_id, *_held in rows})
        for _number, mailing_id, first_id, retry_ids in rows:
            if held := [*filter(None, [first_id]), *(retry_ids or ())]:
                self._go_back(mailings.browse(mailing_id), min(held))
        return list({number for number, *_note in rows}), mailings
