from email import message_from_bytes, policy
from time import perf_counter
from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st

from odoo.tests import BaseCase
from odoo.tools import mute_logger

from odoo.addons.email_campaign.tools import bounce
from odoo.addons.email_campaign.tools.bounce import fallback, parts

from .returned_in_languages import DELAYED
from .returned_mail import returned
from .returned_others import AUTO_REPLIES, COMPLAINTS, NOTICES
from .test_tools_bounce import COMPLAINT, EXCHANGE, POSTFIX, SEVERAL
from .test_tools_bounce_others import message
from .test_tools_bounce_prose import PROSE

HEAD = b"From: MAILER-DAEMON@mx.test\r\nReturn-Path: <>\r\nSubject: failure notice\r\n"
FAILED = b"Your message could not be delivered to:\r\n"
LOGGERS = ("odoo.addons.email_campaign.tools.bounce.fallback", "odoo.addons.email_campaign.tools.bounce.reader")
SAMPLES = [
    *(returned(fields, text) for _family, fields, text, _expected in PROSE),
    *(returned(fields, text) for _family, fields, text in DELAYED),
    *(message(fields, text) for _name, fields, text in AUTO_REPLIES + COMPLAINTS + NOTICES),
    POSTFIX,
    EXCHANGE,
    SEVERAL,
    COMPLAINT,
]
EXIM = next(sample for sample in SAMPLES if sample.startswith(b"X-Failed-Recipients: ann@x.test,"))
SECONDS = 4  # ten times what the slowest takes here, for slow machines


