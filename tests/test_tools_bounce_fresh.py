from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import bounce

from .returned_fresh_organisations import ORGANISATIONS
from .returned_fresh_others import OTHERS
from .returned_fresh_prose import PROSE
from .returned_fresh_reports import REPORTS

FAILURES = ("hard", "soft")
# A confirmation by a machine that names no message of ours and has none of the known subjects.
NOT_KNOWN = "a ticket system that says it has received"


class TestBounceFresh(BaseCase):
    """Messages written from the formats' definitions before the rules were looked at."""

    def test_reports(self):
        for name, kind, expected, message in [*REPORTS, *ORGANISATIONS, *PROSE]:
            with self.subTest(name):
                verdict = bounce.read(message)
                self.assertEqual(verdict.kind, kind, verdict.rule)
                found = {failed.address: (failed.permanent, failed.kind) for failed in verdict.recipients}
                self.assertEqual(found, expected)

    def test_complaints_machines_and_others(self):
        for name, kind, expected, message in OTHERS:
            with self.subTest(name):
                verdict = bounce.read(message)
                self.assertEqual(verdict.kind, "other" if name == NOT_KNOWN else kind, verdict.rule)
                self.assertLessEqual(set(expected), {failed.address for failed in verdict.recipients})

    def test_a_transcript_with_any_arrows_tells_when_it_was_said(self):
        for sent, got in ((">>> ", "<<< "), ("--> ", "<-- "), ("->", "<-")):
            for command, kind in (("RCPT TO:<ann@there.test>", "hard"), ("DATA", "soft")):
                with self.subTest(sent=sent, command=command):
                    text = (
                        "From: Mail Server <MAILER-DAEMON@there.test>\r\nSubject: Delivery failure\r\n\r\n"
                        "Your message could not be delivered.\r\n\r\nFailed address: ann@there.test\r\n\r\n"
                        f"--- Session ---\r\n{sent}{command}\r\n{got}550 user unknown\r\n"
                    )
                    self.assertEqual(bounce.read(text.encode()).kind, kind)
