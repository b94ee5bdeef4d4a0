from odoo.tests import Form, tagged

from .test_lists import ListCase


@tagged("post_install", "-at_install")
class TestListsExcluding(ListCase):
    """Who is on an excluding list gets nothing: by record, and by address."""

    def campaign(self, target_list, *excluding):
        """Make a campaign in its form, and its mass email; give that."""
        form = Form(self.env["email.campaign"].with_user(self.salesperson))
        form.name = "Spring"
        form.target_list_ids.add(target_list)
        for one in excluding:
            form.excluding_list_ids.add(one)
        values = {"campaign_id": form.save().id, "subject": "Spring", "body_html": "<p>It is here</p>"}
        return self.env["email.campaign.mailing"].with_user(self.salesperson).create(values)

    def left_out(self, mailing):
        """Give the names that the launch dialog shows behind the number of those on an excluding list."""
        action = mailing.action_prepare_launch()
        launch = self.env[action["res_model"]].with_user(self.salesperson).browse(action["res_id"])
        [line] = launch.reason_ids
        self.assertEqual(line.reason, "excluded")
        action = line.action_view_audience()
        members = self.env[action["res_model"]].with_user(self.salesperson).search(action["domain"])
        self.assertEqual(len(members), line.member_count)
        return sorted(members.mapped("name"))

    def test_by_record_although_its_address_is_another_now(self):
        target_list, excluding = self.make_list(), self.make_list(name="Not these")
        self.dialog(target_list, partner_ids=self.partners)
        self.dialog(excluding, partner_ids=self.partners[:1])
        self.partners[0].email = "moved@good.example"
        mailing = self.campaign(target_list, excluding)
        self.assertEqual(self.left_out(mailing), ["Person 1"])
        mailing.action_launch()
        self.send()
        self.assertEqual(len(self.peer.mails), 4)
        self.assertNotIn("moved@good.example", self.peer.recipients())

    def test_by_address_whoever_has_it(self):
        target_list, excluding = self.make_list(), self.make_list(name="Not these")
        self.dialog(target_list, partner_ids=self.partners, addresses="Bare <bare@good.example>")
        self.dialog(excluding, addresses="PERSON2@good.example, bare@Good.example")
        mailing = self.campaign(target_list, excluding)
        self.assertEqual(self.left_out(mailing), ["Bare", "Person 2"])

    def test_a_user_by_their_contact(self):
        target_list, excluding = self.make_list(self.partners[:1]), self.make_list(name="Not these")
        context = {"active_model": "res.users", "active_ids": self.manager.ids}
        self.dialog(target_list, context=context)
        self.dialog(excluding, partner_ids=self.manager.partner_id)
        self.assertEqual(self.left_out(self.campaign(target_list, excluding)), [self.manager.name])

    def test_several_lists_and_a_dynamic_one(self):
        target_list, first = self.make_list(self.partners), self.make_list(self.partners[:1], name="Not these")
        second = self.make_list(kind="dynamic", name="Nor these")
        second.write(
            {
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain": "[('email', '=', 'person5@good.example')]",
            }
        )
        self.assertEqual(self.left_out(self.campaign(target_list, first, second)), ["Person 1", "Person 5"])
