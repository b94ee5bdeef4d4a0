from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import SQL

from .test_lists import ListCase


@tagged("post_install", "-at_install")
class TestListsParts(ListCase):
    """Lists merged, split, duplicated and archived."""

    def merge(self, lists, **values):
        """Fill in the dialog that merges `lists`, press its button, and give what it opens."""
        wizard = self.env["email.target.list.merge"].with_user(self.salesperson)
        form = Form(wizard.with_context(active_model="email.target.list", active_ids=lists.ids))
        for name, value in values.items():
            form[name] = value
        return form.save().action_merge()

    def split(self, target_list, **values):
        wizard = self.env["email.target.list.split"].with_user(self.salesperson)
        form = Form(wizard.with_context(active_id=target_list.id))
        for name, value in values.items():
            form[name] = value
        return self.env["email.target.list"].search(form.save().action_split()["domain"], order="id")

    def test_merge_into_a_new_list(self):
        first, second = self.make_list(self.partners[:3], name="A"), self.make_list(self.partners[2:], name="B")
        first._add_addresses("bob@good.example")
        second._add_addresses("bob@good.example")
        action = self.merge(first | second, name="Both")
        merged = self.env["email.target.list"].browse(action["res_id"])
        self.assertEqual((merged.name, merged.user_id, merged.member_count), ("Both", self.salesperson, 6))
        self.assertEqual((first.member_count, second.member_count), (4, 4))
        self.assertTrue(first.active and second.active)

    def test_merge_into_one_of_them_and_archive_the_other(self):
        first, second = self.make_list(self.partners[:3], name="A"), self.make_list(self.partners[2:], name="B")
        self.merge(first | second, into="existing", target_list_id=first, archive=True)
        self.assertEqual((first.member_count, first.active, second.active), (5, True, False))

    def test_merge_archives_nothing_that_a_campaign_uses(self):
        first, second = self.make_list(self.partners[:3], name="A"), self.make_list(self.partners[2:], name="B")
        self.make_mailing(first)
        action = self.merge(first | second, name="Both", archive=True)
        self.assertIn("a campaign uses them or they are not yours: A", action["params"]["message"])
        self.assertEqual((first.active, second.active), (True, False))

    def test_merging_lifts_no_opt_out(self):
        events = self.env["email.list.type"].create({"name": "Events"})
        first = self.make_list(self.partners, name="A")
        second = self.make_list(self.partners, name="B", list_type_id=events.id)
        second.member_ids[0].state = "unsubscribed"
        self.env["email.subscription"]._set_state("person2@good.example", events, "opted_out", "test")
        mailing = self.make_mailing(first)
        self.merge(first | second, into="existing", target_list_id=first)
        mailing.action_launch()
        states = self.states(mailing)
        self.assertEqual([states[f"person{n}@good.example"] for n in (1, 2, 3)], ["opted_out", "opted_out", "queued"])

    def test_merge_needs_two_lists_a_name_and_the_right(self):
        first = self.make_list(self.partners)
        theirs = self.make_list(user=self.manager, name="Theirs", is_shared=True)
        wizard = self.env["email.target.list.merge"].with_user(self.salesperson)
        with self.assertRaisesRegex(UserError, "at least two lists"):
            wizard.create({"list_ids": first.ids, "name": "X"}).action_merge()
        with self.assertRaisesRegex(UserError, "a name"):
            wizard.create({"list_ids": (first | theirs).ids}).action_merge()
        with self.assertRaises(AccessError):
            wizard.create(
                {"list_ids": (first | theirs).ids, "into": "existing", "target_list_id": theirs.id}
            ).action_merge()

    def test_split_into_equal_parts(self):
        target_list = self.make_list(self.partners)
        twin = self.env["res.partner"].create({"name": "Twin", "email": "PERSON1@good.example"})
        target_list._add_records(twin.with_user(self.salesperson))
        for by in ("random", "order"):
            with self.subTest(by):
                parts = self.split(target_list, by=by, part_count=2)
                self.assertEqual(parts.mapped("name"), ["List (1/2)", "List (2/2)"])
                addresses = [set(part.member_ids.mapped("email_normalized")) for part in parts]
                self.assertEqual([len(found) for found in addresses], [3, 2])
                self.assertFalse(addresses[0] & addresses[1], "no address on two parts")
                self.assertEqual(sum(part.member_count for part in parts), 6)
        self.assertEqual(parts[0].member_ids[0].res_id, self.partners[0].id)
        self.assertEqual(target_list.member_count, 6)

    def test_split_at_random_is_random(self):
        target_list = self.make_list()
        target_list._add_addresses(", ".join(f"a{n}@good.example" for n in range(40)))
        parts = [self.split(target_list, by="random")[0] for _ in range(2)]
        self.assertEqual([part.member_count for part in parts], [20, 20])
        self.assertNotEqual(self.emails(parts[0]), self.emails(parts[1]))

    def test_split_by_kind(self):
        target_list = self.make_list(self.partners[:2])
        target_list._add_addresses("bob@good.example")
        target_list._add_records(self.manager.with_user(self.salesperson))
        parts = self.split(target_list, by="model")
        self.assertEqual(
            {part.name: part.member_count for part in parts},
            {"List (Contact)": 2, "List (User)": 1, "List (Typed Addresses)": 1},
        )

    def make_dynamic(self):
        target_list = self.make_list(kind="dynamic", name="Good ones", accept_list_contacts=False)
        target_list.write(
            {"model_id": self.env["ir.model"]._get_id("res.partner"), "domain": "[('name', 'like', 'Person')]"}
        )
        target_list.action_refresh()
        return target_list

    def test_parts_of_a_dynamic_list_are_static(self):
        parts = self.split(self.make_dynamic(), by="order")
        self.assertEqual(parts.mapped("kind"), ["static", "static"])
        self.assertEqual(parts.mapped("accept_list_contacts"), [False, False], "and take whom it takes")
        self.assertEqual(parts.mapped("member_count"), [3, 2])
        parts[0]._add_addresses("more@good.example")

    def test_a_dynamic_list_merges_into_a_static_one_only(self):
        dynamic, static = self.make_dynamic(), self.make_list(self.partners[:1], name="Others")
        merged = self.env["email.target.list"].browse(self.merge(dynamic | static, name="All")["res_id"])
        self.assertEqual((merged.kind, merged.member_count), ("static", 5))
        wizard = self.env["email.target.list.merge"].with_user(self.salesperson)
        with self.assertRaisesRegex(UserError, "“Good ones” is a dynamic list"):
            wizard.create(
                {"list_ids": (dynamic | static).ids, "into": "existing", "target_list_id": dynamic.id}
            ).action_merge()

    def test_what_cannot_be_split(self):
        target_list = self.make_list(self.partners)
        with self.assertRaisesRegex(UserError, "of one kind"):
            self.split(target_list, by="model")
        for count in (1, -1, 1000):
            with self.assertRaisesRegex(UserError, "2 to 50 parts"):
                self.split(target_list, part_count=count)

    def test_a_shared_list_is_duplicated_by_a_colleague(self):
        target_list = self.make_list(self.partners, is_shared=True)
        colleague = new_test_user(self.env, login="cole", groups="email_campaign.group_user")
        copied = target_list.with_user(colleague).copy()
        self.assertEqual((copied.user_id, copied.is_shared, copied.member_count), (colleague, False, 5))
        copied._add_addresses("more@good.example")
        self.assertEqual(target_list.member_count, 5)

    def test_an_archived_list_is_not_mailed(self):
        first, second = self.make_list(self.partners[:2], name="A"), self.make_list(self.partners[2:], name="B")
        mailing = self.make_mailing(first | second)
        second.with_user(self.salesperson).action_archive()
        action = mailing.action_prepare_launch()
        self.assertIn("“B” is archived", self.env[action["res_model"]].browse(action["res_id"]).warnings)
        mailing.action_launch()
        self.assertEqual(sorted(self.states(mailing)), ["person1@good.example", "person2@good.example"])
        other = self.make_mailing(first)
        first.action_archive()
        with self.assertRaisesRegex(UserError, "“A”.* archived"):
            other.action_launch()


