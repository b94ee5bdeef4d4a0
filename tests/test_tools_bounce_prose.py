from base64 import encodebytes

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import bounce

from . import (
    returned_by_exchange,
    returned_by_gateways,
    returned_by_providers,
    returned_by_servers,
    returned_by_systems,
    returned_in_languages,
    returned_in_short,
)
from .returned_in_languages import DELAYED
from .returned_mail import ANN, returned

FILES = (
    returned_by_servers,
    returned_by_systems,
    returned_by_providers,
    returned_by_gateways,
    returned_by_exchange,
    returned_in_languages,
    returned_in_short,
)
PROSE = [row for file in FILES for row in file.REPORTS]


class TestBounceProse(BaseCase):
    """Reports that are written for people, family by family."""

    def test_families(self):
        for family, fields, text, expected in PROSE:
            with self.subTest(family):
                verdict = bounce.read(returned(fields, text))
                found = {r.address: (r.kind, r.permanent, r.reason) for r in verdict.recipients}
                self.assertEqual(found, expected)
                self.assertEqual(verdict.kind, "hard" if any(row[0] == "hard" for row in expected.values()) else "soft")
                self.assertFalse(verdict.delayed)

    def test_delays_count_for_nothing(self):
        for family, fields, text in DELAYED:
            with self.subTest(family):
                verdict = bounce.read(returned(fields, text))
                self.assertEqual((verdict.kind, verdict.delayed), ("soft", True))
                self.assertEqual(
                    [(r.address, r.counts, r.permanent) for r in verdict.recipients], [(ANN, False, False)]
                )

    def test_message_id_of_what_came_back(self):
        for family, fields, text, _expected in PROSE:
            if not text.rstrip().endswith("..."):
                with self.subTest(family):
                    self.assertEqual(bounce.read(returned(fields, text)).message_id, "<77.abc@crm.test>")

    def test_addresses_of_what_came_back_are_not_blamed(self):
        for family, fields, text, _expected in PROSE:
            with self.subTest(family):
                addresses = {r.address for r in bounce.read(returned(fields, text)).recipients}
                self.assertFalse(addresses & {"nobody@else.test", "shop@crm.test", "postmaster@relay.test"})

    def test_from_a_person_it_is_none(self):
        """Whoever asks what a report means quotes or forwards it."""
        for family, _fields, text, _expected in PROSE:
            for subject in ("Re: Delivery failure", "Fwd: Undelivered Mail Returned to Sender", "What is this?"):
                with self.subTest(family, subject=subject):
                    fields = f"From: Ann Smith <ann.smith@x.test>\nReturn-Path: <ann.smith@x.test>\nSubject: {subject}"
                    self.assertEqual(bounce.read(returned(fields, text)).kind, "other")

    def test_as_a_part_and_encoded(self):
        """The same text in base64, as the first part of a message with parts."""
        for family, fields, text, expected in PROSE:
            if "Content-Type" in fields:
                continue
            with self.subTest(family):
                plain = returned(fields, text).partition(b"\r\n\r\n")[2]
                body = b"--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
                head = f"{fields}\nTo: shop@crm.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
                verdict = bounce.read(head.encode() + body + encodebytes(plain) + b"\n--b--\n")
                self.assertEqual({r.address: (r.kind, r.permanent, r.reason) for r in verdict.recipients}, expected)
