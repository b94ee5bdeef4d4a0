from odoo.tests import tagged

from .test_addressees import AddresseeCase


@tagged("post_install", "-at_install")
class TestLaunchNumbers(AddresseeCase):
    """What the launch dialog shows is what a launch freezes, on lists whose records changed since they came there."""

    def dialog(self, mailing):
        action = mailing.action_prepare_launch()
        return self.env[action["res_model"]].with_user(mailing.env.user).browse(action["res_id"])

    def test_records_that_changed_since(self):
        people = self.partners.with_user(self.seller)
        target_list, excluding = self.make_list(people, user=self.seller), self.make_list(user=self.seller, name="Not")
        target_list._add_records(self.lead)
        excluding._add_records(self.lead)
        mailing = self.make_mailing(target_list, excluding=excluding, user=self.seller)
        people[0].active = False
        people[1].email = "moved@good.example"
        people[2].unlink()
        people[3].email = "Lea2@good.example"
        self.lead.email_from = "lea2@good.example"
        dialog = self.dialog(mailing)
        shown = {line.reason: line.member_count for line in dialog.reason_ids} | {False: dialog.recipient_count}
        self.assertEqual(shown, {False: 2, "disabled": 1, "excluded": 2})
        action = dialog.action_view_audience()
        members = self.env[action["res_model"]].with_user(self.seller).search(action["domain"])
        self.assertEqual(set(members.mapped("email")), {"moved@good.example", "person5@good.example"})
        mailing.dry_run = True
        mailing.action_launch()
        self.assertIn("2 would get", mailing.message_ids[0].body)
        mailing.dry_run = False
        dialog.action_confirm()
        self.assertEqual(mailing._audience_report(), shown)

    def test_a_language_that_a_contact_has_only_now(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.env["mail.template"].create(
            {
                "name": "T",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "Spring",
                "body_html": "<p>It is here</p>",
            }
        )
        template.with_context(lang="fr_FR").subject = "Printemps"
        target_list = self.make_list(self.contact, user=self.seller)
        mailing = self.make_mailing(
            target_list, user=self.seller, content_type="template", template_id=template.id, subject=False
        )
        self.contact.lang = "fr_FR"
        mailing.action_launch()
        self.send()
        self.assertEqual(self.message_to("person1@good.example")["Subject"], "Printemps")