@tagged("post_install", "-at_install")
class TestDeletingWhatIsMailed(ListCase):
    """What a running mass email uses is deleted: nobody gets it who should not, and the rest do."""

    def launched(self, target_list, **values):
        mailing = self.make_mailing(target_list, **values)
        mailing.action_launch()
        return mailing

    def test_a_contact(self):
        mailing = self.launched(self.make_list(self.partners[:2]))
        self.partners[0].with_user(self.salesperson).unlink()
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual(self.states(mailing), {"person1@good.example": "record_gone", "person2@good.example": "sent"})
        shown = dict(mailing.recipient_ids._fields["skip_reason"]._description_selection(self.env))
        self.assertEqual(shown["record_gone"], "Record was deleted")
        self.assertEqual(mailing.state, "done")

    def test_a_user(self):
        gone = new_test_user(self.env, login="gone", email="gone@good.example", groups="base.group_user")
        target_list = self.make_list(self.partners[:1])
        target_list._add_records(gone.with_user(self.salesperson))
        mailing = self.launched(target_list, body_html="<p>{{ object.name }}</p>")
        gone.unlink()
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual(self.states(mailing)["person1@good.example"], "sent")
        self.assertEqual(self.states(mailing)["gone@good.example"], "record_gone")

    def test_a_list(self):
        target_list = self.make_list(self.partners)
        mailing = self.launched(target_list)
        with self.assertRaisesRegex(UserError, "used by the campaign “Campaign”. Archive the list instead"):
            target_list.with_user(self.salesperson).unlink()
        excluding = self.make_list(self.partners[:1], name="Not these")
        mailing.campaign_id.excluding_list_ids = excluding
        with self.assertRaisesRegex(UserError, "used by the campaign"):
            excluding.with_user(self.salesperson).unlink()
        self.send()
        self.assertEqual(len(self.peer.mails), 4)

    def test_a_list_of_a_campaign_in_the_archive(self):
        """What is on its way there waits, and goes on when the campaign is back."""
        excluding = self.make_list(self.partners[:1], name="Not these")
        mailing = self.launched(self.make_list(self.partners, name="These"), excluding=excluding)
        mailing.campaign_id.action_archive()
        for target_list in mailing.campaign_id.target_list_ids | excluding:
            with self.assertRaisesRegex(UserError, r"used by the campaign “Campaign \(archived\)”"):
                target_list.with_user(self.salesperson).unlink()
        wizard = self.env["email.target.list.merge"].with_user(self.salesperson)
        both = excluding | self.make_list(name="Free")
        wizard.create({"list_ids": both.ids, "name": "Both", "archive": True}).action_merge()
        self.assertEqual(both.mapped("active"), [True, False])

    def test_nothing_that_was_sent_is_written_when_a_list_goes(self):
        """There may be a hundred million rows, and workers write them. Views go on showing them."""
        target_list = self.make_list(self.partners)
        mailing = self.launched(target_list)
        mailing.campaign_id.target_list_ids = self.make_list(name="Another")
        self.env.flush_all()
        query = "SELECT id, ctid FROM email_campaign_recipient WHERE mailing_id = %s ORDER BY id"
        before = self.env.execute_query(SQL(query, mailing.id))
        target_list.with_user(self.salesperson).unlink()
        self.assertEqual(self.env.execute_query(SQL(query, mailing.id)), before)
        self.env.invalidate_all()
        recipients = self.env["email.campaign.recipient"].with_user(self.salesperson)
        domain = [("mailing_id", "=", mailing.id)]
        shown = recipients.web_search_read(domain, {"email": {}, "list_id": {"fields": {"display_name": {}}}})
        self.assertEqual({row["list_id"]["display_name"] for row in shown["records"]}, {"Deleted list"})
        [group] = recipients.web_read_group(domain, ["list_id"], ["__count"])["groups"]
        self.assertEqual((group["list_id"], group["__count"]), ((target_list.id, "Deleted list"), 5))
        self.assertEqual(recipients.search_count([*domain, *group["__extra_domain"]]), 5)
        exported = recipients.sudo().search(domain).export_data(["email", "list_id"])["datas"]
        self.assertEqual({row[1] for row in exported}, {"Deleted list"})

    def test_a_list_that_was_taken_out_of_the_running_campaign(self):
        target_list = self.make_list(self.partners[:2])
        mailing = self.launched(target_list)
        mailing.campaign_id.target_list_ids = self.make_list(name="Another")
        target_list.with_user(self.salesperson).unlink()
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual(set(self.states(mailing).values()), {"sent"})

    def test_members_of_a_running_one(self):
        target_list = self.make_list(self.partners[:2])
        mailing = self.launched(target_list)
        self.dialog(target_list, "remove", partner_ids=self.partners[:1])
        self.send()
        self.assertEqual(len(self.peer.mails), 2, "what was launched is launched; to stop it, cancel it")
        self.assertEqual(mailing.state, "done")

    def test_who_launched_it(self):
        mailing = self.launched(self.make_list(self.partners))
        with self.assertRaisesRegex(
            UserError, "Sally Sells launched the mass email “Spring is here”.*Archive the user"
        ):
            self.salesperson.unlink()
        self.salesperson.active = False
        self.send()
        self.assertEqual(set(self.states(mailing.sudo()).values()), {"sent"})

    def test_who_is_responsible(self):
        self.make_mailing(self.make_list(self.partners))
        with self.assertRaisesRegex(UserError, "responsible for the campaign “Campaign”"):
            self.salesperson.unlink()

    def test_what_the_campaign_itself_needs(self):
        mailing = self.launched(self.make_list(self.partners))
        with self.assertRaises(UserError):
            mailing.campaign_id.with_user(self.salesperson).unlink()
