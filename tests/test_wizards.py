from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import BODY, CampaignCase


@tagged("post_install", "-at_install")
class TestWizards(CampaignCase):
    def open_send(self, records):
        context = {"active_model": records._name, "active_ids": records.ids}
        return Form(self.env["email.campaign.send"].with_user(self.salesperson).with_context(**context))

    def test_from_a_selection_to_a_sent_email(self):
        without = self.env["res.partner"].create({"name": "No Address"})
        form = self.open_send(self.partners | without)
        self.assertEqual((form.record_count, form.without_email_count), (6, 1))
        form.name = "Spring"
        form.subject = "Spring is here"
        form.body_html = BODY
        action = form.save().action_send()
        mailing = self.env["email.campaign.mailing"].browse(action["res_id"])
        self.assertEqual(mailing.state, "queued")
        self.assertEqual(mailing.campaign_id.name, "Spring")
        self.assertEqual(mailing.campaign_id.target_list_ids.name, "Spring")
        self.send()
        self.assertEqual((mailing.sent_count, mailing.skipped_count), (5, 1))
        self.assertEqual(len(self.peer.mails), 5)

    def test_save_as_draft(self):
        form = self.open_send(self.partners)
        form.subject = "Later"
        form.body_html = BODY
        action = form.save().action_save()
        self.assertEqual(self.env["email.campaign.mailing"].browse(action["res_id"]).state, "draft")

    def test_refused_leaves_nothing_behind(self):
        form = self.open_send(self.partners)
        form.name = "Never"
        form.subject = "Hello"
        form.body_html = "<p>{{ object.nothing_of_the_kind }}</p>"
        wizard = form.save()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            wizard.action_send()
        self.assertFalse(self.env["email.campaign"].search([("name", "=", "Never")]))

    def test_leads(self):
        lead = self.env["crm.lead"].create({"name": "Chairs", "email_from": "lea@good.example"})
        context = {"active_model": "crm.lead", "active_ids": lead.ids}
        form = Form(self.env["email.campaign.send"].with_context(**context))
        self.assertEqual(form.record_count, 1)

    def test_without_a_selection(self):
        with self.assertRaisesRegex(UserError, "Select contacts"):
            Form(self.env["email.campaign.send"])

    def test_add_to_a_list(self):
        target_list = self.make_list()
        wizard = self.env["email.target.list.add"].with_user(self.salesperson)
        selected = wizard.with_context(active_model="res.partner", active_ids=self.partners[:2].ids)
        selected.create({"list_id": target_list.id}).action_add()
        wizard.create(
            {
                "list_id": target_list.id,
                "partner_ids": self.partners[1:3].ids,
                "addresses": "bare@good.example",
            }
        ).action_add()
        self.assertEqual(target_list.member_count, 4)
        message = wizard.create({"list_id": target_list.id, "addresses": "bare@good.example"}).action_add()
        self.assertIn("already", message["params"]["message"])
        with self.assertRaisesRegex(UserError, "Choose contacts"):
            wizard.create({"list_id": target_list.id}).action_add()
