import smtplib
import threading
import time
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools.lanes import Lanes
from odoo.addons.email_campaign.tools.smtp import Lane, Mail

from .certificate import certificate, certificate_of_both, key_and_certificate
from .peer import Peer
from .rawpeer import RawPeer

DATA = b"Subject: x\r\n\r\nbody\r\n"
LARGE = DATA + (b"x" * 70 + b"\r\n") * 500_000  # more than the buffers of the system hold
STAGES = ("MAIL", "RCPT", "DATA", "content", "dot", "taken")


def mail(key, data=DATA):
    return Mail(key, f"{key}@crm.example", f"person{key}@good.example", data)


class PeerCase(BaseCase):
    def peer(self, script=None, **options):
        peer = RawPeer(script, **options)
        self.addCleanup(peer.stop)
        return peer

    def lane(self, peer, client_tls=None, timeout=5, final_timeout=5, max_mails=500):
        lane = Lane(peer.connect(client_tls), timeout, final_timeout, max_mails)
        self.addCleanup(lane.close)
        return lane

    def check_truth(self, mails, outcomes, peer):
        """Each mail has one outcome; what the server took was not called otherwise, and it took nothing twice."""
        self.assertEqual(sorted(outcome.key for outcome in outcomes), sorted(mail.key for mail in mails))
        taken = Counter(peer.taken)
        self.assertLessEqual(set(taken.values()), {1}, "nothing twice")
        for outcome in outcomes:
            if outcome.result == "accepted":
                self.assertEqual(taken[outcome.key], 1, outcome)
            elif outcome.result != "unknown":
                self.assertEqual(taken[outcome.key], 0, outcome)
        self.assertEqual(peer.strange, [], "no command where none is allowed")
        self.assertLessEqual(set(peer.contents), {mail.data for mail in mails})


class TestPipeline(PeerCase):
    """Three mails, of which the second (most often) meets trouble while it is pipelined behind the first."""

    client_tls = None
    variants = [
        {"pieces": pieces, "offers": offers, "wants_nobody": wants_nobody}
        for pieces in (False, True)
        for offers in (("PIPELINING",), ())
        for wants_nobody in (False, True)
    ]

    def check(self, script, *expected, data=DATA, **lane):
        """Check (result, code, stage) of each of three mails, in all manners that a server may have."""
        for variant in self.variants:
            with self.subTest(script=script, **variant):
                peer = self.peer({key: [trouble] for key, trouble in script.items()}, **variant)
                mails = [mail(1), mail(2, data), mail(3)]
                outcomes = list(self.lane(peer, self.client_tls, **lane).send_all(mails))
                self.assertEqual([(o.result, o.code, o.stage) for o in outcomes], list(expected))
                self.check_truth(mails, outcomes, peer)
                peer.stop()

    accepted = ("accepted", 250, "end of data")
    not_begun = ("unsent", 0, "connection")

    def test_all_is_well(self):
        self.check({}, self.accepted, self.accepted, self.accepted)

    def test_refused(self):
        for stage, stage_of_outcome in (("MAIL", "MAIL"), ("RCPT", "RCPT"), ("DATA", "DATA"), ("dot", "end of data")):
            for reply, result in (("451 4.7.1 later", "transient"), ("452 4.3.1 disk full", "transient"),
                                  ("550-5.1.1 no\r\n550 5.1.1 such user", "permanent")):  # fmt: skip
                refused = (result, int(reply[:3]), stage_of_outcome)
                self.check({2: f"{stage} {reply}"}, self.accepted, refused, self.accepted)
        no = ("permanent", 550, "RCPT")
        self.check({1: "RCPT 550 no", 2: "RCPT 550 no", 3: "RCPT 550 no"}, no, no, no)

    def test_421(self):
        for stage, of_outcome in (("MAIL", "MAIL"), ("RCPT", "RCPT"), ("DATA", "DATA"), ("dot", "end of data")):
            self.check(
                {2: f"{stage} 421 4.3.2 shutting down"}, self.accepted, ("transient", 421, of_outcome), self.not_begun
            )

    def test_line_broken_before_the_content(self):
        for action in ("close", "garbage", "endless"):
            self.check({2: f"RCPT {action}"}, self.accepted, ("unsent", 0, "RCPT"), self.not_begun)
            self.check({2: f"DATA {action}"}, self.accepted, ("unsent", 0, "DATA"), self.not_begun)

    def test_line_broken_after_the_content(self):
        for action in ("reset", "close", "garbage", "endless"):
            for stage in ("dot", "taken"):
                self.check({2: f"{stage} {action}"}, self.accepted, ("unknown", 0, "end of data"), self.not_begun)

    def test_line_broken_in_the_content(self):
        self.check({2: "content reset"}, self.accepted, ("unsent", 0, "content"), self.not_begun, data=LARGE)

    def test_stops_answering(self):
        variants, self.variants = self.variants, self.variants[:3:2]
        self.addCleanup(setattr, self, "variants", variants)
        limits = {"timeout": 0.3, "final_timeout": 0.5}
        self.check({2: "RCPT silent"}, self.accepted, ("unsent", 0, "RCPT"), self.not_begun, **limits)
        for stage in ("dot", "taken"):
            self.check({2: f"{stage} silent"}, self.accepted, ("unknown", 0, "end of data"), self.not_begun, **limits)

    def test_large_ones(self):
        peer = self.peer()
        mails = [mail(key, LARGE[:5_000_000] + b"\r\n") for key in range(3)]
        outcomes = list(self.lane(peer, self.client_tls).send_all(mails))
        self.assertEqual({outcome.result for outcome in outcomes}, {"accepted"})
        self.check_truth(mails, outcomes, peer)


