import traceback
import tracemalloc
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.models.mail_thread import MailThread

from ..models.response.email_link import RETURN_PATH
from ..tools import bounce
from .returned_fresh_organisations import ORGANISATIONS
from .returned_fresh_others import OTHERS
from .returned_fresh_prose import PROSE
from .returned_fresh_reports import REPORTS
from .test_response import SentCase
from .test_tools_bounce_bad_input import SAMPLES

ALL = [*SAMPLES, *(row[-1] for row in [*REPORTS, *ORGANISATIONS, *PROSE, *OTHERS])]
FROM = b"From: Ann <ann@there.test>\r\nSubject: Chairs\r\n"
DAEMON = b"From: MAILER-DAEMON@there.test\r\nSubject: Undelivered Mail Returned to Sender\r\n"
MIXED = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
REPORT = b"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
PART = b"--b\r\nContent-Type: text/html\r\n\r\n<p class='x'>x</p>\r\n"
MEGABYTE = 1_000_000
LOGGERS = (
    "odoo.addons.email_campaign.models.response.email_incoming",
    "odoo.addons.email_campaign.models.response.email_incoming_early",
    "odoo.addons.email_campaign.tools.bounce.fallback",
    "odoo.addons.email_campaign.tools.bounce.reader",
    "odoo.addons.mail.models.mail_thread",
    "odoo.tools.mail",
)


def nested(depth, kind=b"message/rfc822"):
    return b"MIME-Version: 1.0\r\n" + (b"Content-Type: " + kind + b"\r\n\r\nSubject: x\r\n") * depth + b"\r\nx\r\n"


# What strangers may send: name, octets of a message without its recipient.
HOSTILE = [
    ("30 MB", FROM + b"\r\n" + b"x" * 30 * MEGABYTE),
    ("30 MB of lines", DAEMON + b"\r\n" + (b"x" * 70 + b"\r\n") * 416_000),
    ("30 MB attached", FROM + MIXED + b"--b\r\nContent-Disposition: attachment\r\n\r\n" + b"A" * 30 * MEGABYTE),
    ("10,000 parts", FROM + MIXED + PART * 10_000 + b"--b--\r\n"),
    ("10,000 parts without a header", FROM + MIXED + b"--b\r\n\r\nx\r\n" * 10_000),
    ("10,000 parts of a report", DAEMON + REPORT + PART * 10_000),
    ("a charset that nobody knows", FROM + b"Content-Type: text/plain; charset=x-klingon\r\n\r\nx"),
    ("a charset that is no text", FROM + b"Content-Type: text/plain; charset=rot13\r\n\r\nx"),
    ("a charset with NUL", FROM + b"Content-Type: text/plain; charset=\0\r\n\r\nx"),
    ("broken UTF-16", FROM + b"Content-Type: text/html; charset=utf-16\r\n\r\n\xff\xfe<\xd8"),
    ("a charset in a part", DAEMON + REPORT + b"--b\r\nContent-Type: text/plain; charset=nope\r\n\r\n\xff\r\n--b--"),
    ("a million fields", FROM + b"X-A: b\r\n" * 1_000_000 + b"\r\nx"),
    ("a field of 3 MB", FROM + b"X-A: " + b"x" * 3 * MEGABYTE + b"\r\n\r\nx"),
    ("a field folded a million times", FROM + b"X-A: b" + b"\r\n " * 1_000_000 + b"\r\n\r\nx"),
    ("100,000 addresses", b"Cc: " + b"a@b.test, " * 10_000 + b"\r\n" + FROM + b"\r\nx"),
    ("comments in comments", b"From: " + b"(" * 20_000 + b"\r\nSubject: x\r\n\r\nx"),
    ("groups in groups", b"From: " + b"a:" * 20_000 + b"\r\nSubject: x\r\n\r\nx"),
    ("encoded words", b"Subject: " + b"=?utf-8?q?x?= " * 100_000 + b"\r\n" + FROM + b"\r\nx"),
    ("an empty From", b"From:\r\nSubject:\r\n\r\nx"),
    ("no From", b"Subject: x\r\n\r\nx"),
    ("only a recipient", b"\r\n"),
    ("a From of angles", b"From: <<<>>>,;:@[]\r\nSubject: x\r\n\r\nx"),
    ("no Message-ID but NUL", b"Message-ID: <\0@\0>\r\n" + FROM + b"\r\nx"),
    ("NUL in all fields", b"From: a\0@b.test\r\nSubject: \0\r\nReferences: <\0>\r\nIn-Reply-To: <\0>\r\n\r\n\0"),
    ("NULs", FROM + b"\r\n" + b"\0" * 3 * MEGABYTE),
    ("NUL in a report", DAEMON + b"\r\nYour message could not be delivered:\r\n\r\n<a\0@b.test>: 550 5.1.1 \0 no\0"),
    ("octets in fields", b"From: \xff\xfe <\xe9@b.test>\r\nSubject: \xff\r\nMessage-ID: <\xff@b>\r\n\r\n\xff"),
    ("messages 50 deep", FROM + nested(50)),
    ("messages 5,000 deep", FROM + nested(5_000)),
    ("global messages 50 deep", DAEMON + nested(50, b"message/global")),
    (
        "multiparts 1,000 deep",
        FROM + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1_000)),
    ),
    ("the same boundary 50 deep", FROM + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 50),
    ("a report of nothing", DAEMON + REPORT),
    ("an enclosed message in Base64", DAEMON + REPORT + b"--b\r\nContent-Type: message/rfc822\r\n"
     b"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n"),
    ("a status that is none", DAEMON + REPORT + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n\r\n--b--\r\n"),
    ("a date beyond time", FROM + b"Date: Fri, 31 Feb 99999 25:61:61 +9999\r\n\r\nx"),
    ("HTML without end", FROM + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000),
    ("a part of another type than it says", FROM + b"Content-Type: multipart/mixed\r\n\r\nx"),
    ("a content type that is none", FROM + b"Content-Type: ;;;=\"\r\nContent-Transfer-Encoding: \xff\r\n\r\nx"),
]  # fmt: skip


