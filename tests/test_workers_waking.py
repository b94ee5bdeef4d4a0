from unittest.mock import patch

from odoo.tests import tagged

from ..models.sending.dispatch import Dispatch
from .test_workers import WorkersCase


@tagged("post_install", "-at_install")
class TestWaking(WorkersCase):
    """When the job is woken up for what can't leave yet."""

    def send(self):
        with self.environment() as env:
            env["email.campaign.mailing"]._cron_send()

    def woken(self):
        """Give whether the job is called at once."""
        with self.environment() as env:
            env.cr.execute(
                "SELECT count(*) FROM ir_cron_trigger WHERE cron_id = %s AND call_at <= now() AT TIME ZONE 'utc'",
                [env.ref("email_campaign.cron_send").id],
            )
            return env.cr.fetchone()[0] > 0

    def come_due(self):
        with self.environment() as env:
            env.cr.execute(
                "UPDATE email_campaign_recipient SET next_try_at = now() AT TIME ZONE 'utc' WHERE mailing_id = %s"
                " AND next_try_at IS NOT NULL RETURNING id",
                [self.mailing],
            )
            self.assertEqual(env.cr.rowcount, 1)

    def test_what_comes_due_while_the_job_ends(self):
        """After its last look, while connections are closed; what it has seen wakes nobody."""
        self.peer.script = {"worker1@good.example": "452 4.2.2 mailbox full"}
        with self.environment() as env:
            env.cr.execute("DELETE FROM ir_cron_trigger")
        self.send()
        self.assertFalse(self.woken(), "the next try is minutes away")
        close = Dispatch.close

        def closing(dispatch):
            close(dispatch)
            self.come_due()

        with patch.object(Dispatch, "close", closing):
            self.send()
        self.assertTrue(self.woken())
        self.peer.script = {}
        self.send()
        self.assertEqual(self.state(), "done")
        self.assertNobodyTwice()
