from unittest.mock import patch

from odoo.tests import tagged

from ..tools.lanes import Lanes
from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestMails(DeliveryCase):
    """What is handed to the connections."""

    def setUp(self):
        super().setUp()
        self.handed = []
        put = Lanes.put

        def keep(lanes, mails):
            self.handed += mails
            put(lanes, mails)

        self.startPatcher(patch.object(Lanes, "put", keep))

    def with_code(self):
        template = self.env["mail.template"].create(
            {
                "name": "Coded",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "Yours",
                "body_html": '<p t-if="object.name">Hi <t t-out="object.name"/></p>',
            }
        )
        return {"content_type": "template", "template_id": template.id}

    def test_a_large_file_is_kept_once_for_all(self):
        large = (
            self.env["ir.attachment"].with_user(self.salesperson).create({"name": "large.bin", "raw": b"x" * 500_000})
        )
        for content in ({}, self.with_code()):
            with self.subTest(**content):
                self.launch(3, attachment_ids=large.ids, **content)
                self.send()
                mails, self.handed = self.handed, []
                self.assertEqual(len(mails), 3)
                self.assertEqual(len({id(part) for mail in mails for part in mail.segments if len(part) > 500_000}), 1)
                for mail in mails:
                    self.assertLess(sum(len(part) for part in mail.segments if len(part) < 500_000), 10_000)
                    self.assertEqual(self.peer.mail_to(mail.rcpt_to), mail.data)
                self.peer.mails.clear()

    def test_what_is_not_ascii_is_announced(self):
        """An address to answer to stands in the part that is the same for everybody."""
        for content in ({}, self.with_code()):
            for reply_to, options in (("ann@good.example", []), ("dörte@good.example", ["SMTPUTF8", "BODY=8BITMIME"])):
                with self.subTest(reply_to, **content):
                    self.launch(1, reply_to=reply_to, **content)
                    self.send()
                    mail, handed = self.peer.mails.pop(), self.handed.pop()
                    self.assertEqual(mail["options"], [f"SIZE={len(handed.data)}", *options])
                    self.assertEqual(handed.is_ascii, not options)
                    self.assertIn(f"Reply-To: {reply_to}\r\n".encode(), mail["data"])
