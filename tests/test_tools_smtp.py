import smtplib
import socket
import socketserver
import threading
from types import SimpleNamespace
from unittest.mock import patch

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import smtp
from odoo.addons.email_campaign.tools.smtp import Lane, Mail

DATA = b"Subject: x\r\n\r\nbody\r\n"
ENVELOPE = b"MAIL FROM:<bounce@crm.example>\r\nRCPT TO:<ann@good.example>\r\nDATA\r\n"
HANG_UP = object()
SILENCE = object()


class Session(socketserver.StreamRequestHandler):
    """Answers each command with what the script of the test says next for it."""

    disable_nagle_algorithm = True

    def handle(self):
        peer = self.server.peer
        self.answer(b"220 peer ESMTP")
        for line in self.rfile:
            verb = line.split(None, 1)[0].split(b":")[0].upper().decode() if line.strip() else ""
            peer.commands.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            answer = peer.next_answer(verb)
            if not self.answer(answer) or verb == "QUIT":
                return
            if verb == "DATA" and answer.startswith(b"354") and not self.take_content(peer):
                return

    def take_content(self, peer):
        """Read the content up to its dot and answer; give whether the session goes on."""
        content = b""
        if peer.next_answer("content") is HANG_UP:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        for line in self.rfile:
            if line == b".\r\n":
                peer.contents.append(content)
                return self.answer(peer.next_answer("."))
            content += line
        return False

    def answer(self, answer):
        if answer is HANG_UP:
            return False
        if answer is SILENCE:
            self.server.peer.released.wait(10)
            return False
        self.wfile.write(answer + b"\r\n")
        return True


class Peer:
    """A server on loopback; `script` gives the answers by verb ("." for the end of data), the last one stays."""

    USUAL = {"EHLO": b"250 peer", "DATA": b"354 go on", "QUIT": b"221 bye", "content": b""}

    def __init__(self, script):
        self.script = {verb: list(answers) for verb, answers in script.items()}
        self.commands, self.contents = [], []
        self.released = threading.Event()
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.server.peer = self
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def next_answer(self, verb):
        answers = self.script.get(verb) or [self.USUAL.get(verb, b"250 2.0.0 OK")]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class LaneCase(BaseCase):
    offers = ()

    def open(self, timeout=5, final_timeout=5, max_mails=500, **script):
        """Give a lane to a peer whose answers are `script`; `dot` and `content` are the end and the course of data."""
        script = {"." if verb == "dot" else verb: answers for verb, answers in script.items()}
        script.setdefault(
            "EHLO", [b"\r\n".join([b"250-peer", *(b"250-" + offer for offer in self.offers), b"250 HELP"])]
        )
        self.peer = Peer(script)
        self.addCleanup(self.peer.stop)
        connection = smtplib.SMTP(*self.peer.server.server_address, timeout=5)
        self.addCleanup(connection.close)
        connection.ehlo_or_helo_if_needed()
        self.peer.commands.clear()
        return Lane(connection, timeout, final_timeout, max_mails)

    def mail(self, key=1, rcpt_to="ann@good.example", mail_from="bounce@crm.example", data=DATA, **values):
        return Mail(key, mail_from, rcpt_to, data, **values)

    def assert_outcome(self, outcome, result, code, enhanced, stage, text=None):
        self.assertEqual(
            (outcome.result, outcome.code, outcome.enhanced, outcome.stage), (result, code, enhanced, stage)
        )
        if text is not None:
            self.assertEqual(outcome.text, text)


