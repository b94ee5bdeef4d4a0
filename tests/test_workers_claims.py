"""What workers note of the recipients that they take care of, in real transactions."""

from contextlib import ExitStack

from odoo.tests import tagged
from odoo.tools import SQL

from ..models.sending.worker import Worker
from .test_workers import COUNT, WorkersCase


@tagged("post_install", "-at_install")
class TestWorkersClaims(WorkersCase):
    """A recipient is taken care of by one worker, and by another one only when that is gone."""

    def test_workers_leave_each_other_what_they_claimed(self):
        with Worker(self.dbname) as one, self.environment() as env:
            recipients = env["email.campaign.recipient"]
            mailing = self.begin(env)
            mailing._committed(lambda: None)
            with Worker(self.dbname) as two:
                theirs, _count = mailing._committed(lambda: recipients._claim(mailing, two, 10))
                mine, _count = mailing._committed(lambda: recipients._claim(mailing, one, 10))
                self.assertEqual((len(theirs), len(mine)), (10, 10))
                self.assertLess(theirs[-1]["id"], mine[0]["id"])
            workers = env["email.campaign.worker"]
            mailing._committed(workers._declare_dead)
            mailing._committed(recipients._recover)
            again, _count = mailing._committed(lambda: recipients._claim(mailing, one, 10))
            self.assertEqual(again, theirs, "nobody lives who takes care of them")

    def test_claiming_before_all_is_handed_over(self):
        """What a worker still has is neither given to it twice nor taken by others, also not by who begins anew."""
        with Worker(self.dbname) as one, Worker(self.dbname) as two, self.environment() as env:
            recipients = env["email.campaign.recipient"]
            mailing = self.begin(env)

            def claim(worker, number, kept=()):
                mailing._committed(lambda: None)
                rows, _count = mailing._committed(lambda: recipients._claim(mailing, worker, number, kept=kept))
                return [row["id"] for row in rows]

            first = claim(one, 10)
            env.cr.execute(
                "UPDATE email_campaign_recipient SET state = 'retry', next_try_at = now() AT TIME ZONE 'utc'"
                " - interval '1 minute' WHERE id = ANY(%s)",
                [first[:2]],
            )
            second = claim(one, 5, first)
            self.assertEqual(len(second), 5)
            self.assertFalse(set(first) & set(second))
            mailing._committed(lambda: env["email.campaign.worker"]._go_back(mailing, first[0]))
            theirs = claim(two, COUNT)
            self.assertEqual(len(theirs), COUNT - 15)
            self.assertFalse({*first, *second} & set(theirs))
            self.assertEqual(claim(one, 5, [*first, *second]), [], "nothing is left")
            self.assertEqual(claim(two, COUNT), theirs, "the other's note still covers what it had before")

    def test_what_a_worker_kept_is_its_own_until_it_dies(self):
        """Nobody counts on it while it lives; after that the queue is walked again from there."""
        with Worker(self.dbname) as other, self.environment() as env:
            recipients, workers = env["email.campaign.recipient"], env["email.campaign.worker"]
            mailing = self.begin(env)
            mailing._committed(lambda: None)
            with Worker(self.dbname) as one:
                rows, _count = mailing._committed(lambda: recipients._claim(mailing, one, COUNT))
                kept = [row["id"] for row in rows[:3]]
                mailing._committed(lambda: recipients._claim(mailing, one, COUNT, kept=kept))
                counts = [mailing._committed(lambda w=worker: mailing._sendable_count(w)[0]) for worker in (one, other)]
                self.assertEqual(counts, [len(rows), 0])
                mailing._committed(lambda: workers._move_on(mailing, rows[-1]["id"]))
                mailing._committed(lambda: workers._note_claim(one.number, mailing, retry_ids=kept))
            mailing._committed(workers._declare_dead)
            mailing._committed(recipients._recover)
            again, _count = mailing._committed(lambda: recipients._claim(mailing, other, 3))
            self.assertEqual([row["id"] for row in again], kept)

    def test_what_a_worker_prepares_goes_when_its_connection_is_handed_on(self):
        """Else each run would leave two statements on it."""
        seek = "SELECT pg_backend_pid(), count(*) FROM pg_prepared_statements WHERE name LIKE 'email_campaign_%%'"
        with Worker(self.dbname) as worker, self.environment() as env:
            worker.statements.call(env.cr, "email_campaign_test", ("int",), SQL("SELECT $1"), 1)
            pid, count = env.execute_query(SQL(seek))[0]
            self.assertEqual(count, 1)
        with ExitStack() as stack:
            found = {}
            while pid not in found and len(found) < 20:
                env = stack.enter_context(self.environment())
                found.update(env.execute_query(SQL(seek)))
        self.assertEqual(found.get(pid), 0)
