from psycopg2.errors import SerializationFailure

from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from .fault_rows import environment


@tagged("post_install", "-at_install")
class TestDynamicListMeanwhile(BaseCase):
    """Real transactions: criteria that change during a refresh. What is committed is taken away afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with environment(self.registry) as env:
            self.list_id = (
                env["email.target.list"]
                .create({"name": "Meanwhile", "kind": "dynamic", "domain": "[('name', '=', 'Nobody')]"})
                .id
            )
        self.addCleanup(self.remove)

    def remove(self):
        with environment(self.registry) as env:
            env["email.target.list"].browse(self.list_id).unlink()

    def refresh(self, env):
        env["email.target.list"].browse(self.list_id).action_refresh()

    def edit(self, env):
        env["email.target.list"].browse(self.list_id).criterion_ids.domain = "[('name', '=', 'Somebody')]"
        env.flush_all()

    def assertCollide(self, first, second):
        with environment(self.registry) as early, self.registry.cursor() as cr:
            cr.execute("SELECT FROM email_target_list")  # its view of the world begins before the first commits
            first(early)
            early.cr.commit()  # pylint: disable=invalid-commit
            with self.assertRaises(SerializationFailure):
                second(early(cr=cr))
            cr.rollback()

    def state(self):
        with environment(self.registry) as env:
            return env["email.target.list"].browse(self.list_id).refresh_state

    def test_criteria_that_change_during_a_refresh(self):
        """The list waits for a refresh from the start: the state alone would be written by nobody."""
        self.assertEqual(self.state(), "stale")
        self.assertCollide(self.refresh, self.edit)
        self.assertEqual(self.state(), "fresh")

    def test_a_refresh_that_began_before_criteria_changed(self):
        self.assertCollide(self.edit, self.refresh)
        self.assertEqual(self.state(), "stale", "it is not up to date by what the criteria were")
