from datetime import timedelta
from email import message_from_bytes, policy
from email.utils import format_datetime
from time import perf_counter
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.email_campaign.tools import bounce

from ..models.response import email_incoming_match
from ..models.response.email_link import MESSAGE_ID, OPEN, OPT_OUT, RETURN_PATH
from .plans import rows_read
from .returning import answer, report
from .test_response import SentCase

GATEWAY = "odoo.addons.mail.models.mail_thread"


class ReturningCase(SentCase):
    """A company whose mail comes to crm.example, and a mass email that was sent an hour ago."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.alias_domain_id = cls.env["mail.alias.domain"].create(
            {"name": "crm.example", "bounce_alias": "bounce", "catchall_alias": "catchall"}
        )
        cls.other = cls.mailing.recipient_ids.sudo()[1]
        sent_at = cls.recipient.sent_at
        cls.mailing.sudo().write(
            {"launched_at": sent_at - timedelta(minutes=5), "done_at": sent_at + timedelta(minutes=5)}
        )

    def token(self, purpose, recipient=None):
        make = self.signer.sign if purpose == OPT_OUT else self.signer.sign_local
        return make(purpose, (recipient or self.recipient).id)

    def message_id(self, recipient=None):
        return f"<{self.token(MESSAGE_ID, recipient)}@crm.example>"

    def return_path(self, recipient=None):
        return f"bounce+{self.token(RETURN_PATH, recipient)}@crm.example"

    def match(self, octets):
        message = message_from_bytes(octets, policy=policy.SMTP)
        return self.env["email.incoming"]._match(message, bounce.read(message))

    def process(self, octets, model=False):
        result = self.env["mail.thread"].message_process(model, octets)
        self.env.invalidate_all()
        return result

    def records(self):
        """Give how many records there are of what mail could make, and how many mails wait to be sent."""
        names = ("crm.lead", "res.partner", "mail.message", "mail.mail", "email.campaign.event")
        return {name: self.env[name].search_count([]) for name in names}


@tagged("post_install", "-at_install")
class TestMatch(ReturningCase):
    """Whom a message is about: each rung, and each forgery of it."""

    def assertMatch(self, octets, by, recipient=None, signed=True):
        match = self.match(octets)
        self.assertEqual((match.recipient, match.by, match.signed), (recipient or self.recipient, by, signed))
        return match

    def assertNobody(self, octets):
        match = self.match(octets)
        self.assertEqual((len(match.recipient), match.by, match.signed), (0, "", False))

    def test_return_path_wherever_the_mail_system_writes_it(self):
        for name in ("X-Original-To", "Delivered-To", "Envelope-To"):
            self.assertMatch(report("postmaster@crm.example", more=f"{name}: {self.return_path()}\r\n"), "return_path")
        self.assertMatch(report(self.return_path()), "return_path")
        self.assertMatch(report(f'"Bounce" <{self.return_path().upper()}>'), "return_path")

    def test_what_it_was_delivered_to_before_what_it_says(self):
        octets = report(self.return_path(self.other), more=f"Delivered-To: {self.return_path()}\r\n")
        with patch.object(email_incoming_match._logger, "info") as info:
            self.assertMatch(octets, "return_path")
        self.assertIn("the first counts", info.call_args[0][0])

    def test_own_headers_of_what_it_returns(self):
        link = f"<https://crm.example/email/u/{self.token(OPT_OUT)}>"
        mailto = f"<mailto:bounce+unsubscribe@crm.example?subject={self.token(OPT_OUT)}>"
        for header in (
            f"List-Unsubscribe: {link},\r\n {mailto}\r\n",
            f"List-Unsubscribe: {mailto}\r\n",
            f"Return-Path: <{self.return_path()}>\r\n",
        ):
            self.assertMatch(report("postmaster@crm.example", header), "returned_headers")

    def test_message_id_of_what_it_returns(self):
        self.assertMatch(report("postmaster@crm.example", f"Message-ID: {self.message_id()}\r\n"), "message_id")

    def test_what_it_answers(self):
        for more in (f"In-Reply-To: {self.message_id()}\r\n", f"References: <x@y.example> {self.message_id()}\r\n"):
            self.assertMatch(answer(more=more), "references")
        self.assertMatch(report("postmaster@crm.example", more=f"In-Reply-To: {self.message_id()}\r\n"), "references")

    def test_the_nearest_of_two_that_it_answers(self):
        references = f"References: {self.message_id(self.other)} {self.message_id()}\r\n"
        self.assertMatch(answer(more=references), "references")

    def test_the_return_path_wins_and_that_is_noted(self):
        octets = report(self.return_path(), f"Message-ID: {self.message_id(self.other)}\r\n")
        with patch.object(email_incoming_match._logger, "info") as info:
            self.assertMatch(octets, "return_path")
        self.assertIn(self.other.id, info.call_args[0])

    def test_keys_that_were_replaced_are_still_believed(self):
        octets = report(self.return_path()), report("x@crm.example", f"Message-ID: {self.message_id()}\r\n")
        self.env["email.link.key"].sudo()._replace()
        self.assertNotEqual(
            self.env["email.link"]._signer().sign_local(RETURN_PATH, 1), self.signer.sign_local(RETURN_PATH, 1)
        )
        self.assertMatch(octets[0], "return_path")
        self.assertMatch(octets[1], "message_id")

    def test_tokens_of_another_purpose_or_changed_are_nobody(self):
        changed = self.token(RETURN_PATH)[:-1] + ("0" if self.token(RETURN_PATH)[-1] != "0" else "1")
        for token in (self.token(OPEN), self.token(MESSAGE_ID), changed, "0" * 32):
            self.assertNobody(report(f"bounce+{token}@crm.example"))
            self.assertNobody(report("x@crm.example", f"Return-Path: <bounce+{token}@crm.example>\r\n"))
        for token in (self.token(OPEN), self.token(RETURN_PATH), changed):
            self.assertNobody(report("x@crm.example", f"Message-ID: <{token}@crm.example>\r\n"))
            self.assertNobody(answer(answers=f"<{token}@crm.example>"))
        for token in (self.signer.sign(OPEN, self.recipient.id), "AQE" + "A" * 20):
            self.assertNobody(report("x@crm.example", f"List-Unsubscribe: <https://crm.example/email/u/{token}>\r\n"))

    def test_a_recipient_that_is_gone_is_nobody(self):
        octets = report(self.return_path())
        self.recipient.unlink()
        self.assertNobody(octets)

    def plain(self, at=None, sender="Sally Sells <sally@crm.example>", **kwargs):
        """Give a report with nothing signed in it, on an email that was made at `at`."""
        date = format_datetime(at or self.recipient.sent_at - timedelta(seconds=20))
        kwargs.setdefault("returned", f"From: {sender}\r\nDate: {date} +0000\r\n".replace(" -0000", ""))
        return report("postmaster@crm.example", **kwargs)

    def test_by_address_and_time_unsigned(self):
        self.assertMatch(self.plain(), "address_time", signed=False)
        self.assertMatch(self.plain(address="PERSON1@Good.Example"), "address_time", signed=False)

    def test_by_address_and_time_of_somebody_else(self):
        self.assertNobody(self.plain(address="stranger@good.example"))
        self.assertNobody(self.plain(sender="mallory@evil.example"))
        self.assertNobody(self.plain(returned=""))
        self.assertNobody(self.plain(returned="From: sally@crm.example\r\n"))
        for odd in (
            "never",
            "Mon, 1 Jan 0001 00:00:00 +2359",
            "99999999999999999999",
            "Thu, 31 Dec 9999 23:59:59 -2359",
        ):
            self.assertNobody(self.plain(returned=f"From: sally@crm.example\r\nDate: {odd}\r\n"))

    def test_by_address_and_time_only_around_then(self):
        for hours in (-3, 3, 24 * 365):
            self.assertNobody(self.plain(at=self.recipient.sent_at + timedelta(hours=hours)))

    def test_by_address_and_time_only_if_it_is_one(self):
        second = self.make_mailing(self.make_list(self.partners[:1], name="Second"))
        self.env["email.audience"]._freeze(second)
        second.sudo().write({"state": "done", "launched_at": self.mailing.launched_at, "done_at": self.mailing.done_at})
        second.recipient_ids.sudo().write({"state": "sent", "sent_at": self.recipient.sent_at})
        self.assertNobody(self.plain())
        second.recipient_ids.sudo().sent_at -= timedelta(hours=5)
        self.assertMatch(self.plain(), "address_time", signed=False)

    def test_by_address_and_the_form_of_our_message_id(self):
        ours = f"From: sally@crm.example\r\nMessage-ID: <{'0a' * 20}@crm.example>\r\n"
        self.assertMatch(self.plain(returned=ours), "address_time", signed=False)
        old = fields.Datetime.now() - timedelta(days=9)
        self.mailing.sudo().write({"launched_at": old, "done_at": old})
        self.recipient.sent_at = old
        self.assertNobody(self.plain(returned=ours))

    def test_unsigned_changes_nothing(self):
        with mute_logger(GATEWAY):
            self.process(self.plain())
        self.assertFalse(self.kinds())
        self.assertFalse(self.recipient.bounced_at)
        self.assertEqual(self.partners[0].email_validity, "unknown")

    def test_by_address_reads_few_of_many(self):
        self.env.cr.execute(
            """
            INSERT INTO email_campaign_recipient (mailing_id, email, state, sent_at)
                 SELECT %s, n || '@good.example', 'sent', %s FROM generate_series(1, 3000) AS n
            """,
            [self.mailing.id, self.recipient.sent_at],
        )
        self.env.cr.execute("ANALYZE email_campaign_recipient")
        sent_at = self.recipient.sent_at
        query = self.env["email.incoming"]._sent_around(["person1@good.example"], sent_at, sent_at)
        self.assertEqual([row[0] for row in self.env.execute_query(query)], self.recipient.ids)
        self.assertLess(rows_read(self.env, query, "email_campaign_recipient"), 30)
        with self.assertQueryCount(40):
            self.assertMatch(self.plain(), "address_time", signed=False)

    @given(
        st.lists(
            st.tuples(st.sampled_from(("To", "Delivered-To", "In-Reply-To", "References")), st.text(max_size=120)),
            max_size=6,
        )
    )
    def test_hostile_headers(self, headers):
        octets = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("utf-8", "surrogatepass")
        match = self.match(octets + b"From: x@y.example\r\n\r\nHello")
        self.assertFalse(match.recipient)

    def test_header_bombs_take_bounded_time(self):
        token = "+" + "0a" * 20 + "@"
        ids = " ".join(f"<{'0b' * 20}{number:04x}@crm.example>" for number in range(20_000))
        octets = f"To: {token * 20_000}\r\nReferences: {ids}\r\nFrom: x@y.example\r\n\r\nHello".encode()
        start = perf_counter()
        self.assertNobody(octets)
        self.assertLess(perf_counter() - start, 4)


@tagged("post_install", "-at_install")
class TestWhatIsNotOurs(ReturningCase):
    """What nobody knows ends at the return path; what isn't ours goes on its normal way."""

    def test_strays_at_the_return_path_make_nothing(self):
        for octets in (
            report("bounce+0123456789abcdef0123@crm.example"),
            answer("bounce+whatever@crm.example"),
            answer("sales@crm.example", more="Delivered-To: bounce+x@crm.example\r\n"),
            answer("BOUNCE+x@CRM.example"),
        ):
            before = self.records()
            self.assertFalse(self.process(octets, model="crm.lead"))
            self.assertEqual(self.records(), before)
            self.assertFalse(self.peer.mails)

    def test_what_names_others_too_is_theirs(self):
        for to in ("bounce+x@crm.example, sales@crm.example", "bounce+x@other.example", "other+x@crm.example"):
            leads = self.env["crm.lead"].search_count([])
            self.process(
                answer(to, message_id=f"<{to[-20:-8]}1@y.example>".replace(" ", "").replace(",", "")), model="crm.lead"
            )
            self.assertEqual(self.env["crm.lead"].search_count([]), leads + 1, to)

    def test_our_own_mail_coming_back_makes_nothing(self):
        octets = answer("catchall@crm.example", message_id=self.message_id(), sender="Sally <sally@crm.example>")
        before = self.records()
        self.assertFalse(self.process(octets, model="crm.lead"))
        self.assertEqual(self.records(), before)

    def test_an_alias_makes_its_record(self):
        self.env["mail.alias"].create(
            {"alias_name": "sales", "alias_model_id": self.env["ir.model"]._get_id("crm.lead")}
        )
        lead_id = self.process(answer("sales@crm.example"))
        self.assertEqual(self.env["crm.lead"].browse(lead_id).name, "Re: Spring is here")

    def test_an_answer_in_chatter_stays_there(self):
        lead = self.env["crm.lead"].create({"name": "Chairs", "email_from": "person1@good.example"})
        message = lead.message_post(body="Hello", message_type="email", subtype_xmlid="mail.mt_comment")
        self.process(answer("catchall@crm.example", answers=message.message_id))
        self.assertIn("Forty, please.", lead.message_ids[0].body)
        self.assertFalse(self.kinds())

    def test_a_bounce_of_a_chatter_message_is_odoos(self):
        lead = self.env["crm.lead"].create({"name": "Chairs", "email_from": "person1@good.example"})
        message = lead.message_post(body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        with mute_logger(GATEWAY):
            self.process(report("bounce@crm.example", f"Message-ID: {message.message_id}\r\n"))
        self.assertEqual(lead.message_bounce, 1)
        self.assertFalse(self.kinds())
