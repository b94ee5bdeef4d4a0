import base64
import csv
import io
import os
import random
import tempfile
import time
from collections import Counter

from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config

from .fault_rows import environment
from .faults import SEED
from .forking import IMPORTING, Forks

ROWS, PORTION, DEATHS = 12_000, 200, 12
PATCHES = {"odoo.addons.email_campaign.models.audience.importing.email_target_list_import_running.PORTION": PORTION}
SECONDS = 90


@tagged("post_install", "-at_install")
class TestImportKilled(BaseCase):
    """The process that imports is killed again and again. What it does is committed, and taken away afterwards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        handle, log = tempfile.mkstemp(prefix="importers-", suffix=".log")
        os.close(handle)
        cls.addClassCleanup(os.unlink, log)
        cls.forks = Forks(config["config"], get_db_name(), log)
        cls.addClassCleanup(cls.forks.close)

    def make_import(self):
        """Every tenth row is refused, every seventh has the address of the row before."""
        rows = []
        for number in range(ROWS):
            email = f"p{number - (number % 7 == 6)}@killed.example" if number % 10 else "nonsense"
            rows.append(f"P{number},{email},{number}")
        data = ("Name,Email,Number\n" + "\n".join(rows)).encode()
        with environment(self.registry) as env:
            target_list = env["email.target.list"].create({"name": "Killed"})
            record = env["email.target.list.import"].create(
                {"list_id": target_list.id, "name": "killed.csv", "file": base64.b64encode(data), "contacts": "none"}
            )
            self.addCleanup(self.remove, target_list.id, record.id)
            self.addCleanup(self.forks.kill_all)
            record.action_read()
            record.action_import()
        self.record_id, self.list_id = record.id, target_list.id
        return [row.split(",") for row in rows]

    def remove(self, list_id, record_id):
        with environment(self.registry) as env:
            record = env["email.target.list.import"].browse(record_id)
            if record.state == "running":
                record.action_cancel()
            env["email.target.list"].browse(list_id).unlink()
            env["ir.cron.trigger"].search([("cron_id", "=", env.ref("email_campaign.cron_import").id)]).unlink()

    def progress(self):
        with environment(self.registry) as env:
            record = env["email.target.list.import"].browse(self.record_id)
            members = env["email.target.list.member"].search_count([("list_id", "=", self.list_id)])
            return record.state, record.done_count, record.added_count, members

    def test_killed_and_going_on(self):
        rows = self.make_import()
        moments = random.Random(SEED)
        killed = 0
        for death in range(DEATHS):
            wanted = death * ROWS * 0.9 / DEATHS
            pid = self.forks.start(PATCHES, IMPORTING)
            deadline = time.monotonic() + SECONDS
            while self.progress()[1] < wanted and self.forks.wait(pid, 0) is None:
                self.assertLess(time.monotonic(), deadline, self.forks.tail())
            time.sleep(moments.uniform(0, 0.1))
            killed += self.forks.wait(pid, 0) is None
            self.forks.kill(pid)
            state, done, added, members = self.progress()
            with self.subTest(death):
                self.assertEqual(done % PORTION, 0, "a portion is imported as a whole or not at all")
                self.assertEqual(added, members, "what is counted is what is there")
            if state == "done":
                break
        self.assertGreater(killed, DEATHS / 2, f"not really interrupted: {self.progress()}, {self.forks.tail()}")
        self.assertEqual(self.forks.wait(self.forks.start(PATCHES, IMPORTING), SECONDS), 0, self.forks.tail())
        self.judge(rows)

    def judge(self, rows):
        good = [row for row in rows if row[1] != "nonsense"]
        with environment(self.registry) as env:
            record = env["email.target.list.import"].browse(self.record_id)
            members = env["email.target.list.member"].search([("list_id", "=", self.list_id)])
            found = {member.email: (member.name, member.values["number"]) for member in members}
            counts = record._counts()
            refused = base64.b64decode(record.refused_file).decode("utf-8-sig")
            self.assertEqual(record.state, "done")
        times = Counter(email for _name, email, _number in good)
        self.assertEqual(found, {email: (name, number) for name, email, number in good}, "nobody is missing")
        self.assertEqual(
            counts,
            {
                "added": len(times),
                "updated": 0,
                "unchanged": 0,
                "repeated": len(good) - len(times),
                "refused": len(rows) - len(good),
            },
        )
        numbers = [row[-1] for row in csv.reader(io.StringIO(refused, newline=""))][1:]
        self.assertEqual(numbers, [str(number + 2) for number, row in enumerate(rows) if row[1] == "nonsense"])
