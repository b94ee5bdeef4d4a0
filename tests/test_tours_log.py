from odoo.tests import tagged

from .test_tours import TourCase


@tagged("post_install", "-at_install")
class TestToursLog(TourCase):
    """What a salesperson does with the log, with numbers, on a contact and in the editor."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailing = cls.make_mailing(
            cls,
            cls.make_list(cls, cls.ann | cls.ben, user=cls.user),
            user=cls.user,
            body_html="<p>Hello {{ object.name }}, buy.</p>",
        )

    def sent(self):
        self.mailing.action_launch()
        self.send()
        ann = self.recipient("ann@good.example")
        events = self.env["email.campaign.event"]
        events._log(ann, "open", verdict="human")
        for _ in range(2):
            events._log(ann, "open", verdict="machine", verdict_reason="crawler")
        ann.opened_at = "2026-03-02 10:00:00"

    def recipient(self, email):
        return self.mailing.recipient_ids.filtered(lambda r: r.email == email).sudo()

    def test_numbers_and_a_list_of_them(self):
        self.sent()
        self.walk(f"/odoo/mass-emails/{self.mailing.id}", "email_campaign_log_numbers")
        made = self.env["email.target.list"].search([("name", "ilike", "did not open")])
        self.assertEqual((made.user_id, made.member_ids.email), (self.user, "ben@good.example"))

    def test_a_selection_of_the_log(self):
        self.sent()
        self.walk("/odoo", "email_campaign_log_selection")
        made = self.env["email.target.list"].search([("name", "=", "Readers")])
        self.assertEqual(made.member_ids.partner_id, self.ann)

    def test_on_a_contact(self):
        self.sent()
        self.walk(f"/odoo/contacts/{self.ann.id}", "email_campaign_log_contact")

    def test_a_link_is_chosen_in_the_editor(self):
        self.env["email.tracking.url"].create(
            {
                "name": "Price list",
                "url": "https://shop.example/prices",
                "code": "prices",
                "campaign_id": self.mailing.campaign_id.id,
            }
        )
        self.walk(f"/odoo/mass-emails/{self.mailing.id}", "email_campaign_link_choice")
        self.assertIn("{trackingUrl/prices}", self.mailing.body_html.replace("%7B", "{").replace("%7D", "}"))
        self.mailing.action_launch()
        found = self.mailing.campaign_id.tracking_url_ids
        self.assertEqual(found.mapped("code"), ["prices"], "it is counted under its name")
