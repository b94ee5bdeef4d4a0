from odoo.exceptions import UserError
from odoo.tests import tagged

from .dynamic import DynamicCase


@tagged("post_install", "-at_install")
class TestSources(DynamicCase):
    """Any model that has an email field of its own can be on a list."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_model(
            "x_guest",
            [
                ("x_name", "char", {}),
                ("x_email", "char", {}),
                ("x_partner_id", "many2one", {"relation": "res.partner"}),
                ("x_active", "boolean", {}),
            ],
        )

    @classmethod
    def make_model(cls, name, fields):
        cls.env["ir.model"].create(
            {
                "model": name,
                "name": name[2:].title(),
                "field_id": [
                    (0, 0, {"name": field, "ttype": kind, "field_description": field[2:].title(), **values})
                    for field, kind, values in fields
                ],
                "access_ids": [
                    (0, 0, {"name": "all", "group_id": cls.env.ref("base.group_user").id, "perm_read": True}),
                ],
            }
        )

    @property
    def guests(self):
        # Another class after each change of the registry.
        return self.env["x_guest"]

    def test_which_models_count(self):
        models = self.env["email.addressee"]._email_addressee_models()
        self.assertIn("x_guest", models)
        self.assertLess({"res.partner", "crm.lead", "res.users"}, set(models))
        for name in models:
            self.assertFalse(self.env[name]._abstract or self.env[name]._transient)
            self.assertFalse(name.startswith(("ir.", "mail.", "email.", "fetchmail.", "bus.", "base.", "res.config")))
        self.assertNotIn("res.company", models)

    def test_from_a_custom_model_to_a_sent_email(self):
        self.guests.create(
            [
                {"x_name": "Gil", "x_email": "Gil Guest <GIL@good.example>, second@good.example", "x_active": True},
                {"x_name": "Nomail", "x_active": True},
                {"x_name": "Old", "x_email": "old@good.example", "x_active": False},
            ]
        )
        target_list = self.make_dynamic(("add", "x_guest", [("x_name", "!=", False)]))
        target_list.action_refresh()
        self.assertEqual(
            [(m.name, m.email_normalized) for m in target_list.member_ids],
            [("Gil", "gil@good.example"), ("Nomail", False)],
        )
        mailing = self.make_mailing(target_list, body_html="<p>Dear {{ object.x_name }}</p>")
        mailing.action_launch()
        self.send()
        self.assertEqual(self.peer.recipients(), ["gil@good.example"])
        self.assertIn("Dear Gil", self.message_to("gil@good.example").get_body(("plain",)).get_content())

    def test_on_a_static_list_by_hand(self):
        guest = self.guests.create({"x_name": "Gil", "x_email": "gil@good.example", "x_active": True})
        target_list = self.make_list(guest)
        self.assertEqual(target_list.member_ids.mapped("email"), ["gil@good.example"])
        guest.write({"x_email": "new@good.example", "x_active": False})
        mailing = self.make_mailing(target_list | self.make_list(self.partners[:1], name="Others"))
        mailing.action_launch()
        self.assertEqual(self.states(mailing)["new@good.example"], "disabled", "members follow their record")
        guest.unlink()
        self.make_mailing(target_list | self.make_list(self.partners[:1])).action_launch()
        self.assertEqual(target_list.member_count, 0)

    def test_who_may_not_read_it_does_not_get_it(self):
        guest = self.guests.create({"x_name": "Gil", "x_email": "gil@good.example"})
        self.env["ir.model"]._get("x_guest").access_ids.unlink()
        target_list = self.make_dynamic()
        with self.assertRaisesRegex(UserError, "“Guest” can't be on a target list"):
            self.env["email.target.list.criterion"].with_user(self.salesperson).create(
                {"list_id": target_list.id, "model": "x_guest", "domain": str([("id", "=", guest.id)])}
            )

    def test_a_field_that_is_removed_for_real(self):
        self.guests.create({"x_name": "Gil", "x_email": "gil@good.example", "x_active": True})
        self.env["ir.model.fields"].create(
            {
                "model_id": self.env["ir.model"]._get_id("x_guest"),
                "name": "x_table",
                "ttype": "integer",
                "field_description": "Table",
            }
        )
        target_list = self.make_dynamic(("add", "x_guest", [("x_table", "=", 0)]), name="At a table")
        target_list.action_refresh()
        self.assertEqual(target_list.member_count, 1)
        self.env["ir.model.fields"]._get("x_guest", "x_table").unlink()
        with self.assertRaisesRegex(UserError, "“At a table”.*“Guest” has no field “x_table” any more"):
            self.make_mailing(target_list).action_launch()
        target_list.action_refresh()
        self.assertEqual((target_list.refresh_state, target_list.member_count), ("failed", 1))

    def test_a_model_that_is_uninstalled(self):
        guest = self.guests.create({"x_name": "Gil", "x_email": "gil@good.example"})
        static = self.make_list(guest | self.guests, name="By hand")
        static._add_records(self.partners[:1].with_user(self.salesperson))
        target_list = self.make_dynamic(("add", "x_guest", [("id", "=", guest.id)]))
        target_list.action_refresh()
        self.env.flush_all()
        self.env.cr.execute("UPDATE email_target_list_member SET res_model = 'x_gone' WHERE res_model = 'x_guest'")
        self.env.cr.execute("UPDATE email_target_list_criterion SET model = 'x_gone' WHERE model = 'x_guest'")
        self.env.invalidate_all()
        self.make_mailing(static).action_launch()
        self.assertEqual(static.member_ids.partner_id, self.partners[:1], "whose record is gone is off the list")
        self.assertEqual(len(static.member_ids), 1)
        with self.assertRaisesRegex(UserError, "“x_gone” is no longer here"):
            self.make_mailing(target_list).action_launch()
