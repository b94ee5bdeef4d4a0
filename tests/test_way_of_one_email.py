import re

from odoo.tests import tagged

from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestWayOfOneEmail(CampaignCase):
    def test_from_contact_to_mailbox_and_log(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        mailing.action_launch()
        self.assertEqual(mailing.state, "queued")
        self.assertFalse(self.peer.mails, "nothing leaves before the worker runs")

        self.send()

        self.assertEqual(mailing.state, "done")
        self.assertEqual(sorted(self.peer.recipients()), sorted(self.partners.mapped("email")))
        self.assertEqual(mailing.sent_count, 5)
        self.assertEqual(mailing.campaign_id.sent_count, 5)
        self.assertEqual(mailing.campaign_id.recent_event_ids.mapped("kind"), ["sent"] * 5)
        self.assertEqual(self.partners[0].email_campaign_sent_count, 1)

    def test_what_arrives(self):
        mailing = self.make_mailing(self.make_list(self.partners[:1]), email_from='"Sally Séls" <sally@crm.example>')
        mailing.action_launch()
        self.send()

        message = self.message_to("person1@good.example")
        self.assertEqual(message["Subject"], "Spring is here")
        self.assertEqual(message["To"], "Person 1 <person1@good.example>")
        self.assertEqual(message["From"].addresses[0].display_name, "Sally Séls")
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        for part in message.iter_parts():
            self.assertIn("Hello Person 1,", part.get_content())
            self.assertRegex(part.get_content(), r"/email/u/[\w-]+")
            self.assertRegex(part.get_content(), r"/email/c/[\w-]+")
            self.assertNotIn("shop.example", part.get_content(), "links lead through us")
        self.assertRegex(message.get_body(("html",)).get_content(), r"/email/o/[\w-]+\.gif")
        self.assertRegex(message["List-Unsubscribe"], r"<http.*/email/u/[\w-]+>")
        self.assertEqual(message["List-ID"], f"{self.list_type.name} <list-{self.list_type.id}.crm.example>")
        self.assertRegex(message["Feedback-ID"], rf"^c{mailing.campaign_id.id}:m{mailing.id}:o\d+:[0-9a-f]{{12}}$")
        self.assertEqual(message["Precedence"], "bulk")
        self.assertNotIn("Auto-Submitted", message)
        self.assertEqual(message["Date"].datetime.utcoffset().total_seconds(), 0)
        for line in self.peer.mail_to("person1@good.example").split(b"\r\n"):
            self.assertLessEqual(len(line), 998)
            self.assertFalse(re.search(rb"[\r\n]", line))

    def test_several_list_types_are_no_list(self):
        other = self.env["email.list.type"].create({"name": "Events"})
        lists = self.make_list(self.partners[:1]) | self.make_list(self.partners[1:2], list_type_id=other.id)
        mailing = self.make_mailing(lists)
        mailing.action_launch()
        self.send()
        message = self.message_to("person1@good.example")
        self.assertEqual(message["List-ID"], f"<campaign-{mailing.campaign_id.id}.crm.example>")
        self.assertNotEqual(message["Message-ID"], self.message_to("person2@good.example")["Message-ID"])

    def test_recipients_are_spoken_to_in_their_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["ir.module.module"]._load_module_terms(["email_campaign"], ["de_DE"])
        self.partners[0].lang = "de_DE"
        mailing = self.make_mailing(self.make_list(self.partners[:2]))
        mailing.action_launch()
        self.send()
        german = self.message_to("person1@good.example").get_body(("plain",)).get_content()
        english = self.message_to("person2@good.example").get_body(("plain",)).get_content()
        self.assertIn("Abmelden", german)
        self.assertIn("Unsubscribe", english)
