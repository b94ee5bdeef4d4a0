import tracemalloc
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.audience.importing import email_target_list_import as importing
from ..models.audience.importing import email_target_list_import_running as running
from .importing import ImportCase

LONG = "Name,Email\n" + "".join(f"P{n},p{n}@good.example\n" for n in range(2500))


@tagged("post_install", "-at_install")
class TestImportRunning(ImportCase):
    """Long files in the background, and who may do what."""

    def start(self, **values):
        record = self.read_file(LONG, **values)
        record.action_import()
        return record

    def test_long_files_are_for_the_job(self):
        record = self.start()
        self.assertEqual((record.state, record.done_count, self.members()), ("running", 0, {}))
        cron = self.env.ref("email_campaign.cron_import")
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))
        self.run_job()
        self.assertEqual((record.state, self.counts(record)), ("done", {"added": 2500}))
        self.assertEqual(len(self.members()), 2500)
        with self.assertRaisesRegex(UserError, "has begun and can't be changed"):
            record.update_existing = False
        with self.assertRaisesRegex(UserError, "has begun and can't be changed"):
            record.column_ids[0].target = "ignore"
        with self.assertRaisesRegex(UserError, "can't be imported: it is in the state “Done”"):
            record.action_import()

    def test_stop_and_go_on(self):
        record = self.start()
        record.action_cancel()
        self.run_job()
        self.assertEqual((record.state, self.members()), ("cancelled", {}))
        record.action_resume()
        self.run_job()
        self.assertEqual((record.state, len(self.members())), ("done", 2500))

    def test_stopped_in_between(self):
        """Whoever stops it waits for the portion at hand, and no further one begins."""
        record = self.start()
        import_rows = type(record)._import_rows

        def stopping(imported, rows):
            import_rows(imported, rows)
            imported.action_cancel()

        with patch.object(type(record), "_import_rows", stopping):
            self.run_job()
        self.assertEqual((record.state, record.done_count, len(self.members())), ("cancelled", 2000, 2000))
        record.action_resume()
        self.run_job()
        self.assertEqual((record.state, self.counts(record)), ("done", {"added": 2500}))

    def test_what_no_row_can_be_blamed_for(self):
        """The import stops and says so; others go on, and it can go on itself."""
        record = self.start()
        import_rows = type(record)._import_rows

        def failing(imported, rows):
            if rows[0].number > 1000:
                raise ZeroDivisionError
            return import_rows(imported, rows)

        other_list = self.make_list()
        other = self.make_import(LONG, list_id=other_list.id)
        other.action_read()
        other.action_import()
        with (
            patch.object(running, "PORTION", 900),
            patch.object(type(record), "_import_rows", failing),
            self.assertLogs(running._logger.name, "ERROR"),
        ):
            self.run_job()
        self.assertEqual((record.state, record.done_count), ("failed", 1800))
        self.assertIn("no row can be blamed for", record.error)
        self.run_job()
        self.assertEqual((record.state, len(self.members())), ("failed", 1800))
        record.action_resume()
        self.run_job()
        self.assertEqual((record.state, record.error, len(self.members())), ("done", False, 2500))

    def test_what_the_database_always_refuses(self):
        """As a statement that takes longer than it may: the import fails, and those behind it are imported."""
        record = self.start()
        other = self.make_import(LONG, list_id=self.make_list().id)
        other.action_read()
        other.action_import()
        keep_refusals = type(record)._keep_refusals

        def slow(imported, refusals):
            if imported == record:
                self.env.cr.execute("SET LOCAL statement_timeout = 20")
                self.env.cr.execute("SELECT pg_sleep(10)")
            return keep_refusals(imported, refusals)

        with (
            patch.object(type(record), "_keep_refusals", slow),
            self.assertLogs(running._logger.name, "ERROR"),
            mute_logger("odoo.sql_db"),
        ):
            self.run_job()
        self.assertEqual((record.state, record.done_count), ("failed", 0))
        self.assertEqual((other.state, self.counts(other)), ("done", {"added": 2500}))

    def test_the_list_was_taken_away(self):
        record = self.start()
        self.target_list.sudo().user_id = self.manager
        self.run_job()
        self.assertEqual(record.sudo().state, "failed")
        self.assertIn("failed", self.target_list.sudo().message_ids[0].body)
        self.assertEqual(self.env["email.target.list.member"].search_count([("list_id", "=", self.target_list.id)]), 0)

    def test_the_user_left(self):
        record = self.start()
        self.salesperson.active = False
        self.run_job()
        self.assertEqual(record.sudo().state, "failed")
        self.assertIn("Sally Sells may not log in any more", record.sudo().error)

    def test_only_for_lists_of_ones_own(self):
        colleague = new_test_user(self.env, login="colleague", groups="email_campaign.group_user")
        self.target_list.is_shared = True
        record = self.read_file(LONG)
        with self.assertRaises(AccessError):
            self.make_import(LONG, user=colleague)
        for act in ("action_read", "action_import", "action_cancel"):
            with self.assertRaises(AccessError):
                getattr(record.with_user(colleague), act)()
        self.assertFalse(self.env["email.target.list.import"].with_user(colleague).search([]))
        mine = self.make_list(user=colleague)
        own = self.make_import(LONG, user=colleague, list_id=mine.id)
        with self.assertRaises(AccessError):
            own.list_id = self.target_list.id
        with self.assertRaises(AccessError):
            self.target_list.with_user(colleague).action_import_csv()

    def test_what_is_found_out_can_not_be_set(self):
        """Nobody imports with the rights of somebody else."""
        record = self.read_file(LONG)
        for values in ({"user_id": self.manager.id}, {"state": "running"}, {"last_row": 7}, {"refused_file": "eA=="}):
            with self.subTest(values), self.assertRaisesRegex(AccessError, "can't be set by hand"):
                record.write(values)
            with self.subTest(values), self.assertRaisesRegex(AccessError, "can't be set by hand"):
                self.make_import(LONG, **values)
        with self.assertRaises(AccessError):
            record.column_ids[0].import_id = self.make_import(LONG).id
        refusals = self.env["email.target.list.import.refusal"].with_user(self.salesperson)
        with self.assertRaises(AccessError):
            refusals.create({"import_id": record.id, "row": 1})

    def test_dynamic_lists_have_no_imports(self):
        record = self.read_file(LONG)
        self.target_list.kind = "dynamic"
        with self.assertRaisesRegex(UserError, "is a dynamic list"):
            record.action_import()
        with self.assertRaisesRegex(UserError, "is a dynamic list"):
            self.target_list.action_import_csv()

    def test_another_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        record = self.read_file(LONG)
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="email_campaign.group_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        self.assertFalse(self.env["email.target.list.import"].with_user(stranger).search([("id", "=", record.id)]))
        self.assertTrue(self.env["email.target.list.import"].with_user(self.manager).search([("id", "=", record.id)]))

    def test_deleting(self):
        record = self.run_import("Email\nann@good.example\nnonsense\n")
        member = self.target_list.member_ids
        self.assertEqual(member.import_id, record)
        record.unlink()
        member.invalidate_recordset()
        self.assertFalse(member.import_id)
        running_one = self.start()
        with self.assertRaisesRegex(UserError, "is being imported. Stop it first"):
            running_one.unlink()
        files = [("res_model", "=", record._name), ("res_field", "!=", False)]
        files.append(("res_id", "=", running_one.id))
        self.assertTrue(self.env["ir.attachment"].search(files))
        self.target_list.unlink()
        self.run_job()
        self.assertFalse(running_one.exists())
        self.assertFalse(self.env["ir.attachment"].search(files), "nobody's addresses stay in a file that nobody sees")

    def test_files_go_after_a_month(self):
        record = self.run_import("Email\nann@good.example\nnonsense\n")
        draft = self.make_import(LONG)
        self.env.flush_all()
        self.env.cr.execute("UPDATE email_target_list_import SET write_date = now() - interval '31 days'")
        fresh = self.run_import("Email\nben@good.example\nnonsense\n")
        self.env.invalidate_all()
        self.env["email.target.list.import"]._gc_files()
        self.assertFalse(draft.exists())
        self.assertEqual((record.file, record.refused_file, record.refused_count), (False, False, 1))
        self.assertFalse(self.reasons(record))
        self.assertTrue(fresh.file and fresh.refused_file and self.reasons(fresh))

    def test_files_go_without_being_read(self):
        """A month's files are more than the memory of a server process."""
        for number in range(3):
            record = self.make_import("Email\n" + "x" * 4_000_000, f"{number}.csv")
            record.action_read()
            record.sudo().state = "cancelled"
        self.env.flush_all()
        self.env.cr.execute("UPDATE email_target_list_import SET write_date = now() - interval '31 days'")
        self.env.invalidate_all()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.env["email.target.list.import"]._gc_files()
        self.assertLess(tracemalloc.get_traced_memory()[1], 4_000_000)
        self.assertFalse(record.file)

    def test_a_large_file_of_refused_rows(self):
        """It is made in portions, ends where it would be too large, and that is said."""
        text = "Email\n" + "".join(f"nonsense{n}\n" for n in range(25))
        with patch.object(running, "REFUSED_PORTION", 10):
            record = self.run_import(text)
            self.assertEqual([row[0] for row in self.refused(record)], [f"nonsense{n}" for n in range(25)])
            self.assertEqual(record.refused_file_count, 25)
            self.assertNotIn("has the first", self.target_list.message_ids[0].body)
            with patch.object(running, "REFUSED_BYTES", 1000):
                record = self.run_import(text)
        self.assertEqual([row[0] for row in self.refused(record)], [f"nonsense{n}" for n in range(10)])
        self.assertEqual((record.refused_count, record.refused_file_count, len(self.reasons(record))), (25, 10, 25))
        self.assertIn("The file of refused rows has the first 10 of them.", self.target_list.message_ids[0].body)

    def test_no_going_on_without_the_file(self):
        record = self.start()
        record.action_cancel()
        self.env.flush_all()
        self.env.cr.execute("UPDATE email_target_list_import SET write_date = now() - interval '31 days'")
        self.env.invalidate_all()
        self.env["email.target.list.import"]._gc_files()
        with self.assertRaisesRegex(UserError, "no file “people.csv” any more: files are deleted after a month"):
            record.action_resume()
        self.assertEqual((record.state, self.members()), ("cancelled", {}))

    def test_a_file_is_chosen_again(self):
        record = self.read_file(LONG)
        record.action_choose_file()
        self.assertEqual((record.state, record.file, len(record.column_ids)), ("draft", False, 0))
        with self.assertRaisesRegex(UserError, "is empty"):
            record.action_read()

    def test_no_more_at_once_than_people_wait_for(self):
        rows = importing.AT_ONCE
        record = self.read_file("Email\n" + "".join(f"p{n}@good.example\n" for n in range(rows)))
        record.action_import()
        self.assertEqual((record.state, record.added_count), ("done", rows))
