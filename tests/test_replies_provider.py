from datetime import timedelta

from odoo.tests import Form, tagged

from .replying import ReplyCase


@tagged("post_install", "-at_install")
class TestReceiving(ReplyCase):
    """What comes to the mailbox of a provider without a sign of what it answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.env["fetchmail.server"].create(
            {"name": "Mailbox", "server_type": "imap", "server": "imap.crm.example", "user": "news", "password": "x"}
        )
        cls.server.state = "done"
        cls.provider.write({"receive": True, "fetchmail_server_id": cls.server.id})
        cls.context = {"default_fetchmail_server_id": cls.server.id}

    def receive(self, **kwargs):
        kwargs = {"answers": "", "to": "news@crm.example", "context": self.context, "model": "crm.lead", **kwargs}
        return self.reply(**kwargs)

    def leads(self):
        return self.env["crm.lead"].search_count([("name", "=", "Re: Spring is here")])

    def test_of_somebody_we_wrote_to_it_is_queued_and_does_not_count(self):
        reply = self.receive()
        self.assertEqual((reply.matched, reply.state, reply.recipient_id), ("address", "new", self.recipient))
        self.assertEqual(reply.activity_id.user_id, self.salesperson)
        self.assertIn("Forty, please.", self.thread(self.person).body)
        self.assertFalse(self.leads())
        self.assertFalse(self.kinds())
        self.assertFalse(self.recipient.replied_at)
        self.assertEqual(self.partners[0].email_validity, "unknown")
        self.assertFalse(self.receive(), "fetched once more")

    def test_a_person_says_that_it_is_a_reply(self):
        reply = self.receive().with_user(self.salesperson)
        reply.action_count()
        reply.action_count()
        self.assertTrue(reply.is_counted)
        self.assertEqual(self.kinds(), [("reply", False)])
        self.assertEqual(self.mailing.replied_count, 1)

    def test_the_latest_mass_email_has_it(self):
        second = self.make_mailing(self.make_list(self.partners[:1], name="Second"))
        self.env["email.audience"]._freeze(second)
        sent_at = self.recipient.sent_at + timedelta(minutes=1)
        second.sudo().write({"state": "done", "launched_at": sent_at, "done_at": sent_at})
        second.recipient_ids.sudo().write({"state": "sent", "sent_at": sent_at})
        self.receive()
        found = self.env["email.campaign.reply"].search([("mailing_id", "=", second.id)])
        self.assertEqual(found.campaign_id, second.campaign_id)

    def test_a_signed_reply_is_one_there_too(self):
        self.assertEqual(self.receive(answers=self.message_id()).matched, "headers")

    def test_whatever_has_another_place_goes_there(self):
        for number, change in enumerate(
            (
                {"sender": "stranger@good.example"},
                {"sender": "sally@crm.example"},
                {"context": {}},
                {"context": {"default_fetchmail_server_id": self.server.id + 1}},
            )
        ):
            self.assertFalse(self.receive(message_id=f"<{number}@x.example>", **change), change)
            self.assertEqual(self.leads(), number + 1)

    def test_a_provider_that_does_not_receive_or_did_not_send(self):
        self.provider.receive = False
        self.assertFalse(self.receive())
        self.provider.write({"receive": True, "sender_filter": "other.example"})
        self.assertFalse(self.receive(message_id="<two@x.example>"))
        self.mailing.sudo().provider_id = self.provider.create(
            {"name": "Second", "mail_server_id": self.server_like().id}
        )
        self.provider.sender_filter = False
        self.assertFalse(self.receive(message_id="<three@x.example>"))
        self.assertEqual(self.leads(), 3)

    def server_like(self):
        return self.mail_server.copy({"name": "Second"})

    def test_long_ago_is_not_lately(self):
        ago = self.recipient.sent_at - timedelta(days=40)
        self.mailing.sudo().write({"launched_at": ago, "done_at": ago})
        self.recipient.sent_at = ago
        self.assertFalse(self.receive())

    def test_an_alias_and_a_conversation_come_first(self):
        self.env["mail.alias"].create(
            {"alias_name": "sales", "alias_model_id": self.env["ir.model"]._get_id("crm.lead")}
        )
        self.assertFalse(self.receive(to="sales@crm.example"))
        self.assertEqual(self.leads(), 1)
        message = self.person.message_post(body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        self.assertFalse(self.receive(answers=message.message_id, message_id="<two@x.example>"))
        self.assertIn("Forty, please.", self.thread(self.person).body)
        self.assertEqual(self.leads(), 1)

    def test_a_mailbox_that_makes_leads_goes_on_doing_so(self):
        self.server.object_id = self.env["ir.model"]._get("crm.lead")
        self.assertFalse(self.receive())
        self.assertEqual(self.leads(), 1)
        self.assertEqual(self.receive(answers=self.message_id(), message_id="<two@x.example>").matched, "headers")
        self.assertEqual(self.leads(), 1)
        self.assertIn("makes a record (Lead)", self.provider.receive_trouble)

    def test_many_other_mass_emails_of_others_do_not_hide_it(self):
        second = self.provider.create({"name": "Second", "mail_server_id": self.server_like().id})
        self.mailing.sudo().provider_id = self.provider
        mailings = self.env["email.campaign.mailing"].sudo()
        values = {"state": "done", "provider_id": second.id, "launched_at": self.mailing.launched_at}
        for number in range(3):
            other = self.make_mailing(self.make_list(self.partners[:1], name=f"Other {number}"))
            other.sudo().write(values)
        since = self.mailing.launched_at - timedelta(days=1)
        self.assertEqual(self.provider._mailings_since(since, 1), self.mailing, "the limit is on its own")
        self.assertEqual(len((self.provider | second)._mailings_since(since, 10)), 4)
        self.assertEqual(mailings.browse(), self.provider._mailings_since(since + timedelta(days=2), 10))

    def test_an_absence_note_makes_nothing(self):
        self.assertFalse(self.receive(more="Auto-Submitted: auto-replied\r\n"))
        self.assertFalse(self.leads())
        self.assertFalse(self.kinds())

    def test_the_form_says_what_is_missing(self):
        with Form(self.provider) as form:
            self.assertFalse(form.receive_trouble)
            form.fetchmail_server_id = self.env["fetchmail.server"]
            self.assertIn("no incoming mail server", form.receive_trouble)
        self.server.state = "draft"
        self.provider.fetchmail_server_id = self.server
        self.assertIn("not confirmed", self.provider.receive_trouble)
        self.server.active = False
        self.assertIn("archived", self.provider.receive_trouble)
        self.provider.receive = False
        self.assertFalse(self.provider.receive_trouble)
