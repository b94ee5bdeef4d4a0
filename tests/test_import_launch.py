from odoo.exceptions import UserError
from odoo.tests import tagged

from .importing import ImportCase

ROWS = "Email\n" + "".join(f"a{n}@good.example\n" for n in range(2500))


@tagged("post_install", "-at_install")
class TestImportLaunch(ImportCase):
    """A launch with a list that a file is being imported into, or was in part."""

    def warnings(self, mailing):
        action = mailing.action_prepare_launch()
        return str(self.env[action["res_model"]].browse(action["res_id"]).warnings or "")

    def test_the_dialog_says_that_more_are_to_come(self):
        mailing = self.make_mailing(self.target_list)
        self.target_list._add_addresses("first@good.example")
        record = self.read_file(ROWS)
        self.assertNotIn("import", self.warnings(mailing))
        record.action_import()
        self.assertEqual(record.state, "running")
        self.assertIn("still being imported into the list “List”: 0 of 2,500 rows", self.warnings(mailing))
        record.action_cancel()
        self.assertIn("for the list “List” only 0 of 2,500 rows were imported", self.warnings(mailing))
        record.action_resume()
        self.run_job()
        self.assertEqual(record.state, "done")
        self.assertNotIn("import", self.warnings(mailing))

    def test_nobody_is_mailed_who_is_about_to_be_left_out(self):
        """A colleague launches, who sees the shared list and not what is imported into it."""
        self.target_list.is_shared = True
        mailing = self.make_mailing(
            self.make_list(self.partners, user=self.manager), excluding=self.target_list, user=self.manager
        )
        record = self.read_file(ROWS + "person1@good.example\n")
        record.action_import()
        with self.assertRaisesRegex(UserError, "still being imported.*0 of 2,501 rows.*although the list is to leave"):
            mailing.action_launch()
        self.assertEqual((mailing.state, len(mailing.recipient_ids)), ("draft", 0))
        self.run_job()
        mailing.action_launch()
        self.assertEqual(self.states(mailing)["person1@good.example"], "excluded")
