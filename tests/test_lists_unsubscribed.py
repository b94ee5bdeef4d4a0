from odoo.tests import tagged

from .test_addressees import AddresseeCase


@tagged("post_install", "-at_install")
class TestUnsubscribed(AddresseeCase):
    """Who unsubscribed from a list gets nothing by it: an address that somebody else has too, merged, split or not."""

    def launched(self, target_list):
        mailing = self.make_mailing(target_list, user=self.seller)
        mailing.campaign_id.target_list_ids._add_addresses("other@good.example")
        mailing.action_launch()
        return sorted((row.email, row.skip_reason or row.state) for row in mailing.recipient_ids)

    def unsubscribe(self, member):
        member.with_user(self.seller).state = "unsubscribed"

    def test_a_typed_address_whose_contact_is_added_later(self):
        target_list = self.make_list(user=self.seller)
        target_list._add_addresses("person1@good.example")
        self.unsubscribe(target_list.member_ids)
        target_list._add_records(self.partners[:2].with_user(self.seller))
        self.assertEqual(
            self.launched(target_list),
            [
                ("other@good.example", "queued"),
                ("person1@good.example", "opted_out"),
                ("person1@good.example", "opted_out"),
                ("person2@good.example", "queued"),
            ],
        )

    def test_a_contact_and_a_lead_with_one_address(self):
        self.lead.email_from = "Person1@good.example"
        target_list = self.make_list(self.contact, user=self.seller)
        target_list._add_records(self.lead)
        self.unsubscribe(target_list.member_ids.filtered(lambda member: member.res_model == "crm.lead"))
        self.assertEqual(
            self.launched(target_list),
            [("other@good.example", "queued")] + [("person1@good.example", "opted_out")] * 2,
        )

    def test_from_one_list_and_not_from_another(self):
        first, second = (self.make_list(self.contact, user=self.seller, name=name) for name in "AB")
        self.unsubscribe(first.member_ids)
        self.assertEqual(self.launched(second), [("other@good.example", "queued"), ("person1@good.example", "queued")])

    def test_merged_lists(self):
        for here, there in ((self.contact, "person1@good.example"), ("person1@good.example", self.contact)):
            lists = [self.make_list(user=self.seller, name=name) for name in "AB"]
            for target_list, one in zip(lists, (here, there), strict=True):
                if isinstance(one, str):
                    target_list._add_addresses(one)
                else:
                    target_list._add_records(one)
            self.unsubscribe(lists[1].member_ids)
            lists[0]._merge_lists(lists[1])
            self.assertEqual(
                self.launched(lists[0]),
                [("other@good.example", "queued")] + [("person1@good.example", "opted_out")] * 2,
            )

    def test_split_by_kind(self):
        target_list = self.make_list(self.contact, user=self.seller)
        target_list._add_addresses("person1@good.example, person2@good.example")
        self.unsubscribe(target_list.member_ids.filtered(lambda member: member.email == "person1@good.example")[1])
        contacts, _addresses = target_list._split_by_model()
        self.assertEqual(
            self.launched(contacts), [("other@good.example", "queued"), ("person1@good.example", "opted_out")]
        )

    def test_merged_contacts(self):
        for gone, kept in (
            (self.partners[0], self.partners[1]),
            (self.partners[2] | self.partners[3], self.partners[4]),
        ):
            with self.subTest(kept.name):
                target_list = self.make_list((gone | kept).with_user(self.seller), user=self.seller)
                self.unsubscribe(target_list.member_ids[len(gone) - 1])
                self.env["base.partner.merge.automatic.wizard"]._merge((gone | kept).ids, kept)
                self.env.invalidate_all()
                self.assertEqual(
                    self.launched(target_list), [("other@good.example", "queued"), (kept.email, "opted_out")]
                )

    def test_merged_contacts_of_which_the_last_was_on_no_list(self):
        target_list = self.make_list(self.partners[:2].with_user(self.seller), user=self.seller)
        self.unsubscribe(target_list.member_ids[1])
        self.env["base.partner.merge.automatic.wizard"]._merge(self.partners[:3].ids, self.partners[2])
        self.env.invalidate_all()
        self.assertEqual(
            self.launched(target_list), [("other@good.example", "queued"), ("person3@good.example", "opted_out")]
        )

    def test_merged_leads(self):
        leads = self.lead.create(
            [{"name": f"L{n}", "email_from": f"lead{n}@good.example", "type": "opportunity"} for n in range(3)]
        )
        for number in range(3):
            target_list = self.make_list(user=self.seller, name=str(number))
            target_list._add_records(leads)
            self.unsubscribe(target_list.member_ids[number])
        merged = leads.sudo().merge_opportunity()
        self.env.invalidate_all()
        members = self.env["email.target.list.member"].search(
            [("res_model", "=", "crm.lead"), ("res_id", "=", merged.id)]
        )
        self.assertEqual(members.mapped("state"), ["unsubscribed"] * 3)
