from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .replying import ReplyCase


@tagged("post_install", "-at_install")
class TestReplyList(ReplyCase):
    """What people do with the list of replies, and who may."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,email_campaign.group_user"
        cls.stranger = new_test_user(cls.env, login="steve", email="steve@crm.example", groups=groups)

    def test_who_sees_what(self):
        reply = self.reply()
        replies = self.env["email.campaign.reply"]
        everybody = [("id", "=", reply.id)]
        self.assertTrue(replies.with_user(self.salesperson).search(everybody))
        self.assertTrue(replies.with_user(self.manager).search(everybody))
        self.assertFalse(replies.with_user(self.stranger).search(everybody))
        with self.assertRaises(AccessError):
            reply.with_user(self.stranger).action_done()
        reply.user_id = self.stranger
        reply.with_user(self.stranger).action_done()
        self.assertEqual(reply.state, "done")
        self.assertTrue(replies.with_user(self.salesperson).search(everybody), "the campaign is still hers")
        nobody = new_test_user(self.env, login="nick", groups="base.group_user")
        with self.assertRaises(AccessError):
            replies.with_user(nobody).search(everybody)

    def test_another_company_sees_nothing(self):
        self.reply()
        other = self.env["res.company"].create({"name": "Other"})
        self.manager.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.assertFalse(self.env["email.campaign.reply"].with_user(self.manager).search([]))

    def test_what_came_in_is_not_changed_by_hand(self):
        reply = self.reply().with_user(self.salesperson)
        for values in ({"body": "x"}, {"email": "x@y.example"}, {"is_counted": False}, {"lead_id": 1}):
            with self.assertRaises(AccessError):
                reply.write(values)
        with self.assertRaises(AccessError):
            reply.unlink()
        with self.assertRaises(AccessError):
            reply.copy()

    def test_one_row_for_each_message(self):
        reply = self.reply()
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            reply.copy({"message_id": reply.message_id})

    def test_numbers_on_the_forms_are_of_what_waits(self):
        first, _second = self.reply(), self.reply(recipient=self.other, message_id="<two@x.example>")
        first.action_done()
        for record in (self.mailing, self.campaign):
            self.assertEqual((record.open_reply_count, record.replied_count), (1, 2))
            action = record.with_user(self.salesperson).action_view_replies()
            self.assertEqual(self.env[action["res_model"]].search_count(action["domain"]), 2)

    def test_grouped_by_state_with_both_columns(self):
        self.reply()
        domain = [("campaign_id", "=", self.campaign.id)]
        replies = self.env["email.campaign.reply"].with_context(read_group_expand=True)
        groups = replies.web_read_group(domain, ["state"])["groups"]
        self.assertEqual([(group["state"], group["__count"]) for group in groups], [("new", 1), ("done", 0)])

    def test_an_opportunity_is_put_down_to_the_campaign(self):
        self.salesperson.group_ids += self.env.ref("sales_team.group_sale_salesman")
        self.campaign.utm_campaign_id = self.env["utm.campaign"].create({"name": "Spring"})
        reply = self.reply().with_user(self.salesperson)
        action = reply.action_make_opportunity()
        lead = self.env["crm.lead"].browse(action["res_id"])
        self.assertEqual((lead.type, lead.partner_id, lead.user_id), ("opportunity", self.person, self.salesperson))
        self.assertEqual(
            (lead.campaign_id, lead.medium_id), (self.campaign.utm_campaign_id, self.campaign.utm_medium_id)
        )
        self.assertIn("Forty, please.", lead.description)
        self.assertEqual(reply.action_make_opportunity()["res_id"], lead.id, "one is enough")
        self.assertEqual(self.campaign.opportunity_count, 1)

    def test_conversation_that_the_user_may_not_read(self):
        reply = self.reply()
        self.assertEqual(reply.with_user(self.salesperson).action_open_record()["res_model"], "res.partner")
        self.person.company_id = self.env["res.company"].create({"name": "Other"})
        action = reply.with_user(self.salesperson).action_answer()
        self.assertEqual(action["context"]["default_model"], "email.campaign")

    PDF = (
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nForty, please.\r\n"
        "--b\r\nContent-Type: application/pdf; name=order.pdf\r\nContent-Disposition: attachment; "
        "filename=order.pdf\r\n\r\n%PDF\r\n--b--\r\n"
    )

    def files(self):
        return self.env["ir.attachment"].sudo().search([("name", "=", "order.pdf")])

    def activities(self, record):
        return self.env["mail.activity"].with_context(active_test=False).search([("res_id", "=", record.id)])

    def test_deleting_a_reply_takes_what_was_made_of_it(self):
        reply = self.reply(more=self.PDF)
        self.assertEqual(
            set(self.files().mapped("res_model")), {"email.campaign.reply", "email.campaign", "res.partner"}
        )
        activity = reply.activity_id
        self.assertTrue(activity)
        reply.sudo().unlink()
        self.assertFalse(activity.exists(), "there is nothing to do")
        self.assertEqual(self.files().mapped("res_model"), ["res.partner"], "the conversation of the contact stays")
        self.assertEqual(self.thread(self.person).attachment_ids, self.files())

    def test_an_activity_that_is_about_another_reply_too(self):
        first = self.reply()
        second = self.reply(message_id="<two@x.example>", sender="Otto <otto@other.example>", body="Fifty.")
        activity = first.activity_id
        self.assertEqual(second.activity_id, activity)
        first.sudo().unlink()
        self.assertTrue(activity.exists())
        self.assertIn("Otto", activity.summary)
        self.assertIn("Fifty.", activity.note)
        self.assertNotIn("Forty", activity.note)

    def test_deleting_takes_what_was_said_when_it_was_done(self):
        reply = self.reply()
        other = self.reply(recipient=self.other, message_id="<x@x.example>", sender="person2@good.example")
        both = (reply | other).with_user(self.salesperson)
        both.action_done()
        told = self.person.sudo().message_ids.filtered("mail_activity_type_id")
        self.assertIn("Forty, please.", told.body)
        kept = other.done_message_id
        self.assertEqual((reply.done_message_id, kept.res_id), (told, other.res_id))
        reply.sudo().unlink()
        self.assertFalse(told.exists())
        self.assertFalse(self.activities(self.person))
        self.assertTrue(kept.exists())

    def test_erasing_a_person_takes_files_and_what_is_to_do(self):
        self.reply(more=self.PDF)
        self.env["email.erasure"].with_user(self.manager)._erase("person1@good.example")
        self.assertFalse(self.files())
        self.assertFalse(self.activities(self.person))

    def test_erasing_a_person_takes_their_replies(self):
        reply = self.reply(more="")
        held = self.env["email.erasure"].with_user(self.manager).sudo()._held("person1@good.example")
        self.assertEqual([row["subject"] for row in held["replies"]], ["Re: Spring is here"])
        self.env["email.erasure"].with_user(self.manager)._erase("person1@good.example")
        self.assertFalse(reply.exists())
        self.assertFalse(self.thread(self.campaign))
        self.assertEqual(len(self.thread(self.person)), 1, "contacts are Odoo's, and stay")