@tagged("post_install", "-at_install")
class TestIncomingHostile(SentCase):
    """Whatever strangers send to an address of ours: taken, within bounds, and nothing comes of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.alias_domain_id = cls.env["mail.alias.domain"].create({"name": "crm.example"})

    def setUp(self):
        super().setUp()
        self.token = self.signer.sign_local(RETURN_PATH, self.recipient.id)
        logger = mute_logger(*LOGGERS)
        logger.__enter__()
        self.addCleanup(logger.__exit__, None, None, None)

    def process(self, octets):
        return self.env["mail.thread"].message_process("crm.lead", octets)

    def to_us(self, octets):
        return f"Delivered-To: bounce+{self.token}@crm.example\r\n".encode() + octets.lstrip(b"\r\n")

    def strays(self):
        """Count what an incoming message could create, but notes at the mass email."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT (SELECT count(*) FROM res_partner), (SELECT count(*) FROM crm_lead),
                   (SELECT count(*) FROM mail_mail),
                   (SELECT count(*) FROM mail_message WHERE model IS DISTINCT FROM 'email.campaign.mailing')
            """
        )
        return self.env.cr.fetchone()

    def take(self, octets):
        """Process a message for us; assert that it was taken, and left nothing behind."""
        before = self.strays()
        self.assertFalse(self.process(octets))
        self.assertEqual(self.strays(), before, "it created records, or broke the transaction")
        self.recipient.invalidate_recordset()

    def test_at_a_return_path(self):
        for name, octets in HOSTILE:
            with self.subTest(name):
                self.take(self.to_us(octets))
                self.assertEqual(self.recipient.bounce_kind or "", "")

    def test_at_the_address_for_opting_out(self):
        for name, octets in HOSTILE:
            with self.subTest(name):
                self.take(b"To: bounce+unsubscribe@crm.example\r\n" + octets.lstrip(b"\r\n"))
        self.assertFalse(self.recipient.opted_out_at)

    def test_comments_within_comments_around_an_address_of_ours(self):
        for field in (b"To", b"X-Original-To"):
            for address in (b"bounce+unsubscribe@crm.example", b"bounce+" + self.token.encode() + b"@crm.example"):
                with self.subTest(field=field, address=address):
                    self.take(field + b": " + b"(" * 900 + b" <" + address + b">\r\n" + FROM + b"\r\nx")

    def test_elsewhere_it_is_not_ours_that_fails(self):
        addresses = (b"bounce@crm.example", b"bounce+0123456789abcdef01234567@crm.example", b"sales@crm.example")
        # Odoo itself takes minutes for the large ones, which is not for us to show.
        chosen = [row for row in HOSTILE if len(row[1]) < 10_000]
        for name, octets in chosen:
            for address in addresses:
                with self.subTest(name, address=address):
                    try:
                        with self.env.cr.savepoint():
                            self.process(b"To: " + address + b"\r\n" + octets.lstrip(b"\r\n"))
                    except Exception as error:  # noqa: BLE001 (whatever Odoo's parser raises)
                        place = traceback.extract_tb(error.__traceback__)
                        inner = [frame.filename for frame in place if "/addons/email_campaign/" in frame.filename][-1]
                        self.assertTrue(inner.endswith(("mail_thread_gateway.py", "test_incoming_hostile.py")), inner)
                    self.env.cr.execute("SELECT 1")
                    self.recipient.invalidate_recordset()
                    self.assertFalse(self.recipient.bounced_at)

    def test_what_only_machines_write_is_not_parsed_by_odoo(self):
        """Its parser goes through all HTML again with each part, and keeps everything several times."""
        for name, octets in HOSTILE:
            if len(octets) > 10 * MEGABYTE or "10,000 parts" in name or " of a report" in name:
                with self.subTest(name), patch.object(MailThread, "message_parse") as parse:
                    self.take(self.to_us(octets))
                    parse.assert_not_called()

    def test_memory_is_bounded(self):
        for name, octets in HOSTILE:
            message = self.to_us(octets)
            if len(message) > MEGABYTE or "10,000 parts" in name:
                with self.subTest(name):
                    tracemalloc.start()
                    self.addCleanup(tracemalloc.stop)
                    self.process(message)
                    peak = tracemalloc.get_traced_memory()[1]
                    tracemalloc.stop()
                    # The first megabyte as octets, as text, and cut into lines; not a copy of the message.
                    self.assertLess(peak, 60 * MEGABYTE, f"{peak / MEGABYTE:.0f} MB")

    def test_what_a_person_may_have_written_is_read_whole(self):
        reply = (
            FROM
            + b"In-Reply-To: <x@crm.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
        )
        with patch.object(type(self.env["email.incoming"]), "_absorb", return_value=True) as absorb:
            self.take(self.to_us(reply))
        self.assertEqual(absorb.call_args.args[0].get_content().strip(), "Grüße")

    def test_statements_do_not_grow_with_the_message(self):
        def statements(octets):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.take(octets)
            return self.env.cr.sql_log_count - before

        few = DAEMON + REPORT + PART
        statements(self.to_us(few))  # fills caches
        self.assertLessEqual(statements(self.to_us(few + PART * 10_000)), statements(self.to_us(few + b"--b\r\n")))

    def test_a_bounce_that_odoo_cannot_read_counts(self):
        report = next(row[-1] for row in REPORTS if row[0] == "postfix, local: unknown in virtual mailbox table")
        for harm in (b"text/plain; charset=x-klingon", b"text/plain; charset=\0"):
            with self.subTest(harm):
                octets = report.replace(b"text/plain; charset=utf-8", harm, 1)
                octets = octets.replace(b"ann@there.test", self.recipient.email.encode())
                self.take(self.to_us(octets))
                self.assertEqual(self.recipient.bounce_kind, "hard")

    def test_opened_is_read_as_the_whole(self):
        for octets in ALL:
            self.assertEqual(bounce.read(bounce.opened(octets)), bounce.read(octets))

    def test_what_is_opened_can_be_parsed_by_odoo(self):
        """A person's message in a charset that nobody knows is one yet."""
        for name, octets in HOSTILE:
            with self.subTest(name):
                self.assertIn("message_id", self.env["mail.thread"].message_parse(bounce.opened(octets)))
        reply = FROM + b"Content-Type: text/html; charset=x-klingon\r\n\r\n<p>Gr\xc3\xbc\xc3\x9fe &amp; thanks</p>\1\0"
        parsed = self.env["mail.thread"].message_parse(bounce.opened(reply))
        self.assertEqual(parsed["email_from"], '"Ann" <ann@there.test>')
        self.assertIn("Grüße &amp; thanks", parsed["body"])

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
    @given(
        st.sampled_from(ALL),
        st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 80), st.binary(max_size=20)), max_size=4),
        st.booleans(),
    )
    def test_damaged_samples(self, octets, cuts, doubled):
        for place, gone, new in cuts:
            octets = octets[:place] + new + octets[place + gone :]
        if doubled:
            head = octets.partition(b"\r\n\r\n")[0]
            octets = head + b"\r\n" + octets
        self.take(self.to_us(octets))

    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(ALL), st.sampled_from(ALL), st.integers(0, 3_000), st.integers(0, 3_000))
    def test_samples_grown_together(self, first, second, end, start):
        self.take(self.to_us(first[:end] + second[start:]))
