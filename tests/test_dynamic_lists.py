from odoo.tests import tagged

from .common import CampaignCase


class DynamicCase(CampaignCase):
    """Contacts in two towns, and dynamic lists of a salesperson."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners[:3].city = "Bern"
        cls.partners[3:].city = "Genf"
        cls.partners[0].function = "Baker"

    def make_dynamic(self, *criteria, user=None, **values):
        """Make a dynamic list of (operation, model, domain), not refreshed yet."""
        target_list = self.make_list(user=user, kind="dynamic", **values)
        for sequence, (operation, model, domain) in enumerate(criteria):
            self.env["email.target.list.criterion"].with_user(user or self.salesperson).create(
                {
                    "list_id": target_list.id,
                    "sequence": sequence,
                    "operation": operation,
                    "model": model,
                    "domain": str(domain),
                }
            )
        return target_list

    def emails(self, target_list):
        return sorted(target_list.sudo().member_ids.mapped("email"))

    def rename_field(self, target_list, name="no_such_field"):
        """Leave behind what an upgrade leaves that removes a field."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE email_target_list_criterion SET domain = replace(domain, 'city', %s) WHERE list_id = %s",
            [name, target_list.id],
        )
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestDynamicLists(DynamicCase):
    def test_one_criterion(self):
        target_list = self.make_dynamic(("add", "res.partner", [("city", "=", "Bern")]))
        self.assertEqual((target_list.refresh_state, target_list.member_count), ("stale", 0))
        target_list.action_refresh()
        self.assertEqual((target_list.refresh_state, target_list.member_count), ("fresh", 3))
        self.assertEqual(target_list.member_ids.partner_id, self.partners[:3])
