from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import CampaignCase


class AddresseeCase(CampaignCase):
    """A contact, a lead and a user, and a salesperson of the CRM who works with them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env,
            login="selma",
            name="Selma Seller",
            email="selma@crm.example",
            groups="base.group_partner_manager,sales_team.group_sale_salesman,email_campaign.group_user",
        )
        cls.contact = cls.partners[0].with_user(cls.seller)
        cls.lead = (
            cls.env["crm.lead"]
            .with_user(cls.seller)
            .create({"name": "Forty chairs", "contact_name": "Lea", "email_from": "lea@good.example"})
        )

    def mark(self, records, validity, note=False):
        """Go the way of the buttons on the form of `records`."""
        action = records.action_mark_email_invalid() if validity == "invalid" else records.action_mark_email_valid()
        form = Form(self.env[action["res_model"]].with_user(records.env.user).with_context(**action["context"]))
        self.assertEqual(form.validity, validity)
        form.note = note
        form.save().action_mark()

    def history(self, email):
        """Give (before, after, reason, who or what) of the changes of an address, the latest first."""
        rows = self.env["email.address.history"].search([("address_id.email", "=", email)])
        return [(row.validity_from, row.validity, row.reason, row._who()) for row in rows]

    def groups(self, model, field, domain):
        """Give {value: number of records}, asked as a list view asks."""
        rows = model.formatted_read_group(domain, [field], ["__count"])
        for row in rows:
            self.assertEqual(model.search_count([*domain, *row["__extra_domain"]]), row["__count"], "a group opens")
        return {row[field]: row["__count"] for row in rows}


@tagged("post_install", "-at_install")
class TestValidity(AddresseeCase):
    """Validity on contacts, leads and users: what is known, since when and why, and who may say otherwise."""

    def test_every_change_is_kept(self):
        addresses = self.env["email.address"]
        addresses._note_activity("person1@good.example", "open")
        addresses._note_activity("person1@good.example", "click")
        self.bounced("person1@good.example")
        self.mark(self.contact, "valid", "She has a new mailbox there")
        self.assertEqual(
            self.history("person1@good.example"),
            [
                ("invalid", "valid", "She has a new mailbox there", "Selma Seller"),
                ("valid", "invalid", "5.1.1 no such user", "Bounce"),
                ("unknown", "valid", False, "Opened or Clicked"),
            ],
        )
        self.contact.invalidate_recordset()
        self.assertEqual(self.contact.email_validity, "valid")
        self.assertEqual(self.contact.email_validity_reason, "She has a new mailbox there")
        self.assertTrue(self.contact.email_validity_at)
        self.assertEqual(
            [(row["before"], row["after"], row["who"]) for row in self.contact.email_validity_history],
            [
                ("Invalid", "Valid", "Selma Seller"),
                ("Valid", "Invalid", "Bounce"),
                ("Unknown", "Valid", "Opened or Clicked"),
            ],
        )

    def test_what_nothing_happened_to_has_no_history(self):
        self.assertEqual((self.contact.email_validity, self.contact.email_validity_history), ("unknown", False))
        nobody = self.env["res.partner"].create({"name": "No Address"})
        self.assertEqual((nobody.email_validity, nobody.email_validity_history), (False, False))

    def test_a_portal_user_reads_nothing_of_what_colleagues_noted(self):
        self.mark(self.contact, "invalid", "Ann told me she was fired")
        portal = new_test_user(self.env, login="paula", groups="base.group_portal")
        self.contact.sudo().parent_id = portal.partner_id.commercial_partner_id
        contact = self.contact.with_user(portal)
        self.assertEqual(contact.read(["name", "email_validity"])[0]["email_validity"], "invalid")
        for name in ("email_validity_reason", "email_validity_at", "email_validity_history"):
            with self.subTest(name), self.assertRaises(AccessError):
                contact.read([name])

    def test_a_change_by_writing_the_field_is_kept_too(self):
        address = self.env["email.address"].create({"email": "person1@good.example", "validity": "invalid"})
        address.with_user(self.manager).write({"validity": "valid", "reason": "Called"})
        address.with_user(self.manager).write({"reason": "Called twice"})
        self.assertEqual(
            [(row[0], row[1], row[3]) for row in self.history("person1@good.example")],
            [("invalid", "valid", self.manager.name), ("unknown", "invalid", self.env.user.name)],
        )

    def test_a_manager_marks_addresses_from_their_list(self):
        self.env["email.address"].create([{"email": f"person{number}@good.example"} for number in (1, 2)])
        addresses = (
            self.env["email.address"].with_user(self.manager).search([("email", "like", "person_@good.example")])
        )
        addresses.action_mark_invalid()
        self.assertEqual(set(addresses.mapped("validity")), {"invalid"})
        name = self.manager.name
        self.assertEqual(self.history("person2@good.example"), [("unknown", "invalid", f"Set by hand by {name}", name)])
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            addresses.with_user(self.seller).action_mark_valid()
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            addresses.history_ids.with_user(self.manager).write({"reason": "It was not me"})

    def test_marking_is_in_the_chatter(self):
        self.mark(self.contact, "invalid", "<b>Left</b> the company")
        message = self.contact.message_ids[0]
        self.assertIn("person1@good.example marked as invalid", message.body)
        self.assertIn("&lt;b&gt;Left&lt;/b&gt; the company", message.body)
        self.assertEqual(message.author_id, self.seller.partner_id)

    def test_marked_invalid_is_not_mailed_and_marked_valid_is(self):
        mailing = self.make_mailing(self.make_list(self.partners[:2]))
        self.mark(self.contact, "invalid")
        mailing.action_launch()
        self.assertEqual(self.states(mailing), {"person1@good.example": "invalid", "person2@good.example": "queued"})
        self.mark(self.contact, "valid")
        again = self.make_mailing(mailing.campaign_id.target_list_ids)
        again.action_launch()
        self.assertEqual(self.states(again)["person1@good.example"], "queued")

    def test_leads_and_users(self):
        self.mark(self.lead, "invalid", "Wrong number")
        self.assertEqual((self.lead.email_validity, self.lead.email_validity_reason), ("invalid", "Wrong number"))
        self.assertIn("lea@good.example marked as invalid", self.lead.message_ids[0].body)
        user = self.salesperson.with_user(self.env.ref("base.user_admin"))
        self.mark(user, "invalid", "On leave for ever")
        self.assertEqual(user.email_validity, "invalid")
        self.assertEqual(user.partner_id.email_validity, "invalid", "a user is their contact")
        self.assertIn("On leave for ever", user.partner_id.message_ids[0].body)

    def test_several_at_once(self):
        self.partners[2].email = False
        self.mark(self.partners[:2].with_user(self.seller), "invalid", "The firm is closed")
        self.assertEqual(self.partners[:2].mapped("email_validity"), ["invalid", "invalid"])
        self.assertIn("firm is closed", self.partners[1].message_ids[0].body)
        with self.assertRaisesRegex(UserError, "Person 3.*no email address"):
            self.mark(self.partners[:3].with_user(self.seller), "valid")

    def test_all_that_a_list_view_finds(self):
        many = self.env["res.partner"].create(
            [{"name": f"Many {n}", "email": f"many{n}@good.example"} for n in range(200)]
        )
        context = {
            "active_model": "res.partner",
            "active_ids": [],
            "active_domain": [("name", "like", "Many ")],
            "selected_by_domain": True,
        }
        form = Form(self.env["email.address.mark"].with_user(self.seller).with_context(**context))
        self.assertIn("200 selected", form.addresses)
        form.note = "The firm is closed"
        form.save().action_mark()
        self.assertEqual(set(many.mapped("email_validity")), {"invalid"})
        self.assertIn("firm is closed", many[-1].message_ids[0].body)
        self.assertEqual(self.contact.email_validity, "unknown")

    def test_who_may_not_write_the_record_may_not_mark(self):
        reader = new_test_user(self.env, login="rita", groups="email_campaign.group_user")
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            self.mark(self.partners[0].with_user(reader), "invalid")
        others = new_test_user(
            self.env, login="olaf", groups="sales_team.group_sale_salesman,email_campaign.group_user"
        )
        self.lead.user_id = self.seller
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            self.mark(self.lead.with_user(others), "invalid")
        wizard = self.env["email.address.mark"].with_user(reader)
        for model in ("ir.mail_server", "no.such.model", False):
            made = wizard.create({"res_model": model or "x", "res_ids": [1], "validity": "invalid"})
            with self.subTest(model), self.assertRaisesRegex(UserError, "Select contacts"):
                made.action_mark()
        self.assertFalse(self.env["email.address"].search([("email", "=", "person1@good.example")]))

    def test_filters_and_groups_by_validity(self):
        addresses = self.env["email.address"]
        self.bounced("person1@good.example")
        self.bounced("person2@good.example", kind="soft")
        addresses._note_activity("person3@good.example", "open")
        self.partners[4].email = False
        mine = [("id", "in", self.partners.ids)]
        contacts = self.env["res.partner"].with_user(self.seller)
        everything = {"invalid": 1, "soft_bouncing": 1, "valid": 1, "unknown": 1, False: 1}
        self.assertEqual(self.groups(contacts, "email_validity", mine), everything)
        for validity in everything:
            with self.subTest(validity):
                domain = [*mine, ("email_validity", "=", validity)]
                self.assertEqual(contacts.search(domain).mapped("email_validity"), [validity])
                self.assertEqual(contacts.search_count([*mine, ("email_validity", "!=", validity)]), 4)
        self.assertEqual(
            contacts.search(mine, order="email_validity, id").mapped("email_validity"),
            ["invalid", "soft_bouncing", "unknown", "valid", False],
        )

    def test_filters_and_groups_find_both_spellings_of_a_domain(self):
        people = self.env["res.partner"].create(
            [
                {"name": "Jo", "email": "jo@m\u00fcnchen.example"},
                {"name": "Kim", "email": "kim@xn--mnchen-3ya.example"},
                {"name": "Lu", "email": "lu@M\u00fcnchen.example"},
            ]
        )
        self.bounced("jo@xn--mnchen-3ya.example", "kim@xn--mnchen-3ya.example")
        mine = [("id", "in", people.ids)]
        contacts = self.env["res.partner"].with_user(self.seller)
        self.assertEqual(self.groups(contacts, "email_validity", mine), {"invalid": 2, "unknown": 1})
        self.assertEqual(contacts.search([*mine, ("email_validity", "=", "invalid")]), people[:2])
        self.assertEqual(people.mapped("email_validity"), ["invalid", "invalid", "unknown"])

    def test_leads_and_users_are_filtered_and_grouped_too(self):
        self.bounced("lea@good.example")
        self.env["email.address"]._note_activity("sally@crm.example", "open")
        leads = self.env["crm.lead"].with_user(self.seller)
        mine = [("id", "=", self.lead.id)]
        self.assertEqual(self.groups(leads, "email_validity", mine), {"invalid": 1})
        users = self.env["res.users"].with_user(self.seller)
        both = [("id", "in", (self.salesperson | self.manager).ids)]
        self.assertEqual(self.groups(users, "email_validity", both), {"valid": 1, "unknown": 1})
        self.assertEqual(users.search([*both, ("email_validity", "=", "valid")]), self.salesperson)
        for model in (leads, users, self.env["res.partner"]):
            described = model.fields_get(["email_validity", "email_contact_type"])
            for name in ("email_validity", "email_contact_type"):
                self.assertTrue(described[name]["groupable"] and described[name]["searchable"], (model._name, name))


@tagged("post_install", "-at_install")
class TestEntry(AddresseeCase):
    """What is typed as an address is checked where it is typed."""

    def test_what_is_no_address_is_refused_with_the_reason(self):
        target_list = self.make_list(user=self.seller)
        members = self.env["email.target.list.member"].with_user(self.seller)
        for text, reason in (
            ("bob@host", "has no dot"),
            ("bob", "exactly one part before and one after"),
            ("a@good.example, b@good.example", "holds several"),
            ("bob@good..example", "not a valid domain name"),
            ("bo b@good.example", "before the @-sign is not valid"),
            ("bob@good.example\nBcc: eve@bad.example", "Line breaks"),
        ):
            with self.subTest(text), self.assertRaisesRegex(ValidationError, reason):
                members.create({"list_id": target_list.id, "email": text})
        for text in ("fine@good.example, bob@host", "Bob <bob@host>"):
            with self.subTest(text), self.assertRaisesRegex(UserError, "“?Bob|bob@host.*has no dot"):
                target_list._add_addresses(text)
        self.assertFalse(target_list.member_count)

    def test_names_brackets_and_special_domains_are_taken(self):
        target_list = self.make_list(user=self.seller)
        typed = '"Doe, Ann" <Ann+News@Good.example>; root@localhost\nbox@m\u00fcnchen.example, ann+news@good.example'
        target_list._add_addresses(typed)
        self.assertEqual(
            {member.email: member.name for member in target_list.member_ids},
            {"ann+news@good.example": "Doe, Ann", "root@localhost": False, "box@xn--mnchen-3ya.example": False},
        )
