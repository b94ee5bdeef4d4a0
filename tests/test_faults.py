"""Processes that die, that work side by side, and connections that break: who gets what, and what is known of it."""

from odoo.tests import tagged

from .faultpeer import Fault
from .faults import HANDED_AT_MOST, MANY, SOME, FaultCase


@tagged("post_install", "-at_install")
class TestFaults(FaultCase):
    """Each scenario of docs/faults.rst that is about processes and connections."""

    def test_killed(self):
        self.launch(MANY, seconds=0.0004)
        self.send_striking(20, self.kill)
        self.judge("The sending process killed", in_doubt=20 * HANDED_AT_MOST)
        self.assertEqual(
            self.rows.addresses("in_doubt"), self.handed_at_deaths, "exactly what was handed over when it died"
        )

    def test_two_processes(self):
        self.launch(MANY)
        self.send(workers=2)
        self.judge("Two processes", in_doubt=0)
        self.assertGreater(self.peer.connections, 2, "each has two")

    def test_four_processes(self):
        self.launch(MANY)
        self.send(workers=4)
        self.judge("Four processes", in_doubt=0)
        self.assertGreater(self.peer.connections, 4, "each has two")

    def test_four_processes_killed(self):
        """Others go on while one is killed; the rows of the dead are taken up by whoever comes next."""
        self.launch(MANY, seconds=0.0004)
        self.send_striking(10, self.kill, workers=4)
        self.judge("Four processes, ten of them killed", in_doubt=10 * HANDED_AT_MOST)

    def test_reset_before_content(self):
        self.launch(SOME, self.sometimes({"MAIL": 0.01, "RCPT": 0.01, "DATA": 0.02}, Fault.RESET))
        self.send()
        self.judge("Connection reset before DATA", in_doubt=0)

    def test_reset_within_content(self):
        self.launch(SOME, self.sometimes({"content": 0.02, "body": 0.02}, Fault.RESET))
        self.send()
        self.judge("Connection reset during DATA")

    def test_reset_after_content(self):
        self.launch(SOME, self.sometimes({"dot": 0.02, "taken": 0.02}, Fault.RESET))
        self.send()
        self.judge("Connection reset after DATA")

    def test_closing(self):
        """It closes at any step, even as the answer to a whole message, which it has not taken then."""
        reply = "421 4.3.2 closing, come back later"
        self.launch(SOME, self.sometimes(dict.fromkeys(("connect", "MAIL", "RCPT", "DATA", "dot"), 0.01), reply))
        self.send()
        self.judge("421 in the middle", in_doubt=0)
