from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .test_log import LogCase


@tagged("post_install", "-at_install")
class TestLogLists(LogCase):
    """Target lists of a selection of the log, of recipients, and of a response."""

    def setUp(self):
        super().setUp()
        people = self.mailing.recipient_ids.sudo()
        people[0].write({"opened_at": "2026-03-02", "clicked_at": "2026-03-02"})
        people[1].write({"opened_at": "2026-03-02"})
        people[2].write({"opted_out_at": "2026-03-02"})
        people[3].write({"bounced_at": "2026-03-02", "bounce_kind": "hard"})
        self.env.flush_all()

    def dialog(self, user, model, **context):
        return Form(self.env["email.target.list.add"].with_user(user).with_context(active_model=model, **context))

    def emails(self, target_list):
        return sorted(target_list.sudo().member_ids.mapped("email_normalized"))

    def test_a_selection_of_the_log(self):
        chosen = self.events.search([("mailing_id", "=", self.mailing.id), ("kind", "=", "click")], limit=7)
        form = self.dialog(self.salesperson, "email.campaign.event", active_ids=chosen.ids)
        self.assertEqual(form.recipient_count, 5)
        form.list_id = target_list = self.make_list(name="Clicked")
        form.save().action_apply()
        self.assertEqual(self.emails(target_list), [f"person{n}@good.example" for n in range(1, 6)])
        self.assertEqual(set(target_list.member_ids.mapped("res_model")), {"res.partner"})
        self.assertEqual(target_list.member_ids.mapped("partner_id"), self.partners)

    def test_all_of_a_search_is_one_statement_and_ones_own(self):
        target_list = self.make_list(name="All")
        form = self.dialog(
            self.salesperson, "email.campaign.event", selected_by_domain=True, active_domain=[("kind", "=", "open")]
        )
        self.assertEqual(form.recipient_count, 5, "what colleagues sent is none of theirs")
        form.list_id = target_list
        wizard = form.save()
        self.env.invalidate_all()
        with self.assertQueryCount(__system__=60, sally=60):
            wizard.action_apply()
        self.assertEqual(target_list.member_count, 5)
        other = self.make_list(name="Others", user=self.colleague)
        other._add_recipients([("mailing_id", "=", self.mailing.id)])
        self.assertFalse(other.member_count, "nobody lists whom somebody else wrote to")
        with self.assertRaises(AccessError):
            target_list.with_user(self.colleague)._add_recipients([])

    def test_off_a_list_again(self):
        target_list = self.make_list(self.partners, name="Off")
        target_list._add_addresses("person1@good.example")
        form = self.dialog(
            self.salesperson,
            "email.campaign.recipient",
            active_ids=self.mailing.recipient_ids[:2].ids,
            default_operation="remove",
        )
        form.list_id = target_list
        form.save().action_apply()
        self.assertEqual(self.emails(target_list), [f"person{n}@good.example" for n in (3, 4, 5)])

    def test_by_response(self):
        expected = {
            "opened": [1, 2],
            "not_opened": [3, 4, 5],
            "clicked": [1],
            "not_clicked": [2, 3, 4, 5],
            "opened_only": [2],
            "bounced": [4],
            "opted_out": [3],
            "sent": [1, 2, 3, 4, 5],
        }
        for response, numbers in expected.items():
            with self.subTest(response):
                wizard = self.response(response)
                self.assertEqual(wizard.recipient_count, len(numbers))
                made = self.env["email.target.list"].browse(wizard.action_make()["res_id"])
                self.assertEqual(self.emails(made), [f"person{n}@good.example" for n in numbers])
                self.assertIn("Spring is here", made.name)
                self.assertEqual(made.user_id, self.salesperson)
        for response in ("failed", "replied"):
            with self.assertRaises(UserError):
                self.response(response).action_make()

    def test_by_link(self):
        with self.assertRaises(UserError):
            self.response("link").action_make()
        wizard = self.response("link", tracking_url_id=self.link.id)
        self.assertEqual((wizard.recipient_count, wizard.name), (5, "Spring is here: Clicked “Shop”"))
        target_list = self.make_list(name="There")
        wizard.list_id = target_list
        self.assertEqual(wizard.action_make()["res_id"], target_list.id)
        self.assertEqual(target_list.member_count, 5)
        action = self.link.with_user(self.salesperson).action_make_list()
        self.assertEqual(action["context"]["default_tracking_url_id"], self.link.id)

    def test_a_colleague_learns_nothing(self):
        values = {"campaign_id": self.mailing.campaign_id.id, "mailing_id": self.mailing.id, "response": "opened"}
        self.env.invalidate_all()
        # Either is an error for people; a right that is missing is one of its kinds.
        with self.assertRaises(UserError), mute_logger("odoo.addons.base.models.ir_rule"):
            self.env["email.target.list.response"].with_user(self.colleague).create(values).action_make()

    def response(self, response, **values):
        values.update(campaign_id=self.mailing.campaign_id.id, mailing_id=self.mailing.id, response=response)
        return self.env["email.target.list.response"].with_user(self.salesperson).create(values)

    def test_whoever_is_gone_stays_as_an_address(self):
        self.mailing.recipient_ids[0].sudo().values = {"voucher": "A1"}
        self.partners[0].unlink()
        target_list = self.make_list(name="Gone")
        target_list._add_recipients([("mailing_id", "=", self.mailing.id)])
        bare = target_list.member_ids.filtered(lambda member: not member.res_id)
        self.assertEqual((bare.email, bare.values), ("person1@good.example", {"voucher": "A1"}))
        self.assertEqual(target_list.merge_keys, ["voucher"])
        self.assertEqual(target_list.member_count, 5)

    def test_numbers_by_persons_and_machines(self):
        for record in (self.mailing, self.mailing.campaign_id):
            record = record.with_user(self.salesperson)
            found = [
                record[f"{kind}_{whose}_count"] for kind in ("open", "click") for whose in ("human", "machine", "all")
            ]
            self.assertEqual(found, [30, 30, 60, 30, 0, 30])
        self.assertEqual((self.link.click_count, self.link.machine_click_count), (40, 0))
        action = self.mailing.with_context(kind="open", verdict="machine").action_view_visits()
        self.assertEqual(action["context"], {"search_default_open": 1, "search_default_machine": 1})
        action = self.mailing.with_context(response="clicked").action_view_responses()
        self.assertEqual(action["context"], {"search_default_clicked": 1})

    def test_the_timeline_of_a_contact(self):
        self.mailing.recipient_ids[1].sudo().state = "skipped"
        ann, ben = (partner.with_user(self.salesperson) for partner in self.partners[:2])
        [email] = ann.email_campaign_timeline
        self.assertEqual((email["subject"], email["state"]), ("Spring is here", "sent"))
        found = {(event["kind"], event["machine"]): (event["count"], event["link"]) for event in email["events"]}
        self.assertEqual(
            found,
            {
                ("open", False): (6, ""),
                ("open", True): (6, ""),
                ("click", False): (6, "Shop"),
                ("complaint", False): (1, ""),
            },
        )
        self.assertFalse(ben.email_campaign_timeline, "somebody else's emails are none of theirs")
        self.assertEqual(len(self.partners[0].with_user(self.manager).email_campaign_timeline), 2)
        action = ann.action_view_email_campaign_events()
        self.assertEqual(self.events.with_user(self.salesperson).search_count(action["domain"]), 25)
