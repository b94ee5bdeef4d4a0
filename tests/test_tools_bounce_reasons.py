from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import bounce

from .test_tools_bounce import report

# What well-known servers say: status and diagnostic of the report, and the reason.
ANSWERS = [
    ("5.1.1", 'x-unix; unknown user: "ann"', "dead_address"),
    ("5.1.0", "X-Postfix; Domain x.test does not accept mail (nullMX)", "dead_address"),
    ("5.4.6", "X-Postfix; mail for x.test loops back to myself", "network"),
    (
        "5.4.4",
        "X-Postfix; Host or domain name not found. Name service error for name=x.test type=AAAA: Host",
        "dead_address",
    ),
    (
        "4.4.3",
        "X-Postfix; Host or domain name not found. Name service error for name=x.test type=MX: Host not",
        "network",
    ),
    ("5.2.2", "smtp; 552 5.2.2 <ann@x.test> Quota exceeded (mailbox for user is full)", "mailbox_full"),
    ("5.7.1", "smtp;550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", "policy"),
    ("5.7.133", "smtp;550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required;", "policy"),
    ("4.4.7", "smtp;550 4.4.7 QUEUE.Expired; message expired", "expired"),
    ("5.2.2", "smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", "mailbox_full"),
    ("5.4.310", "smtp;550 5.4.310 DNS domain x.test does not exist [Message=InfoDomainNonexistent]", "dead_address"),
    ("5.4.316", "smtp;550 5.4.316 Message expired, connection refused(Socket error code 10061)", "expired"),
    ("5.7.1", "smtp; 550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your", "blocked"),
    ("5.5.0", "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)", "dead_address"),
    ("5.2.2", "smtp; 552-5.2.2 The email account that you tried to reach is over quota and inactive.", "mailbox_full"),
    ("4.2.1", "smtp; 450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents", "rate"),
    ("5.7.26", "smtp; 550-5.7.26 This mail has been blocked because the sender is unauthenticated.", "blocked"),
    ("4.7.0", "smtp; 421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", "rate"),
    (
        "5.0.0",
        "smtp; 554 30 Sorry, your message to ann@x.test cannot be delivered. This mailbox is disabled",
        "disabled",
    ),
    ("5.1.1", "smtp; 550 5.1.1 <ann@x.test>: Recipient address rejected: aol.com", "dead_address"),
    ("5.1.1", "smtp; 550 Requested action not taken: mailbox unavailable", "dead_address"),
    ("5.0.0", "smtp; 554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact", "blocked"),
    ("5.0.0", "smtp; 550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [abc]", "filtered"),
    ("5.7.1", "smtp; 554 Service unavailable; Client host [192.0.2.1] blocked using Barracuda Reputation", "blocked"),
    ("5.1.1", "smtp; 550 5.1.1 User Unknown", "dead_address"),
    ("5.1.1", "smtp; 550 5.1.1 Mail refused, see https://www.spamhaus.org/query/ip/192.0.2.1 listed in SBL", "blocked"),
    ("4.2.0", "smtp; 450 4.2.0 <ann@x.test>: Recipient address rejected: Greylisted, see http://postgrey", "rate"),
    ("5.2.1", "smtp; 550 5.2.1 Mailbox disabled for this recipient", "disabled"),
    ("5.2.1", "smtp; 550 5.2.1 This account is inactive", "disabled"),
    ("5.1.6", "smtp; 551 5.1.6 User has moved; please try <new@y.test>", "dead_address"),
    ("5.7.1", "smtp; 554 5.7.1 <ann@x.test>: Relay access denied", "policy"),
    ("5.0.0", "smtp; 550 Sender verify failed", "policy"),
    ("5.3.4", "smtp; 552 5.3.4 Message size exceeds fixed limit", "size"),
    ("5.7.20", "smtp; 550 5.7.20 No passing DKIM signature found", "policy"),
    ("5.1.3", "smtp; 501 5.1.3 Bad recipient address syntax", "dead_address"),
    ("4.7.5", "X-Postfix; Server certificate not trusted", "rate"),
    ("5.7.4", "X-Postfix; TLS is required, but was not offered by host mx.x.test", "policy"),
    ("4.3.1", "smtp; 452 4.3.1 Insufficient system storage", "mailbox_full"),
    ("4.4.1", "X-Postfix; connect to mx.x.test[192.0.2.7]:25: Connection refused", "network"),
    ("4.4.2", "X-Postfix; lost connection with mx.x.test[192.0.2.7] while sending end of data", "network"),
    ("5.1.1 (bad destination mailbox address)", "", "dead_address"),
    ("5.1.2 (bad destination system: no such domain)", "", "dead_address"),
]


class TestBounceReasons(BaseCase):
    """From status and words to the reason, and to what follows for the address."""

    def test_answers_of_servers(self):
        for status, words, reason in ANSWERS:
            with self.subTest(words):
                said = f"\nDiagnostic-Code: {words}" if words else ""
                verdict = bounce.read(
                    report(
                        "Reporting-MTA: dns; mx.test\n\nFinal-Recipient: rfc822; ann@x.test\nAction: failed\n"
                        f"Status: {status}{said}"
                    )
                )
                [ann] = verdict.recipients
                self.assertEqual((ann.reason, ann.permanent), (reason, status.startswith("5")))
                self.assertEqual(verdict.kind, "hard" if reason == "dead_address" else "soft")
