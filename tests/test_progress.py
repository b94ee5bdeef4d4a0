import json
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import MagicMock, patch

from odoo import fields
from odoo.tests import new_test_user, tagged

from ..models.sending import email_campaign_mailing_progress as progress_module
from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestProgress(DeliveryCase):
    """What whoever has the form open is told, and that nobody else is."""

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.dict(progress_module._told, clear=True))

    @contextmanager
    def listening(self):
        """Give a list that is filled with (channel, progress) of all that is told meanwhile."""
        told = []
        bus = self.env["bus.bus"].sudo()
        self.env.cr.precommit.run()
        last = bus._bus_last_id()
        yield told
        self.env.cr.precommit.run()
        for row in bus.search([("id", ">", last)], order="id"):
            message = json.loads(row.message)
            if message["type"] == progress_module.NOTIFICATION:
                told.append((json.loads(row.channel), message["payload"]))

    def channels(self, user, *names):
        request = MagicMock()
        request.session.uid = user.id
        with patch("odoo.addons.bus.models.ir_websocket.wsrequest", new=request):
            return self.env["ir.websocket"].with_user(user)._build_bus_channel_list(list(names))

    def set_states(self, mailing, *states):
        for recipient, state in zip(mailing.recipient_ids.sudo(), states, strict=True):
            recipient.state = state
        self.env.flush_all()

    def test_only_who_may_read_it_may_listen(self):
        mailing = self.launch()
        name = f"email.campaign.mailing_{mailing.id}"
        groups = "base.group_user,email_campaign.group_user"
        stranger = new_test_user(self.env, login="stranger", groups="base.group_user")
        colleague = new_test_user(self.env, login="colleague", groups=groups)
        company = self.env["res.company"].create({"name": "Other"})
        elsewhere = new_test_user(
            self.env,
            login="elsewhere",
            groups="base.group_user,email_campaign.group_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        for user in (self.salesperson, self.manager):
            channels = self.channels(user, name, "other")
            self.assertIn(mailing, channels)
            self.assertIn("other", [c for c in channels if isinstance(c, str)])
        for user in (stranger, colleague, elsewhere, self.env.ref("base.public_user")):
            channels = self.channels(user, name, "other")
            with self.subTest(user.login):
                self.assertNotIn(mailing, channels)
                self.assertNotIn(name, channels, "what is not allowed is no channel under its name either")
                self.assertIn("other", [c for c in channels if isinstance(c, str)])

    def test_names_that_are_no_mass_email(self):
        for name in ("email.campaign.mailing_", "email.campaign.mailing_0", "email.campaign.mailing_1 OR 1=1"):
            self.assertIn(name, self.channels(self.salesperson, name), "an ordinary name, on which nobody speaks")
        gone = f"email.campaign.mailing_{10**8}"
        channels = self.channels(self.salesperson, gone, f"email.campaign.mailing_{10**40}")
        self.assertFalse([c for c in channels if getattr(c, "_name", "") == "email.campaign.mailing"])

    def test_it_is_told_on_the_channel_of_the_mass_email_alone(self):
        mailing = self.launch()
        with self.listening() as told:
            mailing._notify_progress()
        [(channel, progress)] = told
        self.assertEqual(channel, [self.env.cr.dbname, "email.campaign.mailing", mailing.id])
        self.assertEqual((progress["id"], progress["state"], progress["total"]), (mailing.id, "queued", 5))

    def test_counts(self):
        self.env["mail.blacklist"]._add("person5@good.example")
        mailing = self.launch()
        self.set_states(mailing, "sent", "failed", "in_doubt", "handed", "skipped")
        progress = mailing.sending_progress
        counts = {name: progress[name] for name in ("sent", "failed", "in_doubt", "remaining", "total")}
        self.assertEqual(counts, {"sent": 1, "failed": 1, "in_doubt": 1, "remaining": 1, "total": 4})
        self.assertFalse(self.make_mailing(self.make_list()).sending_progress, "a draft has none")

    def test_one_query(self):
        mailing = self.launch()
        mailing.read(["state", "trouble", "next_try_at", "scheduled_at"])
        with self.assertQueryCount(1):
            mailing._progress()

    def test_rate_and_time_left(self):
        mailing = self.launch().sudo()
        mailing.state = "sending"
        self.set_states(mailing, "sent", "queued", "queued", "queued", "queued")
        with self.listening() as told:
            mailing._notify_progress(rate=2.0)
        progress = told[0][1]
        self.assertEqual((progress["rate"], progress["seconds_left"]), (2.0, 2.0))

    def test_rate_of_all_workers(self):
        """What the others sent counts too: the rate comes from the counts."""
        mailing = self.launch().sudo()
        mailing.state = "sending"
        mailing._notify_progress(rate=0.1)
        self.env.cr.postcommit.run()
        progress_module._told[self.env.cr.dbname][mailing.id].at -= 2.0
        progress_module._told[self.env.cr.dbname][mailing.id].rate = 0.0
        self.set_states(mailing, "sent", "sent", "sent", "sent", "queued")
        with self.listening() as told:
            mailing._notify_progress(rate=0.1)
        self.assertAlmostEqual(told[0][1]["rate"], 2.0, delta=0.3)

    def test_a_worker_is_not_slowed_down_by_counting(self):
        mailing = self.launch().sudo()
        mailing.state = "sending"
        with self.listening() as told:
            mailing._notify_progress(rate=1.0)
            self.env.cr.postcommit.run()
            progress_module._told[self.env.cr.dbname][mailing.id].took = 3.0
            mailing._notify_progress(rate=1.0)
        self.assertEqual(len(told), 1, "counting took 3 s, so the next time is 150 s later")
        with self.listening() as told:
            mailing._notify_progress(rate=1.0, force=True)
            mailing.trouble = "the limit of 300 an hour is reached"
            mailing._notify_progress(rate=1.0)
            mailing.state = "paused"
            mailing._notify_progress(rate=1.0)
        self.assertEqual([progress["state"] for _channel, progress in told], ["sending", "sending", "paused"])

    def test_what_is_rolled_back_was_not_told(self):
        mailing = self.launch()
        with self.listening():
            mailing._notify_progress(rate=1.0)
            self.assertNotIn(mailing.id, progress_module._told[self.env.cr.dbname])

    def test_buttons_tell(self):
        mailing = self.launch()
        for button, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
            with self.subTest(button), self.listening() as told:
                getattr(mailing, f"action_{button}")()
            self.assertEqual(told[-1][1]["state"], state)
        self.assertEqual((told[-1][1]["cancelled"], told[-1][1]["remaining"]), (5, 0))

    def test_what_it_waits_for(self):
        now = fields.Datetime.now()
        mailing = self.launch().sudo()
        soon, later = now + timedelta(minutes=5), now + timedelta(hours=3)
        self.assertFalse(mailing._progress()["waits_for"])
        mailing.scheduled_at = later
        progress = mailing._progress()
        self.assertEqual((progress["waits_for"], progress["next_at"]), ("schedule", fields.Datetime.to_string(later)))
        mailing.write({"scheduled_at": False, "next_try_at": soon, "trouble": "the limit of 300 an hour is reached"})
        progress = mailing._progress()
        self.assertEqual((progress["waits_for"], progress["next_at"]), ("trouble", fields.Datetime.to_string(soon)))
        self.assertIn("limit", progress["trouble"])
        mailing.trouble = False
        self.env["email.provider"].sudo()._candidates(mailing)[:1].limit_hour = 300
        self.assertIn("300 an hour", mailing._progress()["trouble"])
        mailing.write({"next_try_at": now - timedelta(minutes=1), "state": "sending"})
        self.assertFalse(mailing._progress()["waits_for"], "it goes on at any moment")

    def test_those_that_were_refused_for_now(self):
        mailing = self.launch().sudo()
        mailing.state = "sending"
        self.set_states(mailing, "sent", "sent", "sent", "queued", "retry")
        later = fields.Datetime.now() + timedelta(minutes=5)
        mailing.recipient_ids[4].next_try_at = later
        progress = mailing._progress()
        self.assertEqual((progress["waiting"], progress["waits_for"]), (1, False), "somebody else is still to be sent")
        self.set_states(mailing, "sent", "sent", "sent", "sent", "retry")
        progress = mailing._progress()
        self.assertEqual((progress["waits_for"], progress["next_at"]), ("retry", fields.Datetime.to_string(later)))
