"""Worker processes without the seconds that Odoo takes to start.

One process loads Odoo once, keeps no connection to the database, and forks a worker for each run of a scheduled job.
"""

import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

PR_SET_PDEATHSIG = 1
SENDING = ("email.campaign.mailing", "_cron_send")
IMPORTING = ("email.target.list.import", "_cron_import")


class Forks:
    """Starts workers on the database `dbname`, by pid; `log` is what they and Odoo wrote."""

    def __init__(self, config, dbname, log):
        self.log = Path(log)
        with self.log.open("ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, __file__, config, dbname], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sink
            )
        self._living = set()
        self._codes = {}
        self._answer()

    def start(self, patches=None, job=SENDING):
        """Fork a worker with `patches` ({dotted name: value}) that does `job`; give its pid."""
        pid = self._ask(start=patches or {}, job=job)
        self._living.add(pid)
        return pid

    def wait(self, pid, seconds):
        """Give the exit code (negative: the signal) of a worker, None if it runs longer than `seconds`."""
        if pid in self._living:
            self._codes[pid] = self._ask(wait=pid, seconds=seconds)
            if self._codes[pid] is not None:
                self._living.discard(pid)
        return self._codes[pid]

    def kill(self, pid):
        """Kill a worker, which must not have been waited for: until then its pid is nobody else's."""
        if pid in self._living:
            os.kill(pid, signal.SIGKILL)
            self.wait(pid, 10)

    def tail(self):
        """Give the last of what workers and Odoo wrote."""
        return self.log.read_text()[-3000:]

    def kill_all(self):
        for pid in list(self._living):
            self.kill(pid)

    def close(self):
        self.kill_all()
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _ask(self, **question):
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the fork server is gone: {self.tail()}")
        return json.loads(line)


def serve(config, dbname):
    """Answer one question a line until nobody asks any more."""
    # What anybody prints here must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)
    sys.path.pop(0)  # this folder, whose names are nobody's business
    from odoo import sql_db
    from odoo.modules.registry import Registry
    from odoo.tools import config as options

    options.parse_config(["-c", config, "-d", dbname, "--no-http", "--log-level=warn"], setup_logging=True)
    Registry(dbname)
    _let_mail_leave()
    sql_db.close_all()
    answers.write(b'"ready"\n')
    for line in sys.stdin.buffer:
        question = json.loads(line)
        if "start" in question:
            answer = os.fork()
            if not answer:
                _work(dbname, question["start"], *question["job"])
        else:
            answer = _wait(question["wait"], question["seconds"])
        answers.write(json.dumps(answer).encode() + b"\n")


def _let_mail_leave():
    from odoo.addons.base.models.ir_mail_server import IrMail_Server

    IrMail_Server._disable_send = classmethod(lambda cls: False)


def _wait(pid, seconds):
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.002)


def _work(dbname, patches, model, method):
    """Be a worker: one run of a scheduled job, then the end of the process."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        from odoo import SUPERUSER_ID, api, sql_db
        from odoo.modules.registry import Registry

        for name, value in patches.items():
            module, _dot, constant = name.rpartition(".")
            setattr(importlib.import_module(module), constant, value)
        registry = Registry(dbname)
        # Names this process to PostgreSQL, not the one that it was forked from.
        registry._db = sql_db.db_connect(dbname)
        registry = registry.check_signaling()
        with registry.cursor() as cr:
            getattr(api.Environment(cr, SUPERUSER_ID, {})[model], method)()
        code = 0
    except BaseException:  # noqa: BLE001 (nothing must get back into the loop of the process that was forked)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(*sys.argv[1:])
