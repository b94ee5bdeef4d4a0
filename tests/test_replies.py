from odoo.tests import new_test_user, tagged

from ..models.response.email_link import MESSAGE_ID, OPEN
from .replying import ReplyCase
from .returning import answer


@tagged("post_install", "-at_install")
class TestReplies(ReplyCase):
    """What a person writes back to a mass email."""

    def address(self):
        return self.env["email.address"].search([("email", "=", "person1@good.example")])

    def test_a_reply_counts_once_and_makes_no_record(self):
        leads = self.env["crm.lead"].search_count([])
        reply = self.reply(model="crm.lead")
        self.assertEqual(self.env["crm.lead"].search_count([]), leads)
        self.assertEqual(
            (reply.email, reply.name, reply.subject, reply.partner_id, reply.state, reply.matched, reply.is_other),
            ("person1@good.example", "Person 1", "Re: Spring is here", self.person, "new", "headers", False),
        )
        self.assertEqual(
            (reply.res_model, reply.res_id, reply.recipient_id), ("res.partner", self.person.id, self.recipient)
        )
        self.assertIn("Forty, please.", reply.body)
        self.assertEqual(reply.excerpt, "Forty, please.")
        self.assertTrue(reply.is_counted)
        self.assertTrue(self.recipient.replied_at)
        self.assertEqual(self.kinds(), [("reply", False)])
        self.assertEqual((self.mailing.replied_count, self.campaign.replied_count), (1, 1))
        self.assertEqual(self.mailing.replied_rate, 20)
        self.assertFalse(self.reply(model="crm.lead"), "fetched once more")
        self.assertEqual(self.kinds(), [("reply", False)])

    def test_the_first_one_gives_the_time(self):
        self.reply()
        first = self.recipient.replied_at = "2026-01-01 10:00:00"
        self.assertTrue(self.reply(message_id="<two@good.example>"))
        self.assertEqual(str(self.recipient.replied_at), first)
        self.assertEqual(self.kinds(), [("reply", False)] * 2)
        self.assertEqual(self.mailing.replied_count, 1)

    def test_a_message_without_a_name_counts_once(self):
        self.assertTrue(self.reply(message_id=None))
        self.assertFalse(self.reply(message_id=None))
        self.assertTrue(self.reply(message_id=None, body="Fifty."))
        self.assertEqual(self.kinds(), [("reply", False)] * 2)

    def test_it_shows_that_the_address_works(self):
        self.bounced("person1@good.example", kind="soft")
        self.reply()
        known = self.address()
        self.assertEqual((known.validity, known.soft_bounce_count), ("valid", 0))
        self.assertTrue(known.last_replied_at)

    def test_it_settles_a_doubt(self):
        self.recipient.write({"state": "in_doubt", "sent_at": False})
        self.reply()
        self.assertEqual((self.recipient.state, bool(self.recipient.sent_at)), ("sent", True))
        self.assertEqual(self.kinds(), [("sent", False), ("reply", False)])

    def test_lists_of_who_replied_and_who_did_not(self):
        self.reply()
        for response, count in (("replied", 1), ("not_replied", 4)):
            wizard = self.env["email.target.list.response"].create(
                {"campaign_id": self.campaign.id, "response": response}
            )
            self.assertEqual(wizard.recipient_count, count)

    def test_settled_figures_say_the_same(self):
        self.mailing.sudo().done_at = "2026-01-01 10:00:00"
        self.env["email.campaign.mailing"]._settle_figures()
        self.reply()
        self.assertEqual(self.mailing.replied_count, 1)

    def test_forged_references_are_no_reply(self):
        token = self.signer.sign_local(OPEN, self.recipient.id)
        changed = self.token(MESSAGE_ID)[:-2] + ("00" if self.token(MESSAGE_ID)[-2:] != "00" else "11")
        for forged in (token, changed, "0a" * 20):
            self.assertFalse(
                self.reply(answers=f"<{forged}@crm.example>", message_id=f"<{forged[-6:]}@x.example>", model="crm.lead")
            )
        self.assertFalse(self.kinds())
        self.assertFalse(self.recipient.replied_at)
        self.assertFalse(self.address())
        self.assertEqual(self.env["crm.lead"].search_count([("name", "=", "Re: Spring is here")]), 3, "its normal way")

    def test_absence_notes_are_on_record_and_no_replies(self):
        for number, more in enumerate(("Auto-Submitted: auto-replied\r\n", "X-Autoreply: yes\r\n")):
            self.assertFalse(self.reply(more=more, message_id=f"<away{number}@x.example>", model="crm.lead"))
        self.assertEqual(self.kinds(), [("auto_reply", False)] * 2)
        self.assertFalse(self.recipient.replied_at)
        self.assertEqual(self.mailing.replied_count, 0)
        self.assertFalse(self.env["mail.activity"].search([("res_id", "=", self.person.id)]))
        self.assertFalse(self.thread(self.person))
        self.assertFalse(self.reply(more="X-Autoreply: yes\r\n", message_id="<away1@x.example>"))
        self.assertEqual(len(self.kinds()), 2, "once each")

    def test_an_absence_note_settles_a_doubt(self):
        self.recipient.write({"state": "in_doubt", "sent_at": False})
        self.reply(to=self.return_path(), more="Auto-Submitted: auto-replied\r\n")
        self.assertEqual(self.recipient.state, "sent")
        self.assertEqual(self.kinds(), [("sent", False), ("auto_reply", False)])

    def test_a_reply_to_the_return_path(self):
        self.assertTrue(self.reply(to=self.return_path(), answers=""))

    def test_somebody_else_answers_a_forwarded_mail(self):
        reply = self.reply(sender="Otto Other <otto@other.example>")
        self.assertEqual((reply.email, reply.name, reply.is_other), ("otto@other.example", "Otto Other", True))
        self.assertEqual(reply.recipient_email, "person1@good.example")
        self.assertFalse(reply.partner_id, "nobody we know")
        self.assertEqual((reply.res_model, reply.res_id), ("res.partner", self.person.id))
        self.assertFalse(self.address(), "it says nothing about the address that was written to")
        self.assertTrue(self.recipient.replied_at)

    def test_a_colleague_who_answers_from_elsewhere_is_no_reply(self):
        reply = self.reply()
        self.assertFalse(
            self.reply(
                "person1@good.example, catchall@crm.example",
                sender="Sally <sally@crm.example>",
                message_id="<sally@crm.example>",
                body="They are on their way.",
            )
        )
        self.assertIn("They are on their way.", self.thread(self.person)[0].body)
        self.assertEqual(self.thread(self.person)[0].author_id, self.salesperson.partner_id)
        self.assertEqual(reply.state, "new", "anybody can write that From")
        self.assertEqual(self.kinds(), [("reply", False)])

    def test_a_colleague_by_mail_closes_nothing_in_a_conversation_either(self):
        self.person.message_subscribe(self.person.ids)
        asked = self.person.message_post(body="Well?", message_type="comment", subtype_xmlid="mail.mt_comment")
        reply = self.reply()
        self.reply(answers=asked.message_id, sender="Sally <sally@crm.example>", message_id="<forged@x.example>")
        forged = self.thread(self.person)[0]
        self.assertEqual((forged.author_id, forged.parent_id), (self.salesperson.partner_id, asked), "as Odoo does it")
        self.assertIn(self.person, forged.notified_partner_ids)
        self.assertEqual(reply.state, "new")

    def test_colleagues_are_no_way_round_the_limit(self):
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", "3")
        for number in range(5):
            self.assertFalse(self.reply(sender="Sally <sally@crm.example>", message_id=f"<{number}@crm.example>"))
        self.assertEqual(len(self.thread(self.person)), 3)
        self.assertFalse(self.reply(sender="Sally <sally@crm.example>", message_id="<0@crm.example>"))
        self.assertEqual(len(self.noted()), 1)

    def noted(self):
        return self.campaign.sudo().message_ids.filtered(lambda message: message.subject == "Replies are ignored")

    def test_nobody_is_left_of_who_was_erased(self):
        message_id = self.message_id()
        self.recipient.email = "erased-1@erased.invalid"
        reply = self.reply(answers=message_id)
        self.assertFalse(reply.is_counted)
        self.assertFalse(self.kinds())
        self.assertFalse(self.recipient.replied_at)

    def test_two_machines_that_talk_are_stopped(self):
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", "3")
        for number in range(5):
            self.reply(message_id=f"<{number}@x.example>")
        self.assertEqual(len(self.replies()), 3)
        self.assertEqual(len(self.thread(self.person)), 3)
        self.assertEqual(len(self.noted()), 1, "the campaign says so once")
        self.assertIn("person1@good.example", self.noted().body)
        self.assertTrue(self.reply(recipient=self.other, message_id="<other@x.example>"), "others are heard")

    def test_a_limit_that_is_no_number_loses_nothing(self):
        for name in ("minutes", "threshold"):
            for number, value in enumerate(("many", "0", "-5", "9" * 30)):
                self.env["ir.config_parameter"].set_param(f"mail.gateway.loop.{name}", value)
                self.assertTrue(self.reply(message_id=f"<{name}{number}@x.example>"))

    def test_a_mass_email_that_is_deleted_takes_its_replies_along(self):
        reply = self.reply()
        self.mailing.recipient_ids.sudo().state = "cancelled"
        self.campaign.unlink()
        self.assertFalse(reply.exists())

    def test_a_recipient_that_is_deleted_leaves_the_reply(self):
        reply = self.reply()
        self.recipient.unlink()
        self.assertTrue(reply.exists())
        self.assertFalse(reply.recipient_id)
        self.assertFalse(reply.recipient_email)


