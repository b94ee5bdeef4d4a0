"""What fault scenarios share: a mass email that is really committed, worker processes, and a judge."""

import dataclasses
import json
import logging
import os
import random
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name
from odoo.tools import config

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .common import STATES
from .fault_rows import WAITING, Rows, environment
from .faultpeer import FaultPeer
from .forking import Forks

_logger = logging.getLogger(__name__)

# The table of `make faults` is made of what is written into this file, one JSON object a line.
RECORDS = "EMAIL_CAMPAIGN_FAULT_RECORDS"
SEED = int(os.environ.get("EMAIL_CAMPAIGN_FAULT_SEED", "2278"))
# What a worker that dies may leave in doubt, whatever number of connections it has.
HANDED_AT_MOST = 192
WORKER_SECONDS = 90
MANY, SOME = 5000, 1000
# Of what is written on the way and belongs to nothing that is deleted with the mass email.
TRACES = ("bus_bus", "ir_cron_trigger", "ir_cron_progress", "mail_message")


@dataclasses.dataclass
class Record:
    """What became of the recipients of one scenario. `unanswered`: handed over, and nobody can know the answer."""

    name: str
    recipients: int
    interruptions: int
    accepted: int
    twice: int
    sent: int
    failed: int
    waiting: int
    unanswered: int
    in_doubt: int
    lost: int
    seconds: float