class TestPipelineOverTls(TestPipeline):
    variants = TestPipeline.variants[:2]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_tls, cls.client_tls = certificate()

    def peer(self, script=None, **options):
        return super().peer(script, tls=self.server_tls, **options)


class TestPipelineWithCertificate(TestPipelineOverTls):
    """The client shows a certificate; then Odoo uses pyOpenSSL."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_tls, cls.client_tls = certificate_of_both(*key_and_certificate("client"))


class TestLine(PeerCase):
    def test_no_extensions(self):
        peer = self.peer(offers=None)
        mails = [mail(1), mail(2)]
        outcomes = list(self.lane(peer).send_all(mails))
        self.assertEqual([outcome.result for outcome in outcomes], ["accepted"] * 2)
        self.check_truth(mails, outcomes, peer)

    def test_hung_up_while_nothing_was_to_do(self):
        peer = self.peer()
        lane = self.lane(peer)
        lane._connection.sock.shutdown(1)
        time.sleep(0.05)
        outcome = lane.send(mail(1))
        self.assertEqual((outcome.result, outcome.stage), ("unsent", "connection"), "not a try")
        self.assertFalse(lane.is_open)
        self.assertTrue(lane.trouble)

    def test_goodbye_is_no_content_for_nobody(self):
        peer = self.peer({1: ["RCPT 550 5.1.1 no"]}, wants_nobody=True)
        lane = self.lane(peer)
        self.assertEqual(lane.send(mail(1)).code, 550)
        lane.close()
        self.assertEqual(peer.commands[-2:], ["DATA", "QUIT"])

    def test_time_limit_of_an_answer_that_trickles(self):
        peer = self.peer({1: ["RCPT 250-" + "x" * 2000]}, pieces=True)
        started = time.monotonic()
        outcome = self.lane(peer, timeout=0.1).send(mail(1))
        self.assertEqual((outcome.result, outcome.stage), ("unsent", "RCPT"))
        self.assertIn("timed out", outcome.text)
        self.assertLess(time.monotonic() - started, 3)

    def test_answers_without_an_end(self):
        for lines in ("250-x\r\n" * 40_000 + "250 x", "250-x\r\n550 y"):
            outcome = self.lane(self.peer({1: [f"RCPT {lines}"]})).send(mail(1))
            self.assertEqual((outcome.result, outcome.stage), ("unsent", "RCPT"), outcome)

    def test_errors_of_ours_leave_no_mail_without_an_outcome(self):
        for fails_at, results in ((1, []), (2, ["unsent"]), (4, ["accepted", "accepted", "unsent"])):
            peer = self.peer()
            calls, outcomes = [], []

            def source(calls=calls, fails_at=fails_at):
                calls.append(1)
                if len(calls) == fails_at:
                    raise ZeroDivisionError
                return mail(len(calls))

            lane = self.lane(peer)
            with self.assertRaises(ZeroDivisionError):
                lane.run(source, outcomes.append)
            self.assertEqual([outcome.result for outcome in outcomes], results)
            self.assertFalse(lane.is_open)


class TestLanes(PeerCase):
    def lanes(self, connect, count=2, **options):
        lanes = Lanes(count, **{"timeout": 5, "final_timeout": 5, **options})
        self.addCleanup(lanes.close)
        while lanes.missing:
            lanes.add(connect())
        return lanes

    def send_all(self, connect, lanes, mails):
        """Send `mails` over connections that are replaced when they are gone."""
        outcomes, rest = [], list(mails)
        while rest or lanes.pending:
            while lanes.missing:
                lanes.add(connect())
            group, rest = rest[: lanes.room], rest[lanes.room :]
            lanes.put(group)
            outcomes += lanes.collect(8, 10)
        return outcomes

    def test_many(self):
        peer = self.peer()
        lanes = self.lanes(peer.connect, 3, capacity=50)
        mails = [mail(key) for key in range(500)]
        outcomes = self.send_all(peer.connect, lanes, mails)
        self.assertEqual({outcome.result for outcome in outcomes}, {"accepted"})
        self.check_truth(mails, outcomes, peer)
        self.assertEqual((lanes.living, lanes.missing, lanes.pending, lanes.room), (3, 0, 0, 50))
        self.assertEqual(lanes.last_trouble, "")
        self.assertEqual(lanes.close(), [])
        self.assertEqual(peer.connections, 3)
        self.assertEqual(peer.commands.count("QUIT"), 3)

    def test_aiosmtpd(self):
        peer = Peer()
        peer.start()
        self.addCleanup(peer.stop)

        def connect():
            connection = smtplib.SMTP(*peer.address, local_hostname="client.example", timeout=10)
            connection.ehlo()
            return connection

        lanes = self.lanes(connect)
        outcomes = self.send_all(connect, lanes, [mail(key) for key in range(50)])
        self.assertEqual(Counter(outcome.result for outcome in outcomes), {"accepted": 50})
        self.assertEqual(len(set(peer.recipients())), 50)
        self.assertEqual(len(peer.recipients()), 50)

    def test_bounds(self):
        lanes = self.lanes(self.peer().connect, capacity=4)
        with self.assertRaises(ValueError):
            lanes.put([mail(key) for key in range(5)])
        self.assertEqual(lanes.pending, 0)
        with self.assertRaises(ValueError):
            lanes.add(None)
        lanes.close()
        with self.assertRaises(ValueError):
            lanes.put([mail(1)])
        with self.assertRaises(ValueError):
            lanes.add(None)

    def test_collect_waits_no_longer_than_it_may(self):
        peer = self.peer({1: ["dot silent"]})
        lanes = self.lanes(peer.connect, 1)
        self.assertEqual(lanes.collect(10, 60), [], "nothing is pending")
        lanes.put([mail(1)])
        started = time.monotonic()
        self.assertEqual(lanes.collect(1, 0.05), [])
        self.assertLess(time.monotonic() - started, 2)
        peer.stop()
        [outcome] = lanes.collect(5, 10)
        self.assertEqual(outcome.result, "unknown")

    def test_spent_connections_are_replaced(self):
        peer = self.peer()
        lanes = self.lanes(peer.connect, 1, max_mails=3)
        mails = [mail(key) for key in range(10)]
        outcomes = self.send_all(peer.connect, lanes, mails)
        self.assertEqual({outcome.result for outcome in outcomes}, {"accepted"})
        self.check_truth(mails, outcomes, peer)
        self.assertEqual(peer.connections, 4)
        self.assertEqual(lanes.last_trouble, "")

    def test_spent_connections_that_are_not_replaced(self):
        lanes = self.lanes(self.peer().connect, 1, max_mails=3)
        lanes.put([mail(key) for key in range(5)])
        first = lanes.collect(5, 10)
        self.assertEqual([outcome.result for outcome in first], ["accepted"] * 3)
        self.assertEqual((lanes.living, lanes.missing, lanes.pending), (0, 1, 2))
        rest = lanes.collect(5, 10)
        self.assertEqual([(outcome.result, outcome.stage) for outcome in rest], [("unsent", "connection")] * 2)
        self.assertEqual(lanes.pending, 0)

    def test_lost_connections_give_back_what_waits(self):
        lanes = self.lanes(self.peer({key: ["MAIL 421 4.3.2 bye"] for key in range(20)}).connect, 2)
        lanes.put([mail(key) for key in range(20)])
        outcomes = lanes.collect(20, 10)
        self.assertEqual(Counter(outcome.result for outcome in outcomes), {"transient": 2, "unsent": 18})
        self.assertEqual(lanes.last_trouble, "421 4.3.2 bye")
        self.assertEqual((lanes.living, lanes.pending), (0, 0))
        lanes.put([mail(30)])
        lanes.add(self.peer().connect())
        self.assertEqual([outcome.result for outcome in lanes.collect(1, 10)], ["accepted"])

    def test_close_waits_for_what_is_under_way(self):
        peer = self.peer()
        lanes = self.lanes(peer.connect, 2)
        mails = [mail(key) for key in range(100)]
        lanes.put(mails)
        outcomes = lanes.close()
        self.assertLessEqual({outcome.result for outcome in outcomes}, {"accepted", "unsent"})
        self.check_truth(mails, outcomes, peer)
        self.assertEqual((lanes.living, lanes.pending), (0, 0))
        self.assertFalse([thread for thread in threading.enumerate() if thread.name == "email lanes"])

    def test_errors_of_ours_are_raised_where_somebody_looks(self):
        lanes = self.lanes(self.peer().connect, 1)
        lanes.put([mail(1, None), mail(2)])
        outcomes = []
        with self.assertRaises(AttributeError):
            for _call in range(5):
                outcomes += lanes.collect(2, 10)
        outcomes += lanes.collect(2, 10)
        self.assertEqual(
            sorted((outcome.key, outcome.result, outcome.stage) for outcome in outcomes),
            [(1, "unsent", "connection"), (2, "unsent", "connection")],
        )


class TestAnything(PeerCase):
    """Whatever a server does, each mail has one outcome, it is true, and nothing arrives twice."""

    trouble = st.builds(
        "{} {}".format,
        st.sampled_from(STAGES[:-1]),
        st.sampled_from(["reset", "close", "421 4.3.2 bye", "451 later", "550 5.1.1 no"] * 2 + ["garbage", "endless"]),
    ) | st.sampled_from(["taken reset", "taken close", "taken garbage", "taken endless", "content reset"])

    @given(
        script=st.dictionaries(st.integers(0, 11), st.lists(trouble, min_size=1, max_size=2)),
        count=st.integers(1, 3),
        max_mails=st.integers(1, 6),
        options=st.fixed_dictionaries(
            {
                "offers": st.sampled_from([("PIPELINING",), ("PIPELINING",), (), None]),
                "pieces": st.booleans(),
                "wants_nobody": st.booleans(),
            }
        ),
    )
    @settings(max_examples=60, deadline=None)
    def test_truth(self, script, count, max_mails, options):
        # A reply is no answer to a part of the content.
        script = {
            key: [one for one in tries if one[:7] != "content" or not one[8].isdigit()] for key, tries in script.items()
        }
        peer = RawPeer(script, **options)
        lanes = Lanes(count, 8, timeout=5, final_timeout=5, max_mails=max_mails)
        try:
            last, again = {}, [mail(key) for key in range(12)]
            for _pass in range(40):
                group, again = again[: lanes.room], again[lanes.room :]
                while lanes.missing:
                    lanes.add(peer.connect())
                lanes.put(group)
                for outcome in lanes.collect(3, 10):
                    self.assertNotIn(last.get(outcome.key), ("accepted", "permanent", "unknown"), "one outcome")
                    last[outcome.key] = outcome.result
                    if outcome.result in ("unsent", "transient"):
                        again.append(mail(outcome.key))
            for outcome in lanes.close():
                last[outcome.key] = outcome.result
        finally:
            lanes.close()
            peer.stop()
        self.assertEqual(set(last), set(range(12)))
        self.assertLessEqual(set(last.values()), {"accepted", "permanent", "unknown"})
        taken = Counter(peer.taken)
        self.assertLessEqual(set(taken.values()), {1}, "nothing twice")
        for key, result in last.items():
            if result != "unknown":
                self.assertEqual(taken[key], int(result == "accepted"), (key, result))
        self.assertEqual(peer.strange, [])
        self.assertLessEqual(set(peer.contents), {DATA})
