import base64
import hashlib
import io
import json
import zipfile

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import CampaignCase
from .importing import ImportCase
from .subscribing import PHONE, SubscribeCase


@tagged("post_install", "-at_install")
class TestErasure(SubscribeCase, ImportCase):
    """A person's request: to have it all, and to be forgotten and left alone."""

    # Of mass emails, not of imports.
    counts = CampaignCase.counts

    EMAIL = "nora.new@new.example"

    def known(self):
        """Let everything be known of the address that we can know; give the mass email."""
        self.confirmed(self.EMAIL)
        self.target_list = self.make_list()
        self.run_import(f"Name,Email,Town\nNora New,{self.EMAIL},Nantes\n,nobody and {self.EMAIL},\n")
        mailing = self.make_mailing(self.target_list)
        mailing.action_launch()
        self.send()
        recipient = mailing.recipient_ids.sudo()
        self.assertEqual(recipient.state, "sent")
        self.env["email.campaign.event"]._log(recipient, "click", ip="192.0.2.7", user_agent="Nora's phone", detail="x")
        mailing.message_post(body=f"A message came back from {self.EMAIL}.")
        self.env["mail.blacklist"]._add(self.EMAIL, message="wrote a letter")
        self.bounced(self.EMAIL, said=f"<{self.EMAIL}> unknown")
        return mailing

    def erase(self, user=None):
        wizard = self.env["email.privacy"].with_user(user or self.manager).create({"email": self.EMAIL.upper()})
        wizard.action_erase()
        self.env.invalidate_all()
        return wizard

    def found_anywhere(self):
        """Give the columns of all tables that have the address or its owner's name in them."""
        self.env.cr.execute(
            """
            SELECT c.table_name, c.column_name FROM information_schema.columns c
              JOIN information_schema.tables t USING (table_schema, table_name)
             WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
               AND (c.data_type IN ('text', 'jsonb') OR c.data_type LIKE 'character%')
            """
        )
        found = set()
        for table, column in self.env.cr.fetchall():
            self.env.cr.execute(f"""SELECT count(*) FROM "{table}" WHERE lower("{column}"::text) LIKE '%nora%new%'""")
            if self.env.cr.fetchone()[0]:
                found.add(f"{table}.{column}")
        return found

    def test_nothing_is_left(self):
        mailing = self.known()
        before = self.counts(mailing)
        self.env.flush_all()
        held = self.found_anywhere()
        for table in ("email_campaign_recipient", "email_target_list_member", "email_subscription", "email_address"):
            self.assertIn(f"{table}.email", held)
        self.erase()
        self.env.flush_all()
        self.assertEqual(self.found_anywhere(), set())
        self.assertEqual(self.counts(mailing), before, "the numbers stay")
        event = mailing.recipient_ids.event_ids.filtered(lambda e: e.kind == "click")
        self.assertEqual((event.ip, event.user_agent, event.detail), (False, False, False))
        rows = self.env["email.consent"].search([("action", "in", ("erase", "opt_in_confirmed"))])
        self.assertEqual(set(rows.mapped("action")), {"erase", "opt_in_confirmed"})
        self.assertEqual((rows.mapped("email"), rows.mapped("ip")), ([False] * 2, [False] * 2))
        self.assertEqual(len(set(rows.mapped("address_hash"))), 1)
        self.assertEqual(rows.filtered(lambda r: r.action == "erase").user_id, self.manager)

    def test_the_hash_needs_the_key(self):
        self.confirmed(self.EMAIL)
        [found] = set(self.env["email.consent"].search([("email", "=", self.EMAIL)]).mapped("address_hash"))
        key = self.env["ir.config_parameter"].sudo().get_param("email_campaign.address_key")
        inner, outer = bytes.fromhex(key[:128]), bytes.fromhex(key[128:])
        self.assertEqual((len(inner), len(outer)), (64, 64))
        expected = hashlib.sha256(outer + hashlib.sha256(inner + self.EMAIL.encode()).digest()).hexdigest()
        self.assertEqual(found, expected)
        self.assertNotEqual(found, hashlib.sha256(self.EMAIL.encode()).hexdigest())

    def test_no_mass_email_reaches_the_address_again(self):
        self.erase()
        contact = self.env["res.partner"].create({"name": "Nora", "email": self.EMAIL})
        target_list = self.make_list(contact | self.partners[0])
        self.assertEqual(self.frozen(target_list), {self.EMAIL: "erased", "person1@good.example": "queued"})
        typed = self.make_list()
        typed._add_addresses(self.EMAIL)
        self.assertEqual(self.frozen(typed), {self.EMAIL: "erased"})

    def test_erased_between_launch_and_sending(self):
        contact = self.env["res.partner"].create({"name": "Nora", "email": self.EMAIL})
        waiting = self.make_mailing(self.make_list(contact | self.partners[0]))
        waiting.action_launch()
        self.erase()
        again = self.make_mailing(self.make_list(contact | self.partners[1]))
        again.action_launch()
        with self.assertBalanced(waiting):
            self.send()
        self.assertEqual(sorted(self.peer.recipients()), ["person1@good.example", "person2@good.example"])
        self.assertEqual(set(waiting.recipient_ids.mapped("skip_reason")), {"erased", False})

    def test_a_file_does_not_bring_them_back(self):
        self.erase()
        self.target_list = self.make_list()
        record = self.run_import(f"Email\n{self.EMAIL}\nother@new.example\n")
        self.assertEqual(record.refused_count, 1)
        self.assertEqual(set(self.members()), {"other@new.example"})
        self.assertIn("erased on request", self.reasons(record)[2])

    def test_welcome_again(self):
        self.known()
        self.erase()
        self.peer.mails.clear()
        self.subscribe(self.EMAIL)
        self.assertEqual(self.frozen(self.subscribers), {})
        self.url_open(self.confirm_path(self.EMAIL), data={"x": "1"}, headers=PHONE)
        self.assertEqual(self.frozen(self.subscribers), {self.EMAIL: "queued"})
        self.target_list = self.make_list()
        self.run_import(f"Email\n{self.EMAIL}\n")
        self.assertEqual(set(self.members()), {self.EMAIL})
        other = self.list_type.copy({"name": "Other"})
        elsewhere = self.make_list(list_type_id=other.id)
        elsewhere._add_addresses(self.EMAIL)
        self.assertEqual(self.frozen(elsewhere), {self.EMAIL: "erased"}, "welcome is what they subscribed to")
        self.erase()
        again = self.make_list()
        again._add_addresses(self.EMAIL)
        self.assertEqual(self.frozen(again), {self.EMAIL: "erased"})

    def test_links_of_old_emails_do_no_harm(self):
        mailing = self.known()
        self.erase()
        token = self.env["email.link"]._signer().sign("opt-out", mailing.recipient_ids.id)
        page = self.url_open(f"/email/u/{token}", headers=PHONE)
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("nora", page.text.lower())
        before = self.env["email.consent"].search_count([])
        for scope in ("type", "everything"):
            self.assertEqual(self.url_open(f"/email/u/{token}", data={"scope": scope}).status_code, 200)
        opened = self.env["email.link"]._signer().sign("open", mailing.recipient_ids.id)
        self.assertEqual(self.url_open(f"/email/o/{opened}.gif", headers=PHONE).status_code, 200)
        self.assertEqual(self.env["email.consent"].search_count([]), before, "there is nobody who could say it")
        for model in ("email.address", "email.subscription", "mail.blacklist"):
            self.assertFalse(self.env[model].search_count([("email", "like", "erased.invalid")]), model)
        events = self.env["email.campaign.event"].search([("recipient_id", "in", mailing.recipient_ids.ids)])
        self.assertFalse(any(events.mapped("ip") + events.mapped("user_agent")))

    def test_the_key_is_missed(self):
        self.erase()
        self.env["ir.config_parameter"].sudo().search([("key", "=", "email_campaign.address_key")]).unlink()
        with self.assertRaises(UserError) as caught:
            self.frozen(self.make_list(self.partners))
        self.assertIn("Restore it from a backup", str(caught.exception))

    def test_export(self):
        self.known()
        contact = self.env["res.partner"].create({"name": "Nora New", "email": self.EMAIL})
        wizard = self.env["email.privacy"].with_user(self.manager).create({"email": self.EMAIL})
        self.assertIn("Mass emails", wizard.summary)
        wizard.action_export()
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(wizard.file))) as archive:
            content = json.loads(archive.read("data.json"))
        data = content["data"]
        self.assertEqual(content["address"], self.EMAIL)
        self.assertEqual([row["action"] for row in data["consent"]][:2], ["opt_in_requested", "opt_in_confirmed"])
        self.assertEqual(data["consent"][1]["ip"], "127.0.0.1")
        self.assertEqual(data["emails"][0]["values"], {"town": "Nantes"})
        self.assertIn("Nora's phone", [event["user_agent"] for event in data["events"]])
        self.assertEqual(data["blacklist"][0]["email"], self.EMAIL)
        self.assertEqual(data["address_history"][0]["validity"], "invalid")
        self.assertEqual(data["res.partner"], [{"id": contact.id, "name": "Nora New"}])
        self.assertFalse([name for name, found in data.items() if not found and name in ("subscriptions", "address")])

    def test_contacts_leads_and_users_are_listed_and_dealt_with(self):
        contact, gone = self.env["res.partner"].create(
            [{"name": "Nora", "email": f"Nora <{self.EMAIL}>"}, {"name": "Old", "email": self.EMAIL, "active": False}]
        )
        lead = self.env["crm.lead"].create({"name": "Asked", "email_from": self.EMAIL, "type": "lead"})
        user = new_test_user(self.env, login="nora", email=self.EMAIL, groups="base.group_portal")
        self.manager.group_ids += self.env.ref("base.group_partner_manager")
        wizard = self.env["email.privacy"].with_user(self.manager).create({"email": self.EMAIL})
        lines = {(line.res_model, line.res_id): line for line in wizard.record_ids}
        self.assertEqual(
            set(lines),
            {("res.partner", contact.id), ("res.partner", gone.id), ("res.partner", user.partner_id.id)}
            | {("res.users", user.id)},
            "leads are not for who may not read them",
        )
        self.assertEqual(lines["res.partner", gone.id].state, "archived")
        self.assertFalse(lines["res.partner", gone.id].can_archive)
        self.assertFalse(lines["res.users", user.id].can_archive, "users are the administrator's")
        with self.assertRaises(AccessError):
            lines["res.users", user.id].action_delete_record()
        self.assertEqual(lines["res.partner", contact.id].action_open()["res_id"], contact.id)
        wizard.action_erase()
        self.assertEqual(len(wizard.record_ids), 4, "they are there after erasing too")
        line = lines["res.partner", contact.id]
        self.assertEqual(line.action_archive_record()["res_id"], wizard.id)
        self.assertEqual((contact.active, line.state, line.can_archive), (False, "archived", False))
        line.action_delete_record()
        self.assertFalse(contact.exists())
        self.assertEqual((line.state, line.name, line.can_delete), ("deleted", False, False))
        for action in (line.action_open, line.action_delete_record, line.action_archive_record):
            with self.assertRaises(UserError):
                action()
        with self.assertRaises(UserError) as caught:
            lines["res.partner", user.partner_id.id].action_delete_record()
        self.assertTrue(str(caught.exception))
        self.assertTrue(user.partner_id.exists(), "Odoo keeps the contact of a user")
        administrator = self.env.ref("base.user_admin")
        theirs = self.env["email.privacy"].with_user(administrator).create({"email": self.EMAIL})
        self.assertIn(("crm.lead", lead.id), [(each.res_model, each.res_id) for each in theirs.record_ids])
        theirs.email = "other@new.example"
        self.assertFalse(theirs.record_ids)

    def test_nobody_deletes_themselves(self):
        self.manager.group_ids += self.env.ref("base.group_partner_manager")
        wizard = self.env["email.privacy"].with_user(self.manager).create({"email": self.manager.email})
        self.assertEqual(set(wizard.record_ids.mapped("res_model")), {"res.partner", "res.users"})
        self.assertFalse(any(wizard.record_ids.mapped("can_archive") + wizard.record_ids.mapped("can_delete")))
        for line in wizard.record_ids:
            with self.assertRaises(UserError):
                line.action_delete_record()

    def test_who_may(self):
        self.known()
        for user in (self.salesperson, new_test_user(self.env, login="boss", groups="base.group_user")):
            with self.assertRaises(AccessError):
                self.erase(user)
            with self.assertRaises(AccessError):
                self.env["email.erasure"].with_user(user)._erase(self.EMAIL)
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="base.group_user,email_campaign.group_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        with self.assertRaises(AccessError) as caught:
            self.erase(stranger)
        self.assertIn("held by a company", str(caught.exception))
        wizard = self.env["email.privacy"].with_user(stranger).create({"email": self.EMAIL})
        self.assertNotIn("Mass emails", wizard.summary)
        held = wizard._held(self.EMAIL)
        self.assertFalse(held["emails"] + held["events"] + held["list_members"] + held.get("address", []))
