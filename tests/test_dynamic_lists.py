from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .dynamic import DynamicCase

LIST_LOG = "odoo.addons.email_campaign.models.audience.email_target_list_dynamic"


@tagged("post_install", "-at_install")
class TestDynamicLists(DynamicCase):
    """Who is on a list by its criteria, who came and went, and when it is refreshed."""

    def test_from_the_form_to_members(self):
        with Form(self.env["email.target.list"].with_user(self.salesperson)) as form:
            form.name = "In Bern"
            form.kind = "dynamic"
            with form.criterion_ids.new() as criterion:
                criterion.domain = "[('city', '=', 'Bern')]"
        target_list = form.record
        self.assertEqual((target_list.refresh_state, target_list.member_count), ("stale", 0))
        message = target_list.action_refresh()["params"]["message"]
        self.assertEqual(message, "“In Bern”: 3 came, 0 went, 3 are on it now.")
        self.assertEqual((target_list.refresh_state, target_list.member_ids.partner_id), ("fresh", self.partners[:3]))
        self.assertEqual(set(target_list.member_ids.mapped("state")), {"subscribed"})

    def test_several_criteria_in_their_order(self):
        town, baker = [("city", "in", ["Bern", "Genf"])], [("function", "=", "Baker")]
        numbered = [("id", "in", self.partners.ids)]
        for criteria, expected in (
            ([("add", town), ("remove", baker)], [2, 3, 4, 5]),
            ([("add", town), ("keep", baker)], [1]),
            ([("add", baker), ("add", [("city", "=", "Genf")])], [1, 4, 5]),
            ([("remove", baker), ("add", town)], [1, 2, 3, 4, 5]),
            ([("add", baker), ("remove", town)], []),
            ([("add", town), ("keep", [("city", "=", "Bern")]), ("remove", baker), ("add", baker)], [1, 2, 3]),
        ):
            with self.subTest(criteria):
                found = [(operation, "res.partner", domain) for operation, domain in criteria]
                # Other contacts of this database are none of its business.
                target_list = self.make_dynamic(*found, ("keep", "res.partner", numbered))
                target_list.action_refresh()
                self.assertEqual(self.emails(target_list), [f"person{n}@good.example" for n in expected])

    def test_criteria_of_several_models(self):
        lead = self.env["crm.lead"].create({"name": "Chairs", "email_from": "lea@good.example", "city": "Bern"})
        both = [
            ("add", "res.partner", [("city", "=", "Bern")]),
            ("add", "crm.lead", [("id", "=", lead.id)]),
        ]
        seller = self.env.ref("base.user_admin")
        target_list = self.make_dynamic(*both, user=seller)
        target_list.action_refresh()
        self.assertEqual(self.emails(target_list), ["lea@good.example", *self.partners[:3].mapped("email")])
        only = self.make_dynamic(*both, ("keep", "crm.lead", [("city", "=", "Bern")]), user=seller)
        only.action_refresh()
        self.assertEqual(self.emails(only), ["lea@good.example"], "who is no lead meets no condition on leads")

    def test_everyone_is_said_and_not_left_over(self):
        both = "[('active', 'in', [True, False])]"
        for domain in ("[]", "", False, "[(1, '=', 1)]", "True", both):
            with self.subTest(domain), self.assertRaisesRegex(UserError, "no condition. Add one, or tick “Everyone”"):
                self.make_dynamic(("add", "res.partner", domain))
        target_list = self.make_dynamic()
        with Form(target_list) as form, form.criterion_ids.new() as criterion:
            criterion.everyone = True
        target_list.action_refresh()
        contacts = self.env["res.partner"].with_user(self.salesperson).search([])
        self.assertEqual(target_list.member_ids.partner_id, contacts)

    def test_half_a_condition(self):
        for domain in ([("country_id", "in", [])], [("country_id", "not in", [])], [("parent_id.city", "not in", [])]):
            with self.subTest(domain), self.assertRaisesRegex(UserError, "is compared with nothing. Choose a value"):
                self.make_dynamic(("add", "res.partner", domain))

    def test_archived_ones_are_found_when_asked_for(self):
        self.partners[0].active = False
        bern = ("city", "=", "Bern")
        target_list = self.make_dynamic(("add", "res.partner", [bern, ("active", "in", [True, False])]))
        without = self.make_dynamic(("add", "res.partner", [bern]))
        (target_list | without).action_refresh()
        self.assertEqual((target_list.member_count, without.member_count), (3, 2))

    def test_relative_days(self):
        old = self.in_bern()
        old.criterion_ids.domain = "[('city', '=', 'Bern'), ('create_date', '>=', 'today -1d')]"
        new = self.in_bern()
        new.criterion_ids.domain = "[('city', '=', 'Bern'), ('create_date', '>=', 'today +1d')]"
        (old | new).action_refresh()
        self.assertEqual((old.member_count, new.member_count), (3, 0))

    def test_conditions_are_no_code(self):
        for domain in ("[('id', '=', uid)]", "__import__('os').getcwd()", "[('id', 'any!', [])]", "[('id', '=')]", "("):
            with self.subTest(domain), self.assertRaisesRegex(UserError, "can't be understood"):
                self.make_dynamic(("add", "res.partner", domain))

    def test_who_came_and_who_went(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        self.partners[0].city = "Genf"
        self.partners[1].name = "Renamed"
        self.partners[3].city = "Bern"
        target_list.action_refresh()

        refresh = target_list.refresh_ids[0]
        self.assertEqual((refresh.came, refresh.went, refresh.member_count), (1, 1, 3))
        self.assertEqual(refresh.user_id, self.salesperson)
        came = refresh.action_view_came()
        members = self.env[came["res_model"]].with_user(self.salesperson).search(came["domain"])
        self.assertEqual(members.partner_id, self.partners[3])
        went = refresh.action_view_went()
        [departure] = self.env[went["res_model"]].with_user(self.salesperson).search(went["domain"])
        self.assertEqual((departure.name, departure.email), ("Person 1", "person1@good.example"))
        self.assertIn("Renamed", target_list.member_ids.mapped("name"), "who stays is called as they are called now")

    def test_only_what_differs_is_written(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        before = self.versions(target_list)
        self.partners[1].name = "Renamed"
        target_list.action_refresh()
        after = self.versions(target_list)
        self.assertEqual(set(after), set(before))
        self.assertEqual([n for n, email in enumerate(before) if after[email] != before[email]], [1])
        self.assertEqual(target_list.refresh_ids[0].came + target_list.refresh_ids[0].went, 0)

    def versions(self, target_list):
        """Give {email: where the row is stored}: whatever writes a row stores it elsewhere."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT email, ctid FROM email_target_list_member WHERE list_id = %s ORDER BY email", [target_list.id]
        )
        return dict(self.env.cr.fetchall())

    def test_who_unsubscribed_does_not_come_back(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        target_list.member_ids[0].state = "unsubscribed"
        self.partners[0].city = "Genf"
        target_list.action_refresh()
        self.partners[0].city = "Bern"
        target_list.action_refresh()
        states = {member.partner_id: member.state for member in target_list.member_ids}
        self.assertEqual(states[self.partners[0]], "unsubscribed")

    def test_merged_contacts_neither_come_nor_go(self):
        target_list = self.make_dynamic(("add", "res.partner", [("city", "=", "Bern")]))
        target_list.action_refresh()
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((self.partners[0] | self.partners[3]).ids, self.partners[3], extra_checks=False)
        self.partners[3].city = "Bern"
        target_list.action_refresh()
        self.assertEqual((target_list.refresh_ids[0].came, target_list.refresh_ids[0].went), (0, 0))
        self.assertEqual(target_list.member_ids.partner_id, self.partners[1:4])

    def test_by_hand_nobody_comes_or_goes(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        members = self.env["email.target.list.member"].with_user(self.salesperson)
        static = self.make_list(self.partners[:1], name="By hand")
        for attempt in (
            lambda: target_list._add_records(self.partners[4].with_user(self.salesperson)),
            lambda: target_list._add_addresses("bare@good.example"),
            lambda: target_list._add_lists(static),
            lambda: target_list._take_records(self.partners[0].with_user(self.salesperson)),
            lambda: members.create({"list_id": target_list.id, "partner_id": self.partners[4].id}),
            target_list.member_ids[0].unlink,
            target_list.member_ids[0].action_take_off,
            lambda: static.member_ids.write({"list_id": target_list.id}),
        ):
            refusal = "“List” is a dynamic list: its criteria say who is on it"
            with self.assertRaisesRegex(UserError, refusal), self.env.cr.savepoint():
                attempt()
        self.assertEqual(target_list.member_ids.partner_id, self.partners[:3])

    def test_a_deleted_contact_is_off_its_dynamic_lists(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        self.partners[0].unlink()
        self.assertEqual(target_list.member_count, 2)

    def test_a_deleted_list_leaves_nothing_behind(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        self.partners[0].city = "Genf"
        target_list.action_refresh()
        refresh_ids = target_list.refresh_ids.ids
        target_list.unlink()
        self.env.flush_all()
        for table in ("member", "criterion", "refresh"):
            self.env.cr.execute(f"SELECT count(*) FROM email_target_list_{table} WHERE list_id = %s", [target_list.id])
            self.assertEqual(self.env.cr.fetchone(), (0,), table)
        left = self.env["email.target.list.departure"].search_count([("refresh_id", "in", refresh_ids)])
        self.assertFalse(left)

    def test_static_and_dynamic_and_back(self):
        target_list = self.make_list(self.partners[3:])
        with self.assertRaisesRegex(UserError, "is a static list"):
            target_list.action_refresh()
        target_list.kind = "dynamic"
        target_list.domain = "[('city', '=', 'Bern')]"
        target_list.model_id = self.env["ir.model"]._get("res.partner")
        target_list.action_refresh()
        self.assertEqual(target_list.member_ids.partner_id, self.partners[:3])
        target_list.kind = "static"
        target_list._add_addresses("bare@good.example")
        self.assertEqual(target_list.member_count, 4)

    def test_a_copy_has_the_criteria(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        copied = target_list.copy()
        self.assertEqual(
            (copied.kind, copied.domain, copied.refresh_state), ("dynamic", "[('city', '=', 'Bern')]", "stale")
        )
        self.assertEqual(copied.member_count, 3)
        self.assertFalse(copied.refresh_ids)

    def test_model_and_domain_of_a_list_are_its_first_criterion(self):
        partner = self.env["ir.model"]._get("res.partner")
        target_list = self.make_list(kind="dynamic", model_id=partner.id, domain="[('city', '=', 'Bern')]")
        target_list.action_refresh()
        self.assertEqual(target_list.member_count, 3)
        target_list.domain = "[('city', '=', 'Genf')]"
        self.assertEqual(target_list.criterion_ids.domain, "[('city', '=', 'Genf')]")
        target_list.domain = "[]"
        self.assertTrue(target_list.criterion_ids.everyone, "written here, it says so")
        self.assertEqual((target_list.model_id, target_list.domain), (partner, "[]"))

    def test_model_and_domain_of_a_list_are_written_together(self):
        partner, user = (self.env["ir.model"]._get(name) for name in ("res.partner", "res.users"))
        target_list = self.make_list(kind="dynamic", model_id=partner.id, domain="[('is_company', '=', True)]")
        target_list.write({"domain": "[('login', '=', 'sally')]", "model_id": user.id})
        target_list.action_refresh()
        self.assertEqual(self.emails(target_list), ["sally@crm.example"])
        with self.assertRaisesRegex(UserError, "“Contact” has no field “login” any more"), self.env.cr.savepoint():
            target_list.model_id = partner
        target_list.write({"model_id": partner.id, "domain": "[]"})
        self.assertEqual((target_list.criterion_ids.model, target_list.criterion_ids.everyone), ("res.partner", True))
        target_list.model_id = user
        self.assertEqual((target_list.domain, target_list.criterion_ids.everyone), ("[]", True))

    def test_criteria_in_words(self):
        country = self.env.ref("base.ch")
        tag = self.env["res.partner.category"].create({"name": "Friends"})
        for domain, words in (
            ([("city", "=", "Bern")], "City is Bern"),
            ([("country_id", "in", country.ids)], "Country is Switzerland"),
            ([("country_id.code", "=", "CH")], "Country → Country Code is CH"),
            (["|", ("city", "ilike", "ber"), ("phone", "=", False)], "City contains ber or Phone is empty"),
            (["&", "|", ("city", "=", "Bern"), ("city", "=", "Genf"), ("category_id", "in", tag.ids)], None),
            ([("category_id", "any", [("name", "=", "Friends")])], "Tags: Name is Friends"),
            ([("is_company", "=", False)], "Is a Company is not set"),
        ):
            with self.subTest(domain):
                criterion = self.make_dynamic(("add", "res.partner", domain)).criterion_ids
                expected = words or "(City is Bern or City is Genf) and Tags is Friends"
                self.assertEqual(criterion.conditions, expected)
                self.assertEqual(criterion.name, f"Add: Contact, {expected}")


@tagged("post_install", "-at_install")
class TestSchedule(DynamicCase):
    def test_refreshed_when_due(self):
        with freeze_time("2026-03-02 10:00:00"):
            daily, hourly = self.in_bern(), self.in_bern(refresh_interval=2, refresh_unit="hours")
            never = self.in_bern(refresh_interval=0)
            static = self.make_list()
            self.env.flush_all()
        self.assertEqual(str(daily.next_refresh_at), "2026-03-03 10:00:00")
        self.assertEqual(str(hourly.next_refresh_at), "2026-03-02 12:00:00")
        self.assertFalse(never.next_refresh_at or static.next_refresh_at)
        with freeze_time("2026-03-02 12:10:00"):
            self.refresh_by_schedule()
        self.assertEqual([x.member_count for x in (daily, hourly, never)], [0, 3, 0])
        self.assertEqual(str(hourly.next_refresh_at), "2026-03-02 14:10:00")
        self.assertFalse(hourly.refresh_ids.user_id, "nobody did it by hand")
        with freeze_time("2026-03-04 12:10:00"):
            self.refresh_by_schedule()
        self.assertEqual([x.member_count for x in (daily, hourly, never)], [3, 3, 0])
        self.assertEqual(len(hourly.refresh_ids), 1, "one that changes nothing is not kept")
        daily.active = False
        self.assertFalse(daily.next_refresh_at)

    def test_one_that_fails_does_not_keep_others(self):
        with freeze_time("2026-03-02 10:00:00"):
            broken, whole = self.in_bern(name="Broken"), self.in_bern()
            self.env.flush_all()
        self.remove_field(broken)
        with freeze_time("2026-03-03 12:00:00"):
            self.refresh_by_schedule()
        self.assertEqual((broken.refresh_state, whole.refresh_state), ("failed", "fresh"))
        self.assertEqual(str(broken.next_refresh_at), "2026-03-04 12:00:00", "it is tried again")
        with freeze_time("2026-03-04 12:10:00"):
            self.refresh_by_schedule()
        self.assertEqual(len(broken.refresh_ids), 1, "the same failure again is no news")

    def test_a_list_that_has_just_become_dynamic_is_left_alone(self):
        with freeze_time("2026-03-02 10:00:00"):
            target_list = self.make_list(self.partners)
            target_list.kind = "dynamic"
            self.env.flush_all()
        with freeze_time("2026-03-09 10:00:00"):
            self.refresh_by_schedule()
            self.assertEqual((target_list.refresh_state, target_list.member_count), ("stale", 5))
            target_list.domain = "[('city', '=', 'Bern')]"
            self.assertEqual(str(target_list.next_refresh_at), "2026-03-10 10:00:00")

    def test_one_that_the_database_has_no_room_for_does_not_keep_others(self):
        with freeze_time("2026-03-02 10:00:00"):
            large, whole = self.in_bern(name="Large"), self.in_bern()
            self.env.flush_all()
        self.env.cr.execute(
            """
            CREATE FUNCTION pg_temp.no_room() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
            CREATE TRIGGER no_room BEFORE INSERT ON email_target_list_member FOR EACH ROW
                WHEN (NEW.list_id = %s) EXECUTE FUNCTION pg_temp.no_room()
            """,
            [large.id],
        )
        with freeze_time("2026-03-03 12:00:00"), mute_logger("odoo.sql_db"), self.assertLogs(LIST_LOG, "ERROR") as logs:
            self.refresh_by_schedule()
        self.assertIn("no space left", logs.output[0])
        self.assertEqual((large.refresh_state, whole.refresh_state), ("failed", "fresh"))
        self.assertEqual(str(large.next_refresh_at), "2026-03-04 12:00:00", "others come first meanwhile")

    def test_whose_list_it_is_hears_that_it_turned_red(self):
        with freeze_time("2026-03-02 10:00:00"):
            target_list = self.in_bern(name="Bernese")
            self.env.flush_all()
        self.salesperson.sudo().notification_type = "inbox"
        self.remove_field(target_list)
        for day in (3, 4, 5):
            with freeze_time(f"2026-03-0{day} 12:00:00"):
                self.refresh_by_schedule()
        inbox = self.env["mail.message"].with_user(self.salesperson).search([("needaction", "=", True)])
        self.assertEqual(inbox.mapped("subject"), ["“Bernese” can't be refreshed"], "once")
        self.assertIn("has no field “town”", inbox.body)

    def test_old_history_is_forgotten(self):
        target_list = self.in_bern()
        with freeze_time("2025-01-01"):
            target_list.action_refresh()
            self.partners[0].city = "Genf"
            target_list.action_refresh()
        self.partners[1].city = "Genf"
        target_list.action_refresh()
        self.env["email.target.list.refresh"]._gc_history()
        self.assertEqual([(r.came, r.went) for r in target_list.refresh_ids], [(0, 1)])
        departures = self.env["email.target.list.departure"].search([("list_id", "=", target_list.id)])
        self.assertEqual(departures.mapped("email"), ["person2@good.example"])
        specification = {"email": {}, "refresh_id": {"fields": {"display_name": {}}}}
        [member] = target_list.member_ids.web_read(specification)
        self.assertEqual((member["email"], member["refresh_id"]["display_name"]), ("person3@good.example", False))

    def test_an_interval_makes_sense(self):
        for number in (-1, 5000):
            with self.subTest(number), self.assertRaisesRegex(UserError, "Choose a number from 1 to 1000"):
                self.in_bern(refresh_interval=number)
