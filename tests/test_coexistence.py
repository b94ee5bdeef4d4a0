from odoo.tests import tagged

from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestCoexistence(CampaignCase):
    """The same campaign on a database that has Odoo's own mass_mailing too. Run there by `make test`."""

    def test_beside_mass_mailing(self):
        self.assertIn("mailing.mailing", self.env, "this test is for a database with mass_mailing")
        self.env["mail.blacklist"]._add("person1@good.example")
        mailing = self.make_mailing(self.make_list(self.partners))
        mailing.action_launch()
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.skipped_count), ("done", 4, 1))
        self.assertEqual(len(self.peer.mails), 4)
        self.assertFalse(self.env["mailing.trace"].search([("email", "in", self.partners.mapped("email"))]))

    def test_its_own_mailing_still_works(self):
        theirs = self.env["mailing.mailing"].create(
            {
                "subject": "Theirs",
                "body_html": "<p>Hello</p>",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": [("id", "in", self.partners.ids)],
                "email_from": "Theirs <theirs@crm.example>",
            }
        )
        theirs.action_send_mail()
        self.env["mail.mail"].search([("mailing_id", "=", theirs.id)]).send()
        self.assertEqual(sorted(self.peer.recipients()), sorted(self.partners.mapped("email")))
