from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import BODY, CampaignCase


@tagged("post_install", "-at_install")
class TestWizards(CampaignCase):
    def open_send(self, records=None, **context):
        if records is not None:
            context |= {"active_model": records._name, "active_ids": records.ids}
        return Form(self.env["email.campaign.send"].with_user(self.salesperson).with_context(**context))

    def review(self, form):
        """Press the button of the dialog, and give the one that it opens."""
        action = form.save().action_review()
        return self.env[action["res_model"]].with_user(self.salesperson).browse(action["res_id"])

    def shown(self, action):
        """Give the records that a list view shows for `action`."""
        return self.env[action["res_model"]].with_user(self.salesperson).search(action["domain"])

    def fill_in(self, form, name="Spring"):
        form.name = name
        form.subject = "Spring is here"
        form.body_html = BODY

    def test_from_a_selection_to_a_sent_email(self):
        without = self.env["res.partner"].create({"name": "No Address"})
        form = self.open_send(self.partners | without)
        self.assertEqual((form.record_count, form.without_email_count), (6, 1))
        self.fill_in(form)
        launch = self.review(form)
        self.assertEqual((launch.recipient_count, launch.skipped_count, launch.mailing_id.state), (5, 1, "draft"))
        self.assertEqual(launch.action_confirm()["res_id"], launch.mailing_id.id, "and the mass email is shown")
        mailing = launch.mailing_id
        self.assertEqual(mailing.state, "queued")
        self.assertEqual(mailing.campaign_id.name, "Spring")
        self.assertEqual(mailing.campaign_id.target_list_ids.name, "Spring")
        self.send()
        self.assertEqual((mailing.sent_count, mailing.skipped_count), (5, 1))
        self.assertEqual(len(self.peer.mails), 5)

    def test_targets_of_all_kinds_at_once(self):
        tag, child = self.env["res.partner.category"].create([{"name": "Gardeners"}, {"name": "With a greenhouse"}])
        child.parent_id = tag
        self.partners[1].category_id = child
        saved = self.env["ir.filters"].with_user(self.salesperson)
        saved = saved.create(
            {
                "name": "Number three",
                "model_id": "res.partner",
                "domain": "[('email', '=', 'person3@good.example')]",
                "user_ids": self.salesperson.ids,
            }
        )
        existing = self.make_list(self.partners[:1], name="Existing")
        excluding = self.make_list(self.partners[3:4], name="Not these")
        form = self.open_send()
        self.fill_in(form)
        form.target_list_ids.add(existing)
        form.category_ids.add(tag)
        form.filter_ids.add(saved)
        form.partner_ids.add(self.partners[3])
        form.addresses = "bare@good.example; Person1@good.example"
        form.excluding_list_ids.add(excluding)
        launch = self.review(form)
        campaign = launch.mailing_id.campaign_id
        self.assertEqual(campaign.target_list_ids[0], existing, "a list is used as it is")
        self.assertEqual(existing.member_count, 1)
        self.assertEqual((launch.recipient_count, launch.skipped_count), (4, 2))
        self.assertEqual(
            set(self.shown(launch.action_view_audience()).mapped("email")),
            {"person1@good.example", "person2@good.example", "person3@good.example", "bare@good.example"},
        )
        reasons = {line.reason: self.shown(line.action_view_audience()) for line in launch.reason_ids}
        self.assertEqual(
            {reason: members.mapped("email") for reason, members in reasons.items()},
            {"excluded": ["person4@good.example"], "duplicate": ["person1@good.example"]},
        )
        launch.action_confirm()
        self.send()
        self.assertEqual(len(self.peer.recipients()), 4)

    def test_only_lists_make_no_new_list(self):
        existing = self.make_list(self.partners)
        form = self.open_send(existing)
        self.fill_in(form)
        self.assertEqual(self.review(form).mailing_id.campaign_id.target_list_ids, existing)

    def test_all_lists_of_a_search(self):
        lists = self.make_list(self.partners[:1], name="One") | self.make_list(self.partners[1:2], name="Two")
        form = self.open_send(
            active_model="email.target.list",
            active_ids=[],
            active_domain=[("id", "in", lists.ids)],
            selected_by_domain=True,
        )
        self.assertEqual(form.target_list_ids[:], lists)

    def test_keep_as_draft(self):
        form = self.open_send(self.partners)
        self.fill_in(form)
        launch = self.review(form)
        action = launch.action_keep_draft()
        self.assertEqual((action["res_id"], launch.mailing_id.state), (launch.mailing_id.id, "draft"))

    def test_save_as_draft(self):
        form = self.open_send(self.partners)
        self.fill_in(form, "Later")
        action = form.save().action_save()
        self.assertEqual(self.env["email.campaign.mailing"].browse(action["res_id"]).state, "draft")

    def test_refused_leaves_nothing_behind(self):
        form = self.open_send(self.partners)
        form.name = "Never"
        form.subject = "Hello"
        form.body_html = "<p>{{ object.nothing_of_the_kind }}</p>"
        wizard = form.save()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            wizard.action_review()
        self.assertFalse(self.env["email.campaign"].search([("name", "=", "Never")]))

    def test_leads(self):
        seller = new_test_user(
            self.env,
            login="lou",
            groups="email_campaign.group_user,sales_team.group_sale_salesman",
            email="l@x.example",
        )
        tag = self.env["crm.tag"].create({"name": "Hot"})
        lead = self.env["crm.lead"].create(
            {"name": "Chairs", "email_from": "lea@good.example", "user_id": seller.id, "tag_ids": tag.ids}
        )
        wizard = self.env["email.campaign.send"].with_user(seller)
        form = Form(wizard.with_context(active_model="crm.lead", active_ids=lead.ids))
        self.assertEqual(form.record_count, 1)
        form = Form(wizard)
        self.fill_in(form)
        form.lead_tag_ids.add(tag)
        action = form.save().action_save()
        members = self.env[action["res_model"]].browse(action["res_id"]).campaign_id.target_list_ids.member_ids
        self.assertEqual(members.mapped("email"), ["lea@good.example"])

    def test_without_a_selection(self):
        form = self.open_send()
        self.assertEqual(form.record_count, 0)
        self.fill_in(form)
        with self.assertRaisesRegex(UserError, "Nobody is chosen"):
            form.save().action_review()

    def test_numbers_of_another_ones_mass_email_are_not_opened(self):
        members = self.env["email.target.list.member"]
        mailing = self.make_mailing(self.make_list(self.partners, is_shared=True))
        others = members.with_user(new_test_user(self.env, login="cole", groups="email_campaign.group_user"))
        with self.assertRaises(AccessError):
            others.search([("audience", "=", f"{mailing.id}:queued")])
        with self.assertRaisesRegex(UserError, "names no mass email"):
            others.search([("audience", "=", "everyone")])
