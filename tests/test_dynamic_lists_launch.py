from contextlib import closing

from odoo.exceptions import UserError
from odoo.tests import tagged

from .dynamic import DynamicCase


@tagged("post_install", "-at_install")
class TestDynamicListLaunch(DynamicCase):
    """Mass emails with dynamic lists: refreshed before the launch, and refused when nobody knows who is on one."""

    def test_a_launch_asks_the_criteria_anew(self):
        target_list = self.in_bern()
        excluding = self.make_dynamic(("add", "res.partner", [("function", "=", "Baker")]), name="Not these")
        self.partners[3].write({"city": "Bern", "lang": "en_US"})
        mailing = self.make_mailing(target_list, excluding=excluding)
        mailing.action_launch()
        self.assertEqual(
            self.states(mailing),
            {
                "person1@good.example": "excluded",
                "person2@good.example": "queued",
                "person3@good.example": "queued",
                "person4@good.example": "queued",
            },
        )
        self.send()
        self.assertEqual(len(self.peer.mails), 3)

    def test_the_dialog_counts_whom_a_launch_would_reach(self):
        mailing = self.make_mailing(self.in_bern())
        dialog = self.env["email.campaign.launch"].browse(mailing.action_prepare_launch()["res_id"])
        self.assertEqual(dialog.recipient_count, 3)

    def test_a_removed_field_never_means_everyone(self):
        for excluding in (False, True):
            with self.subTest(excluding=excluding):
                target_list = self.in_bern(name="Bernese")
                target_list.action_refresh()
                self.remove_field(target_list)
                mailing = (
                    self.make_mailing(self.make_list(self.partners), excluding=target_list)
                    if excluding
                    else self.make_mailing(target_list)
                )
                with self.assertRaisesRegex(
                    UserError,
                    "Nothing can be sent with the list “Bernese”.*The criterion “Add: Contact, town is Bern” can't be "
                    "read: “Contact” has no field “town” any more",
                ):
                    mailing.action_launch()
                self.assertEqual((mailing.state, len(mailing.recipient_ids)), ("draft", 0))

                notice = target_list.action_refresh()["params"]
                self.assertEqual(notice["type"], "danger")
                self.assertIn("has no field “town”", notice["message"])
                self.assertEqual(target_list.refresh_state, "failed")
                self.assertIn("has no field “town”", target_list.refresh_error)
                self.assertIn("has no field “town”", target_list.refresh_ids[0].error)
                self.assertEqual(target_list.member_ids.partner_id, self.partners[:3], "members stay as they were")

                target_list.criterion_ids.domain = "[('city', '=', 'Genf')]"
                self.assertEqual(target_list.refresh_state, "stale")
                mailing.action_launch()
                self.assertEqual((mailing.state, target_list.refresh_state), ("queued", "fresh"))

    def test_a_deleted_tag_never_means_nobody(self):
        tags = self.env["res.partner.category"].create([{"name": "Do not mail"}, {"name": "VIP"}])
        self.partners[:2].category_id = tags[0]
        named = tags[0].ids
        for operation, domain in (
            ("add", [("category_id", "in", tags.ids)]),
            ("add", [("category_id", "=", named[0])]),
            ("add", [("category_id.id", "in", named)]),
            ("add", [("category_id", "any", [("id", "in", named)])]),
            ("add", [("city", "=", "Bern"), "!", ("category_id", "child_of", named)]),
            ("remove", [("category_id", "not in", named)]),
        ):
            with self.subTest(operation=operation, domain=domain), closing(self.env.cr.savepoint()):
                bern = ("add", "res.partner", [("city", "=", "Bern")])
                excluding = self.make_dynamic(bern, (operation, "res.partner", domain), name="Not these")
                mailing = self.make_mailing(self.make_list(self.partners), excluding=excluding)
                excluding.action_refresh()
                before = excluding.member_count
                tags[0].active = False
                excluding.action_refresh()
                self.assertEqual((excluding.refresh_state, excluding.member_count), ("fresh", before), "archived")
                tags[0].unlink()
                with self.assertRaisesRegex(
                    UserError, "Nothing can be sent with the list “Not these”.*of the kind “.*Tag.*” that was deleted"
                ):
                    mailing.action_launch()
                excluding.action_refresh()
                self.assertEqual((excluding.refresh_state, excluding.member_count), ("failed", before))

    def test_records_that_were_left_out_by_their_id_may_go(self):
        ids = self.partners[:2].ids
        target_list = self.make_dynamic(
            ("add", "res.partner", [("city", "=", "Bern")]), ("remove", "res.partner", [("id", "in", ids)])
        )
        target_list.action_refresh()
        self.partners[0].unlink()
        target_list.action_refresh()
        self.assertEqual((target_list.refresh_state, self.emails(target_list)), ("fresh", ["person3@good.example"]))

    def test_criteria_that_add_nobody_never_mean_nobody(self):
        bern = [("city", "=", "Bern")]
        for left in ([], [("keep", "res.partner", bern)], [("remove", "res.partner", bern)]):
            with self.subTest(left):
                target_list = self.in_bern(name="Bernese")
                target_list.action_refresh()
                target_list.criterion_ids.unlink()
                self.env["email.target.list.criterion"].with_user(self.salesperson).create(
                    [
                        {"list_id": target_list.id, "operation": operation, "model": model, "domain": str(domain)}
                        for operation, model, domain in left
                    ]
                )
                self.assertEqual(target_list.refresh_state, "stale")
                mailing = self.make_mailing(self.make_list(self.partners), excluding=target_list)
                with self.assertRaisesRegex(UserError, "“Bernese” has no criterion that adds anybody"):
                    mailing.action_launch()
                target_list.action_refresh()
                self.assertEqual((target_list.refresh_state, target_list.member_count), ("failed", 3))

    def test_an_archived_list_that_excludes_must_be_readable_too(self):
        excluding = self.in_bern(name="Not these")
        mailing = self.make_mailing(self.make_list(self.partners), excluding=excluding)
        excluding.active = False
        self.remove_field(excluding)
        with self.assertRaisesRegex(UserError, "Nothing can be sent with the list “Not these”"):
            mailing.action_launch()

    def test_a_dry_run_is_refused_too(self):
        target_list = self.in_bern()
        self.remove_field(target_list)
        with self.assertRaisesRegex(UserError, "Nothing can be sent with the list"):
            self.make_mailing(target_list, dry_run=True).action_launch()

    def test_conditions_that_the_database_refuses(self):
        for domain in (r"[('city', '=', 'Be\x00rn')]", "[('id', '<', 'x')]"):
            with self.subTest(domain):
                refusal = "conditions don't make sense"
                with self.assertRaisesRegex(UserError, refusal), self.env.cr.savepoint():
                    self.make_dynamic(("add", "res.partner", domain))
                target_list = self.in_bern()
                target_list.action_refresh()
                self.env.flush_all()
                self.env.cr.execute(
                    "UPDATE email_target_list_criterion SET domain = %s WHERE list_id = %s", [domain, target_list.id]
                )
                self.env.invalidate_all()
                self.assertEqual(target_list.action_refresh()["params"]["type"], "danger")
                self.assertEqual((target_list.refresh_state, target_list.member_count), ("failed", 3))

    def test_an_owner_who_left(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        self.salesperson.active = False
        mailing = self.make_mailing(target_list.with_user(self.manager), user=self.manager)
        with self.assertRaisesRegex(UserError, "Sally Sells, with whose rights it was read, is archived"):
            mailing.action_launch()
        target_list.with_user(self.manager).action_take_over()
        self.assertEqual((target_list.criterion_ids.owner_id, target_list.refresh_state), (self.manager, "fresh"))
        mailing.action_launch()
        self.assertEqual(len(mailing.recipient_ids), 3)

    def test_a_model_that_is_gone(self):
        target_list = self.in_bern()
        target_list.action_refresh()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE email_target_list_criterion SET model = 'gone.model' WHERE list_id = %s", [target_list.id]
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "“gone.model” is no longer here"):
            self.make_mailing(target_list).action_launch()
        self.assertEqual(target_list.member_count, 3)
