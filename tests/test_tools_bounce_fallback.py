from email import message_from_bytes, policy
from time import perf_counter
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase
from odoo.tools import mute_logger

from odoo.addons.email_campaign.tools import bounce_fallback

LOGGER = "odoo.addons.email_campaign.tools.bounce_fallback"
HEAD = "From: MAILER-DAEMON@mx.test\nTo: bounce@sender.test\nSubject: failure notice\n"
QMAIL = f"""{HEAD}
Hi. This is the qmail-send program at mx.test.
I'm afraid I wasn't able to deliver your message to the following addresses.

<ann@x.test>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <ann@x.test>: user unknown

<bob@x.test>:
Sorry, I wasn't able to establish an SMTP connection.

--- Below this line is a copy of the message.

<bob@x.test>: no such user
"""
EXIM = f"""X-Failed-Recipients: ann@x.test
{HEAD}
This message was created automatically by mail delivery software.

  ann@x.test
    SMTP error from remote mail server after RCPT TO:<ann@x.test>:
    host mx.test [192.0.2.1]: 550 unknown user

------ This is a copy of the message, including all the headers. ------
"""


class TestBounceFallback(BaseCase):
    """Bounces in prose, as servers wrote them before there was a standard."""

    def verdict_on(self, text):
        return bounce_fallback.read(message_from_bytes(text.encode(), policy=policy.SMTP))

    def test_qmail(self):
        verdict = self.verdict_on(QMAIL)
        self.assertEqual((verdict.kind, verdict.rule), ("bounce", "flufl.bounce"))
        ann, bob = verdict.recipients
        self.assertEqual((ann.address, ann.kind, ann.status), ("ann@x.test", "hard", "5.1.1"))
        self.assertIn("user unknown", ann.diagnostic)
        self.assertEqual((bob.address, bob.kind, bob.permanent), ("bob@x.test", "soft", True))
        self.assertNotIn("no such user", bob.diagnostic, "what our own message says is no evidence")

    def test_exim(self):
        [ann] = self.verdict_on(EXIM).recipients
        self.assertEqual((ann.address, ann.kind), ("ann@x.test", "hard"))

    def test_an_address_of_which_nothing_is_said_is_not_dead(self):
        [ann] = self.verdict_on(f"X-Failed-Recipients: ann@x.test\n{HEAD}\nSorry.\n").recipients
        self.assertEqual((ann.kind, ann.diagnostic), ("soft", ""))

    def test_what_is_no_bounce(self):
        for text in ("", HEAD, f"{HEAD}\nThank you for your message, I am away.\n"):
            self.assertIsNone(self.verdict_on(text))

    def test_a_detector_that_fails_is_on_record(self):
        with (
            patch.object(bounce_fallback, "all_failures", side_effect=RuntimeError("broken")),
            self.assertLogs(LOGGER, "WARNING") as logs,
        ):
            self.assertIsNone(self.verdict_on(QMAIL))
        self.assertIn("Traceback", logs.output[0])

    @mute_logger(LOGGER)
    @given(st.binary(max_size=500))
    def test_never_raises(self, octets):
        for start in (b"", QMAIL.encode(), EXIM.encode()):
            message = message_from_bytes(start + octets, policy=policy.SMTP)
            bounce_fallback.read(message)
            self.assertRegex(bounce_fallback.reference(message), r"\A[0-9a-f]{32}\Z")

    @mute_logger(LOGGER)
    def test_huge_messages_take_no_time(self):
        for unit in ("a" * 70, "<" * 70, "-" * 70, "<a@b.test>: ", "\n", " ", "--- copy", ": : ", "\xe9", "a@b.test "):
            for text in (unit * (2_000_000 // len(unit)), (unit + "\n") * (2_000_000 // (len(unit) + 1))):
                start = perf_counter()
                self.verdict_on(QMAIL.split("---")[0] + text)
                self.assertLess(perf_counter() - start, 5, unit)

    def test_reference(self):
        first, same, other = (
            message_from_bytes(text.encode(), policy=policy.SMTP) for text in (QMAIL, QMAIL, QMAIL + ".")
        )
        self.assertEqual(bounce_fallback.reference(first), bounce_fallback.reference(same))
        self.assertNotEqual(bounce_fallback.reference(first), bounce_fallback.reference(other))
