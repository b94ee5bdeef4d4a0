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
        user = user or self.salesperson
        target_list = self.make_list(user=user, kind="dynamic", **values)
        for sequence, (operation, model, domain) in enumerate(criteria):
            self.env["email.target.list.criterion"].with_user(user).create(
                {
                    "list_id": target_list.id,
                    "sequence": sequence,
                    "operation": operation,
                    "model": model,
                    "domain": domain and str(domain),
                }
            )
        return target_list

    def in_bern(self, **values):
        return self.make_dynamic(("add", "res.partner", [("city", "=", "Bern")]), **values)

    def emails(self, target_list):
        return sorted(target_list.sudo().member_ids.mapped("email"))

    def remove_field(self, target_list):
        """Leave behind what a field leaves that an upgrade has removed."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE email_target_list_criterion SET domain = replace(domain, 'city', 'town') WHERE list_id = %s",
            [target_list.id],
        )
        self.env.invalidate_all()

    def refresh_by_schedule(self):
        with self.enter_registry_test_mode():
            self.env.ref("email_campaign.cron_refresh_lists").method_direct_trigger()
        self.env.invalidate_all()
