import psycopg2.errors

from odoo import api, fields, models
from odoo.tools import SQL

from .worker import living_workers

# "ECMC": one worker at a time claims of a mass email.
CLAIM_LOCK_CLASS = 0x45434D43


class EmailCampaignWorker(models.Model):
    """Which workers have taken up which mass email, and which of its recipients.

    Those who claim leave out what others take care of, and whoever comes after a dead worker knows where to look. A row
    is written with each claim, in the same transaction, and goes when the worker ends and holds nothing any more.
    """

    _name = "email.campaign.worker"
    _description = "Worker on a Mass Email"
    _rec_name = "number"
    _log_access = False

    number = fields.Integer(required=True, readonly=True)
    mailing_id = fields.Many2one(
        "email.campaign.mailing", "Mass Email", required=True, readonly=True, index=True, ondelete="cascade"
    )
    claimed_at = fields.Datetime("Last Claim", required=True, readonly=True)
    # Of the recipients that wait within these, both included, it takes care; nothing of this stands on their rows.
    first_id = fields.Integer(readonly=True)
    last_id = fields.Integer(readonly=True)

    _number_unique = models.Constraint("UNIQUE(number, mailing_id)", "This worker is known there.")

    @api.model
    def _note_claim(self, number, mailing, first_id=None, last_id=None):
        """Note that the worker `number` claims recipients of `mailing`, or has none any more, in this transaction.

        The row is written each time: so it can't be taken away at the same moment by somebody who takes us for dead.
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_campaign_worker (number, mailing_id, claimed_at, first_id, last_id)
                     VALUES (%s, %s, now() AT TIME ZONE 'utc', %s, %s)
                ON CONFLICT (number, mailing_id) DO UPDATE
                        SET claimed_at = EXCLUDED.claimed_at, first_id = EXCLUDED.first_id, last_id = EXCLUDED.last_id
                """,
                number,
                mailing.id,
                first_id,
                last_id,
            ),
            log_exceptions=False,
        )

    @api.model
    def _free_of_others(self, number, mailing):
        """Give a condition on recipients of `mailing`: no other living worker takes care of them.

        :raises psycopg2.errors.LockNotAvailable: while another worker is claiming, who would take the same ones
        """
        cr = self.env.cr
        cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", CLAIM_LOCK_CLASS, mailing.id))
        if not cr.fetchone()[0]:
            raise psycopg2.errors.LockNotAvailable
        cr.execute(
            SQL(
                """
                SELECT first_id, last_id FROM email_campaign_worker
                 WHERE mailing_id = %s AND number <> %s AND first_id IS NOT NULL AND number IN (%s)
                """,
                mailing.id,
                number,
                living_workers(),
            )
        )
        conditions = [SQL("id NOT BETWEEN %s AND %s", first, last) for first, last in cr.fetchall()]
        return SQL(" AND ").join(conditions) if conditions else SQL("TRUE")

    @api.model
    def _dismiss(self, number):
        """Forget the worker `number` where it holds nothing any more, as it ends."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM email_campaign_worker w
                 WHERE w.number = %s
                   AND NOT EXISTS (SELECT FROM email_campaign_recipient r
                                    WHERE r.mailing_id = w.mailing_id AND r.is_open IS TRUE AND r.worker = w.number)
                """,
                number,
            ),
            log_exceptions=False,
        )

    @api.model
    def _take_dead(self):
        """Forget the workers that are dead; give (their numbers, ids of the mass emails that they had taken up)."""
        rows = self.env.execute_query(
            SQL(
                "DELETE FROM email_campaign_worker WHERE number NOT IN (%s) RETURNING number, mailing_id",
                living_workers(),
            )
        )
        return list({number for number, _mailing in rows}), list({mailing_id for _number, mailing_id in rows})
