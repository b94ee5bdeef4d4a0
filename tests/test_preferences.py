from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.tests import tagged

from ..models.response.email_link import PREFERENCES
from .test_opt_out_page import MARKUP, PagesCase


@tagged("post_install", "-at_install")
class TestPreferences(PagesCase):
    """The preference centre: only what this address may choose, only what it changed, and all of it can be undone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        types = cls.env["email.list.type"]
        types.search([("id", "!=", cls.list_type.id)]).is_public = False
        cls.events_type = types.create({"name": "Events " + MARKUP, "is_public": True, "description": MARKUP})
        cls.hidden = types.create({"name": "Dealers only"})
        cls.foreign = types.create(
            {
                "name": "Of others",
                "is_public": True,
                "company_id": cls.env["res.company"].create({"name": "Other"}).id,
            }
        )

    def choose(self, *ticked, shown=None, **kwargs):
        shown = self.list_type | self.events_type if shown is None else shown
        return self.page({"do": "save", "shown": shown.ids, "list": [each.id for each in ticked]}, **kwargs)

    def page(self, data=None, page="p", purpose=PREFERENCES, **kwargs):
        return super().page(data, page=page, purpose=purpose, **kwargs)

    def ticked(self, text):
        """Give the names of the boxes that are ticked."""
        return {
            each.name
            for each in self.env["email.list.type"].search([])
            if f'value="{each.id}" checked="checked"' in text
        }

    def test_what_can_be_chosen(self):
        text = self.page().text
        self.assertIn("News and offers", text)
        self.assertNotIn("alert(1)</script>", text)
        self.assertIn("&lt;script&gt;", text)
        self.assertNotIn("Dealers only", text)
        self.assertNotIn("Of others", text)
        self.assertEqual(self.ticked(text), {"News and offers"}, "what nobody asked for is not ticked")
        self.make_list(self.partners[:1], name="Guests", list_type_id=self.events_type.id)
        self.assertEqual(len(self.ticked(self.page().text)), 2, "who is on a list of the type gets it")
        self.recipient.list_type_id = self.hidden
        self.assertIn("Dealers only", self.page().text, "the email said so itself")

    def test_save_and_undo(self):
        text = self.choose(self.events_type).text
        self.assertIn("Your choice is saved", text)
        self.assertEqual((self.subscription(), self.subscription(self.events_type)), ("opted_out", "opted_in"))
        self.assertEqual(self.events().mapped("kind"), ["opt_out", "opt_in"])
        self.assertTrue(self.recipient.opted_out_at)
        self.assertEqual(self.freeze_again()["person1@good.example"], "opted_out")
        self.assertIn(">Undo<", text)
        # What the button sends: all that was changed, ticked as it was before.
        self.choose(self.list_type)
        self.assertEqual((self.subscription(), self.subscription(self.events_type)), ("opted_in", "opted_out"))
        self.assertFalse(self.recipient.opted_out_at)
        self.assertEqual(self.freeze_again()["person1@good.example"], "queued")

    def test_what_is_ticked_comes(self):
        subscribers = self.make_list(name="Guests", list_type_id=self.events_type.id)
        self.events_type.subscriber_list_id = subscribers
        self.choose(self.list_type, self.events_type)
        member = subscribers.member_ids
        self.assertEqual((member.email, member.state, member.res_id), ("person1@good.example", "subscribed", 0))
        self.assertEqual(member.name, self.recipient.name)
        self.choose(self.list_type)
        self.assertEqual(len(subscribers.member_ids), 1, "unticking opts out; lists are left alone")
        mailing = self.make_mailing(subscribers)
        self.env["email.audience"]._freeze(mailing)
        self.assertEqual(self.states(mailing), {"person1@good.example": "opted_out"})
        self.choose(self.list_type, self.events_type)
        mailing = self.make_mailing(subscribers)
        self.env["email.audience"]._freeze(mailing)
        self.assertEqual(self.states(mailing), {"person1@good.example": "queued"})

    def test_who_is_on_a_list_of_that_type_comes_onto_no_other(self):
        subscribers = self.make_list(name="Guests", list_type_id=self.events_type.id)
        self.make_list(self.partners[:1], name="Staff's own", list_type_id=self.events_type.id)
        self.events_type.subscriber_list_id = subscribers
        self.choose(self.list_type)
        self.choose(self.list_type, self.events_type)
        self.assertEqual(self.subscription(self.events_type), "opted_in")
        self.assertFalse(subscribers.member_ids)

    def test_another_company_s_list_of_subscribers_is_not_joined(self):
        theirs = self.env["email.target.list"].create(
            {"name": "Theirs", "list_type_id": self.events_type.id, "company_id": self.foreign.company_id.id}
        )
        self.events_type.subscriber_list_id = theirs
        self.choose(self.list_type, self.events_type)
        self.assertEqual(self.subscription(self.events_type), "opted_in")
        self.assertFalse(theirs.member_ids)

    def test_saving_again_writes_nothing(self):
        self.choose(self.list_type)
        self.assertFalse(self.events())
        self.assertFalse(self.subscription(), "no consent was given by looking")
        for _ in range(2):
            text = self.choose(self.list_type, self.events_type).text
        self.assertIn("nothing had to be changed", text)
        self.assertEqual(self.events().mapped("kind"), ["opt_in"])

    def test_what_may_not_be_chosen_is_passed_over(self):
        everything = self.list_type | self.hidden | self.foreign
        self.choose(*everything, shown=everything)
        self.choose(shown=self.hidden | self.foreign)
        self.assertFalse(self.env["email.subscription"].search([("list_type_id", "in", everything.ids)]))
        self.assertFalse(self.events())
        for forged in ("-1", "x", "9" * 30, "٣", "", "1 OR 1=1", "\x00"):
            self.assertEqual(self.page({"do": "save", "shown": [forged], "list": [forged]}).status_code, 200)
        self.page({"do": "save", "shown": [str(number) for number in range(5000)]})
        self.page({"do": "no such thing", "shown": self.list_type.ids})
        self.page({"shown": self.list_type.ids})
        self.assertFalse(self.events().filtered(lambda event: event.detail != "News and offers"))

    def test_a_break_ends_by_itself(self):
        self.assertIn("Your break has begun", self.page({"do": "pause"}).text)
        pause = self.env["email.pause"].search([("email", "=", "person1@good.example")])
        expected = fields.Datetime.now() + relativedelta(months=3)
        self.assertLess(abs((pause.until - expected).total_seconds()), 3600)
        self.page({"do": "pause"})
        self.assertEqual(self.events().mapped("kind"), ["pause"], "asking twice does no harm")
        self.assertEqual(self.freeze_again(), {"person1@good.example": "paused", "person2@good.example": "queued"})
        self.assertFalse(self.subscription(), "nothing that was agreed to is lost")
        pause.sudo().until = fields.Datetime.now() - relativedelta(days=1)
        self.env.flush_all()
        self.assertEqual(self.freeze_again()["person1@good.example"], "queued")
        self.assertIn("Pause for 3 months", self.page().text)
        self.env["email.pause"]._gc_over()
        self.assertFalse(pause.exists())

    def test_a_break_is_honoured_after_the_launch(self):
        mailing = self.make_mailing(self.make_list(self.partners[:2], name="Launched"))
        mailing.action_launch()
        self.page({"do": "pause"})
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual(self.states(mailing), {"person1@good.example": "paused", "person2@good.example": "sent"})

    def test_a_break_ended_by_hand(self):
        self.page({"do": "pause"})
        self.assertIn("The break is over", self.page({"do": "resume"}).text)
        self.page({"do": "resume"})
        self.assertEqual(self.events().mapped("kind"), ["pause", "resume"])
        self.assertEqual(self.freeze_again()["person1@good.example"], "queued")

    def test_a_break_is_of_one_company(self):
        self.page({"do": "pause"})
        pauses = self.env["email.pause"]
        self.assertTrue(pauses._until("person1@good.example", self.mailing.company_id))
        self.assertFalse(pauses._until("person1@good.example", self.foreign.company_id))

    def test_everything_and_back(self):
        text = self.page({"do": "everything"}).text
        self.assertIn("You are unsubscribed from all", text)
        self.assertNotIn('name="list"', text)
        self.assertTrue(self.partners[0].is_blacklisted)
        # By the link of another email: it was the same person.
        self.freeze_again()
        other = self.env["email.campaign.recipient"].sudo().search([("email", "=", "person1@good.example")])[-1]
        self.assertNotEqual(other, self.recipient)
        self.assertIn("You get emails again", self.page({"do": "back"}, ids=(other.id,)).text)
        self.assertFalse(self.env["mail.blacklist"].search([("email", "=", "person1@good.example")]))

    def test_who_was_taken_off_by_others_does_not_come_back_by_a_link(self):
        blacklist = self.env["mail.blacklist"]
        self.page({"do": "everything"})
        blacklist._remove("person1@good.example")
        self.recipient.write({"opted_out_at": False, "opted_out_scope": False})
        blacklist._add("person1@good.example", message="asked by letter")
        text = self.page({"do": "back"}).text
        self.assertIn("please write to us", text)
        self.assertNotIn('value="back"', text)
        self.assertTrue(blacklist.search([("email", "=", "person1@good.example")]))

    def test_reasons_and_breaks_belong_to_managers(self):
        self.page({"do": "pause"})
        managed = self.env["email.pause"].with_user(self.manager).search([])
        self.assertEqual(managed.mapped("email"), ["person1@good.example"])
        self.assertEqual(self.events().with_user(self.salesperson).mapped("kind"), ["pause"])

    def test_in_the_language_of_the_recipient(self):
        for lang, words in (("de_DE", "Ihre E-Mail-Einstellungen"), ("fr_FR", "Vos préférences")):
            self.speak(lang)
            self.assertIn(words, self.page().text)
