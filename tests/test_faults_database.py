"""A database that goes away while mails are with the server."""

import os
import shlex
import subprocess
import time
import unittest

from odoo import sql_db
from odoo.tests import get_db_name, tagged
from odoo.tools import SQL

from .fault_rows import environment
from .faults import HANDED_AT_MOST, MANY, WORKER_SECONDS, FaultCase

# How `make faults` lets the PostgreSQL server be restarted, which nobody else uses then; pg_ctl's mode is added to it.
RESTART = os.environ.get("EMAIL_CAMPAIGN_FAULT_RESTART", "")


@tagged("post_install", "-at_install")
class TestFaultsDatabase(FaultCase):
    """Each scenario of docs/faults.rst that is about the database."""

    def hang_up(self, pids, only_lock=False):
        """Cut connections of one of the workers as soon as it has any; give its pid."""
        deadline = time.monotonic() + WORKER_SECONDS
        pid = self.random.choice(sorted(pids - self.doomed))
        while not self.rows.hang_up(pid, only_lock):
            self.assertLess(time.monotonic(), deadline, self.forks.tail())
            if self.forks.wait(pid, 0.002) is not None:
                self.assertNotEqual(self.rows.state(), "done", "all was done before it could be cut")
                self.end({pid}, pids)
                pid = self.forks.start()
                pids.add(pid)
        self.doomed.add(pid)
        return pid

    def test_connections_cut(self):
        """It waits for what the server answers and writes that down over a new connection before it ends."""
        self.launch(MANY, seconds=0.0004)
        self.send_striking(10, lambda pids: self.end({self.hang_up(pids)}, pids))
        self.judge("Connections to the database cut", in_doubt=10 * HANDED_AT_MOST)

    def test_taken_for_dead(self):
        """It has lost the connection that shows that it lives; others take up its rows while it goes on."""
        self.launch(MANY, seconds=0.0004)

        def cut(pids):
            self.hang_up(pids, only_lock=True)
            pids.add(self.forks.start())  # takes up what nobody seems to have

        self.send_striking(5, cut)
        self.judge("A living process taken for dead", in_doubt=0)

    @unittest.skipUnless(RESTART, "restarts the PostgreSQL server, which is for `make faults` alone")
    def test_restarted(self):
        with environment(self.registry) as env:
            # The server of the development commands may forget the last half second when it is killed.
            env.cr.execute(SQL("ALTER DATABASE %s SET synchronous_commit = on", SQL.identifier(get_db_name())))
        self.launch(MANY, seconds=0.0004)
        modes = iter(["fast", "immediate"] * 3)

        def restart(pids):
            self.doomed |= pids
            subprocess.run([*shlex.split(RESTART), next(modes)], check=True)
            sql_db.close_db(get_db_name())
            self.end(set(pids), pids)

        self.send_striking(6, restart, workers=2)
        self.judge("The database restarted", in_doubt=12 * HANDED_AT_MOST)
