from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis.strategies import from_regex, text
from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import CampaignCase


class ListCase(CampaignCase):
    """Target lists by the dialogs that a salesperson has."""

    def dialog(self, target_list, operation="add", user=None, context=None, **values):
        """Fill in the dialog that adds or takes off, press its button, and give what it says."""
        wizard = self.env["email.target.list.add"].with_user(user or self.salesperson).with_context(**context or {})
        form = Form(wizard.with_context(default_operation=operation))
        form.list_id = target_list
        for name, value in values.items():
            if isinstance(value, str):
                form[name] = value
            else:
                for record in value:
                    form[name].add(record)
        return form.save().action_apply()["params"]["message"]

    def emails(self, target_list):
        target_list.invalidate_recordset()
        return sorted(member.email or "" for member in target_list.member_ids)

    def make_filter(self, domain, model="res.partner", **values):
        user = values.pop("user", self.salesperson)
        return (
            self.env["ir.filters"]
            .with_user(user)
            .create({"name": "Mine", "model_id": model, "domain": domain, "user_ids": user.ids, **values})
        )


@tagged("post_install", "-at_install")
class TestLists(ListCase):
    """Onto a list and off it again, in every way."""

    def test_chosen_contacts_and_typed_addresses(self):
        target_list = self.make_list()
        self.assertIn(
            "3 added to “List”",
            self.dialog(target_list, partner_ids=self.partners[:2], addresses="Bob <bob@good.example>"),
        )
        again = self.dialog(target_list, partner_ids=self.partners[:1], addresses="BOB@good.example")
        self.assertIn("on “List” already", again)
        self.assertEqual(self.emails(target_list), ["bob@good.example", "person1@good.example", "person2@good.example"])

        message = self.dialog(target_list, "remove", partner_ids=self.partners[:1], addresses="bob@good.example")
        self.assertIn("2 taken off “List”", message)
        self.assertIn("None of them is on “List”", self.dialog(target_list, "remove", addresses="bob@good.example"))
        self.assertEqual(self.emails(target_list), ["person2@good.example"])

    def test_a_typed_address_takes_off_whoever_has_it(self):
        target_list = self.make_list(self.partners[:2])
        self.dialog(target_list, "remove", addresses="Somebody <Person1@Good.example>")
        self.assertEqual(self.emails(target_list), ["person2@good.example"])

    def test_an_address_taken_off_is_the_one_that_the_record_has_now(self):
        people = self.partners[:3]
        target_list, other = self.make_list(people), self.make_list()
        people[0].email = "new@good.example"
        people[1].email = "newer@good.example"
        self.dialog(target_list, "remove", addresses="new@good.example, person2@good.example")
        self.assertEqual(self.emails(target_list), ["newer@good.example", "person3@good.example"])
        other._add_addresses("newest@good.example")
        people[1].email = "newest@good.example"
        self.dialog(target_list, "remove", source_list_ids=other)
        self.assertEqual(self.emails(target_list), ["person3@good.example"])

    def test_a_selection_in_a_list_view(self):
        target_list = self.make_list()
        archived = self.partners[4]
        archived.active = False
        context = {"active_model": "res.partner", "active_ids": (self.partners[:2] | archived).ids}
        self.assertIn("3 added", self.dialog(target_list, context=context))
        self.assertIn("3 taken off", self.dialog(target_list, "remove", context=context))

    def test_all_that_a_list_view_finds(self):
        many = self.env["res.partner"].create(
            [{"name": f"Many {n}", "email": f"m{n}@good.example"} for n in range(200)]
        )
        many[0].active = False
        target_list = self.make_list(self.partners)
        context = {
            "active_model": "res.partner",
            "active_ids": [],
            "active_domain": [("name", "like", "Many ")],
            "selected_by_domain": True,
        }
        self.assertIn("199 added", self.dialog(target_list, context=context))
        self.assertIn("199 taken off", self.dialog(target_list, "remove", context=context))
        self.assertEqual(target_list.member_count, 5)

    def test_all_of_a_list_view_without_a_filter(self):
        target_list = self.make_list()
        context = {"active_model": "res.partner", "active_ids": [], "active_domain": [], "selected_by_domain": True}
        everybody = self.env["res.partner"].with_user(self.salesperson).search_count([])
        self.assertIn(f"{everybody} added", self.dialog(target_list, context=context))

    def test_a_saved_filter(self):
        self.partners[0].user_id = self.salesperson
        target_list = self.make_list()
        mine = self.make_filter("[('user_id', '=', uid)]")
        self.dialog(target_list, filter_ids=mine)
        self.assertEqual(self.emails(target_list), ["person1@good.example"])
        self.dialog(target_list, "remove", filter_ids=mine)
        self.assertFalse(target_list.member_ids)

    def test_a_saved_filter_that_cannot_be_read_adds_nobody(self):
        target_list = self.make_list()
        for domain in (
            "[('no_such_field', '=', 1)]",
            "[('name', '=', __import__('os').name)]",
            "[('create_date', '>', context_today())]",
            "nonsense here",
            "[('name', '=', 'unclosed'",
            "{'name': 1}",
            "[(1, '=', 1, 1)]",
        ):
            with (
                self.subTest(domain),
                self.assertRaisesRegex(UserError, "saved filter “Mine” can't be used"),
                self.env.cr.savepoint(),
            ):
                self.dialog(target_list, filter_ids=self.make_filter(domain))
        self.assertFalse(target_list.member_ids)

    @given(
        text()
        | from_regex(
            r"\[\(?'(name|email|id)', ?'(=|in|any|child_of|<)', ?(uid|None|\[1\]|\(1,\)|\{\}|'x'|-1)\)?\]",
            fullmatch=True,
        )
    )
    @settings(max_examples=150, deadline=None)
    def test_whatever_a_saved_filter_holds(self, domain):
        """It is read, or refused in words."""
        saved = self.env["ir.filters"].new({"name": "Mine", "model_id": "res.partner", "domain": domain})
        try:
            self.env["res.partner"].search_count(saved._audience_domain(), limit=1)
        except UserError as error:
            self.assertIn("saved filter “Mine”", str(error))

    def test_a_saved_filter_of_what_has_no_address_is_not_taken(self):
        with self.assertRaisesRegex(UserError, "Nobody is chosen"):
            self.dialog(self.make_list(), filter_ids=self.make_filter("[]", model="res.country"))

    def test_a_colleagues_private_filter_is_not_used(self):
        colleague = new_test_user(self.env, login="cole", groups="email_campaign.group_user")
        theirs = self.make_filter("[]", user=colleague)
        with self.assertRaises(AccessError):
            wizard = self.env["email.target.list.add"].with_user(self.salesperson)
            wizard.create({"list_id": self.make_list().id, "filter_ids": theirs.ids}).action_apply()

    def test_tags_with_the_tags_below_them(self):
        tag, below = self.env["res.partner.category"].create([{"name": "Gardeners"}, {"name": "With a greenhouse"}])
        below.parent_id = tag
        self.partners[0].category_id = tag
        self.partners[1].category_id = below
        target_list = self.make_list()
        self.dialog(target_list, category_ids=tag)
        self.assertEqual(self.emails(target_list), ["person1@good.example", "person2@good.example"])
        self.dialog(target_list, "remove", category_ids=below)
        self.assertEqual(self.emails(target_list), ["person1@good.example"])

    def test_lead_tags_need_the_right_to_see_leads(self):
        seller = new_test_user(
            self.env,
            login="lou",
            email="lou@crm.example",
            groups="email_campaign.group_user,sales_team.group_sale_salesman",
        )
        tag = self.env["crm.tag"].create({"name": "Hot"})
        leads = self.env["crm.lead"].create(
            [
                {"name": "Mine", "email_from": "mine@good.example", "tag_ids": tag.ids, "user_id": seller.id},
                {"name": "Theirs", "email_from": "theirs@good.example", "tag_ids": tag.ids, "user_id": self.manager.id},
            ]
        )
        target_list = self.make_list(user=seller)
        self.dialog(target_list, user=seller, lead_tag_ids=tag)
        self.assertEqual(target_list.member_ids.mapped("res_id"), leads[0].ids, "and only those that they may read")
        self.dialog(target_list, "remove", user=seller, lead_tag_ids=tag)
        self.assertFalse(target_list.member_ids)
        with self.assertRaises(AccessError):
            self.env["email.target.list.add"].with_user(self.salesperson).create(
                {"list_id": self.make_list().id, "lead_tag_ids": tag.ids}
            )

    def test_another_list(self):
        other = self.make_list(self.partners[:3], name="Other")
        other._add_addresses("bob@good.example")
        other.member_ids[0].state = "unsubscribed"
        target_list = self.make_list(self.partners[2:])
        self.assertIn("3 added", self.dialog(target_list, source_list_ids=other))
        states = {member.email: member.state for member in target_list.member_ids}
        self.assertEqual(states["person1@good.example"], "unsubscribed", "who left one list is not mailed by another")
        self.assertEqual(states["bob@good.example"], "subscribed")
        self.assertIn("4 taken off", self.dialog(target_list, "remove", source_list_ids=other))
        self.assertEqual(self.emails(target_list), ["person4@good.example", "person5@good.example"])

    def test_users(self):
        target_list = self.make_list()
        context = {"active_model": "res.users", "active_ids": (self.salesperson | self.manager).ids}
        self.dialog(target_list, context=context)
        self.assertEqual(self.emails(target_list), ["max@crm.example", "sally@crm.example"])
        self.dialog(target_list, "remove", context=dict(context, active_ids=self.manager.ids))
        self.assertEqual(self.emails(target_list), ["sally@crm.example"])

    def test_who_did_it_is_in_the_log_of_the_list(self):
        target_list = self.make_list()
        self.dialog(target_list, partner_ids=self.partners)
        self.dialog(target_list, "remove", partner_ids=self.partners[:2])
        bodies = target_list.message_ids.sorted("id").mapped("body")[-2:]
        self.assertIn("5 added", bodies[0])
        self.assertIn("2 taken off", bodies[1])
        self.assertEqual(target_list.message_ids[:1].author_id, self.salesperson.partner_id)

    def test_nobody_chosen(self):
        for operation in ("add", "remove"):
            with self.assertRaisesRegex(UserError, "Nobody is chosen"):
                self.dialog(self.make_list(), operation)

    def test_a_colleague_is_offered_only_what_they_may(self):
        """Of a shared list there are no buttons that would end in a refusal."""
        colleague = new_test_user(self.env, login="cole", groups="email_campaign.group_user")
        static, dynamic = self.make_list(self.partners[:1]), self.make_list(kind="dynamic")
        (static | dynamic).is_shared = True
        adding, taking = (
            str(self.env.ref(f"email_campaign.email_target_list_{name}_action").id) for name in ("add", "take")
        )
        changing = {adding, taking, "action_import_csv", "action_refresh", "action_take_over", "action_take_off"}
        for user, wanted in ((self.salesperson, changing), (self.manager, changing), (colleague, set())):
            with self.subTest(user.login):
                shown = self.shown(static.with_user(user), changing) | self.shown(dynamic.with_user(user), changing)
                self.assertEqual(shown, wanted)
                context = static.with_user(user).action_view_members()["context"]
                self.assertEqual([context.get(act, True) for act in ("create", "edit", "delete")], [bool(wanted)] * 3)

    def shown(self, target_list, names):
        """Give those of the buttons `names` that the form of `target_list` shows to its user."""
        arch = etree.fromstring(target_list.get_view(view_type="form")["arch"])
        [values] = target_list.read(["kind", "can_edit", "member_count", "refresh_state"])
        context = {**values, "parent": SimpleNamespace(**values)}
        buttons = [button for button in arch.iter("button") if button.get("name") in names]
        return {
            button.get("name")
            for button in buttons
            if not safe_eval(button.get("invisible") or button.get("column_invisible"), context)
        }

    def test_a_bad_address_changes_nothing(self):
        target_list = self.make_list()
        for operation in ("add", "remove"):
            with self.assertRaisesRegex(UserError, "nonsense.*no email address"), self.env.cr.savepoint():
                self.dialog(target_list, operation, addresses="good@good.example, nonsense")
        self.assertFalse(target_list.member_ids)

    def test_neither_way_changes_a_list_of_somebody_else(self):
        target_list = self.make_list(self.partners, user=self.manager, is_shared=True)
        for operation in ("add", "remove"):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                self.dialog(target_list, operation, addresses="person1@good.example")
        with self.assertRaises(AccessError):
            target_list.member_ids.with_user(self.salesperson).action_take_off()
        self.assertEqual(target_list.member_count, 5)

    def test_a_model_without_addresses(self):
        wizard = self.env["email.target.list.add"].with_user(self.salesperson)
        for model in ("res.country", "no.such.model"):
            with self.assertRaisesRegex(UserError, "Nobody is chosen"):
                values = {"list_id": self.make_list().id, "res_model": model, "res_ids": [1]}
                wizard.create(values).action_apply()

    def test_each_way_is_as_many_statements_for_many_as_for_few(self):
        many = self.env["res.partner"].create(
            [{"name": f"Many {n}", "email": f"m{n}@good.example"} for n in range(500)]
        )
        tag = self.env["res.partner.category"].create({"name": "T"})
        others = [self.make_list(name="O") for _ in range(2)]
        wizard = self.env["email.target.list.add"].with_user(self.salesperson)

        def ways(records, other):
            self.env.cr.execute("DELETE FROM res_partner_res_partner_category_rel WHERE category_id = %s", [tag.id])
            records.category_id = tag
            other._add_records(records.with_user(self.salesperson))
            yield {"res_model": "res.partner", "res_domain": [("id", "in", records.ids)]}
            yield {"category_ids": tag.ids}
            yield {"filter_ids": self.make_filter(f"[('id', 'in', {records.ids})]").ids}
            yield {"source_list_ids": other.ids}
            yield {"addresses": ", ".join(records.mapped("email"))}

        wizard.create({"list_id": self.make_list().id, "partner_ids": self.partners.ids}).action_apply()
        queries = []
        for records, other in zip((self.partners, many), others, strict=True):
            target_list = self.make_list(name="L")
            for values in ways(records, other):
                for operation in ("add", "remove"):
                    made = wizard.create({"list_id": target_list.id, "operation": operation, **values})
                    self.env.flush_all()
                    self.env.invalidate_all()
                    before = self.cr.sql_log_count
                    self.assertIn(str(len(records)), made.action_apply()["params"]["message"])
                    queries.append(self.cr.sql_log_count - before)
        few, lots = queries[: len(queries) // 2], queries[len(queries) // 2 :]
        # The first ones have some more, for what is cached then.
        for statements, before in zip(lots, few, strict=True):
            self.assertLessEqual(statements, before)


@tagged("post_install", "-at_install")
class TestMembers(ListCase):
    """Taken off in the form of the list, and in the list of its members."""

    def test_one_in_the_form(self):
        target_list = self.make_list(self.partners)
        self.assertIs(target_list.first_member_ids[0].with_user(self.salesperson).action_take_off(), True)
        self.assertEqual(target_list.member_count, 4)

    def test_some_and_all_in_the_list_of_members(self):
        target_list, other = self.make_list(self.partners), self.make_list(self.partners, name="Other")
        members = target_list.member_ids.with_user(self.salesperson)
        self.assertIn("2 members taken off", members[:2].action_take_off()["params"]["message"])
        everybody = self.env["email.target.list.member"].with_user(self.salesperson)
        everybody.with_context(
            selected_by_domain=True,
            active_model="email.target.list.member",
            active_domain=[("list_id", "=", target_list.id), ("email", "!=", "person5@good.example")],
        ).action_take_off()
        self.assertEqual(self.emails(target_list), ["person5@good.example"])
        self.assertEqual(other.member_count, 5)
