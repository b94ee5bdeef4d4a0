from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestSchedule(DeliveryCase):
    """The dialog before a launch, and when a mass email starts."""

    def setUp(self):
        super().setUp()
        self.later = fields.Datetime.now() + timedelta(days=2)
        self.env["ir.cron.trigger"].sudo().search([]).unlink()

    def send(self):
        self.env.flush_all()
        return super().send()

    def open_launch(self, mailing):
        action = mailing.action_prepare_launch()
        return self.env[action["res_model"]].with_user(self.salesperson).browse(action["res_id"])

    def triggers(self):
        crons = self.env["email.provider"].sudo()._send_crons()
        return self.env["ir.cron.trigger"].sudo().search([("cron_id", "in", crons.ids)]).mapped("call_at")

    def test_dialog_counts_and_changes_nothing(self):
        self.env["mail.blacklist"]._add("person1@good.example")
        self.env["email.address"].create({"email": "person2@good.example", "validity": "invalid"})
        mailing = self.make_mailing(self.make_list(self.partners))
        wizard = self.open_launch(mailing)
        self.assertEqual((wizard.recipient_count, wizard.skipped_count), (3, 2))
        reasons = {line.reason: line.member_count for line in wizard.reason_ids}
        self.assertEqual(reasons, {"blacklisted": 1, "invalid": 1})
        self.assertIn("sally@crm.example", wizard.sender)
        self.assertFalse(wizard.warnings)
        self.assertEqual(mailing.state, "draft")
        self.assertFalse(mailing.recipient_ids)
        self.assertFalse(mailing.frozen_content)
        wizard.action_confirm()
        self.assertEqual((mailing.state, mailing.recipient_count, mailing.skipped_count), ("queued", 3, 2))

    def test_dialog_refuses_what_cannot_be_sent(self):
        mailing = self.make_mailing(self.make_list(self.partners), body_html="<p>{{ object.nmae }}</p>")
        with self.assertRaisesRegex(UserError, "object.nmae"):
            mailing.action_prepare_launch()

    def test_dialog_warns_of_nobody(self):
        self.assertIn("Nobody is on the target lists", self.open_launch(self.make_mailing(self.make_list())).warnings)
        excluding = self.make_list(self.partners, name="Out")
        wizard = self.open_launch(self.make_mailing(self.make_list(self.partners), excluding=excluding))
        self.assertIn("everyone on the target lists is left out", wizard.warnings)
        self.assertEqual((wizard.recipient_count, wizard.skipped_count), (0, 5))
        with self.assertRaisesRegex(UserError, "Nobody would get"):
            wizard.action_confirm()

    def test_dialog_warns_when_most_are_left_out(self):
        for number in range(1, 4):
            self.env["mail.blacklist"]._add(f"person{number}@good.example")
        wizard = self.open_launch(self.make_mailing(self.make_list(self.partners)))
        self.assertIn("3 of 5", wizard.warnings)

    def test_dialog_warns_when_nobody_can_opt_out(self):
        self.env["ir.config_parameter"].set_param("email_campaign.opt_out_footer", "False")
        wizard = self.open_launch(self.make_mailing(self.make_list(self.partners)))
        self.assertIn("opt-out link", wizard.warnings)
        own = '<p>Hello</p><p><a href="{optOutUrl}">Goodbye</a></p>'
        self.assertFalse(self.open_launch(self.make_mailing(self.make_list(self.partners), body_html=own)).warnings)

    def test_estimate(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        provider = self.env["email.provider"].sudo()._candidates(mailing.sudo())[:1]
        provider.write({"measured_rate": 0.1, "limit_hour": 1})
        self.assertIn(provider.name, self.open_launch(mailing).estimate)

    def test_dialog_schedules(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        wizard = self.open_launch(mailing)
        with Form(wizard) as form:
            form.moment = "later"
            self.assertGreater(form.scheduled_at, fields.Datetime.now(), "a moment is proposed")
            form.scheduled_at = self.later
        wizard.action_confirm()
        self.assertEqual((mailing.state, mailing.scheduled_at), ("queued", self.later))
        self.assertTrue(mailing.is_scheduled)
        self.assertEqual(set(self.triggers()), {self.later})
        self.send()
        self.assertFalse(self.peer.mails)

    def test_proposed_moment_is_the_next_working_morning_of_the_user(self):
        wizard = self.env["email.campaign.launch"].with_context(tz="Asia/Tokyo")
        for now, morning in (
            ("2026-11-18 12:00:00", "2026-11-19 00:00:00"),  # Wednesday there, Thursday 9:00
            ("2026-11-19 16:00:00", "2026-11-23 00:00:00"),  # Friday already, so Monday
            ("2026-11-20 20:00:00", "2026-11-23 00:00:00"),  # Saturday
        ):
            with patch.object(fields.Datetime, "now", lambda now=now: datetime.fromisoformat(now)):
                self.assertEqual(fields.Datetime.to_string(wizard._next_morning()), morning)

    def test_a_moment_that_has_passed(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        wizard = self.open_launch(mailing)
        wizard.write({"moment": "later", "scheduled_at": "2020-01-01 08:00:00"})
        with self.assertRaisesRegex(UserError, "has passed"):
            wizard.action_confirm()
        wizard.scheduled_at = False
        with self.assertRaisesRegex(UserError, "Choose the date"):
            wizard.action_confirm()
        self.assertEqual(mailing.state, "draft")
        mailing.scheduled_at = "2020-01-01 08:00:00"
        wizard = self.open_launch(mailing)
        self.assertEqual(wizard.moment, "now")
        self.assertIn("would start at once", wizard.warnings)

    def test_reschedule(self):
        mailing = self.launch(scheduled_at=self.later)
        action = mailing.action_reschedule()
        wizard = self.env[action["res_model"]].with_user(self.salesperson).browse(action["res_id"])
        self.assertEqual((wizard.moment, wizard.scheduled_at), ("later", self.later))
        sooner = self.later - timedelta(days=1)
        wizard.scheduled_at = sooner
        wizard.action_confirm()
        self.assertEqual((mailing.state, mailing.scheduled_at), ("queued", sooner))
        self.assertIn(sooner, self.triggers())

    def test_start_now(self):
        mailing = self.launch(scheduled_at=self.later)
        mailing.action_start_now()
        self.assertFalse(mailing.scheduled_at)
        self.send()
        self.assertEqual((mailing.trouble, mailing.state, len(self.peer.mails)), (False, "done", 5))

    def test_paused_keeps_its_time_and_resume_says_it(self):
        mailing = self.launch(scheduled_at=self.later)
        mailing.action_pause()
        self.assertEqual(mailing.sending_progress["waits_for"], "schedule")
        answer = mailing.action_resume()
        self.assertIn("starts on", answer["params"]["message"])
        self.assertIn(str(self.later.year), answer["params"]["message"])
        self.send()
        self.assertEqual((mailing.state, len(self.peer.mails)), ("queued", 0))
        mailing.action_pause()
        mailing._reschedule(False)
        self.assertEqual(mailing.state, "paused", "a paused one waits for whoever paused it")
        self.assertIs(mailing.action_resume(), True)
        self.send()
        self.assertEqual(mailing.state, "done")

    def test_what_is_being_sent_or_over_has_no_other_time(self):
        mailing = self.launch()
        for state in ("sending", "done", "cancelled"):
            mailing.sudo().state = state
            with self.subTest(state), self.assertRaisesRegex(UserError, "another time"):
                mailing.action_reschedule()

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_not_by_others(self):
        mailing = self.launch(scheduled_at=self.later)
        other = self.env["res.users"].create({"name": "Other", "login": "other"})
        other.group_ids = self.env.ref("email_campaign.group_user") | self.env.ref("base.group_user")
        for method in ("action_reschedule", "action_start_now", "action_prepare_launch"):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(mailing.with_user(other), method)()
        wizard = self.env["email.campaign.launch"].with_user(other).create({"mailing_id": mailing.id, "moment": "now"})
        for is_launch in (True, False):
            wizard.sudo().is_launch = is_launch
            with self.assertRaises(AccessError):
                wizard.action_confirm()
