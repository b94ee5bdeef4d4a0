"""Contacts that are deleted while a mass email is launched to them, in real transactions."""

from odoo.tests import tagged

from .test_workers import WorkersCase


@tagged("post_install", "-at_install")
class TestLaunchMeanwhile(WorkersCase):
    """Neither of the two sees the other; whoever commits last leaves no link to a contact that is gone."""

    def setUp(self):
        super().setUp()
        self.prepare()
        self.addCleanup(self.clean)

    def prepare(self):
        with self.environment() as env:
            people = env["res.partner"].create(
                [{"name": name, "email": f"{name}@good.example"} for name in ("a", "b", "kept")]
            )
            target_list = env["email.target.list"].create(
                {"name": "Meanwhile", "list_type_id": env.ref("email_campaign.list_type_marketing").id}
            )
            target_list._add_records(people[:2])
            first = env["email.campaign.mailing"].browse(self.mailing)
            first.campaign_id.target_list_ids = target_list
            self.other = first.copy({"subject": "Meanwhile"}).id
            self.people, self.list = people.ids, target_list.id

    def again(self):
        self.clean()
        self.prepare()

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

    def both(self, end, last):
        """End the first contact by `end`, and launch, in transactions that begin before the other one ends."""
        with self.environment() as launching, self.environment() as ending:
            for env in (launching, ending):
                env.cr.execute("SELECT 1")  # from here on it sees nothing new
            end(ending["res.partner"].browse(self.people[0]))
            if last == "launch":
                ending.cr.commit()
            launching["email.campaign.mailing"].browse(self.other).action_launch()
            launching.cr.commit()

    def merge(self, contact):
        kept = contact.browse(self.people[2])
        contact.env["base.partner.merge.automatic.wizard"]._merge((contact | kept).ids, kept)

    def test_deleted_meanwhile(self):
        for last in ("launch", "deletion"):
            with self.subTest(last=last):
                self.both(lambda contact: contact.unlink(), last)
                self.assertEqual(self.links(), [("a@good.example", None), ("b@good.example", self.people[1])])
                self.again()

    def test_merged_meanwhile(self):
        for last in ("launch", "merge"):
            with self.subTest(last=last):
                self.both(self.merge, last)
                self.assertEqual(self.links(), [("a@good.example", self.people[2]), ("b@good.example", self.people[1])])
                self.again()

    def test_what_a_stopped_server_has_left_is_mended_at_night(self):
        with self.environment() as env:
            env["email.campaign.mailing"].browse(self.other).action_launch()
        with self.environment() as env:
            env["res.partner"].browse(self.people[0]).unlink()
            env.cr.postcommit.clear()
            env.cr.execute(
                "UPDATE email_campaign_recipient SET partner_id = %s WHERE mailing_id = %s AND email LIKE 'a@%%'",
                [self.people[0], self.other],
            )
        with self.environment() as env:
            env["email.campaign.recipient"]._gc_gone_contacts()
        self.assertEqual(self.links(), [("a@good.example", None), ("b@good.example", self.people[1])])
