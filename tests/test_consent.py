import psycopg2.errors

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.response.email_link import OPT_OUT
from ..tools.bounce import Verdict
from .importing import ImportCase
from .subscribing import PHONE, SubscribeCase

NEWS = "News and offers"


@tagged("post_install", "-at_install")
class TestLedger(SubscribeCase, ImportCase):
    """What is written down, and that it stays."""

    def recipient(self, email="person1@good.example"):
        mailing = self.make_mailing(self.make_list(self.partners))
        self.env["email.audience"]._freeze(mailing)
        mailing.recipient_ids.sudo().write({"state": "sent"})
        return mailing.recipient_ids.filtered(lambda r: r.email == email).sudo()

    def test_opting_out_and_in_by_an_email(self):
        recipient = self.recipient()
        token = self.env["email.link"]._signer().sign(OPT_OUT, recipient.id)
        url = f"/email/u/{token}"
        for data in ({"scope": "type"}, {"scope": "type"}, {"undo": "1"}, {"scope": "everything"}, {"undo": "1"}):
            self.url_open(url, data=data, headers=PHONE)
        self.assertEqual(
            self.ledger("person1@good.example"),
            [
                ("opt_out", "page", NEWS),
                ("opt_in", "page", NEWS),
                ("opt_out", "page", "all"),
                ("opt_in", "page", "all"),
            ],
        )
        row = self.env["email.consent"].search([("email", "=", "person1@good.example")], limit=1)
        self.assertEqual((row.ip, row.user_agent), ("127.0.0.1", PHONE["User-Agent"]))
        self.assertFalse(row.user_id, "a visitor is nobody")

    def test_complaint(self):
        told = {"recipient_id": self.recipient().id, "verdict": Verdict("complaint", "test")}
        told.update(
            reference="<x@y.example>",
            matched_by="message_id",
            signed=True,
            channel="mailbox",
            provider_id=None,
            raw=None,
            at=None,
        )
        self.env["email.verdict"].sudo()._take([{**told, "subject": "", "sender": ""}])
        self.assertEqual(self.ledger("person1@good.example"), [("opt_out", "complaint", NEWS)])

    def test_blacklist_by_hand(self):
        blacklist = self.env["mail.blacklist"].with_user(self.manager).sudo()
        entry = blacklist.create([{"email": "A@Good.example"}])
        blacklist.create([{"email": "a@good.example"}])
        entry.active = False
        entry.active = False
        blacklist._add("a@good.example")
        entry.unlink()
        self.assertEqual([row[0] for row in self.ledger("a@good.example")], ["opt_out", "opt_in", "opt_out", "opt_in"])
        rows = self.env["email.consent"].search([("email", "=", "a@good.example")])
        self.assertEqual((rows.user_id, set(rows.mapped("source"))), (self.manager, {"hand"}))

    def test_members_by_hand(self):
        members = self.make_list(self.partners).member_ids.with_user(self.salesperson)
        members[:2].write({"state": "unsubscribed"})
        members[0].state = "subscribed"
        members[0].state = "subscribed"
        self.assertEqual(self.ledger("person1@good.example"), [("opt_out", "hand", NEWS), ("opt_in", "hand", NEWS)])
        self.assertEqual(self.ledger("person2@good.example"), [("opt_out", "hand", NEWS)])
        said = [("email", "in", ["person1@good.example", "person2@good.example"])]
        self.assertEqual(self.env["email.consent"].search(said).user_id, self.salesperson)

    def test_import(self):
        self.target_list = self.make_list()
        self.run_import("Email\na@good.example\nb@good.example\na@good.example\n")
        self.run_import("Email\na@good.example\nc@good.example\n", name="more.csv")
        for email, file in (("a", "people.csv"), ("b", "people.csv"), ("c", "more.csv")):
            self.assertEqual(self.ledger(f"{email}@good.example"), [("import", "import", NEWS)])
            row = self.env["email.consent"].search([("email", "=", f"{email}@good.example")])
            self.assertEqual((row.detail, row.user_id), (file, self.salesperson))

    def test_by_hand_with_a_note(self):
        wizard = self.env["email.consent.hand"].with_user(self.manager)
        wizard.create(
            {"email": "a@good.example, b@good.example", "list_type_id": self.list_type.id, "note": "by letter"}
        ).action_apply()
        subscription = self.env["email.subscription"].search([("email", "=", "a@good.example")])
        action = subscription.with_user(self.manager).action_opt_in()
        self.env[action["res_model"]].with_user(self.manager).with_context(**action["context"]).create(
            {"note": "called back"}
        ).action_apply()
        wizard.create({"email": "b@good.example", "everything": True, "note": "angry"}).action_apply()
        self.assertEqual(self.ledger("a@good.example"), [("opt_out", "hand", NEWS), ("opt_in", "hand", NEWS)])
        self.assertEqual(self.ledger("b@good.example"), [("opt_out", "hand", NEWS), ("opt_out", "hand", "all")])
        rows = self.env["email.consent"].search([("email", "in", ("a@good.example", "b@good.example"))], order="id")
        self.assertEqual(rows.mapped("detail"), ["by letter", "by letter", "called back", "angry"])
        self.assertEqual(rows.user_id, self.manager)
        with self.assertRaises(UserError) as caught:
            wizard.create({"email": "nobody", "list_type_id": self.list_type.id, "note": "x"}).action_apply()
        self.assertIn("“nobody” is no email address", str(caught.exception))
        with self.assertRaises(AccessError):
            self.env["email.consent.hand"].with_user(self.salesperson).create({"note": "x"})

    def test_many_by_hand_are_as_many_statements_as_few(self):
        wizard = self.env["email.consent.hand"].with_user(self.manager)

        def statements(count, **values):
            emails = ", ".join(f"{values['state']}{count}x{n}@good.example" for n in range(count))
            asked = wizard.create({"email": emails, "list_type_id": self.list_type.id, "note": "fair", **values})
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            asked.action_apply()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        for values in ({"state": "opted_out"}, {"state": "opted_in"}):
            statements(2, **values)
            self.assertLessEqual(statements(300, **values), statements(3, **values))
        found = self.env["email.consent"].search([("email", "=like", "opted%300x%"), ("detail", "=", "fair")])
        self.assertEqual((len(found), found.user_id, set(found.mapped("source"))), (600, self.manager, {"hand"}))
        self.assertEqual(found.list_type_id, self.list_type)

    def test_many_by_hand_onto_the_blacklist(self):
        blacklist = self.env["mail.blacklist"]
        blacklist._add("b0@good.example")
        blacklist._remove("b1@good.example")
        self.env.flush_all()
        self.env.cr.precommit.run()
        emails = ", ".join(f"b{n}@good.example" for n in range(30)) + ", B2@good.example, ä@grün.example"
        before = self.env["email.consent"].search_count([("action", "=", "opt_out")])
        self.env["email.consent.hand"].with_user(self.manager).create(
            {"email": emails, "everything": True, "note": "by letter"}
        ).action_apply()
        entries = blacklist.search([("email_key", "=like", "b%@good.example")])
        self.assertEqual(len(entries), 30)
        self.assertTrue(blacklist._of_address("ä@grün.example"))
        self.assertEqual(self.env["email.consent"].search_count([("action", "=", "opt_out")]) - before, 30)
        self.env.flush_all()
        self.env.cr.precommit.run()
        noted = entries.message_ids.filtered(lambda message: "by letter" in (message.body or ""))
        self.assertEqual(len(noted), 29, "all but the one that was on it")

    def test_nobody_changes_a_row(self):
        self.confirmed("nora@new.example")
        rows = self.env["email.consent"].search([("email", "=", "nora@new.example")])
        for ledger in (rows, rows.sudo(), rows.with_user(self.manager)):
            with self.assertRaises(AccessError):
                ledger.write({"source": "hand"})
            with self.assertRaises(AccessError):
                ledger.unlink()
            with self.assertRaises(AccessError):
                ledger.create({"email": "x@y.example", "action": "opt_in", "source": "form"})
        for statement in (
            "UPDATE email_consent SET action = 'opt_in'",
            "UPDATE email_consent SET at = now()",
            "UPDATE email_consent SET email = 'other@new.example'",
            "UPDATE email_consent SET ip = NULL",
            "UPDATE email_consent SET email = NULL, ip = NULL, user_agent = NULL, detail = NULL, user_id = 1",
            "UPDATE email_consent SET email = NULL, ip = NULL, user_agent = NULL, detail = NULL, address_hash = 'x'",
            "DELETE FROM email_consent",
            "TRUNCATE email_consent",
        ):
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation) as caught,
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)
            self.assertIn("append-only", str(caught.exception))
        self.assertEqual(len(self.ledger("nora@new.example")), 2)

    def test_words_that_were_agreed_to_stay(self):
        text = self.list_type.consent_text_id
        text.text = "<p>Not yet seen.</p>"
        self.subscribe("nora@new.example")
        for change in (
            lambda: text.write({"text": "<p>Something else.</p>"}),
            lambda: text.update_field_translations("text", {"en_US": {"Not yet seen.": "Never seen."}}),
            text.unlink,
        ):
            with self.assertRaises(UserError) as caught:
                change()
            self.assertIn("People agreed to “News and offers, version 1”", str(caught.exception))
        text.action_new_version()
        self.assertEqual(self.list_type.consent_text_id.version, 2)
        self.list_type.consent_text_id.text = "<p>Newer.</p>"

    def test_who_sees_it(self):
        other = self.env["res.company"].create({"name": "Other"})
        boss = new_test_user(
            self.env,
            login="boss",
            groups="base.group_user,email_campaign.group_admin",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.list_type.company_id = self.env.company
        self.confirmed("nora@new.example")
        mine = [("email", "=", "nora@new.example")]
        self.assertEqual(self.env["email.consent"].with_user(self.manager).search_count(mine), 2)
        self.assertEqual(self.env["email.consent"].with_user(boss).search_count(mine), 0)
        self.assertEqual(self.env["email.subscription"].with_user(boss).search_count(mine), 0)
        self.assertFalse(self.env["email.consent.text"].with_user(boss).search([]))
        for model in ("email.consent", "email.erasure", "email.subscription"):
            with self.subTest(model), self.assertRaises(AccessError):
                self.env[model].with_user(self.salesperson).search([])
        for user in (self.manager, boss, self.env.ref("base.user_admin")):
            with self.assertRaises(AccessError):
                self.env["email.subscription.request"].with_user(user).search([])
        partner = self.partners[0].with_user(self.manager)
        self.assertEqual(partner.action_view_consent()["domain"], [("email", "=", "person1@good.example")])

    def test_a_list_type_with_consent_stays(self):
        list_type = self.env["email.list.type"].create({"name": "Other"})
        self.env["email.consent"]._record(["x@good.example"], "opt_in", list_type)
        with self.assertRaises(UserError) as caught:
            list_type.unlink()
        self.assertIn("Archive it instead", str(caught.exception))
