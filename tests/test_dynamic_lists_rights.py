from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .dynamic import DynamicCase


@tagged("post_install", "-at_install")
class TestDynamicListRights(DynamicCase):
    """A criterion finds what its owner may read in the company of the list, whoever refreshes or launches."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,email_campaign.group_user"
        cls.colleague = new_test_user(cls.env, login="cole", email="cole@crm.example", groups=groups)
        cls.secret = cls.env["res.partner"].create({"name": "Secret", "email": "secret@good.example", "city": "Bern"})
        # The manager sees it, the salespeople don't.
        cls.env["ir.rule"].create(
            {
                "name": "not the secret one",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {cls.secret.id})]",
                "groups": [(4, cls.env.ref("email_campaign.group_user").id)],
            }
        )
        cls.env["ir.rule"].create(
            {
                "name": "managers see all",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[(1, '=', 1)]",
                "groups": [(4, cls.env.ref("email_campaign.group_manager").id)],
            }
        )

    def test_what_the_owner_may_not_read_is_not_found(self):
        mine, managers = self.in_bern(), self.in_bern(user=self.manager)
        for target_list in (mine, managers):
            target_list.with_user(self.manager).action_refresh()
        self.assertNotIn("secret@good.example", self.emails(mine), "whoever refreshes it")
        self.assertIn("secret@good.example", self.emails(managers))
        managers.is_shared = True
        self.make_mailing(managers.with_user(self.colleague), user=self.colleague).action_launch()
        self.assertIn("secret@good.example", self.emails(managers), "whoever launches with it")

    def test_nobody_else_becomes_the_owner(self):
        target_list = self.make_list(kind="dynamic")
        criterion = (
            self.env["email.target.list.criterion"]
            .with_user(self.salesperson)
            .create(
                {
                    "list_id": target_list.id,
                    "model": "res.partner",
                    "domain": "[('city', '=', 'Bern')]",
                    "owner_id": self.manager.id,
                }
            )
        )
        self.assertEqual(criterion.owner_id, self.salesperson)
        criterion.owner_id = self.manager
        self.assertEqual(criterion.owner_id, self.salesperson)

    def test_touching_any_of_them_makes_all_criteria_ones_own(self):
        """Else taking out the criterion that hides somebody would show them."""
        bern = ("add", "res.partner", [("city", "=", "Bern")])
        hide = ("remove", "res.partner", [("name", "=", "Secret")])
        for touch in (
            lambda criteria: criteria[1].unlink(),
            lambda criteria: criteria[1].write({"operation": "add"}),
            lambda criteria: criteria[1].write({"sequence": -1}),
            lambda criteria: criteria[0].write({"domain": "[('city', '!=', False)]"}),
            lambda criteria: criteria[1].list_id.write({"company_id": self.salesperson.company_id.id}),
            lambda criteria: criteria[0].create(
                {"list_id": criteria.list_id.id, "model": "res.partner", "domain": "[('city', '=', 'Bern')]"}
            ),
        ):
            target_list = self.make_dynamic(bern, hide, user=self.manager)
            target_list.user_id = self.salesperson
            target_list.action_refresh()
            self.assertEqual(self.emails(target_list), self.partners[:3].mapped("email"))
            touch(target_list.with_user(self.salesperson).criterion_ids)
            self.assertEqual(target_list.criterion_ids.owner_id, self.salesperson)
            target_list.action_refresh()
            self.assertNotIn("secret@good.example", self.emails(target_list))

    def test_a_criterion_comes_onto_no_list_that_one_may_not_change(self):
        managers = self.in_bern(user=self.manager)
        mine = self.make_dynamic(("add", "res.partner", [("city", "=", "Genf")]))
        for shared in (False, True):
            managers.is_shared = shared
            with self.assertRaises(AccessError):
                mine.criterion_ids.write({"list_id": managers.id})
        self.assertEqual(managers.criterion_ids.owner_id, self.manager)
        self.assertEqual(mine.criterion_ids.list_id, mine)
        other = self.make_dynamic()
        mine.criterion_ids.write({"list_id": other.id})
        self.assertEqual(other.criterion_ids.conditions, "City is Genf", "among one's own lists it moves")

    def test_errors_name_no_record_that_the_owner_may_not_read(self):
        known, hidden = self.partners[0], self.secret
        for unreadable in (("nofield", "=", 1), ("country_id", "in", [])):
            both = [("parent_id", "in", [known.id, hidden.id]), unreadable]
            with self.assertRaisesRegex(UserError, " is one of Person 1 and ") as refused:
                self.make_dynamic(("add", "res.partner", both))
            self.assertNotIn("Secret", str(refused.exception))

        target_list = self.make_dynamic(("add", "res.partner", [("parent_id", "=", hidden.id), ("city", "=", "Bern")]))
        self.remove_field(target_list)
        target_list.is_shared = True
        target_list.with_user(self.manager).action_refresh()
        self.assertIn("town is Bern", target_list.refresh_error)
        told = target_list.refresh_error + target_list.message_ids[0].body + target_list.refresh_ids[0].error
        self.assertNotIn("Secret", told)
        self.assertIn("Secret", target_list.with_user(self.manager).criterion_ids.name, "who may read it sees it")
        self.assertNotIn("Secret", target_list.criterion_ids.name)

    def test_a_copy_is_read_with_the_rights_of_who_copied(self):
        target_list = self.in_bern(user=self.manager)
        target_list.is_shared = True
        copied = target_list.with_user(self.colleague).copy()
        self.assertEqual(copied.criterion_ids.owner_id, self.colleague)
        copied.action_refresh()
        self.assertNotIn("secret@good.example", self.emails(copied))

    def test_fields_that_the_owner_may_not_read_are_no_condition(self):
        self.patch(self.env["res.partner"]._fields["ref"], "groups", "base.group_system")
        for domain in ([("ref", "!=", "")], [("parent_id.ref", "!=", "")], [("parent_id", "any", [("ref", "=", "1")])]):
            with self.subTest(domain), self.assertRaisesRegex(UserError, "Sally Sells may not read something"):
                self.make_dynamic(("add", "res.partner", domain))

    def test_models_that_the_owner_may_not_read(self):
        self.assertFalse(self.env["crm.lead"].with_user(self.salesperson).has_access("read"))
        with self.assertRaisesRegex(UserError, "“Lead” can't be on a target list"):
            self.make_dynamic(("add", "crm.lead", [("id", ">", 0)]))
        with self.assertRaisesRegex(UserError, "can't be on a target list"):
            self.make_dynamic(("add", "ir.mail_server", [("id", ">", 0)]))

    def test_shared_lists_are_seen_and_not_touched(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        theirs = target_list.with_user(self.colleague)
        for model in ("criterion", "refresh"):
            found = self.env[f"email.target.list.{model}"].with_user(self.colleague)
            self.assertFalse(found.search([("list_id", "=", target_list.id)]))
        target_list.is_shared = True
        self.assertEqual(theirs.criterion_ids.conditions, "City is Bern")
        self.assertEqual(theirs.refresh_ids.came, 3)
        for attempt in (
            theirs.action_refresh,
            theirs.action_take_over,
            lambda: theirs.criterion_ids.write({"domain": "[('id', '>', 0)]"}),
            theirs.criterion_ids.unlink,
            lambda: theirs.refresh_ids.write({"came": 4}),
            theirs.refresh_ids.unlink,
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_two_companies(self):
        here, there = self.env.company, self.env["res.company"].create({"name": "There"})
        self.salesperson.company_ids |= there
        self.partners[0].company_id, self.partners[1].company_id = here, there
        both = (here | there).ids
        lists = [self.in_bern(), self.in_bern(company_id=there.id)]
        for target_list in lists:
            target_list.with_context(allowed_company_ids=both).action_refresh()
        common = "person3@good.example"
        self.assertEqual(self.emails(lists[0]), ["person1@good.example", common])
        self.assertEqual(self.emails(lists[1]), ["person2@good.example", common])
        self.salesperson.company_ids -= there
        lists[1].with_user(self.env.ref("base.user_root")).action_refresh()
        self.assertIn("Sally Sells, with whose rights it is read, does not work in", lists[1].sudo().refresh_error)
        self.assertEqual(self.emails(lists[1]), ["person2@good.example", common])
