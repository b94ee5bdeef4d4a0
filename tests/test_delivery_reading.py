from types import SimpleNamespace

from odoo.tests import tagged
from odoo.tools import SQL

from ..models.sending.prepared import GENERIC, Statements
from .common import DeliveryCase
from .plans import rows_read

MANY, FEW = 3000, 64


@tagged("post_install", "-at_install")
class TestReading(DeliveryCase):
    """What a worker's statements read does not grow with the mass email, not even a small one."""

    def test_outcomes_are_looked_up(self):
        """The planner knows of nobody as handed over, and does not read all of them for that."""
        mailing = self.launch(1)
        cr, recipients, table = self.env.cr, self.env["email.campaign.recipient"], "email_campaign_recipient"
        cr.execute(
            "INSERT INTO email_campaign_recipient (mailing_id, email, state, attempts)"
            " SELECT %s, n || '@good.example', 'queued', 0 FROM generate_series(1, %s) AS n RETURNING id",
            [mailing.id, MANY],
        )
        ids = [row_id for (row_id,) in cr.fetchall()[:FEW]]
        cr.execute("ANALYZE email_campaign_recipient")
        worker = SimpleNamespace(number=1, statements=Statements())
        cr.execute("UPDATE email_campaign_recipient SET state = 'handed', worker = 1 WHERE id = ANY(%s)", [ids])
        outcomes = [{"id": row_id, "state": "sent", "code": 250, "reply": "taken"} for row_id in ids]
        call = recipients._flush_call(mailing, worker, outcomes)
        cr.execute(GENERIC)
        # Each is found and written anew.
        self.assertLessEqual(rows_read(self.env, SQL(call.replace("%", "%%")), table), 2 * FEW)
        cr.execute("SELECT count(*) FROM email_campaign_recipient WHERE state = 'sent' AND id = ANY(%s)", [ids])
        self.assertEqual(cr.fetchone(), (FEW,))

    def test_what_outcomes_need_is_planned_before_they_come(self):
        cr, worker = self.env.cr, SimpleNamespace(number=1, statements=Statements())

        def prepared():
            cr.execute("SELECT generic_plans FROM pg_prepared_statements WHERE name LIKE 'email_campaign_flush%'")
            return cr.fetchall()

        before = prepared()
        for _again in range(2):
            self.env["email.campaign.recipient"]._prepare_flush(worker)
            self.assertEqual(sorted(prepared()), sorted([*before, (1,)]))