class TestBounceBadInput(BaseCase):
    """Whatever comes: a verdict, in bounded time."""

    def soon(self, raw, name=""):
        start = perf_counter()
        verdict = bounce.read(raw)
        self.assertLess(perf_counter() - start, SECONDS, name)
        return verdict

    @given(st.binary(max_size=2_000))
    def test_any_octets(self, octets):
        self.assertIn(bounce.read(octets).kind, ("other", "auto_reply"))

    @mute_logger(*LOGGERS)
    @given(st.binary(max_size=500))
    def test_any_text_of_a_mail_system(self, octets):
        self.assertNotEqual(bounce.read(HEAD + b"\r\n" + octets).rule, "malformed message")
        self.assertNotEqual(bounce.read(HEAD + b"\r\n" + FAILED + octets).rule, "malformed message")

    @mute_logger(*LOGGERS)
    @given(st.sampled_from(SAMPLES), st.integers(0, 2_000), st.binary(max_size=20), st.integers(0, 60))
    @example(EXIM, 53, b"\x0b", 53)  # what Python can parse and not write
    def test_damaged_samples(self, raw, place, octets, gone):
        damaged = raw[:place] + octets + raw[place + gone :]
        self.assertNotEqual(bounce.read(damaged).rule, "malformed message")
        parsed = message_from_bytes(damaged, policy=policy.default)
        bounce.read(parsed)
        self.assertRegex(bounce.reference(parsed), r"\A[0-9a-f]{32}\Z")

    @mute_logger(*LOGGERS)
    @given(st.sampled_from(SAMPLES), st.sampled_from(SAMPLES), st.integers(0, 2_000), st.integers(0, 2_000))
    def test_samples_grown_together(self, first, second, end, start):
        self.assertNotEqual(bounce.read(first[:end] + second[start:]).rule, "malformed message")

    @mute_logger(*LOGGERS)
    def test_cut_anywhere(self):
        for raw in SAMPLES:
            for end in range(0, len(raw), 97):
                self.assertNotEqual(bounce.read(raw[:end]).rule, "malformed message")

    @mute_logger(*LOGGERS)
    def test_huge(self):
        part = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
        nested = b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1_000)
        )
        for name, raw in (
            ("30 MB", HEAD + b"\r\n" + b"x" * 30_000_000),
            ("30 MB of lines", HEAD + b"\r\n" + (b"x" * 70 + b"\r\n") * 400_000),
            ("30 MB of one field", HEAD + b"X-A: " + b"x" * 30_000_000 + b"\r\n\r\n" + FAILED),
            ("a million fields", HEAD + b"X-A: b\r\n" * 1_000_000 + b"\r\n"),
            ("a field folded a million times", HEAD + b"X-A: b" + b"\r\n " * 1_000_000 + b"\r\n\r\n"),
            ("10,000 parts", HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 10_000),
            ("what is no boundary", HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--bx\n" * 300_000),
            ("nested parts", HEAD + nested),
            ("the same boundary nested", HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 50),
            ("messages 50 deep", HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 50 + HEAD + b"\r\n" + FAILED),
            ("NULs", HEAD + b"\r\n" + b"\0" * 3_000_000),
            ("markup never closed", HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style" * 300_000),
            ("brackets", HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 3_000_000),
            ("JSON", HEAD + b"\r\n" + b'{"notificationType":' + b"[" * 100_000),
            ("encoded words", b"From: MAILER-DAEMON@x\r\nSubject: " + b"=?utf-8?q?x?= " * 100_000 + b"\r\n\r\n"),
            ("no sender", b"From:\r\nReturn-Path: <>\r\n\r\n" + b"a" * 1_000),
        ):
            with self.subTest(name):
                self.assertEqual(self.soon(raw, name).kind, "other")

    @mute_logger(*LOGGERS)
    def test_what_makes_patterns_slow(self):
        units = [
            "a", "<", "-", "@", "a@b", "a@b.", "<a@b.test>: ", "\n", ": ", "\xe9", "a.", "a-", '"', "=", "=20", "[",
            "> ",
            "* ",
            "a@b.test ", "user unknown ", "mailbox ", "address ", "550 5.1.1 ", ">>> RCPT TO:", "not ", "could not be ",
            "delivery ", "the following ", "original message\n", "content ", "exceed ", "domain ", "connect ", " ",
        ]  # fmt: skip
        status = b"--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822;a@x.test\r\n"
        for unit in units:
            octets = unit.encode()
            long, lines = octets * (300_000 // len(octets)), (octets * 20 + b"\n") * (300_000 // (20 * len(octets)))
            short = octets.replace(b"\n", b"") * 3_000
            for raw in (
                HEAD + b"\r\n" + FAILED + long,
                HEAD + b"\r\n" + FAILED + lines,
                HEAD + b"Content-Type: multipart/report; boundary=b\r\n\r\n" + status + b"Diagnostic-Code: " + long,
                b"Return-Path: <>\r\nFrom: "
                + short
                + b"\r\nSubject: "
                + short
                + b"\r\nTo: "
                + short
                + b"\r\n\r\n"
                + FAILED,
            ):
                with self.subTest(unit):
                    self.soon(raw, unit)

    def test_a_report_at_the_end_of_a_large_message(self):
        fill = b"--b-1\r\nContent-Type: application/octet-stream\r\n\r\n" + b"x" * 5_000_000 + b"\r\n"
        first = POSTFIX.index(b"--b-1\r\nContent-Type: message/delivery-status")
        self.assertEqual(bounce.read(POSTFIX[:first] + fill + POSTFIX[first:]).kind, "hard")

    def test_many_recipients_are_bounded(self):
        block = b"Final-Recipient: rfc822; a%d@x.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        many = b"".join(block % n for n in range(20_000))
        verdict = self.soon(POSTFIX.replace(b"Final-Recipient", many + b"Final-Recipient", 1))
        self.assertTrue(100 < len(verdict.recipients) <= 1_000, len(verdict.recipients))

    def test_charsets(self):
        body = b"\r\nYour message could not be delivered to:\r\n\r\nann@x.test\r\n550 5.1.1 User unknown\r\n"
        for charset in (
            "x-unknown",
            "punycode",
            "idna",
            "undefined",
            "rot13",
            "zlib",
            "utf-7",
            "'us-ascii'",
            "\xff",
            "UFT-8",
        ):
            for encoding in ("7bit", "8bit", "binary", "x-none", "base16"):
                raw = (
                    HEAD
                    + f"Content-Type: text/plain; charset={charset}\r\n".encode()
                    + f"Content-Transfer-Encoding: {encoding}\r\n".encode()
                )
                with self.subTest(charset, encoding=encoding):
                    self.assertEqual(bounce.read(raw + body).kind, "hard")

    def test_nuls_between(self):
        raw = POSTFIX.replace(b"Final", b"\0Final\0").replace(b"failed", b"fai\0led")
        self.assertNotEqual(bounce.read(raw).rule, "malformed message")

    def test_parts_are_bounded(self):
        raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10_000
        self.assertLessEqual(len(list(parts.parse(raw).walk())), parts.MAX_PARTS)

    def test_a_detector_that_fails_is_on_record(self):
        with (
            patch.object(fallback, "all_failures", side_effect=RuntimeError("broken")),
            self.assertLogs(LOGGERS[0], "WARNING") as logs,
        ):
            self.assertEqual(bounce.read(HEAD + b"\r\nSorry.\r\n").kind, "other")
        self.assertIn("Traceback", logs.output[0])

    def test_reference(self):
        first, same, other = (message_from_bytes(raw, policy=policy.SMTP) for raw in (POSTFIX, POSTFIX, POSTFIX + b"."))
        self.assertEqual(bounce.reference(first), bounce.reference(same))
        self.assertNotEqual(bounce.reference(first), bounce.reference(other))
