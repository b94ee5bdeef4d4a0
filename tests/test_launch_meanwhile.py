"""Contacts that are deleted while a mass email is launched to them, in real transactions."""

from odoo.tests import tagged

from .test_workers import WorkersCase


@tagged("post_install", "-at_install")
class TestLaunchMeanwhile(WorkersCase):
    """Neither of the two sees the other; whoever commits last leaves no link to a contact that is gone."""

    def setUp(self):
        super().setUp()
        with self.environment() as env:
            people = env["res.partner"].create([{"name": name, "email": f"{name}@good.example"} for name in ("a", "b")])
            target_list = env["email.target.list"].create(
                {"name": "Meanwhile", "list_type_id": env.ref("email_campaign.list_type_marketing").id}
            )
            target_list._add_records(people)
            first = env["email.campaign.mailing"].browse(self.mailing)
            first.campaign_id.target_list_ids = target_list
            self.other = first.copy({"subject": "Meanwhile"}).id
            self.people, self.list = people.ids, target_list.id
        self.addCleanup(self.clean)

    def clean(self):
        with self.environment() as env:
            env["email.campaign"].browse(self.campaign).target_list_ids = [(6, 0, [self.target_list])]
            env["email.target.list"].browse(self.list).unlink()
            env["res.partner"].browse(self.people).exists().unlink()

    def links(self):
        with self.environment() as env:
            env.cr.execute(
                "SELECT email, partner_id FROM email_campaign_recipient WHERE mailing_id = %s ORDER BY email",
                [self.other],
            )
            return env.cr.fetchall()

    def both(self, last):
        """Delete the first contact and launch, in transactions that begin before the other one ends."""
        with self.environment() as launching, self.environment() as deleting:
            for env in (launching, deleting):
                env.cr.execute("SELECT 1")  # from here on it sees nothing new
            deleting["res.partner"].browse(self.people[0]).unlink()
            if last == "launch":
                deleting.cr.commit()
            launching["email.campaign.mailing"].browse(self.other).action_launch()
            launching.cr.commit()
        self.assertEqual(self.links(), [("a@good.example", None), ("b@good.example", self.people[1])])

    def test_deleted_before_the_launch_is_over(self):
        self.both(last="launch")

    def test_launched_before_the_deletion_is_over(self):
        self.both(last="deletion")
