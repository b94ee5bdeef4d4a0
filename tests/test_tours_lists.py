from odoo.tests import tagged

from .test_tours import TourCase


@tagged("post_install", "-at_install")
class TestToursLists(TourCase):
    """How a salesperson fills, empties, merges and splits lists, and sends to targets of all kinds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tag = cls.env["res.partner.category"].create({"name": "Greenhouse"})
        cls.ben.category_id = tag
        cls.ann.city = "Northend"
        cls.env["ir.filters"].with_user(cls.user).create(
            [
                {"name": name, "model_id": "res.partner", "domain": domain, "user_ids": cls.user.ids}
                for name, domain in (("In the north", "[('city', '=', 'Northend')]"), ("Broken", "[('gone', '=', 1)]"))
            ]
        )

    def make_own_list(self, name, records):
        return self.make_list(records, user=self.user, name=name)

    def test_a_selection_and_all_of_a_search(self):
        # The client names no more records than this, by default 20,000.
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", "10")
        self.env["res.partner"].create(
            [{"name": f"Many {n:03}", "email": f"many{n}@good.example"} for n in range(1, 91)]
        )
        self.walk("/odoo", "email_campaign_lists_selection")
        target_list = self.env["email.target.list"].search([("name", "=", "Gardeners")])
        self.assertEqual((target_list.user_id, target_list.member_count), (self.user, 0))

    def test_saved_filter_tags_and_another_list(self):
        cleo = self.env["res.partner"].create({"name": "Cleo", "email": "cleo@good.example"})
        self.make_own_list("Friends", cleo)
        target_list = self.make_own_list("Gardeners", self.env["res.partner"])
        self.walk(f"/odoo/email-target-lists/{target_list.id}", "email_campaign_lists_filter_and_tags")
        self.assertEqual(sorted(target_list.member_ids.mapped("name")), ["Ben Beech", "Cleo"])

    def test_merge_split_and_duplicate(self):
        self.make_own_list("Gardeners", self.ann | self.ben)
        self.make_own_list("Friends", self.ben | self.nick)
        self.walk("/odoo", "email_campaign_lists_merge_and_split")

    def test_send_to_targets_of_all_kinds(self):
        cleo = self.env["res.partner"].create({"name": "Cleo", "email": "cleo@good.example"})
        self.make_own_list("Friends", cleo)
        self.make_own_list("Rivals", self.ben)
        self.walk("/odoo", "email_campaign_lists_send")
        mailing = self.env["email.campaign.mailing"].search([("subject", "=", "The apples are ripe")])
        self.assertEqual((mailing.state, mailing.campaign_id.name), ("draft", "Harvest"))
        self.walk(f"/odoo/mass-emails/{mailing.id}", "email_campaign_lists_send_draft")
        self.send()
        self.assertEqual(sorted(self.peer.recipients()), ["ann@good.example", "bare@good.example", "cleo@good.example"])
