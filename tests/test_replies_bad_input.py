from email import message_from_bytes, policy
from time import perf_counter

from hypothesis import example, given
from hypothesis import strategies as st

from odoo.tests import tagged

from .replying import ReplyCase
from .returning import answer

HTML = "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
SECONDS = 30  # of 30 MB through Odoo's own parsing and ours, on a slow machine


@tagged("post_install", "-at_install")
class TestHostileReplies(ReplyCase):
    """Replies that are made to harm."""

    def test_scripts_are_gone_everywhere(self):
        reply = self.reply(
            more=HTML,
            body="<p onclick='a()'>Hi</p><script>alert(1)</script><img src=x onerror=alert(1)>"
            "<a href='javascript:alert(1)'>x</a><iframe src='//evil.example'></iframe>",
            sender='"<script>alert(1)</script>" <person1@good.example>',
        )
        bodies = [reply.body, self.thread(self.person).body, self.thread(self.campaign).body]
        for body in bodies:
            self.assertIn("Hi", body)
            for bad in ("<script", "onerror", "onclick", "javascript:", "<iframe"):
                self.assertNotIn(bad, body)
        self.assertNotIn("<script", reply.activity_id.note)

    def test_what_the_database_can_not_hold(self):
        reply = self.reply(
            more="X-Odd: \x00\r\n",
            sender='"A\x00B" <person1@good.example>',
            body="NUL \x00 here",
            message_id="<nul@x.example>",
        )
        self.assertIn("NUL", reply.body)
        self.assertNotIn("\0", reply.name + reply.body)

    def test_a_message_id_longer_than_an_index_takes(self):
        self.assertLess(len(self.reply(message_id=f"<{'x' * 5_000}@x.example>").message_id), 100)

    def multipart(self, *parts):
        more = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="B"\r\n'
        return {"more": more, "body": "".join(f"--B\r\n{part}\r\n" for part in parts) + "--B--\r\n"}

    def file(self, name, content):
        return f'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n{content}'

    def test_attachments_are_kept_where_each_reads_them(self):
        text = "Content-Type: text/plain\r\n\r\nSee the plan."
        reply = self.reply(**self.multipart(text, self.file("plan.pdf", "%PDF-1.4 plan")))
        self.assertEqual((reply.attachment_ids.name, reply.attachment_ids.raw), ("plan.pdf", b"%PDF-1.4 plan"))
        for record in (self.person, self.campaign):
            files = self.thread(record).attachment_ids
            self.assertEqual((files.name, files.res_model, files.res_id), ("plan.pdf", record._name, record.id))
        self.assertEqual(
            reply.attachment_ids.with_user(self.salesperson).read(["name"])[0]["name"], "plan.pdf", "and may be read"
        )

    def test_ten_thousand_parts(self):
        parts = self.multipart(*(self.file(f"{number}.pdf", "x") for number in range(10_000)))
        message = self.parsed(answer(answers=self.message_id(), **parts))
        # Odoo has read it already by the time that it comes to us, and has all of them.
        told = {
            "email_from": "person1@good.example",
            "attachments": [(f"{number}.pdf", b"x") for number in range(10_000)],
        }
        start = perf_counter()
        self.assertTrue(self.env["email.incoming"]._absorb(message, told))
        self.assertLess(perf_counter() - start, SECONDS)
        self.assertEqual(len(self.replies().attachment_ids), 50)

    def test_thirty_megabytes(self):
        start = perf_counter()
        big = self.reply(
            **self.multipart(
                "Content-Type: text/plain\r\n\r\nBig.", self.file("big.pdf", ("x" * 75 + "\r\n") * 390_000)
            )
        )
        self.assertLess(perf_counter() - start, SECONDS)
        self.assertGreater(big.attachment_ids.file_size, 29_000_000)

    def test_a_long_text_is_cut_and_attached(self):
        reply = self.reply(body="word " * 200_000)
        self.assertLess(len(reply.body), 400_000)
        self.assertGreater(reply.attachment_ids.file_size, 900_000)

    @given(st.text(max_size=100), st.text(max_size=100), st.binary(max_size=200))
    @example("", ".", b"")
    def test_any_text(self, subject, name, body):
        subject, name = (text.replace("\r", "").replace("\n", "") for text in (subject, name))
        octets = (
            f"From: {name} <person1@good.example>\r\nTo: sally@crm.example\r\nSubject: {subject}\r\n"
            f"In-Reply-To: {self.message_id()}\r\n\r\n"
        ).encode("utf-8", "surrogatepass")
        message = octets + body
        with self.env.cr.savepoint():
            self.env["email.incoming"]._absorb(self.parsed(message))

    def parsed(self, octets):
        return message_from_bytes(octets, policy=policy.SMTP)