class TestTransaction(LaneCase):
    def test_accepted(self):
        lane = self.open(dot=[b"250 2.0.0 Ok: queued as 4XYZ"])
        self.assert_outcome(lane.send(self.mail()), "accepted", 250, "2.0.0", "end of data", "Ok: queued as 4XYZ")
        self.assertEqual(self.peer.contents, [DATA])
        self.assertTrue(lane.is_open)
        lane.close()
        self.assertFalse(lane.is_open)
        self.assertEqual(
            self.peer.commands[:3], ["MAIL FROM:<bounce@crm.example>", "RCPT TO:<ann@good.example>", "DATA"]
        )
        self.assertEqual(self.peer.commands[-1].upper(), "QUIT")

    def test_goodbye_is_not_waited_for(self):
        lane = self.open(QUIT=[SILENCE])
        with patch.object(smtp, "_GOODBYE_TIMEOUT", 0.1):
            lane.close()
        self.assertEqual(self.peer.commands[-1].upper(), "QUIT")
        self.assertFalse(lane.is_open)
        self.assertIsNone(lane._connection.sock)

    def test_several_over_one_connection(self):
        lane = self.open()
        outcomes = list(lane.send_all(self.mail(key) for key in range(20)))
        self.assertEqual(
            [(outcome.key, outcome.result) for outcome in outcomes], [(key, "accepted") for key in range(20)]
        )
        self.assertEqual(len(self.peer.contents), 20)

    def test_refusals(self):
        for verb, stage in (("MAIL", "MAIL"), ("RCPT", "RCPT"), ("DATA", "DATA"), ("dot", "end of data")):
            for answer, result, enhanced, text in (
                (b"450 4.2.1 try later", "transient", "4.2.1", "try later"),
                (b"550-5.1.1 No\r\n550-5.1.1 such\r\n550 5.1.1 user.", "permanent", "5.1.1", "No such user."),
                (b"554 no enhanced code", "permanent", "", "no enhanced code"),
                (b"550 5.7.1\r", "permanent", "5.7.1", ""),
                (b"451", "transient", "", ""),
            ):  # fmt: skip
                with self.subTest(verb=verb, answer=answer):
                    usual = [b"354 go on"] if verb == "DATA" else [b"250 OK"]
                    script = {verb: [answer, *usual]}
                    if verb == "MAIL" and self.offers:
                        script.update(RCPT=[b"503 no sender", b"250 OK"], DATA=[b"503 no sender", b"354 go on"])
                    lane = self.open(**script)
                    self.assert_outcome(lane.send(self.mail()), result, int(answer[:3]), enhanced, stage, text)
                    self.assertEqual(lane.send(self.mail(2)).result, "accepted", "after RSET, another mail")
                    self.assertEqual(self.peer.commands.count("RSET"), 1)
                    self.assertEqual(self.peer.contents[-1:], [DATA])

    def test_421_closes(self):
        for verb, stage in (("MAIL", "MAIL"), ("RCPT", "RCPT"), ("DATA", "DATA"), ("dot", "end of data")):
            lane = self.open(**{verb: [b"421 4.3.2 shutting down"]})
            outcomes = list(lane.send_all([self.mail(1), self.mail(2)]))
            self.assert_outcome(outcomes[0], "transient", 421, "4.3.2", stage)
            self.assert_outcome(outcomes[1], "unsent", 0, "", "connection")
            self.assertFalse(lane.is_open)
            lane.close()

    def test_connection_lost(self):
        for verb, result, stage in (
            ("MAIL", "unsent", "MAIL"),
            ("RCPT", "unsent", "RCPT"),
            ("DATA", "unsent", "DATA"),
            ("dot", "unknown", "end of data"),
        ):
            lane = self.open(**{verb: [HANG_UP]})
            outcomes = list(lane.send_all([self.mail(1), self.mail(2)]))
            self.assert_outcome(outcomes[0], result, 0, "", stage)
            self.assert_outcome(outcomes[1], "unsent", 0, "", "connection")
            lane.close()

    def test_connection_lost_in_the_content(self):
        # More than the buffers of the system hold, so that the end of the line is seen before the end of the content.
        lane = self.open(content=[HANG_UP])
        outcome = lane.send(self.mail(data=(b"x" * 70 + b"\r\n") * 500_000))
        self.assert_outcome(outcome, "unsent", 0, "", "content")
        self.assertEqual(self.peer.contents, [])

    def test_no_answer(self):
        for verb, result, stage in (
            ("MAIL", "unsent", "MAIL"),
            ("DATA", "unsent", "DATA"),
            ("dot", "unknown", "end of data"),
        ):
            lane = self.open(timeout=0.1, final_timeout=0.2, **{verb: [SILENCE]})
            outcomes = list(lane.send_all([self.mail(1), self.mail(2)]))
            self.assert_outcome(outcomes[0], result, 0, "", stage)
            self.assertIn("timed out", outcomes[0].text)
            self.assertEqual(outcomes[1].stage, "connection")

    def test_what_is_no_smtp(self):
        for verb, answer, result, stage, code in (
            ("MAIL", b"354 go on", "unsent", "MAIL", 354),
            ("RCPT", b"HTTP/1.1 400 Bad Request", "unsent", "RCPT", 0),
            ("MAIL", b"", "unsent", "MAIL", 0),
            ("DATA", b"250 OK", "unsent", "DATA", 250),
            ("dot", b"354 go on", "unknown", "end of data", 354),
            ("dot", b"garbage", "unknown", "end of data", 0),
            ("dot", b"-99 x", "unknown", "end of data", 0),
            ("dot", b"250" + b"x" * 9000, "unknown", "end of data", 0),
        ):
            with self.subTest(verb=verb, answer=answer[:20]):
                lane = self.open(**{verb: [answer]})
                self.assert_outcome(lane.send(self.mail()), result, code, "", stage)
                self.assertFalse(lane.is_open, "nobody knows what it would make of another mail")
                lane.close()

    def test_answers_can_be_stored_and_shown(self):
        lane = self.open(RCPT=[b"550 5.1.1 a\0b\x1b[31m\xe9 \xf0\x9f\x98\x80" + b"x" * 2000])
        outcome = lane.send(self.mail())
        self.assertEqual(outcome.enhanced, "5.1.1")
        self.assertTrue(outcome.text.startswith("a b [31m\N{REPLACEMENT CHARACTER} 😀xxx"), outcome.text)
        self.assertEqual(len(outcome.text), 500)

    def test_refused_and_then_no_reset(self):
        lane = self.open(RCPT=[b"550 5.1.1 no"], RSET=[HANG_UP])
        outcomes = list(lane.send_all([self.mail(1), self.mail(2), self.mail(3)]))
        self.assertEqual(outcomes[0].result, "permanent", "what was said before counts")
        for outcome in outcomes[1:]:
            self.assert_outcome(outcome, "unsent", 0, "", "connection")
        self.assertFalse(lane.is_open)

    def test_not_forever(self):
        lane = self.open(max_mails=2)
        outcomes = list(lane.send_all(self.mail(key) for key in range(3)))
        self.assertEqual([outcome.result for outcome in outcomes], ["accepted", "accepted", "unsent"])
        self.assertEqual(outcomes[2].stage, "connection")
        self.assertFalse(lane.is_open)
        lane.close()
        self.assertEqual(self.peer.commands[-1].upper(), "QUIT", "nothing was wrong with it")

    def test_close_what_is_dead(self):
        lane = self.open(QUIT=[HANG_UP])
        lane.close()
        lane.close()
        self.assertEqual(lane.send(self.mail()).result, "unsent")


