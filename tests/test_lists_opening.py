from odoo.tests import tagged
from odoo.tools import SQL

from .common import CampaignCase

MEMBERS = 10_000


@tagged("post_install", "-at_install")
class TestListsOpening(CampaignCase):
    """The first members of a large list are found without reading others."""

    def test_a_list_that_was_filled_after_others(self):
        # Not in the order in which the lists were made, which would be easy for the planner.
        made = [self.make_list(name=name) for name in "ABCD"]
        lists = [made[number] for number in (1, 3, 0, 2)]
        for target_list in lists:
            self.env.cr.execute(
                """
                INSERT INTO email_target_list_member (list_id, email, email_normalized, state, record_active)
                     SELECT %(list)s, n || '@good.example', n || '@good.example', 'subscribed', TRUE
                       FROM generate_series(1, %(count)s) AS n
                """,
                {"list": target_list.id, "count": MEMBERS},
            )
        self.env.cr.execute("ANALYZE email_target_list_member")
        members = self.env["email.target.list.member"].with_user(self.salesperson)
        for target_list in lists:
            query = members._search([("list_id", "=", target_list.id)], order=members._order, limit=20)
            for columns in (SQL("email_target_list_member.id"), SQL("email_target_list_member.*")):
                shown = query.select(columns)
                [(plan,)] = self.env.execute_query(SQL("EXPLAIN (ANALYZE, FORMAT JSON) %s", shown))
                with self.subTest(target_list.name, columns=columns.code):
                    self.assertLess(self.read_rows(plan[0]["Plan"]), MEMBERS // 10)

    def read_rows(self, node):
        """Give the number of members that were looked at by this step of a plan and those below it."""
        looked_at = 0
        if node.get("Relation Name") == "email_target_list_member":
            looked_at = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        return looked_at + sum(self.read_rows(child) for child in node.get("Plans", ()))
