from unittest.mock import patch

from odoo.tests import tagged

from ..models.sending.outgoing import Outgoing
from .test_workers import WorkersCase


@tagged("post_install", "-at_install")
class TestBeginning(WorkersCase):
    """How a worker begins: what it claims at first, and how its connections are opened."""

    def send(self, **provider):
        """Run the job, by a provider with these values; give how many recipients were asked for at each claim."""
        asked, recipients = [], self.registry["email.campaign.recipient"]
        claim = recipients._claim

        def claiming(recipient, mailing, worker, limit, *rest):
            asked.append(limit)
            return claim(recipient, mailing, worker, limit, *rest)

        with self.environment() as env:
            env["email.provider"]._for_server(env["ir.mail_server"].browse(self.server)).write(provider)
        with patch.object(recipients, "_claim", claiming), self.environment() as env:
            env["email.campaign.mailing"]._cron_send()
        self.assertEqual(self.state(), "done")
        self.assertNobodyTwice()
        return asked

    def limit_portion(self, number):
        with self.environment() as env:
            env["ir.config_parameter"].set_param("email_campaign.portion_size", number)

    def test_no_connection_is_waited_for_in_the_worker_s_own_thread(self):
        with patch.object(Outgoing, "open", side_effect=AssertionError("opened by the worker itself")):
            self.send(connections=2)

    def test_the_first_claim_is_by_what_the_provider_did_lately(self):
        self.assertEqual(self.send(measured_rate=40.0)[0], 80)

    def test_small_portions_use_all_connections(self):
        self.limit_portion(5)
        self.addCleanup(self.limit_portion, False)
        before = self.peer.connections
        self.send(connections=3)
        self.assertGreaterEqual(self.peer.connections - before, 3)