@tagged("post_install", "-at_install")
class TestResponsible(ReplyCase):
    """Who is to deal with a reply, and what tells them."""

    def activities(self, record):
        return self.env["mail.activity"].search([("res_model", "=", record._name), ("res_id", "=", record.id)])

    def test_the_one_of_the_campaign(self):
        reply = self.reply()
        activity = self.activities(self.person)
        self.assertEqual((reply.user_id, activity.user_id), (self.salesperson, self.salesperson))
        self.assertEqual(activity, reply.activity_id)
        self.assertIn("Person 1", activity.summary)
        self.assertIn("Forty, please.", activity.note)

    def test_the_one_of_the_contact(self):
        owner = new_test_user(self.env, login="olga", email="olga@crm.example", groups="base.group_user")
        self.person.user_id = owner
        self.assertEqual(self.reply().user_id, owner)
        self.assertEqual(self.activities(self.person).user_id, owner)

    def test_not_who_left_or_may_not_read_it(self):
        owner = new_test_user(self.env, login="olga", email="olga@crm.example", groups="base.group_user")
        self.person.user_id = owner
        self.person.company_id = self.env.company
        owner.write({"active": False})
        self.assertEqual(self.reply().user_id, self.salesperson)
        other = self.env["res.company"].create({"name": "Other"})
        owner.write({"active": True, "company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.assertEqual(self.reply(message_id="<two@x.example>").user_id, self.salesperson)

    def test_not_the_one_of_the_campaign_who_left(self):
        self.campaign.user_id = self.env["res.users"].browse(self.salesperson.id)
        reply = self.reply()
        reply.with_user(self.salesperson).action_done()
        self.salesperson.active = False
        second = self.reply(message_id="<two@x.example>")
        self.assertTrue(second.user_id.active)
        self.assertTrue(second.user_id.has_group("email_campaign.group_manager"))
        self.assertEqual(second.activity_id.user_id, second.user_id)
        reply.with_user(self.manager).action_reopen()
        self.assertEqual(reply.user_id, second.user_id)

    def test_one_activity_at_a_time(self):
        first, second = self.reply(), self.reply(message_id="<two@x.example>")
        activity = self.activities(self.person)
        self.assertEqual((len(activity), first.activity_id, second.activity_id), (1, activity, activity))
        first.with_user(self.salesperson).action_done()
        self.assertTrue(activity.active, "one is still open")
        second.with_user(self.salesperson).action_done()
        self.assertFalse(activity.exists().active)
        third = self.reply(message_id="<three@x.example>")
        self.assertTrue(third.activity_id.active)
        self.assertNotEqual(third.activity_id, activity)

    def test_done_on_the_contact_is_done_on_the_list(self):
        first, second = self.reply(), self.reply(message_id="<two@x.example>")
        self.activities(self.person).with_user(self.salesperson).action_feedback(feedback="Called her")
        self.assertEqual(set((first | second).mapped("state")), {"done"})

    def test_put_back_and_handed_on(self):
        reply = self.reply()
        reply.with_user(self.salesperson).action_done()
        reply.with_user(self.salesperson).action_reopen()
        self.assertEqual((reply.state, reply.activity_id.active), ("new", True))
        reply.with_user(self.salesperson).user_id = self.manager
        self.assertEqual(reply.activity_id.user_id, self.manager)

    def test_not_on_a_lead_that_they_may_not_read(self):
        self.salesperson.group_ids += self.env.ref("sales_team.group_sale_salesman")
        lead = self.env["crm.lead"].create({"name": "Chairs", "user_id": self.manager.id})
        self.recipient.write({"res_model": "crm.lead", "res_id": lead.id, "partner_id": False})
        reply = self.reply()
        self.assertEqual(reply.user_id, self.salesperson, "who has the lead may not read leads")
        self.assertFalse(self.activities(lead))
        self.assertEqual(self.activities(self.campaign), reply.activity_id)
        self.assertEqual(len(self.thread(lead)), 1, "it is in the conversation for those who may")

    def test_where_there_is_no_record_the_campaign_has_it(self):
        self.recipient.write({"res_model": False, "res_id": False, "partner_id": False})
        first, second = self.reply(), self.reply(message_id="<two@x.example>")
        self.assertEqual(self.activities(self.campaign), first.activity_id)
        self.assertEqual(second.activity_id, first.activity_id)
        third = self.reply(recipient=self.other, message_id="<x@x.example>", sender="person2@good.example")
        self.assertEqual(third.activity_id.res_model, "res.partner")

    def test_an_absence_note_asks_nobody_for_anything(self):
        self.reply(more="Auto-Submitted: auto-replied\r\n")
        self.assertFalse(self.activities(self.person) | self.activities(self.campaign))

    def test_answer_is_the_same_from_octets(self):
        self.assertIn(b"In-Reply-To", answer(answers=self.message_id()))
