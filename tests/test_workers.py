"""Real processes and real transactions: what one test transaction can't show."""

import os
import signal
import subprocess
import sys
import threading
import time
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from ..models.sending import prepared
from ..models.sending.line import WINDOW
from ..models.sending.worker import Worker
from .peer import Peer

COUNT = 400
WORK = """
from odoo.addons.base.models.ir_mail_server import IrMail_Server
IrMail_Server._disable_send = classmethod(lambda cls: False)
print("READY", flush=True)
env["email.campaign.mailing"]._cron_send()
print("FINISHED", flush=True)
"""


def taken(row_id):
    """Give the outcome of a recipient whose mail the server took."""
    return {"id": row_id, "state": "sent", "code": 250, "reply": "taken"}


class WorkersCase(BaseCase):
    """A mass email that is launched and committed; it is taken away afterwards, so that no other test meets it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dbname = get_db_name()
        cls.registry = Registry(cls.dbname)

    @staticmethod
    def _flush(mailing, worker, outcome):
        """Write down one outcome, as a worker does."""
        recipients = mailing.env["email.campaign.recipient"]
        prepared.run(mailing.env.cr, recipients._flush_call(mailing, worker, [outcome]))

    def setUp(self):
        super().setUp()
        self.peer = Peer()
        self.peer.start()
        self.addCleanup(self.peer.stop)
        self.startPatcher(patch.object(IrMail_Server, "_disable_send", classmethod(lambda cls: False)))
        self.addCleanup(self.remove)
        with self.environment() as env:
            self.servers = env["ir.mail_server"].search([]).ids
            env["ir.mail_server"].browse(self.servers).active = False
            host, port = self.peer.address
            self.server = env["ir.mail_server"].create(
                {"name": "Peer of workers", "smtp_host": host, "smtp_port": port}
            )
            target_list = env["email.target.list"].create(
                {"name": "Workers", "list_type_id": env.ref("email_campaign.list_type_marketing").id}
            )
            env["email.target.list.member"].create(
                [{"list_id": target_list.id, "email": f"worker{n}@good.example"} for n in range(COUNT)]
            )
            campaign = env["email.campaign"].create({"name": "Workers", "target_list_ids": target_list.ids})
            self.mailing = env["email.campaign.mailing"].create(
                {
                    "campaign_id": campaign.id,
                    "subject": "Work",
                    "body_html": "<p>Hello {{ recipient.email }}</p>",
                    "email_from": "Ann <ann@crm.example>",
                }
            )
            self.mailing.action_launch()
            self.target_list, self.campaign = target_list.id, campaign.id
            self.server, self.mailing = self.server.id, self.mailing.id

    def environment(self):
        return _Environment(self.registry)

    def remove(self):
        with self.environment() as env:
            for table in ("email_campaign_event", "email_campaign_recipient"):
                env.cr.execute(  # pylint: disable=sql-injection
                    f"DELETE FROM {table} USING email_campaign_mailing m"
                    f" WHERE m.id = {table}.mailing_id AND m.campaign_id = %s",
                    [self.campaign],
                )
            env.cr.execute("DELETE FROM email_campaign_mailing WHERE campaign_id = %s", [self.campaign])
            env.cr.execute("DELETE FROM email_tracking_url WHERE campaign_id = %s", [self.campaign])
            env.cr.execute("SELECT utm_campaign_id FROM email_campaign WHERE id = %s", [self.campaign])
            [(utm_campaign,)] = env.cr.fetchall()
            env.cr.execute("DELETE FROM email_campaign WHERE id = %s", [self.campaign])
            env.cr.execute("DELETE FROM email_target_list WHERE id = %s", [self.target_list])
            env.cr.execute("DELETE FROM utm_campaign WHERE id = %s", [utm_campaign])
            env.cr.execute("DELETE FROM email_address WHERE email LIKE 'worker%%@good.example'")
            env.cr.execute(
                "DELETE FROM mail_message WHERE model IN ('email.campaign', 'email.campaign.mailing') AND res_id IN %s",
                [(self.mailing, self.campaign)],
            )
            env.cr.execute("DELETE FROM ir_cron_trigger WHERE cron_id = %s", [env.ref("email_campaign.cron_send").id])
            env.cr.execute("DELETE FROM ir_mail_server WHERE id = %s", [self.server])
            env["ir.mail_server"].with_context(active_test=False).browse(self.servers).active = True

    def start(self):
        """Start a worker as a process of its own."""
        command = [sys.executable, "-m", "odoo", "shell", "-c", config["config"], "-d", self.dbname]
        command += ["--no-http", "--shell-interface=python", "--log-level=warn"]
        worker = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.addCleanup(self.stop, worker)
        worker.stdin.write(WORK)
        worker.stdin.close()
        return worker

    @staticmethod
    def stop(worker):
        if worker.poll() is None:
            worker.kill()
        worker.wait()
        worker.stdout.close()

    def finish(self, worker):
        output = worker.stdout.read()
        worker.wait(timeout=60)
        self.assertIn("FINISHED", output)

    def rows(self):
        """Give {state: addresses}."""
        with self.environment() as env:
            env.cr.execute(
                "SELECT state, array_agg(email) FROM email_campaign_recipient WHERE mailing_id = %s GROUP BY state",
                [self.mailing],
            )
            return {state: set(emails) for state, emails in env.cr.fetchall()}

    def state(self):
        with self.environment() as env:
            return env["email.campaign.mailing"].browse(self.mailing).state

    def assertNobodyTwice(self):
        self.assertEqual(len(self.peer.recipients()), len(set(self.peer.recipients())))

    def press(self, button):
        """Press a button in a transaction of its own."""
        with self.environment() as env:
            getattr(env["email.campaign.mailing"].browse(self.mailing), button)()

    def begin(self, env, state="sending"):
        """Give the mass email in a transaction that has begun, with one row of a worker in its hands."""
        mailing = env["email.campaign.mailing"].browse(self.mailing)
        with self.environment() as other:
            other.cr.execute("UPDATE email_campaign_mailing SET state = %s WHERE id = %s", [state, self.mailing])
        env.cr.execute("SELECT 1 FROM email_campaign_mailing")
        return mailing

    def note(self, worker):
        """Let `worker` have taken up the mass email."""
        with self.environment() as env:
            env["email.campaign.worker"]._note_claim(worker.number, env["email.campaign.mailing"].browse(self.mailing))

    def first_id(self, env):
        return env["email.campaign.recipient"].search([("mailing_id", "=", self.mailing)], order="id", limit=1).id

    def take(self, worker, state):
        with self.environment() as env:
            env.cr.execute(
                """
                UPDATE email_campaign_recipient SET state = %s, worker = %s, attempts = 1
                 WHERE id = (SELECT min(id) FROM email_campaign_recipient WHERE mailing_id = %s) RETURNING id
                """,
                [state, worker.number, self.mailing],
            )
            return env.cr.fetchone()[0]


@tagged("post_install", "-at_install")
class TestWorkers(WorkersCase):
    """Several workers at once, and one that is killed: invariants 1 and 2 of DESIGN.md."""

    def test_cancel_while_a_worker_hands_over(self):
        with Worker(self.dbname) as worker, self.environment() as env:
            row = self.first_id(env)
            self.note(worker)
            mailing = self.begin(env)
            self.press("action_cancel")
            handed = mailing._committed(lambda: env["email.campaign.recipient"]._hand(mailing, worker, [row]))
            self.assertFalse(handed)
            self.assertEqual(list(self.rows()), ["cancelled"])

    def test_one_row_is_handed_over_by_one_worker(self):
        """Should two workers have the same row, the later one finds that it has left."""
        with Worker(self.dbname) as one, Worker(self.dbname) as two, self.environment() as env:
            row = self.first_id(env)
            self.note(one)
            self.note(two)
            mailing = self.begin(env)
            with self.environment() as other:
                theirs = other["email.campaign.mailing"].browse(self.mailing)
                handed = other["email.campaign.recipient"]._hand(theirs, one, [row])
            self.assertEqual(handed, {row})
            self.assertFalse(mailing._committed(lambda: env["email.campaign.recipient"]._hand(mailing, two, [row])))

    def test_who_is_taken_for_dead_hands_over_nothing_more(self):
        """Not even in the moment in which others look for what it has handed over."""
        with Worker(self.dbname) as living, self.environment() as env:
            recipients, workers = env["email.campaign.recipient"], env["email.campaign.worker"]
            mailing = self.begin(env)
            mailing._committed(lambda: None)
            with Worker(self.dbname) as dead:
                rows, _count = mailing._committed(lambda: recipients._claim(mailing, dead, 10))
                ids = [row["id"] for row in rows]
                handed = mailing._committed(lambda: recipients._hand(mailing, dead, ids[:5]))
                self.assertEqual(handed, set(ids[:5]))
            mailing._committed(workers._declare_dead)
            self.assertFalse(mailing._committed(lambda: recipients._hand(mailing, dead, ids[5:])))
            mailing._committed(recipients._recover)
            self.assertFalse(mailing._committed(lambda: recipients._hand(mailing, dead, ids[5:])))
            self.assertEqual({state: len(rows) for state, rows in self.rows().items()}["in_doubt"], 5)
            # It lives after all, and says what became of one; and it may claim again.
            mailing._committed(lambda: self._flush(mailing, dead, taken(ids[0])))
            self.assertEqual({state: len(rows) for state, rows in self.rows().items()}["in_doubt"], 4)
            mailing._committed(lambda: self._flush(mailing, living, taken(ids[1])))
            self.assertEqual({state: len(rows) for state, rows in self.rows().items()}["in_doubt"], 4)
            rows, _count = mailing._committed(lambda: recipients._claim(mailing, dead, 3))
            self.assertEqual(len(mailing._committed(lambda: recipients._hand(mailing, dead, [rows[0]["id"]]))), 1)

    def test_nothing_leaves_before_its_time(self):
        with Worker(self.dbname) as worker, self.environment() as env:
            row = self.first_id(env)
            self.note(worker)
            mailing = self.begin(env)
            mailing._committed(lambda: None)
            env.cr.execute(
                "UPDATE email_campaign_recipient SET state = 'retry', next_try_at = now() AT TIME ZONE 'utc'"
                " + interval '1 minute' WHERE id = %s",
                [row],
            )
            self.assertFalse(mailing._committed(lambda: env["email.campaign.recipient"]._hand(mailing, worker, [row])))

    def test_cancel_while_a_worker_writes_down_a_retry(self):
        with Worker(self.dbname) as worker, self.environment() as env:
            row = self.take(worker, "handed")
            mailing = self.begin(env)
            self.press("action_cancel")
            outcome = {"id": row, "state": "retry", "code": 451, "reply": "later", "bounce": None}
            mailing._committed(lambda: self._flush(mailing, worker, outcome))
            self.assertEqual(list(self.rows()), ["cancelled"])

    def test_failed_ones_tried_again_while_a_worker_finishes(self):
        with self.environment() as env:
            with self.environment() as other:
                other.cr.execute(
                    "UPDATE email_campaign_recipient SET state = 'failed' WHERE mailing_id = %s", [self.mailing]
                )
            mailing = self.begin(env)
            self.press("action_retry_failed")
            mailing._committed(mailing._finish)
            self.assertEqual((self.state(), list(self.rows())), ("sending", ["queued"]))

    def test_pause_while_events_are_written_down(self):
        """Events refer to the mass email, which locks it against deletion: that must not keep people from pausing."""
        with self.environment() as env:
            mailing = self.begin(env)
            env["email.campaign.event"]._log(mailing.recipient_ids[0], "open")
            self.press("action_pause")
        self.assertEqual(self.state(), "paused")

    def test_pause_waits_for_a_worker_and_the_worker_sees_it(self):
        with Worker(self.dbname) as worker, self.environment() as env:
            row = self.first_id(env)
            self.note(worker)
            mailing = self.begin(env)
            mailing._committed(lambda: None)
            env.cr.execute("SELECT state FROM email_campaign_mailing WHERE id = %s FOR SHARE", [self.mailing])
            pressed = threading.Thread(target=self.press, args=["action_pause"])
            pressed.start()
            time.sleep(0.3)
            self.assertTrue(pressed.is_alive(), "it waits")
            env.cr.commit()  # pylint: disable=invalid-commit
            pressed.join(10)
            self.assertFalse(mailing._committed(lambda: env["email.campaign.recipient"]._hand(mailing, worker, [row])))

    def test_two_workers_at_once(self):
        self.peer.delay = 0.003
        for worker in [self.start(), self.start()]:
            self.finish(worker)
        self.assertEqual({state: len(emails) for state, emails in self.rows().items()}, {"sent": COUNT})
        self.assertEqual(len(self.peer.recipients()), COUNT)
        self.assertNobodyTwice()
        self.assertGreaterEqual(self.peer.connections, 2)
        self.assertEqual(self.state(), "done")

    def test_the_frequency_cap_holds_when_two_claim_the_same_addresses(self):
        """Neither sees what the other claims: the database makes the later one begin anew, and then it does."""
        with self.environment() as env:
            env["ir.config_parameter"].set_param("email_campaign.frequency_cap", "1")
            other = env["email.campaign.mailing"].browse(self.mailing).copy()
            other.action_launch()
        with Worker(self.dbname) as worker, self.environment() as env, self.environment() as late:
            late.cr.execute("SELECT 1 FROM email_campaign_mailing")
            rows = env["email.campaign.recipient"]._claim(other.with_env(env), worker, COUNT)[0]
            self.assertEqual(len(rows), COUNT)
            env.cr.commit()  # pylint: disable=invalid-commit
            mailing = late["email.campaign.mailing"].browse(self.mailing)
            with self.assertRaises(SerializationFailure):
                late["email.campaign.recipient"]._claim(mailing, worker, COUNT)
            late.cr.rollback()
            self.assertEqual(late["email.campaign.recipient"]._claim(mailing, worker, COUNT)[:2], ([], COUNT))
            late["ir.config_parameter"].set_param("email_campaign.frequency_cap", "0")
        self.assertEqual({state: len(emails) for state, emails in self.rows().items()}, {"skipped": COUNT})

    def test_worker_killed_in_the_middle(self):
        self.peer.delay = 0.005
        killed = self.start()
        deadline = time.monotonic() + 30
        while len(self.peer.mails) < 50 and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        self.assertLess(len(self.peer.mails), COUNT, "it was killed in the middle")
        self.finish(self.start())
        rows, accepted = self.rows(), set(self.peer.recipients())
        self.assertNobodyTwice()
        doubtful = rows.get("in_doubt", set())
        self.assertEqual(len(rows["sent"]) + len(doubtful), COUNT)
        self.assertLessEqual(len(doubtful), WINDOW)
        self.assertLessEqual(rows["sent"], accepted)
        self.assertLessEqual(accepted, rows["sent"] | doubtful)
        self.assertEqual(self.state(), "done")


class _Environment:
    """An environment in a transaction of its own, committed at the end."""

    def __init__(self, registry):
        self._cr = registry.cursor()

    def __enter__(self):
        return api.Environment(self._cr, SUPERUSER_ID, {})

    def __exit__(self, kind, *rest):
        try:
            if kind:
                self._cr.rollback()
            else:
                self._cr.commit()  # pylint: disable=invalid-commit
        finally:
            self._cr.close()
