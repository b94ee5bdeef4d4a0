from odoo.tests import tagged

from .test_addressees import AddresseeCase


@tagged("post_install", "-at_install")
class TestMerging(AddresseeCase):
    """Contacts, leads and users that are merged, given another address or deleted keep their history right."""

    def sent_to(self, *records, body="<p>Hello</p>"):
        """Send a mass email to `records`, and let all who got it open it."""
        target_list = self.make_list(user=self.seller)
        for each in records:
            target_list.sudo()._add_records(each.sudo())
        mailing = self.make_mailing(target_list, user=self.seller, body_html=body)
        mailing.action_launch()
        self.send()
        reached = mailing.recipient_ids.filtered(lambda found: found.state == "sent")
        reached.sudo().opened_at = self.env.cr.now()
        self.env.flush_all()
        self.env.invalidate_all()
        return mailing

    def numbers(self, record):
        record.invalidate_recordset()
        names = ("recipient", "sent", "opened", "clicked")
        return [record[f"email_campaign_{name}_count"] for name in names]

    def shown(self, record):
        action = record.action_view_email_campaign_recipients()
        return self.env[action["res_model"]].with_user(self.seller).search(action["domain"])

    def merge(self, source, target):
        self.env["base.partner.merge.automatic.wizard"]._merge((source | target).ids, target)
        self.env.invalidate_all()

    def test_the_smart_button_counts_for_leads_and_users_too(self):
        user = self.salesperson.with_user(self.seller)
        mailing = self.sent_to(self.contact, self.lead, user)
        self.sent_to(self.lead)
        self.assertEqual(self.numbers(self.contact), [1, 1, 1, 0])
        self.assertEqual(self.numbers(self.lead), [2, 2, 2, 0])
        self.assertEqual(self.numbers(user), [1, 1, 1, 0])
        self.assertEqual(self.shown(user).mailing_id, mailing)
        self.assertEqual(len(self.shown(self.lead)), 2)
        self.assertEqual(self.numbers(self.contact.with_user(self.salesperson)), [0, 0, 0, 0], "a colleague's emails")

    def test_what_was_sent_to_both_contacts_is_the_history_of_one(self):
        twin = self.partners[1]
        mailing = self.sent_to(self.contact, twin)
        self.merge(self.partners[0], twin)
        kept = twin.with_user(self.seller)
        self.assertEqual(self.numbers(kept), [2, 2, 2, 0])
        self.assertEqual(set(self.shown(kept).mapped("email")), {"person1@good.example", "person2@good.example"})
        first = mailing.recipient_ids.filtered(lambda found: found.email == "person1@good.example")
        self.assertEqual(first.action_open_record()["res_id"], twin.id, "its record is the one that stayed")

    def test_a_merged_contact_is_of_both_types_and_has_the_validity_of_its_address(self):
        twin = self.partners[1]
        self.partners[0].write({"is_email_contact": False, "is_email_list_contact": True})
        self.bounced("person1@good.example")
        self.merge(self.partners[0], twin)
        self.assertEqual((twin.email, twin.email_contact_type), ("person2@good.example", "both"))
        self.assertEqual(twin.email_validity, "unknown")
        twin.email = "person1@good.example"
        self.assertEqual(twin.email_validity, "invalid", "what is known of an address is not lost with its contact")

    def test_what_was_sent_to_merged_leads_is_the_history_of_one(self):
        other = self.lead.create({"name": "Chairs", "email_from": "lea@good.example", "type": "opportunity"})
        self.lead.type = "opportunity"
        self.sent_to(self.lead)
        self.sent_to(other)
        merged = (self.lead | other).sudo().merge_opportunity()
        self.assertEqual(self.numbers(merged.with_user(self.seller)), [2, 2, 2, 0])
        self.assertEqual(len(self.shown(merged.with_user(self.seller))), 2)

    def test_another_address_has_its_own_validity_and_the_contact_its_history(self):
        self.sent_to(self.contact)
        self.bounced("person1@good.example")
        self.contact.email = "new@good.example"
        self.assertEqual((self.contact.email_validity, self.contact.email_validity_history), ("unknown", False))
        self.assertEqual(self.numbers(self.contact), [1, 1, 1, 0], "what came before stays on record")
        mailing = self.sent_to(self.contact)
        self.assertEqual(self.states(mailing), {"new@good.example": "sent"})
        self.contact.email = "person1@good.example"
        self.assertEqual(self.contact.email_validity, "invalid")
        self.assertEqual(self.contact.email_validity_history[0]["reason"], "5.1.1 no such user")

    def test_what_a_deleted_contact_got_stays_under_its_address(self):
        mailing = self.sent_to(self.contact, self.partners[1])
        self.partners[0].unlink()
        row = mailing.recipient_ids.filtered(lambda found: found.email == "person1@good.example")
        self.assertEqual((row.state, row.partner_id), ("sent", self.env["res.partner"]))
        again = self.make_list(name="Again")
        again.sudo()._add_recipients([("mailing_id", "=", mailing.id)])
        members = {member.email: (member.res_model, member.partner_id) for member in again.member_ids}
        self.assertEqual(members["person1@good.example"], (False, self.env["res.partner"]))
        self.assertEqual(members["person2@good.example"], ("res.partner", self.partners[1]))

    def test_several_addresses_in_one_field(self):
        """The first is mailed, and it is the one whose validity counts."""
        for number, text in enumerate(
            (
                "first{}@good.example, second@good.example",
                "First <first{}@good.example>; Second <second@good.example>",
                "first{}@good.example second@good.example",
                "<First{}@Good.example>\nsecond@good.example",
            )
        ):
            with self.subTest(text):
                self.contact.email = text.format(number)
                mailing = self.sent_to(self.contact)
                self.assertEqual(self.states(mailing), {f"first{number}@good.example": "sent"})
                self.mark(self.contact, "invalid")
                self.assertEqual(self.contact.email_validity, "invalid")
                self.assertEqual(self.history(f"first{number}@good.example")[0][1], "invalid")
        self.assertFalse(self.env["email.address"].search([("email", "=", "second@good.example")]))

    def test_who_shares_the_address_of_a_deleted_record_gets_it_instead(self):
        body = "<p>{{ object.display_name }}</p>"
        others = self.lead.create([{"name": f"Twin {n}", "email_from": "lea@good.example"} for n in range(2)])
        mailing = self.make_mailing(self.make_list(user=self.seller), user=self.seller, body_html=body)
        for record in (self.lead, *others):
            mailing.campaign_id.target_list_ids._add_records(record)
        mailing.action_launch()
        self.assertEqual(mailing.recipient_ids.sorted("id").mapped("skip_reason"), [False, "duplicate", "duplicate"])
        self.lead.sudo().unlink()
        with self.assertBalanced(mailing):
            self.send()
        mailing.recipient_ids.invalidate_recordset()
        self.assertEqual(
            [(row.state, row.skip_reason) for row in mailing.recipient_ids.sorted("id")],
            [("skipped", "record_gone"), ("sent", False), ("skipped", "duplicate")],
        )
        self.assertEqual(self.peer.recipients(), ["lea@good.example"])
        self.assertIn("Twin 0", self.message_to("lea@good.example").get_body(("plain",)).get_content())