class TestPipelinedTransaction(TestTransaction):
    """The same outcomes, where the three commands leave together."""

    offers = (b"PIPELINING",)

    def test_content_for_nobody(self):
        # The peer says 354 to DATA though it refused the recipient, as RFC 2920 allows: it gets an empty content.
        lane = self.open(RCPT=[b"550 5.1.1 no", b"250 OK"], dot=[b"554 5.5.1 no recipients", b"250 OK"])
        self.assert_outcome(lane.send(self.mail()), "permanent", 550, "5.1.1", "RCPT", "no")
        self.assertEqual(lane.send(self.mail(2)).result, "accepted")
        self.assertEqual(self.peer.contents, [b"", DATA])
        self.assertEqual(self.peer.commands[3:5], ["RSET", "MAIL FROM:<bounce@crm.example>"])

    def test_all_refused(self):
        lane = self.open(MAIL=[b"451 4.7.1 slow"], RCPT=[b"503 5.5.1 MAIL first"], DATA=[b"503 5.5.1 RCPT first"])
        for _try in range(2):
            self.assert_outcome(lane.send(self.mail()), "transient", 451, "4.7.1", "MAIL", "slow")
        self.assertTrue(lane.is_open)
        self.assertEqual(self.peer.contents, [])

    def test_refused_and_then_lost(self):
        lane = self.open(RCPT=[b"550 5.1.1 no"], DATA=[HANG_UP])
        self.assertEqual(lane.send(self.mail()).code, 550)
        self.assertFalse(lane.is_open)

    def test_no_content_for_somebody(self):
        # A server that takes the recipient of no sender might take an empty content for them, too.
        lane = self.open(MAIL=[b"451 4.7.1 slow"])
        self.assert_outcome(lane.send(self.mail()), "transient", 451, "4.7.1", "MAIL", "slow")
        self.assertFalse(lane.is_open)
        lane.close()
        self.assertEqual(self.peer.contents, [])

    def test_one_round_trip_for_each_mail(self):
        lane = self.open()
        flights = []
        line = lane._line
        send = line.send
        line.send = lambda data: flights.append(bytes(data)) or send(data)
        list(lane.send_all([self.mail(1), self.mail(2), self.mail(3)]))
        last = DATA + b".\r\n"
        self.assertEqual(flights, [ENVELOPE, last + ENVELOPE, last + ENVELOPE, last])


