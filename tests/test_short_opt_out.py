"""The short way in for one click: it writes and answers what the long way does."""

from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..controllers import short_opt_out
from ..models.response import visit_line
from ..models.response.email_link import OPT_OUT, PREFERENCES
from .test_opt_out_page import PagesCase
from .test_short_way import ShortWayCase

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@tagged("post_install", "-at_install")
class TestShortOptOut(ShortWayCase, PagesCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(visit_line, "GOOD", 600.0))
        self.other = (self.mailing.recipient_ids.sudo() - self.recipient)[0]

    def learn(self):
        """Know what the long way leaves outside of tests, for longer than that."""
        host = self.base_url().partition("://")[2]
        visit_line.remember(host, self.env.cr.dbname, self.signer, True)

    def post(self, recipient, data, **kwargs):
        """Give the answer, and whether the short way gave it."""
        answers = []

        def answer(*given):
            answers.append(original(*given))
            return answers[-1]

        original = short_opt_out.answer
        with patch.object(short_opt_out, "answer", answer):
            response = self.page(data, ids=(recipient.id,), **kwargs)
        recipient.invalidate_recordset()
        return response, any(answers)

    def written(self, recipient):
        """Give what an opt-out of `recipient` wrote, but for who and when."""
        events = recipient.event_ids.sorted("id")
        self.env.cr.execute(
            "SELECT list_type_id, company_id, action, source, detail, lang, ip, user_agent, user_id, "
            "address_hash IS NOT NULL FROM email_consent WHERE email = %s ORDER BY id",
            [recipient.email],
        )
        ledger = self.env.cr.fetchall()
        return {
            "recipient": (bool(recipient.opted_out_at), recipient.opted_out_scope, recipient.state),
            "events": [(event.kind, event.verdict, event.detail, event.ip, event.user_agent) for event in events],
            "subscription": self.subscription(email=recipient.email),
            "blacklisted": self.env["mail.blacklist"].sudo()._of_address(recipient.email).mapped("by_owner"),
            "ledger": ledger,
        }

    def test_both_ways_do_alike(self):
        for list_type in (self.list_type, self.list_type.browse()):
            with self.subTest(list_type.name):
                recipients = self.mailing.recipient_ids.sudo().filtered(lambda one: not one.opted_out_at)[:2]
                recipients.list_type_id = list_type
                recipients.flush_recordset()
                visit_line._facts.clear()
                long, taken = self.post(recipients[0], ONE_CLICK)
                self.assertFalse(taken, "there are no facts yet")
                self.learn()
                short, taken = self.post(recipients[1], ONE_CLICK)
                self.assertTrue(taken)
                self.assertEqual((short.status_code, short.content), (long.status_code, long.content))
                varying = ("date", "server", "connection")
                told = [
                    sorted(
                        (name.lower(), value) for name, value in answer.headers.items() if name.lower() not in varying
                    )
                    for answer in (short, long)
                ]
                self.assertEqual(*told)
                self.assertEqual(self.written(recipients[1]), self.written(recipients[0]))
                written = self.written(recipients[1])
                self.assertEqual(written["recipient"][1], "type" if list_type else "everything")
                self.assertEqual((len(written["events"]), len(written["ledger"])), (1, 1))
                self.assertTrue(self.post(recipients[1], ONE_CLICK)[1])
                self.assertEqual(self.written(recipients[1]), written, "asking twice does no harm")

    def test_what_goes_the_long_way(self):
        self.learn()
        self.assertTrue(self.post(self.recipient, ONE_CLICK)[1])
        for data, kwargs in (
            ({"scope": "everything"}, {}),
            ({"undo": "1"}, {}),
            ({**ONE_CLICK, "scope": "everything"}, {}),
            (None, {"files": {"List-Unsubscribe": (None, "One-Click")}}),
            (ONE_CLICK, {"headers": {"X-Odoo-Database": self.env.cr.dbname}}),
            ("", {}),
        ):
            with self.subTest(data, **kwargs):
                response, taken = self.post(self.other, data, **kwargs)
                self.assertFalse(taken)
                self.assertEqual(response.status_code, 200)
        # The long way could read what the short way had looked at.
        self.assertEqual(
            self.other.event_ids.sorted("id").mapped("kind"),
            ["opt_out", "opt_in", "opt_out"],
            "the last ones repeat it",
        )

    def test_tokens_that_name_nobody(self):
        self.learn()
        gone = self.signer.sign(OPT_OUT, self.recipient.id + 1_000_000)
        for token in (gone, self.signer.sign(PREFERENCES, self.recipient.id), "x" * 40):
            self.assertEqual(self.url_open(f"/email/u/{token}", data=ONE_CLICK).status_code, 404)
        self.assertEqual(self.url_open(f"/email/u/{self.signer.sign(OPT_OUT, 0)}", data=ONE_CLICK).status_code, 200)

    def test_what_fails_goes_the_long_way(self):
        """Another one wrote at the same moment, or whatever else."""
        links = type(self.env["email.link"])
        original = links._opt_out_at_once
        recipients = self.mailing.recipient_ids.sudo() - self.recipient
        for recipient, error in zip(recipients, (SerializationFailure("busy"), KeyError("x")), strict=False):
            tries = []

            def once(records, *given, tries=tries, error=error, **named):
                tries.append(1)
                if len(tries) == 1:
                    raise error
                return original(records, *given, **named)

            self.learn()
            with (
                self.subTest(repr(error)),
                patch.object(links, "_opt_out_at_once", once),
                mute_logger("odoo.addons.email_campaign.controllers.short_opt_out"),
            ):
                response, taken = self.post(recipient, ONE_CLICK)
                self.assertFalse(taken)
                self.assertEqual(len(tries), 2)
                self.assertEqual((response.status_code, self.subscription(email=recipient.email)), (200, "opted_out"))
                self.assertEqual(recipient.event_ids.mapped("kind"), ["opt_out"])
