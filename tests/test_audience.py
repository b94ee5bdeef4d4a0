from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestAudience(CampaignCase):
    """Who gets a mass email: invariants 1 and 3 of DESIGN.md, at launch and at claim."""

    def test_everyone_on_the_lists_is_accounted_for(self):
        partner = self.env["res.partner"].create
        opted_out = partner({"name": "Out", "email": "out@good.example"})
        blacklisted = partner({"name": "Black", "email": "black@good.example"})
        invalid = partner({"name": "Dead", "email": "dead@good.example"})
        excluded = partner({"name": "Rival", "email": "rival@good.example"})
        archived = partner({"name": "Gone", "email": "gone@good.example", "active": False})
        without = partner({"name": "No Address"})
        broken = partner({"name": "Broken", "email": "not an address"})
        twin = partner({"name": "Twin", "email": "Person1@GOOD.example"})
        self.env["email.subscription"]._set_state("out@good.example", self.list_type, "opted_out", "test")
        self.env["mail.blacklist"]._add("black@good.example")
        self.env["email.address"].create({"email": "dead@good.example", "validity": "invalid"})
        everybody = self.partners | opted_out | blacklisted | invalid | excluded | archived | without | broken | twin
        target_list = self.make_list(everybody)
        mailing = self.make_mailing(target_list, excluding=self.make_list(excluded, name="Not these"))

        mailing.action_launch()

        by_partner = {r.partner_id: r for r in mailing.recipient_ids}
        self.assertEqual(len(mailing.recipient_ids), len(everybody), "queued + skipped = everyone on the lists")
        self.assertEqual({by_partner[p].state for p in self.partners}, {"queued"})
        reasons = {
            opted_out: "opted_out",
            blacklisted: "blacklisted",
            invalid: "invalid",
            excluded: "excluded",
            archived: "disabled",
            without: "no_email",
            broken: "bad_address",
            twin: "duplicate",
        }
        for person, reason in reasons.items():
            self.assertEqual((by_partner[person].state, by_partner[person].skip_reason), ("skipped", reason))
        self.assertEqual(mailing.recipient_count + mailing.skipped_count, len(everybody))

        self.send()

        self.assertEqual(sorted(self.peer.recipients()), sorted(self.partners.mapped("email")))

    def test_mixed_models_on_one_list(self):
        lead = self.env["crm.lead"].create(
            {"name": "Forty chairs", "contact_name": "Lea Dill", "email_from": "lea@good.example"}
        )
        target_list = self.make_list(self.partners[:1])
        target_list.sudo()._add_records(lead)
        target_list.sudo()._add_records(self.salesperson)
        target_list._add_addresses("Bare <bare@good.example>; second@good.example")
        self.assertEqual(target_list.member_count, 5)

        mailing = self.make_mailing(target_list, user=self.env.ref("base.user_admin"), email_from="a@crm.example")
        mailing.action_launch()
        self.send()

        self.assertIn("Hello Lea Dill", self.message_to("lea@good.example").get_body(("plain",)).get_content())
        self.assertIn("Hello Sally Sells", self.message_to("sally@crm.example").get_body(("plain",)).get_content())
        self.assertIn("Hello Bare", self.message_to("bare@good.example").get_body(("plain",)).get_content())
        self.assertIn("Hello friend", self.message_to("second@good.example").get_body(("plain",)).get_content())
        self.assertEqual(len(self.peer.mails), 5)

    def test_excluded_by_address_and_by_record(self):
        same_address = self.env["res.partner"].create({"name": "Double", "email": "person1@good.example"})
        excluding = self.make_list(same_address, name="Not these")
        excluding._add_addresses("person2@good.example")
        excluding._add_records(self.partners[2].with_user(self.salesperson))
        mailing = self.make_mailing(self.make_list(self.partners), excluding=excluding)
        mailing.action_launch()
        self.partners[2].email = "changed@good.example"
        self.assertEqual(
            self.states(mailing),
            {
                "person1@good.example": "excluded",
                "person2@good.example": "excluded",
                "person3@good.example": "excluded",
                "person4@good.example": "queued",
                "person5@good.example": "queued",
            },
        )

    def test_first_list_wins_and_an_opt_out_is_of_one_type(self):
        events = self.env["email.list.type"].create({"name": "Events"})
        first = self.make_list(self.partners, name="First")
        second = self.make_list(self.partners, name="Second", list_type_id=events.id)
        self.env["email.subscription"]._set_state("person1@good.example", self.list_type, "opted_out", "test")
        mailing = self.make_mailing(first | second)
        mailing.action_launch()
        rows = mailing.recipient_ids.filtered(lambda r: r.email == "person1@good.example")
        self.assertEqual({(r.list_id, r.skip_reason) for r in rows}, {(first, "opted_out"), (second, False)})
        others = mailing.recipient_ids - rows
        self.assertEqual({(r.list_id, r.skip_reason) for r in others}, {(first, False), (second, "duplicate")})

    def test_what_changes_after_launch_is_honoured_at_claim(self):
        mailing = self.make_mailing(self.make_list(self.partners), excluding=self.make_list(name="Not these"))
        mailing.action_launch()
        self.env["email.subscription"]._set_state("person1@good.example", self.list_type, "opted_out", "test")
        self.env["mail.blacklist"]._add("person2@good.example")
        self.env["email.address"].create({"email": "person3@good.example", "validity": "invalid"})
        mailing.campaign_id.excluding_list_ids._add_records(self.partners[3].with_user(self.salesperson))
        latecomer = self.env["res.partner"].create({"name": "Late", "email": "late@good.example"})
        mailing.campaign_id.target_list_ids._add_records(latecomer.with_user(self.salesperson))
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual(self.peer.recipients(), ["person5@good.example"])
        self.assertEqual(
            self.states(mailing),
            {
                "person1@good.example": "opted_out",
                "person2@good.example": "blacklisted",
                "person3@good.example": "invalid",
                "person4@good.example": "excluded",
                "person5@good.example": "sent",
            },
        )

    def test_members_follow_their_records(self):
        target_list = self.make_list(self.partners[:2])
        self.partners[0].write({"email": "moved@good.example", "name": "Moved"})
        self.partners[1].unlink()
        mailing = self.make_mailing(target_list)
        mailing.action_launch()
        self.assertEqual(self.states(mailing), {"moved@good.example": "queued"})

    def test_a_record_deleted_after_launch_is_not_mailed(self):
        lead = self.env["crm.lead"].create({"name": "L", "contact_name": "Lea", "email_from": "lea@good.example"})
        target_list = self.make_list(self.partners[:1])
        target_list.sudo()._add_records(lead)
        body = "<p>{{ object.email_normalized }}</p>"
        mailing = self.make_mailing(
            target_list, user=self.env.ref("base.user_admin"), body_html=body, email_from="a@crm.example"
        )
        mailing.action_launch()
        lead.unlink()
        self.send()
        self.assertEqual(self.states(mailing)["lea@good.example"], "record_gone")
        self.assertEqual(self.peer.recipients(), ["person1@good.example"])

    def test_adding_twice_adds_once(self):
        target_list = self.make_list(self.partners)
        self.assertEqual(target_list._add_records(self.partners.with_user(self.salesperson)), 0)
        self.assertEqual(target_list._add_addresses("a@good.example, A@Good.Example"), 1)
        self.assertEqual(target_list._add_addresses("a@good.example"), 0)

    def test_adding_is_one_statement_however_many(self):
        many = self.env["res.partner"].create([{"name": str(n), "email": f"m{n}@good.example"} for n in range(300)])
        target_list = self.make_list()
        before = self.cr.sql_log_count
        target_list._add_records(self.partners.with_user(self.salesperson))
        few_queries = self.cr.sql_log_count - before
        before = self.cr.sql_log_count
        self.assertEqual(target_list._add_records(many.with_user(self.salesperson)), 300)
        self.assertLessEqual(self.cr.sql_log_count - before, few_queries)

    def test_a_typed_address_that_is_none_is_named(self):
        target_list = self.make_list()
        with self.assertRaisesRegex(UserError, "no-at-sign"):
            target_list._add_addresses("fine@good.example, no-at-sign")
        self.assertFalse(target_list.member_count, "all or nothing")
        with self.assertRaisesRegex(ValidationError, "nobody"):
            self.env["email.target.list.member"].create({"list_id": target_list.id, "email": "nobody"})

    def test_what_has_no_address_is_refused(self):
        with self.assertRaisesRegex(UserError, "no email address"):
            self.make_list()._add_records(self.env["res.country"].search([], limit=1))

    def test_a_member_typed_into_the_list(self):
        target_list = self.make_list()
        member = self.env["email.target.list.member"].create(
            [
                {"list_id": target_list.id, "partner_id": self.partners[0].id},
                {"list_id": target_list.id, "email": "Some Body <some@Good.example>"},
            ]
        )
        self.assertEqual(member.mapped("email_normalized"), ["person1@good.example", "some@good.example"])
        self.assertEqual(member[0].res_model, "res.partner")
        self.assertEqual((member[1].name, member[1].email), ("Some Body", "some@good.example"))

    def test_another_company_is_left_out(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.partners[0].company_id = other
        target_list = self.make_list()
        target_list.sudo()._add_records(self.partners[:2])
        mailing = self.make_mailing(target_list)
        mailing.action_launch()
        self.assertEqual(
            self.states(mailing), {"person1@good.example": "other_company", "person2@good.example": "queued"}
        )

    def test_a_used_list_is_not_deleted(self):
        target_list = self.make_list(self.partners)
        self.make_mailing(target_list)
        with self.assertRaisesRegex(UserError, "Archive the list"):
            target_list.unlink()

    def test_validity_on_the_contact(self):
        addresses = self.env["email.address"]
        self.bounced("person1@good.example")
        self.bounced("person2@good.example", kind="soft")
        addresses._note_activity("person3@good.example", "open")
        self.partners.invalidate_recordset()
        self.assertEqual(
            self.partners.mapped("email_validity"),
            ["invalid", "soft_bouncing", "valid", "unknown", "unknown"],
        )
        self.assertEqual(self.partners[0].email_validity_reason, "5.1.1 no such user")
        search = self.env["res.partner"].search
        mine = ("id", "in", self.partners.ids)
        self.assertEqual(search([mine, ("email_validity", "=", "invalid")]), self.partners[0])
        self.assertEqual(len(search([mine, ("email_validity", "=", "unknown")])), 2)
        self.assertEqual(len(search([mine, ("email_validity", "!=", "unknown")])), 3)

    def test_validity_is_set_by_hand_with_a_trace(self):
        address = self.env["email.address"].create({"email": "person1@good.example", "validity": "invalid"})
        address.with_user(self.manager).action_mark_valid()
        self.assertEqual(self.partners[0].email_validity, "valid")
        self.assertIn("max", address.reason)
        self.assertTrue(address.validity_at)

    def test_both_spellings_of_an_international_domain_are_one(self):
        partner = self.env["res.partner"].create
        people = partner({"name": "Jo", "email": "jo@m\u00fcnchen.example"})
        people |= partner({"name": "Kim", "email": "kim@xn--mnchen-3ya.example"})
        target_list = self.make_list(people)
        target_list._add_addresses("jo@xn--mnchen-3ya.example, kim@m\u00fcnchen.example, lu@m\u00fcnchen.example")
        self.env["mail.blacklist"]._add("lu@xn--mnchen-3ya.example")
        mailing = self.make_mailing(target_list)
        mailing.action_launch()
        self.assertEqual(
            sorted((r.email, r.skip_reason or r.state) for r in mailing.recipient_ids),
            [
                ("jo@xn--mnchen-3ya.example", "duplicate"),
                ("jo@xn--mnchen-3ya.example", "queued"),
                ("kim@xn--mnchen-3ya.example", "duplicate"),
                ("kim@xn--mnchen-3ya.example", "queued"),
                ("lu@xn--mnchen-3ya.example", "blacklisted"),
            ],
        )
        self.send()
        self.assertEqual(len(self.peer.mails), 2)
        self.env["email.address"].create({"email": "jo@xn--mnchen-3ya.example", "validity": "invalid"})
        self.assertEqual(people[0].email_validity, "invalid")

    def test_launching_holds_no_contact(self):
        """A foreign key would lock each of a million until it is over."""
        self.env.cr.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = 'email_campaign_recipient'::regclass"
        )
        self.assertFalse(self.env.cr.fetchall())

    def merge(self, source, target):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((source | target).ids, target)

    def test_merged_contacts_stay_on_their_lists(self):
        target_list = self.make_list(self.partners[:2])
        self.merge(self.partners[0], self.partners[4])
        self.merge(self.partners[1], self.partners[4])
        self.env["email.target.list.member"]._refresh_from_records(target_list)
        self.assertEqual(target_list.member_ids.mapped("res_id"), self.partners[4].ids)

    def test_merging_lifts_no_exclusion(self):
        excluding = self.make_list(self.partners[1], name="Not these")
        mailing = self.make_mailing(self.make_list(self.partners[:1]), excluding=excluding)
        mailing.campaign_id.target_list_ids._add_addresses("other@good.example")
        self.merge(self.partners[1], self.partners[0])
        mailing.action_launch()
        self.assertEqual(self.states(mailing), {"person1@good.example": "excluded", "other@good.example": "queued"})

    def test_merged_after_launch_is_mailed_once(self):
        mailing = self.make_mailing(self.make_list(self.partners[:1]), body_html="<p>{{ object.name }}</p>")
        mailing.action_launch()
        self.merge(self.partners[0], self.partners[1])
        self.send()
        self.assertEqual(self.peer.recipients(), ["person1@good.example"])

    def test_merged_leads_stay_on_their_lists(self):
        leads = self.env["crm.lead"].create(
            [{"name": f"Lead {n}", "email_from": "lea@good.example", "type": "opportunity"} for n in range(2)]
        )
        target_list = self.make_list()
        target_list.sudo()._add_records(leads)
        merged = leads.merge_opportunity()
        self.assertEqual(target_list.member_ids.mapped("res_id"), merged.ids)

    def test_deleting_a_contact_leaves_its_lead_on_the_list(self):
        lead = self.env["crm.lead"].create(
            {"name": "Chairs", "partner_id": self.partners[0].id, "email_from": "lea@good.example"}
        )
        target_list = self.make_list(self.partners[:2])
        target_list.sudo()._add_records(lead)
        self.partners[0].unlink()
        self.assertEqual(
            [(m.res_model, m.res_id) for m in target_list.member_ids],
            [("res.partner", self.partners[1].id), ("crm.lead", lead.id)],
        )

    def test_an_archived_list_goes_on_excluding(self):
        excluding = self.make_list(self.partners[:1], name="Not these")
        mailing = self.make_mailing(self.make_list(self.partners[:2]), excluding=excluding)
        excluding.active = False
        mailing.action_launch()
        self.assertEqual(self.states(mailing)["person1@good.example"], "excluded")
        self.assertEqual(mailing.campaign_id.excluding_list_ids, excluding, "and the form shows it")

    def test_neither_contact_nor_list_contact(self):
        self.partners[0].is_email_contact = False
        self.partners[1].write({"is_email_contact": False, "is_email_list_contact": True})
        mailing = self.make_mailing(self.make_list(self.partners[:2]))
        mailing.action_launch()
        self.assertEqual(
            self.states(mailing), {"person1@good.example": "contact_type", "person2@good.example": "queued"}
        )

    def test_attachments_of_a_template_go_along(self):
        attachment = self.env["ir.attachment"].create({"name": "prices.txt", "raw": b"42"})
        template = self.env["mail.template"].create(
            {
                "name": "T",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "Prices",
                "body_html": "<p>Here they are</p>",
                "attachment_ids": attachment.ids,
            }
        )
        mailing = self.make_mailing(
            self.make_list(self.partners[:1]), content_type="template", template_id=template.id, subject=False
        )
        mailing.action_launch()
        self.send()
        [file] = self.message_to("person1@good.example").iter_attachments()
        self.assertEqual((file.get_filename(), file.get_content().strip()), ("prices.txt", "42"))

    def test_copies_have_what_the_original_has(self):
        target_list = self.make_list(self.partners)
        target_list._add_addresses("bare@good.example")
        mailing = self.make_mailing(target_list)
        self.env["email.tracking.url"].create(
            {"name": "Shop", "url": "https://shop.example", "code": "shop", "campaign_id": mailing.campaign_id.id}
        )
        self.assertEqual(target_list.copy().member_count, 6)
        copied = mailing.campaign_id.copy()
        self.assertEqual((copied.mailing_ids.subject, copied.mailing_ids.state), ("Spring is here", "draft"))
        self.assertEqual(copied.tracking_url_ids.code, "shop")
