from email import message_from_bytes, policy
from textwrap import dedent

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import bounce

ORIGINAL = """\
From: Shop <shop@sender.test>
To: ann@x.test
Subject: Our autumn
Message-ID: <77.abc@sender.test>
Date: Mon, 2 Nov 2026 10:00:00 +0100
"""


def report(status, *, kind="delivery-status", part=None, original=ORIGINAL, original_type="text/rfc822-headers"):
    """Build a multipart/report with the given machine-readable part, as bytes with CRLF."""
    lines = [
        "From: MAILER-DAEMON@mx.test (Mail Delivery System)",
        "To: bounces@sender.test",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind}; boundary="b-1"',
        "",
        "--b-1",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "This is the mail system at host mx.test. <nobody@else.test> does not exist.",
        "--b-1",
        f"Content-Type: {part or 'message/' + kind}",
        "",
        *dedent(status).strip("\n").split("\n"),
        "--b-1",
        f"Content-Type: {original_type}",
        "",
        *original.split("\n"),
        "--b-1--",
        "",
    ]
    return "\r\n".join(lines).encode()


POSTFIX = report("""
    Reporting-MTA: dns; mx.test
    X-Postfix-Queue-ID: 4XyZ
    Arrival-Date: Mon,  2 Nov 2026 10:00:01 +0100 (CET)

    Final-Recipient: rfc822; ann.new@x.test
    Original-Recipient: rfc822;Ann@X.test
    Action: failed
    Status: 5.1.1
    Remote-MTA: dns; mx.x.test
    Diagnostic-Code: smtp; 550 5.1.1 <ann@x.test>: Recipient address rejected:
        User unknown in virtual mailbox table
""")

EXCHANGE = report(
    """
    Reporting-MTA: dns;EX1.corp.test
    Received-From-MTA: dns;mail.sender.test
    Arrival-Date: Mon, 2 Nov 2026 09:00:01 +0000

    Original-Recipient: rfc822;bob@corp.test
    Final-Recipient: rfc822;bob@corp.test
    Action: failed
    Status: 5.2.2
    Diagnostic-Code: smtp;554 5.2.2 mailbox full; STOREDRV.Deliver; quota exceeded
    X-Display-Name: Bob
    """,
    original=ORIGINAL + "\nHello",
    original_type="message/rfc822",
)

SEVERAL = report("""
    Reporting-MTA: dns; mx.test

    Final-Recipient: rfc822; dead@x.test
    Action: failed
    Status: 5.1.1

    Final-Recipient: rfc822; full@x.test
    Action: failed
    Status: 4.2.2

    Final-Recipient: rfc822; fine@x.test
    Action: relayed
    Status: 2.1.5

    Final-Recipient: rfc822; late@x.test
    Action: delayed
    Status: 4.4.1
""")

COMPLAINT = report(
    """
    Feedback-Type: abuse
    User-Agent: Loop/1.0
    Version: 1
    Original-Mail-From: <bounces@sender.test>
    Original-Rcpt-To: <Ann@x.test>
    """,
    kind="feedback-report",
    original=ORIGINAL + "\nHello",
    original_type="message/rfc822",
)


def message(*headers, body="I am away until Monday."):
    return "\r\n".join(["From: ann@x.test", "To: shop@sender.test", *headers, "", body]).encode()


