"""Connections that are opened aside: the first decides about a provider, the others are a gain."""

import threading
import time
from types import SimpleNamespace
from unittest.mock import patch

from odoo.tests import BaseCase
from odoo.tools import mute_logger

from ..models.sending import line as lines
from ..models.sending.connecting import ConnectingError
from ..models.sending.line import Line

PATIENCE = 10.0  # seconds in which threads must have done what they have to


class Connection:
    """As much of an `smtplib.SMTP` as a lane that is given no mail asks for."""

    esmtp_features = {}

    def __init__(self, fails=False):
        self.sock = None
        self.closed = False
        self._fails = fails

    def has_extn(self, _name):
        return False

    def close(self):
        self.closed = True
        if self._fails:
            raise OSError("already gone")


class Outgoing:
    """Gives connections: in the worker's thread by `open`, aside by `open_apart`, whichever functions these are."""

    may_open_apart = True

    def __init__(self, apart):
        self.open_apart = apart


class TestLine(BaseCase):
    """A line whose lanes are counted and not run: what is opened, and what is made of it when it isn't."""

    def line(self, width=1, connections=4):
        line = Line(SimpleNamespace(id=1, connections=connections, max_mails=1000))
        self.open_lanes = width
        taken = self.taken = []

        class Lanes:
            living = property(lambda _lanes: self.open_lanes)
            missing = property(lambda _lanes: connections - self.open_lanes)

            def add(_lanes, connection):
                taken.append(connection)
                self.open_lanes += 1

            def close(_lanes):
                self.closed = True
                return []

        self.closed = False
        line.lanes = Lanes()
        self.addCleanup(line.close)
        return line

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition() and time.monotonic() < end:
            time.sleep(0.005)
        self.assertTrue(condition())

    def test_the_others_are_opened_side_by_side(self):
        together = threading.Barrier(3, timeout=PATIENCE)

        def apart():
            together.wait()
            return Connection()

        line = self.line()
        line.widen(Outgoing(apart))
        self.until(lambda: all(future.done() for future in line._opening))
        self.assertTrue(line.may_widen)
        line.widen(Outgoing(apart))
        self.assertEqual((len(self.taken), line.width, line.may_widen), (3, 4, False))

    def test_whatever_keeps_one_from_being_opened_stops_nothing(self):
        for error in (ConnectingError("421 too many"), RuntimeError("can't start new thread"), MemoryError()):
            with self.subTest(error), mute_logger(lines.__name__):

                def apart(error=error):
                    raise error

                line = self.line()
                line.widen(Outgoing(apart))
                self.until(lambda line=line: all(future.done() for future in line._opening))
                line.widen(Outgoing(apart))
                self.assertFalse(line.may_widen, "it is left alone for a while")
                line._not_before = 0.0
                line.widen(Outgoing(apart))
                self.assertEqual(len(line._opening), 1, "who was refused asks for one at a time")

    def test_who_was_refused_does_not_ask_while_it_waits_for_an_answer(self):
        go = threading.Event()

        def apart():
            go.wait(PATIENCE)
            return Connection()

        line = self.line()
        line._note_refusal()
        line._not_before = 0.0
        line.widen(Outgoing(apart))
        self.assertEqual((len(line._opening), line.may_widen), (1, False), "else who asks goes round in circles")
        go.set()
        self.until(lambda: line.may_widen)

    def test_a_refusal_of_before_says_nothing_about_now(self):
        def apart():
            raise ConnectingError("421 too many")

        line = self.line()
        outgoing = Outgoing(apart)
        outgoing.open = Connection
        line.widen(outgoing)
        self.until(lambda: all(future.done() for future in line._opening))
        self.open_lanes = 0  # the one that was open has carried what it may
        line.widen(outgoing)
        self.assertEqual((line.width, len(self.taken)), (1, 1))

        def refused():
            raise ConnectingError("nothing answers there")

        self.open_lanes = 0
        outgoing.open = refused
        with self.assertRaises(ConnectingError):
            line.widen(outgoing)

    def test_the_first_is_opened_aside_while_its_mails_are_prepared(self):
        line, opened = self.line(width=0), []

        def apart():
            opened.append(Connection())
            return opened[-1]

        outgoing = Outgoing(apart)  # the worker's own thread has nothing to open one with
        line.begin(outgoing)
        line.begin(outgoing)
        line.widen(outgoing, others=False)
        self.assertEqual((self.taken, line.width, len(line._opening)), (opened, 1, 0), "one, and none for no mails")
        self.assertEqual(len(opened), 1)
        line.begin(outgoing)
        self.assertIsNone(line._first, "there is one")
        line.widen(outgoing)
        self.assertEqual(len(line._opening), 3)

    def test_the_first_decides_wherever_it_is_opened(self):
        def apart():
            raise ConnectingError("nothing answers there")

        line = self.line(width=0)
        line.begin(Outgoing(apart))
        with self.assertRaisesRegex(ConnectingError, "nothing answers there"):
            line.widen(Outgoing(apart))
        self.assertEqual(len(line._opening), 0)

    def test_the_worker_opens_the_first_where_that_can_not_be_done_aside(self):
        def apart():
            raise RuntimeError("the database has no connection to spare")

        own = Connection()
        line, outgoing = self.line(width=0), Outgoing(apart)
        outgoing.open = lambda: own
        line.begin(outgoing)
        with self.assertLogs(lines.__name__, "WARNING"):
            line.widen(outgoing, others=False)
        self.assertEqual(self.taken, [own])
        line, outgoing.may_open_apart = self.line(width=0), False
        line.begin(outgoing)
        self.assertIsNone(line._first)
        line.widen(outgoing)
        self.assertEqual((self.taken, len(line._opening)), ([own], 0))

    def test_what_was_begun_long_ago_says_nothing_about_now(self):
        """The server may have hung up since, and what kept it from being opened may be over."""
        stale, own = Connection(), Connection()

        def refused():
            raise ConnectingError("nothing answers there")

        for apart in (lambda: stale, refused):
            with self.subTest(apart), patch.object(lines, "FRESH_SECONDS", 0.0):
                line, outgoing = self.line(width=0), Outgoing(apart)
                outgoing.open = lambda: own
                line.begin(outgoing)
                self.until(lambda line=line: line._first.done())
                time.sleep(0.001)  # the clock goes on
                line.widen(outgoing, others=False)
                self.assertEqual(self.taken, [own])
        self.assertTrue(stale.closed)

    def test_closing_ends_the_first_that_nobody_has_used(self):
        opened = []

        def apart():
            opened.append(Connection())
            return opened[-1]

        line = self.line(width=0)
        line.begin(Outgoing(apart))
        self.until(lambda: opened)
        line.close()
        self.assertEqual([connection.closed for connection in opened], [True])

    def test_closing_ends_what_is_being_opened(self):
        go = threading.Event()
        opened = []

        def apart():
            go.wait(PATIENCE)
            opened.append(Connection(fails=True))
            return opened[-1]

        line = self.line(connections=50)
        line.widen(Outgoing(apart))
        self.assertEqual(len(line._opening), 49)
        threading.Timer(0.05, go.set).start()
        line.close()
        self.assertTrue(self.closed)
        self.assertTrue(all(connection.closed for connection in opened))
        self.assertLessEqual(len(opened), lines.OPENED_AT_ONCE, "what had not begun is not begun")