class FaultCase(BaseCase):
    """Scenarios commit what they do, because several processes see it; all of it is taken away afterwards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        handle, log = tempfile.mkstemp(prefix="workers-", suffix=".log")
        os.close(handle)
        cls.addClassCleanup(os.unlink, log)
        cls.forks = Forks(config["config"], get_db_name(), log)
        cls.addClassCleanup(cls.forks.close)
        cls.addClassCleanup(cls._remove_all)
        cls.lists, cls.others, cls.latest = {}, [], {}
        with environment(cls.registry) as env:
            for table in TRACES:
                env.cr.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # pylint: disable=sql-injection
                [cls.latest[table]] = env.cr.fetchone()
            cls.others = env["ir.mail_server"].search([]).ids
            env["ir.mail_server"].browse(cls.others).active = False

    @classmethod
    def _remove_all(cls):
        with environment(cls.registry) as env:
            env.cr.execute("DELETE FROM email_target_list WHERE id = ANY(%s)", [list(cls.lists.values())])
            for table, latest in cls.latest.items():
                env.cr.execute(f"DELETE FROM {table} WHERE id > %s", [latest])  # pylint: disable=sql-injection
            env["ir.mail_server"].with_context(active_test=False).browse(cls.others).active = True

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(IrMail_Server, "_disable_send", classmethod(lambda cls: False)))
        self.random = random.Random(SEED)
        self.interruptions = 0
        self.doomed = set()
        self.handed_at_deaths = set()

    def launch(self, count, behave=None, **peer):
        """Launch a mass email to `count` addresses over a server of its own, which then behaves as `behave` says."""
        self.count = count
        self.peer = FaultPeer(**peer)
        self.peer.start()
        self.addCleanup(self.peer.stop)
        host, port = self.peer.address
        with environment(self.registry) as env:
            if count not in self.lists:
                self.lists[count] = self._make_list(env, count).id
            server = env["ir.mail_server"].create({"name": "Fault peer", "smtp_host": host, "smtp_port": port})
            campaign = env["email.campaign"].create({"name": "Faults", "target_list_ids": [self.lists[count]]})
            mailing = env["email.campaign.mailing"].create(
                {
                    "campaign_id": campaign.id,
                    "subject": "Faults",
                    "body_html": "<p>Hello {{ recipient.email }}, see <a href='https://shop.example/a'>this</a></p>",
                    "email_from": "Ann <ann@crm.example>",
                }
            )
            self.addCleanup(self._remove, campaign.id, server.id)
            self.addCleanup(self.forks.kill_all)
            mailing.action_launch()
            self.assertEqual(mailing.recipient_count, count)
            self.rows = Rows(self.registry, mailing.id, server.id)
        self.peer.connections = 0  # launching looks whether the server is there
        self.peer.behave = behave or self.peer.behave
        self.begun = time.monotonic()

    @staticmethod
    def _make_list(env, count):
        values = {"name": f"Faults {count}", "list_type_id": env.ref("email_campaign.list_type_marketing").id}
        target_list = env["email.target.list"].create(values)
        # Many domains: what one of them is slowed down for does not keep the others.
        members = [{"list_id": target_list.id, "email": f"fault{n}@d{n % 50}.example"} for n in range(count)]
        env["email.target.list.member"].create(members)
        return target_list

    def _remove(self, campaign, server):
        with environment(self.registry) as env:
            env.cr.execute("SELECT utm_campaign_id FROM email_campaign WHERE id = %s", [campaign])
            utm_campaigns = [utm_campaign for (utm_campaign,) in env.cr.fetchall()]
            for table in ("email_campaign_event", "email_campaign_recipient"):
                env.cr.execute(  # pylint: disable=sql-injection
                    f"DELETE FROM {table} USING email_campaign_mailing m"
                    f" WHERE m.id = {table}.mailing_id AND m.campaign_id = %s",
                    [campaign],
                )
            env.cr.execute("DELETE FROM email_campaign_mailing WHERE campaign_id = %s", [campaign])
            env.cr.execute("DELETE FROM email_tracking_url WHERE campaign_id = %s", [campaign])
            env.cr.execute("DELETE FROM email_campaign WHERE id = %s", [campaign])
            env.cr.execute("DELETE FROM utm_campaign WHERE id = ANY(%s)", [utm_campaigns])
            env.cr.execute("DELETE FROM email_provider WHERE mail_server_id = %s", [server])
            env.cr.execute("DELETE FROM ir_mail_server WHERE id = %s", [server])
            # With what is known of them: an address that bounced would not be mailed in the next scenario.
            env.cr.execute("DELETE FROM email_address WHERE email LIKE 'fault%%@d%%.example'")

    @staticmethod
    def sometimes(chances, fault):
        """Give the behaviour of a server that does `fault` by `chances`, {moment: probability}."""
        chosen = random.Random(SEED)
        return lambda moment, rcpt: fault if chosen.random() < chances.get(moment, 0) else None

    def send(self, workers=1, patches=None, rounds=40):
        """Run `workers` side by side, again and again as the scheduler does, until the mass email is done.

        What waits for a later moment needn't: that moment is made to be now.
        """
        for _round in range(rounds):
            for pid in [self.forks.start(patches) for _number in range(workers)]:
                self.assertEqual(self.forks.wait(pid, WORKER_SECONDS), 0, self.forks.tail())
            if self.rows.state() == "done":
                return
            self.rows.make_due()
        self.fail(f"not done after {rounds} rounds: {self.rows.counts()}")

    def send_striking(self, times, strike, workers=1):
        """Send, and do `strike(pids)` to the workers at so many moments, spread over the whole run.

        It takes those that have ended by it out of the set `pids`.
        """
        # Not in the last sixth, in which all may be done before it strikes.
        part = self.count / times * 5 / 6
        moments = [(number + self.random.random()) * part for number in range(times)]
        pids = set()
        for moment in moments:
            self._wait_for(moment, pids, workers)
            # At any point of a worker's round, not only while the server is busy.
            time.sleep(self.random.uniform(0, 0.04))
            strike(pids)
            self.interruptions += 1
            handed = self.rows.handed_by_the_dead() - self.handed_at_deaths
            self.assertLessEqual(len(handed), HANDED_AT_MOST * (workers + len(self.doomed & pids)))
            self.handed_at_deaths |= handed
        while pids:
            self.end({min(pids)}, pids)
        self.send()

    def _wait_for(self, moment, pids, workers):
        """Keep so many workers going until `moment` recipients are dealt with: accepted, or in doubt for ever."""
        moment -= len(self.handed_at_deaths - set(self.peer.accepted))
        deadline = time.monotonic() + WORKER_SECONDS
        while True:
            self.end({pid for pid in pids if self.forks.wait(pid, 0) is not None}, pids)
            while len(pids) < workers:
                pids.add(self.forks.start())
            if self.peer.total >= moment:
                return
            self.assertLess(time.monotonic(), deadline, self.forks.tail())
            time.sleep(0.001)

    def end(self, ending, pids):
        """Wait for the end of the workers `ending` and take them out of `pids`.

        They must do well, unless they are doomed to end with the error of a lost database.
        """
        for pid in list(ending):
            code = self.forks.wait(pid, WORKER_SECONDS)
            self.assertIn(code, {0, 1} if pid in self.doomed else {0}, self.forks.tail())
            pids.discard(pid)
            self.rows.make_due()

    def kill(self, pids):
        """Kill one of the workers."""
        pid = self.random.choice(sorted(pids))
        self.forks.kill(pid)
        pids.discard(pid)
        deadline = time.monotonic() + 10
        # PostgreSQL may be busy with the last thing that it was told.
        while self.rows.is_connected(pid):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def judge(self, name, failed=frozenset(), in_doubt=None):
        """Hold what is promised against what the server has counted, and keep the record.

        :param failed: the addresses that the server refused for good
        :param in_doubt: how many are in doubt at the most; None: as many as are unanswered
        """
        seconds = time.monotonic() - self.begun
        accepted = set(self.peer.accepted)
        rows = {state: self.rows.addresses(state) for state in STATES}
        sent, doubtful = rows["sent"], rows["in_doubt"]
        waiting = set().union(*(rows[state] for state in WAITING))
        unanswered = self.peer.unanswered | self.handed_at_deaths
        twice = [email for email, times in self.peer.accepted.items() if times > 1]
        record = Record(
            name=name,
            recipients=self.count,
            interruptions=self.interruptions or self.peer.faults,
            accepted=len(accepted),
            twice=len(twice),
            sent=len(sent),
            failed=len(rows["failed"]),
            waiting=len(waiting),
            unanswered=len(unanswered),
            in_doubt=len(doubtful),
            lost=self.count - len(sent & accepted | rows["failed"] | doubtful | waiting),
            seconds=round(seconds, 1),
        )
        self._keep(record)
        self.assertEqual(twice, [], "accepted twice")
        self.assertEqual(sum(self.rows.counts().values()), self.count, "invariant 1: nobody gets lost between states")
        self.assertEqual(record.lost, 0)
        self.assertEqual(self.peer.mixed_up, [], "got somebody else's email")
        self.assertLessEqual(sent, accepted, "sent means accepted")
        self.assertEqual(rows["failed"], failed, "failed means refused")
        self.assertFalse((waiting | rows["failed"]) & accepted, "what was accepted is sent or in doubt")
        self.assertLessEqual(doubtful, unanswered, "in doubt without a reason")
        if in_doubt is not None:
            self.assertLessEqual(len(doubtful), in_doubt)
        self.assertFalse(waiting, "nothing is left to do")
        self.assertEqual(self.rows.logged("sent"), (record.sent, record.sent), "the log tells the same")
        self.assertEqual(self.rows.shown(), self.count, "the form leaves nobody out")

    def _keep(self, record):
        _logger.info("fault scenario, seed %s: %s", SEED, record)
        if file := os.environ.get(RECORDS):
            with Path(file).open("a") as lines:
                lines.write(json.dumps({"test": self._testMethodName, **dataclasses.asdict(record)}) + "\n")
