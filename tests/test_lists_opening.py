from odoo.tests import tagged
from odoo.tools import SQL

from .common import CampaignCase
from .plans import rows_read

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
                with self.subTest(target_list.name, columns=columns.code):
                    self.assertLess(rows_read(self.env, shown, "email_target_list_member"), MEMBERS // 10)