class TestBounce(BaseCase):
    def recipients(self, raw):
        verdict = bounce.read(raw)
        kinds = {r.kind for r in verdict.recipients}
        self.assertEqual(verdict.kind, "hard" if "hard" in kinds else "soft")
        return {r.address: (r.kind, r.permanent, r.reason, r.status) for r in verdict.recipients}

    def test_postfix(self):
        verdict = bounce.read(POSTFIX)
        self.assertEqual((verdict.kind, verdict.rule), ("hard", "RFC 3464 delivery status"))
        (failed,) = verdict.recipients
        self.assertEqual(failed.address, "ann@x.test")
        self.assertEqual((failed.action, failed.status, failed.reason), ("failed", "5.1.1", "dead_address"))
        self.assertEqual((failed.permanent, failed.kind), (True, "hard"))
        self.assertTrue(failed.diagnostic.endswith("rejected: User unknown in virtual mailbox table"))
        self.assertEqual(verdict.message_id, "<77.abc@sender.test>")
        self.assertEqual(verdict.returned_headers["subject"], "Our autumn")

    def test_exchange(self):
        self.assertEqual(self.recipients(EXCHANGE), {"bob@corp.test": ("soft", True, "mailbox_full", "5.2.2")})
        self.assertEqual(bounce.read(EXCHANGE).message_id, "<77.abc@sender.test>")

    def test_parsed_message(self):
        for rules in (policy.default, policy.compat32):
            parsed = message_from_bytes(POSTFIX, policy=rules)
            self.assertEqual(bounce.read(parsed), bounce.read(POSTFIX))

    def test_every_recipient_counts(self):
        self.assertEqual(
            self.recipients(SEVERAL),
            {
                "dead@x.test": ("hard", True, "dead_address", "5.1.1"),
                "full@x.test": ("soft", False, "mailbox_full", "4.2.2"),
            },
        )

    def test_no_blank_line_between_recipients(self):
        raw = SEVERAL.replace(b"\r\n\r\nFinal-Recipient", b"\r\nFinal-Recipient")
        self.assertEqual(len(bounce.read(raw).recipients), 2)

    def test_delayed(self):
        raw = POSTFIX.replace(b"Action: failed", b"Action: Delayed (for now)").replace(b"5.1.1", b"4.4.1")
        verdict = bounce.read(raw)
        self.assertEqual((verdict.kind, verdict.delayed), ("soft", True))
        self.assertEqual([(r.address, r.kind, r.counts) for r in verdict.recipients], [("ann@x.test", "soft", False)])

    def test_a_failure_among_delays_is_a_bounce(self):
        verdict = bounce.read(SEVERAL)
        self.assertFalse(verdict.delayed)
        self.assertEqual([(r.action, r.counts) for r in verdict.recipients], [("failed", True)] * 2)

    def test_delivered(self):
        for action in (b"delivered", b"relayed", b"expanded", b"deliverable"):
            raw = SEVERAL.replace(b"failed", action).replace(b"delayed", action)
            raw = raw.replace(b"5.1.1", b"2.1.5").replace(b"4.2.2", b"2.1.5").replace(b"4.4.1", b"2.1.5")
            self.assertEqual(bounce.read(raw).kind, "other", action)

    def test_status_goes_before_action(self):
        raw = POSTFIX.replace(b"5.1.1", b"4.4.7")
        self.assertEqual(self.recipients(raw), {"ann@x.test": ("soft", False, "expired", "4.4.7")})
        raw = POSTFIX.replace(b"Action: failed", b"Action: delivered")
        self.assertEqual(self.recipients(raw), {"ann@x.test": ("hard", True, "dead_address", "5.1.1")})
        raw = POSTFIX.replace(b"Status: 5.1.1", b"Status: 5.0.0")
        self.assertEqual(self.recipients(raw), {"ann@x.test": ("hard", True, "dead_address", "5.1.1")})

    def test_words_are_believed_when_they_answer_the_recipient(self):
        """Without a status that says so, "user unknown" may be a filter's word after it has seen the message."""
        raw = POSTFIX.replace(b"Status: 5.1.1\r\n", b"").replace(b"5.1.1 ", b"")
        text = b"This is the mail system at host mx.test. <nobody@else.test> does not exist."
        for said, expected in (
            (b"<ann@x.test>: host mx.x.test said: 550 User unknown (in reply to RCPT TO command)", "dead_address"),
            (b"<ann@x.test>: host mx.x.test said: 550 User unknown (in reply to end of DATA command)", "filtered"),
            (b">>> RCPT TO:<ann@x.test>\r\n<<< 550 User unknown", "dead_address"),
            (b">>> DATA\r\n<<< 550 User unknown\r\n<<< 503 5.0.0 Need RCPT (recipient)", "dead_address"),
            (b">>> DATA\r\n<<< 550 User unknown\r\n554 5.0.0 Service unavailable", "filtered"),
            (b"", "filtered"),
        ):
            with self.subTest(said):
                [found] = self.recipients(raw.replace(text, said)).values()
                self.assertEqual(found, ("hard" if expected == "dead_address" else "soft", True, expected, ""))

    def test_no_diagnostic_but_a_sentence(self):
        raw = POSTFIX.replace(b"Status: 5.1.1", b"Status: 5.0.0")
        raw = raw[: raw.index(b"Diagnostic-Code")] + raw[raw.index(b"--b-1\r\nContent-Type: text/rfc822-headers") :]
        text = b"This is the mail system at host mx.test. <nobody@else.test> does not exist."
        said = raw.replace(
            text, b"An error has occurred while attempting to deliver\r\n\r\nann@x.test: Domain does not exist"
        )
        self.assertEqual(self.recipients(said), {"ann@x.test": ("hard", True, "dead_address", "5.0.0")})
        self.assertEqual(self.recipients(raw), {"ann@x.test": ("soft", True, "unknown", "5.0.0")})

    def test_whom_only_the_returned_message_tells(self):
        raw = POSTFIX.replace(b"Original-Recipient: rfc822;Ann@X.test\r\n", b"")
        for final, expected in (
            (b"rfc822; @relay.test", "ann@x.test"),
            (b"rfc822; |/usr/bin/filter ann", "ann@x.test"),
            (b"rfc822; ann@mail7.x.test", "ann@x.test"),
            (b"rfc822; elsewhere@y.test", "elsewhere@y.test"),
        ):
            with self.subTest(final):
                self.assertEqual(list(self.recipients(raw.replace(b"rfc822; ann.new@x.test", final))), [expected])

    def test_no_recipients_in_the_status(self):
        raw = report("Reporting-MTA: dns; mx.test").replace(
            b"<nobody@else.test> does not exist.", b"could not be delivered"
        )
        verdict = bounce.read(raw)
        self.assertEqual((verdict.kind, [r.address for r in verdict.recipients]), ("soft", ["ann@x.test"]))

    def test_broken_structure(self):
        for raw in (
            POSTFIX.replace(b'boundary="b-1"', b'boundary="announced"'),
            POSTFIX.replace(b"message/delivery-status\r\n\r\n", b"message/delivery-status\r\n"),
            POSTFIX.replace(b"\r\n--b-1--\r\n", b""),
            POSTFIX.replace(b"\r\n", b"\n"),
            b"From MAILER-DAEMON Mon Nov  2 10:00:00 2026\n" + POSTFIX,
        ):
            self.assertEqual(self.recipients(raw), {"ann@x.test": ("hard", True, "dead_address", "5.1.1")})

    def test_reasons_of_reports(self):
        for status, words, expected in (
            ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", "disabled"),
            ("5.7.606", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "blocked"),
            (
                "4.7.650",
                "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation",
                "rate",
            ),
            ("5.7.26", "550-5.7.26 This mail is unauthenticated, SPF did not pass", "policy"),
            (
                "5.1.10",
                "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
                "dead_address",
            ),
            ("5.2.3", "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient", "size"),
            ("5.7.27", "550 Host does not accept mail", "dead_address"),
            ("5.1.6", "551 5.1.6 recipient no longer on server", "dead_address"),
            ("5.1.351", "550 5.1.351 Remote server returned unknown recipient -> 550 : User unknown", "filtered"),
            ("5.4.312", "550 5.4.312 Message expired, DNS query failed", "expired"),
            ("5.1.1", "550 5.1.1 refused due to recipient preferences", "policy"),
            ("4.4.1", "connect to mx.x.test[192.0.2.7]:25: Connection timed out", "network"),
            ("5.5.0", "550 5.5.0 Le compte du destinataire est bloque. The recipient account is blocked.", "disabled"),
        ):
            with self.subTest(words):
                raw = report(
                    "Reporting-MTA: dns; mx.test\n\nFinal-Recipient: rfc822; ann@x.test\nAction: failed\n"
                    f"Status: {status}\nDiagnostic-Code: smtp; {words}"
                )
                [(_kind, permanent, reason, found)] = self.recipients(raw).values()
                self.assertEqual((reason, permanent, found), (expected, status[0] == "5", status))

    def test_the_servers_own_status_is_more_than_the_reports(self):
        for status, words, expected in (
            ("4.4.7", "450 4.7.1 Access denied", (False, "4.4.7")),
            ("4.5.0", "550 5.5.0 Service refuse", (True, "5.5.0")),
            ("5.0.0", "552 5.2.2 Over quota", (True, "5.2.2")),
            ("4.4.7", "554 4.4.7 Message expired", (False, "4.4.7")),
        ):
            with self.subTest(words):
                raw = report(
                    "Reporting-MTA: dns; mx.test\n\nFinal-Recipient: rfc822; ann@x.test\nAction: failed\n"
                    f"Status: {status}\nDiagnostic-Code: smtp; {words}"
                )
                [(_kind, permanent, _reason, found)] = self.recipients(raw).values()
                self.assertEqual((permanent, found), expected)

    def test_what_counts_against_the_address(self):
        for reason in ("dead_address", "disabled", "mailbox_full", "filtered", "expired", "network", "unknown"):
            self.assertTrue(bounce.Failed("a@x.test", "failed", "5.0.0", "", True, reason).counts, reason)
        for reason in ("blocked", "policy", "content", "size", "rate"):
            self.assertFalse(bounce.Failed("a@x.test", "failed", "5.0.0", "", True, reason).counts, reason)

    def test_original_recipient_must_be_an_address(self):
        for value in (b"rfc822;undisclosed", b"x400; /c=de/s=ann/", b""):
            raw = POSTFIX.replace(b"rfc822;Ann@X.test", value)
            self.assertEqual(list(self.recipients(raw)), ["ann.new@x.test"])

    def test_international(self):
        raw = report(
            "Reporting-MTA: dns; mx.test\n\nFinal-Recipient: utf-8; j\\x{FC}rgen@x.test\nAction: failed\nStatus: 5.1.1",
            part="message/global-delivery-status",
        )
        self.assertEqual(list(self.recipients(raw)), ["jürgen@x.test"])
        raw = report(
            "Reporting-MTA: dns; mx.test\n\nFinal-Recipient: utf-8; jürgen@x.test\nAction: failed\nStatus: 5.1.1",
            part="message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit",
        )
        self.assertEqual(list(self.recipients(raw)), ["jürgen@x.test"])

    def test_enclosed_report_is_not_for_us(self):
        wrapped = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n"
        wrapped += b"Content-Type: text/plain\r\n\r\nWhat does this mean?\r\n--w\r\n"
        wrapped += b"Content-Type: message/rfc822\r\n\r\n" + POSTFIX + b"\r\n--w--\r\n"
        self.assertEqual(bounce.read(wrapped).kind, "other")

    def test_complaint(self):
        verdict = bounce.read(COMPLAINT)
        self.assertEqual((verdict.kind, verdict.message_id), ("complaint", "<77.abc@sender.test>"))
        self.assertEqual([(r.address, r.kind) for r in verdict.recipients], [("ann@x.test", "soft")])

    def test_other_feedback(self):
        for feedback in (b"auth-failure", b"not-spam"):
            raw = COMPLAINT.replace(b"Feedback-Type: abuse", b"Feedback-Type: " + feedback)
            self.assertEqual(bounce.read(raw).kind, "other")

    def test_read_receipt(self):
        raw = report(
            "Final-Recipient: rfc822;ann@x.test\nDisposition: manual-action/MDN-sent-manually; displayed",
            kind="disposition-notification",
        )
        self.assertEqual(bounce.read(raw).kind, "other")

    def test_dmarc_and_tls_reports(self):
        raw = report("H4sIAAAAAAAA", kind="tlsrpt", part="application/tlsrpt+gzip", original="")
        self.assertEqual(bounce.read(raw).kind, "other")
        raw = message(
            "Subject: Report Domain: sender.test Submitter: x.test Report-ID: 1",
            "Content-Type: application/gzip",
            "Content-Transfer-Encoding: base64",
            body="H4sIAAAAAAAA",
        )
        self.assertEqual(bounce.read(raw).kind, "other")

    def test_auto_reply(self):
        self.assertEqual(bounce.read(message("Auto-Submitted: auto-replied (vacation)")).kind, "auto_reply")
        exchange = message("Auto-Submitted: auto-generated", "In-Reply-To: <77.abc@sender.test>")
        self.assertEqual(bounce.read(exchange).kind, "auto_reply")

    def test_no_auto_reply(self):
        for headers in (
            (),
            ("Auto-Submitted: no",),
            ("Auto-Submitted: auto-generated",),
            ("Auto-Submitted: auto-replied", "List-Id: <news.x.test>"),
            ("Auto-Submitted: auto-replied", "Precedence: list"),
            ("In-Reply-To: <77.abc@sender.test>", "Subject: Re: Our autumn"),
        ):
            with self.subTest(headers):
                self.assertEqual(bounce.read(message(*headers)).kind, "other")

    def test_classify(self):
        for code, enhanced, text, expected in (
            (550, "5.1.1", "No such user", (True, "dead_address")),
            (550, None, "user unknown", (True, "dead_address")),
            (550, None, "5.1.1 <spam@x.test>: user unknown", (True, "dead_address")),
            (550, "5.1.1", "see https://x.test/spam-policy.html", (True, "dead_address")),
            (550, "5.4.1", "Recipient address rejected: Access denied", (True, "dead_address")),
            (550, "5.7.1", "Service unavailable", (True, "blocked")),
            (554, "5.7.1", "Client host [192.0.2.1] blocked using list.test", (True, "blocked")),
            (550, "5.1.1", "IP address blacklisted by recipient", (True, "blocked")),
            (550, "5.7.26", "Unauthenticated email is not accepted due to DMARC", (True, "policy")),
            (553, "5.1.8", "Sender address rejected: Domain not found", (True, "policy")),
            (552, "5.2.2", "Mailbox full", (True, "mailbox_full")),
            (452, "4.2.2", "Over quota", (False, "mailbox_full")),
            (450, "4.1.1", "try later", (False, "unknown")),
            (550, "5.2.1", "The email account is disabled", (True, "disabled")),
            (554, "5.4.6", "Routing loop detected", (True, "network")),
            (554, None, "Message rejected as spam", (True, "content")),
            (552, "5.3.4", "Message size exceeds fixed limit", (True, "size")),
            (421, "4.7.28", "unusual rate of mail", (False, "rate")),
            (450, None, "Greylisted, try again", (False, "rate")),
            (None, "4.4.7", "", (False, "expired")),
            (550, None, "", (True, "unknown")),
            (None, None, "", (False, "unknown")),
        ):
            with self.subTest(text, code=code, enhanced=enhanced):
                self.assertEqual(bounce.classify(code, enhanced, text), expected)

    def test_only_a_dead_address_is_hard(self):
        for reason in ("mailbox_full", "blocked", "disabled", "unknown"):
            self.assertEqual(bounce.Failed("a@x.test", "failed", "5.0.0", "", True, reason).kind, "soft")
        self.assertEqual(bounce.Failed("a@x.test", "failed", "4.1.1", "", False, "dead_address").kind, "soft")

    @given(st.one_of(st.none(), st.integers()), st.one_of(st.none(), st.text()), st.text())
    def test_classify_never_raises(self, code, enhanced, text):
        bounce.classify(code, enhanced, text)