class TestCheckedBefore(LaneCase):
    offers = (b"SIZE 1000", b"8BITMIME")

    def refused(self, lane, mail, code, enhanced):
        outcome = lane.send(mail)
        self.assert_outcome(outcome, "permanent", code, enhanced, "check")
        self.assertTrue(outcome.text.isprintable(), outcome.text)
        self.assertEqual(self.peer.commands, [], "the socket is not touched")
        self.assertTrue(lane.is_open)

    def test_addresses(self):
        lane = self.open()
        for bad in (
            "",
            "a\r\nRCPT TO:<eve@evil.example>",
            "a@b\n",
            "a\0@b",
            "a@b> SIZE=1",
            "<a@b",
            "a b@c",
            "a\t@b",
            "\ud800@b",
        ):
            self.refused(lane, self.mail(rcpt_to=bad), 553, "5.1.3")
            self.refused(lane, self.mail(mail_from=bad), 553, "5.1.7")

    def test_size(self):
        lane = self.open()
        self.refused(lane, self.mail(data=b"x" * 999 + b"\r\n"), 552, "5.3.4")
        self.assertEqual(lane.send(self.mail(data=b"x" * 998 + b"\r\n")).result, "accepted")
        self.assertEqual(self.peer.commands[0], "MAIL FROM:<bounce@crm.example> SIZE=1000")

    def test_smtputf8_missing(self):
        lane = self.open()
        self.refused(lane, self.mail(rcpt_to="dörte@good.example", smtputf8=True), 553, "5.6.7")
        # Also where nobody has said so.
        self.refused(lane, self.mail(rcpt_to="dörte@good.example"), 553, "5.6.7")
        self.refused(lane, self.mail(mail_from="dörte@crm.example"), 553, "5.6.7")
        self.refused(lane, self.mail(data="From: dörte@crm.example\r\n".encode()), 553, "5.6.7")


class TestOffers(LaneCase):
    def test_smtputf8(self):
        self.offers = (b"SMTPUTF8", b"8BITMIME", b"SIZE", b"PIPELINING")
        lane = self.open()
        self.assertEqual(lane.send(self.mail(rcpt_to="dörte@good.example")).result, "accepted")
        self.assertEqual(
            self.peer.commands[:2],
            [f"MAIL FROM:<bounce@crm.example> SIZE={len(DATA)} SMTPUTF8 BODY=8BITMIME", "RCPT TO:<dörte@good.example>"],
        )
        lane.send(self.mail(2))
        self.assertEqual(self.peer.commands[3], f"MAIL FROM:<bounce@crm.example> SIZE={len(DATA)}")

    def test_data_in_segments(self):
        self.offers = (b"SMTPUTF8", b"8BITMIME", b"SIZE", b"PIPELINING")
        segments = ("Reply-To: dörte@good.example\r\n".encode(), b"\r\n", b"body\r\n")
        whole = self.mail(data=b"".join(segments))
        self.assertEqual((whole.segments, whole.is_ascii, self.mail().is_ascii), ((whole.data,), False, True))
        fields = {name: getattr(whole, name) for name in ("key", "mail_from", "rcpt_to", "data", "smtputf8", "dotless")}
        mail = SimpleNamespace(**fields, segments=segments, is_ascii=False)
        self.assertEqual(self.open().send(mail).result, "accepted")
        size = len(whole.data)
        self.assertEqual(self.peer.commands[0], f"MAIL FROM:<bounce@crm.example> SIZE={size} SMTPUTF8 BODY=8BITMIME")
        self.assertEqual(self.peer.contents, [whole.data])

    def test_no_extensions_at_all(self):
        lane = self.open(EHLO=[b"502 what?"], HELO=[b"250 peer"])
        self.assertEqual(lane.send(self.mail()).result, "accepted")

    def test_sizes_that_are_no_limit(self):
        for size in (b"SIZE", b"SIZE 0", b"SIZE \xb2", b"SIZE many"):
            self.offers = (size,)
            self.assertEqual(self.open().send(self.mail()).result, "accepted")
