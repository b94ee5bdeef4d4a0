from email import message_from_bytes, policy

from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .replying import GATEWAY, ReplyCase
from .returning import answer


@tagged("post_install", "-at_install")
class TestRound(ReplyCase):
    """From the mass email to the reply, to our answer, and what the person writes then."""

    def sent(self, email):
        """Let what waits leave; give what arrived at `email`."""
        self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        return message_from_bytes(self.peer.mail_to(email), policy=policy.default)

    def compose(self, reply, body="<p>How large?</p>", user=None):
        action = reply.with_user(user or self.salesperson).action_answer()
        form = Form(
            self.env["mail.compose.message"].with_user(user or self.salesperson).with_context(**action["context"])
        )
        form.body = body
        composer = form.save()
        composer.action_send_mail()
        return composer

    def next_one(self, arrived, **kwargs):
        """Let the person answer `arrived` as a mail program does."""
        octets = answer(
            arrived["Reply-To"] or arrived["From"],
            answers=arrived["Message-ID"],
            message_id="<next@good.example>",
            body="Two metres.",
            **kwargs,
        ).replace(b"References: ", f"References: {arrived['References']} ".encode())
        with mute_logger(GATEWAY):
            self.env["mail.thread"].message_process(False, octets)
        self.env.invalidate_all()

    def test_it_stands_in_both_conversations(self):
        self.reply()
        for record in (self.person, self.campaign):
            message = self.thread(record)
            self.assertEqual(len(message), 1)
            self.assertEqual((message.author_id, message.subject), (self.person, "Re: Spring is here"))
            self.assertEqual(message.message_id, "<answer1@good.example>")
            self.assertEqual(message.subtype_id, self.env.ref("mail.mt_comment"))
            self.assertIn("Forty, please.", message.body)

    def test_the_person_gets_no_copy(self):
        self.reply()
        self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        self.assertNotIn("person1@good.example", self.peer.recipients())

    def test_answer_from_the_list_and_back_to_the_contact(self):
        reply = self.reply()
        self.compose(reply)
        self.assertEqual(reply.state, "done", "it was answered")
        self.assertFalse(reply.activity_id.active)
        arrived = self.sent("person1@good.example")
        self.assertEqual(arrived["In-Reply-To"], "<answer1@good.example>")
        self.assertIn("<answer1@good.example>", arrived["References"])
        self.assertEqual(arrived["Subject"], "Re: Spring is here")
        self.assertIn("How large?", arrived.get_body(("html",)).get_content())
        self.next_one(arrived)
        self.assertIn("Two metres.", self.thread(self.person)[0].body)
        self.assertEqual(len(self.thread(self.campaign)), 1, "it continues on the contact")
        self.assertEqual(self.kinds(), [("reply", False)])
        # Whoever answered is told.
        self.assertIn(self.salesperson.partner_id, self.person.message_partner_ids)

    def test_answer_from_the_campaign_and_back_to_it(self):
        reply = self.reply()
        campaign = self.campaign.with_user(self.salesperson)
        suggested = campaign._message_get_suggested_recipients(reply_discussion=True)
        self.assertIn(self.person.id, [person["partner_id"] for person in suggested])
        campaign.message_post(
            body="How large?", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.person.ids
        )
        self.assertEqual(reply.state, "done")
        arrived = self.sent("person1@good.example")
        self.assertEqual(arrived["In-Reply-To"], "<answer1@good.example>")
        self.next_one(arrived)
        self.assertIn("Two metres.", self.thread(self.campaign)[0].body)

    def test_answer_from_a_lead(self):
        lead = self.env["crm.lead"].create(
            {"name": "Chairs", "email_from": "lea@good.example", "user_id": self.salesperson.id}
        )
        self.recipient.write(
            {
                "res_model": "crm.lead",
                "res_id": lead.id,
                "partner_id": False,
                "email": "lea@good.example",
                "name": "Lea",
            }
        )
        self.salesperson.group_ids += self.env.ref("sales_team.group_sale_salesman")
        reply = self.reply(sender="lea@good.example")
        self.assertEqual((reply.name, reply.partner_id), ("Lea", self.env["res.partner"]))
        self.assertEqual(self.thread(lead).email_from, '"Lea" <lea@good.example>')
        self.compose(reply)
        arrived = self.sent("lea@good.example")
        self.assertEqual(arrived["In-Reply-To"], "<answer1@good.example>")
        self.next_one(arrived, sender="lea@good.example")
        self.assertIn("Two metres.", self.thread(lead)[0].body)

    def test_of_a_bare_address_it_is_on_the_campaign(self):
        self.recipient.write({"res_model": False, "res_id": False, "partner_id": False, "email": "lea@good.example"})
        reply = self.reply(sender="Lea <lea@good.example>")
        self.assertFalse(reply.res_model)
        self.compose(reply)
        self.assertEqual(reply.partner_id.email, "lea@good.example")
        arrived = self.sent("lea@good.example")
        self.next_one(arrived, sender="lea@good.example")
        self.assertIn("Two metres.", self.thread(self.campaign)[0].body)

    def test_a_user_converses_as_contact(self):
        self.recipient.write(
            {"res_model": "res.users", "res_id": self.manager.id, "partner_id": self.manager.partner_id.id}
        )
        self.recipient.email = "max@crm.example"
        reply = self.reply(sender="max@crm.example")
        self.assertEqual((reply.res_model, reply.res_id), ("res.partner", self.manager.partner_id.id))
        self.assertEqual(len(self.thread(self.manager.partner_id)), 1)

    def test_what_follows_the_own_reply_is_on_the_list_too(self):
        self.reply()
        second = self.reply(
            answers="<answer1@good.example>", message_id="<two@x.example>", body="Or fifty.", more=f"X: {1}\r\n"
        )
        self.assertFalse(second, "without a sign of the mass email it is Odoo's")
        self.assertIn("Or fifty.", self.thread(self.person)[0].body)
        references = f"<answer1@good.example>\r\nReferences: {self.message_id()} <answer1@good.example>"
        third = self.reply(
            answers=references.replace("\r\nReferences: ", "\r\nX-Old: "),
            message_id="<three@x.example>",
            more=f"References: {self.message_id()} <answer1@good.example>\r\n",
            body="Or sixty.",
        )
        self.assertTrue(third)
        self.assertIn("Or sixty.", self.thread(self.person)[0].body)

    def test_an_internal_note_is_no_answer(self):
        reply = self.reply()
        self.person.with_user(self.salesperson).message_post(body="Who is that?", subtype_xmlid="mail.mt_note")
        self.person.with_user(self.salesperson).message_post(
            body="For Max",
            subtype_xmlid="mail.mt_comment",
            message_type="comment",
            partner_ids=self.manager.partner_id.ids,
        )
        self.assertEqual(reply.state, "new")
