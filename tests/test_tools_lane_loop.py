import socket
import threading
import time
from unittest.mock import patch

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools.lane_loop import LaneLoop
from odoo.addons.email_campaign.tools.lanes import Lanes
from odoo.addons.email_campaign.tools.smtp_line import IDLE, READ, WRITE

from .rawpeer import RawPeer
from .test_tools_lanes import mail

PATIENCE = 10.0  # seconds in which the thread must have done what it has to


class TestLaneLoop(BaseCase):
    def setUp(self):
        super().setUp()
        self.more, self.over, self.ended = [], [], {}
        self.loop = LaneLoop(lambda: bool(self.more), lambda: bool(self.over))
        self.addCleanup(self.finish)

    def finish(self):
        self.over.append(True)
        self.loop.ring()
        self.loop.join()

    def pair(self):
        ours, theirs = socket.socketpair()
        for one in (ours, theirs):
            self.addCleanup(one.close)
        ours.setblocking(False)
        return ours, theirs

    def add(self, name, sock, steps):
        self.loop.add(sock, steps, lambda error: self.ended.setdefault(name, error))

    def wait(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it takes too long")
            time.sleep(0.005)

    def test_each_goes_on_when_its_turn_has_come(self):
        said = []

        def steps(name, sock):
            for _turn in range(3):
                yield READ, PATIENCE
                said.append((name, sock.recv(100)))

        pairs = {name: self.pair() for name in "abc"}
        for name, (ours, _theirs) in pairs.items():
            self.add(name, ours, steps(name, ours))
        expected = []
        for number in range(3):
            for name in "cab":
                expected.append((name, b"%d" % number))
                pairs[name][1].send(b"%d" % number)
                self.wait(lambda: said == expected)
        self.wait(lambda: len(self.ended) == 3)
        self.assertEqual(set(self.ended.values()), {None})

    def test_time_is_up_for_one_only(self):
        def steps(seconds):
            came.append((yield READ, seconds))

        came = []
        (first, other), (second, _silent) = self.pair(), self.pair()
        self.add("long", first, steps(PATIENCE))
        self.add("short", second, steps(0.05))
        self.wait(lambda: "short" in self.ended)
        self.assertEqual((came, list(self.ended)), ([False], ["short"]))
        other.send(b"!")
        self.wait(lambda: "long" in self.ended)
        self.assertEqual(came, [False, True])

    def test_idle_ones_are_rung_for(self):
        def steps():
            while (yield IDLE, 0.0):
                taken.append(self.more.pop())

        taken = []
        self.add("idle", self.pair()[0], steps())
        for number in range(50):
            self.more.append(number)
            self.loop.ring()
            self.wait(lambda number=number: number in taken)
        self.finish()
        self.assertEqual(self.ended, {"idle": None})

    def test_what_fails_ends_alone(self):
        def steps(fails):
            yield READ, PATIENCE
            if fails:
                raise ZeroDivisionError

        (first, its), (second, other) = self.pair(), self.pair()
        self.add("failing", first, steps(True))
        self.add("waiting", second, steps(False))
        its.send(b"!")
        self.wait(lambda: "failing" in self.ended)
        self.assertIsInstance(self.ended["failing"], ZeroDivisionError)
        other.send(b"!")
        self.wait(lambda: "waiting" in self.ended)
        self.assertIsNone(self.ended["waiting"])

    def test_a_socket_that_somebody_closes(self):
        def closing(sock):
            yield READ, PATIENCE
            sock.close()
            answers.append((yield WRITE, PATIENCE))
            answers.append((yield READ, PATIENCE))

        def waiting():
            yield READ, PATIENCE

        answers = []
        (first, its), (second, other) = self.pair(), self.pair()
        self.add("closing", first, closing(first))
        self.add("waiting", second, waiting())
        its.send(b"!")
        self.wait(lambda: "closing" in self.ended)
        self.assertEqual((answers, self.ended), ([True, False], {"closing": None}), "told once, then its time is up")
        other.send(b"!")
        self.wait(lambda: "waiting" in self.ended)
        self.assertIsNone(self.ended["waiting"])

    def test_no_thread_stays_with_nothing_to_serve(self):
        for _time in range(3):
            self.add("none", self.pair()[0], (step for step in ()))
            self.loop.join()
            self.assertFalse([thread for thread in threading.enumerate() if thread.name == "email lanes"])
        self.assertEqual(self.ended, {"none": None})

    def test_one_that_cannot_be_started(self):
        """Then there is no connection; and another may be tried."""
        peer = RawPeer()
        self.addCleanup(peer.stop)
        lanes = Lanes(1, timeout=5, final_timeout=5)
        self.addCleanup(lanes.close)
        for what in ("socket.socketpair", "threading.Thread.start"):
            connection = peer.connect()
            with patch(what, side_effect=RuntimeError("no more")), self.assertRaises(RuntimeError):
                lanes.add(connection)
            self.assertEqual((lanes.living, lanes.missing), (0, 1))
            self.assertIsNone(connection.sock)
        lanes.add(peer.connect())
        lanes.put([mail(1)])
        self.assertEqual([outcome.result for outcome in lanes.collect(1, PATIENCE)], ["accepted"])
