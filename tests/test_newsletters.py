import re

from odoo.tests import new_test_user, tagged

from .subscribing import SubscribeCase

NEWS = "News and offers"


@tagged("post_install", "-at_install")
class TestNewsletters(SubscribeCase):
    """Newsletters that who is logged in ticks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.list_type.write({"is_newsletter": True, "newsletter_text": "What is new, once a month"})
        cls.elsewhere = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.foreign, cls.hidden, cls.second = cls.env["email.list.type"].create(
            [
                {"name": "Of another company", "is_newsletter": True, "company_id": cls.elsewhere.id},
                {"name": "For nobody to see"},
                {"name": "Second newsletter", "is_newsletter": True, "company_id": cls.env.company.id},
            ]
        )
        cls.customer = new_test_user(
            cls.env, login="carla@shop.example", email="carla@shop.example", groups="base.group_portal"
        )

    def page(self, **post):
        if not post:
            return self.url_open("/my/newsletters").text
        token = re.search(r'csrf_token" value="([^"]+)"', self.page())[1]
        return self.url_open("/my/newsletters", data={"csrf_token": token, **post}).text

    def ticks(self, *list_types):
        return {"save": "1", **{f"newsletter_{list_type.id}": "1" for list_type in list_types}}

    def test_what_is_shown(self):
        self.authenticate("carla@shop.example", "carla@shop.example")
        page = self.page()
        self.assertIn(NEWS, page)
        self.assertIn("What is new, once a month", page)
        self.assertIn("Second newsletter", page)
        self.assertNotIn("Of another company", page)
        self.assertNotIn("For nobody to see", page)
        self.assertIn("/my/newsletters", self.url_open("/my/home").text)

    def test_subscribing_ends_a_break(self):
        colleague = new_test_user(self.env, login="cole", email="cole@crm.example", groups="base.group_user")
        self.env["email.pause"]._begin("cole@crm.example", self.env.company)
        self.authenticate("cole", "cole")
        self.page(**self.ticks(self.list_type))
        self.assertEqual(self.ledger("cole@crm.example"), [("opt_in", "portal", NEWS), ("resume", "portal", "all")])
        self.assertEqual(self.env["email.consent"].search([("email", "=", "cole@crm.example")]).user_id, colleague)
        self.assertFalse(self.env["email.pause"].search([("email", "=", "cole@crm.example")]))

    def test_a_customer_confirms_by_email(self):
        self.authenticate("carla@shop.example", "carla@shop.example")
        page = self.page(**self.ticks(self.list_type))
        self.assertIn("We sent you an email", page)
        self.assertEqual(self.state("carla@shop.example"), "pending")
        self.assertEqual(self.ledger("carla@shop.example"), [("opt_in_requested", "portal", NEWS)])
        self.url_open(self.confirm_path("carla@shop.example"), data={"x": "1"})
        self.assertEqual(self.state("carla@shop.example"), "opted_in")
        self.page(save="1")
        self.assertEqual(self.state("carla@shop.example"), "opted_out")
        row = self.env["email.consent"].search([("email", "=", "carla@shop.example")], limit=1)
        self.assertEqual((row.action, row.source, row.user_id), ("opt_out", "portal", self.customer))

    def test_one_that_needs_no_confirmation(self):
        self.second.double_opt_in = False
        self.authenticate("carla@shop.example", "carla@shop.example")
        self.page(**self.ticks(self.second))
        self.assertEqual(self.state("carla@shop.example", self.second), "opted_in")
        row = self.env["email.consent"].search([("email", "=", "carla@shop.example")])
        self.assertEqual((row.action, row.source, row.user_id), ("opt_in", "portal", self.customer))

    def test_a_colleague_ticks_and_unticks(self):
        self.authenticate("sally", "sally")
        self.page(**self.ticks(self.list_type, self.second))
        self.assertEqual(self.state("sally@crm.example"), "opted_in")
        self.assertEqual(self.subscribers.member_ids.mapped("email"), ["sally@crm.example"])
        self.page(**self.ticks(self.second))
        self.assertEqual(
            (self.state("sally@crm.example"), self.state("sally@crm.example", self.second)), ("opted_out", "opted_in")
        )
        self.assertEqual(
            self.ledger("sally@crm.example"),
            [("opt_in", "portal", NEWS), ("opt_in", "portal", "Second newsletter"), ("opt_out", "portal", NEWS)],
        )

    def test_what_is_not_offered_is_not_taken(self):
        self.authenticate("carla@shop.example", "carla@shop.example")
        self.page(**self.ticks(self.foreign, self.hidden))
        self.assertFalse(self.state("carla@shop.example", self.foreign))
        self.assertFalse(self.state("carla@shop.example", self.hidden))

    def test_a_customer_speaks_for_the_address_they_log_in_with(self):
        """The address of the contact they may change to anybody's."""
        self.customer.partner_id.email = "victim@good.example"
        self.env["email.subscription"]._set_state("victim@good.example", self.list_type, "opted_in", "test")
        self.authenticate("carla@shop.example", "carla@shop.example")
        self.assertNotIn("victim@good.example", self.page())
        self.page(save="1")
        self.assertEqual(self.state("victim@good.example"), "opted_in")

    def test_nothing_without_a_token_or_a_login(self):
        self.authenticate("sally", "sally")
        self.assertEqual(self.url_open("/my/newsletters", data=self.ticks(self.list_type)).status_code, 400)
        self.assertFalse(self.state("sally@crm.example"))
        self.logout()
        self.assertIn("/web/login", self.url_open("/my/newsletters").url)
