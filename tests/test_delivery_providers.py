import time
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DeliveryCase
from .peer import Peer

MUTED = "odoo.addons.email_campaign.models.sending.email_campaign_mailing_delivery"


@tagged("post_install", "-at_install")
class TestDeliveryByProviders(DeliveryCase):
    """Connections, take-over and limits: nobody twice, nobody lost, and the form says what is waited for."""

    def add_provider(self, name, peer=None, **values):
        """Give another provider, by default with a mail server that really answers."""
        if not peer:
            peer = Peer()
            peer.start()
            self.addCleanup(peer.stop)
        server = self.env["ir.mail_server"].create(
            {
                "name": name,
                "smtp_host": "127.0.0.1",
                "smtp_port": peer.address[1],
                "smtp_encryption": "none",
                "sequence": 90,  # of equals Odoo may take any
            }
        )
        values = {"name": name, "mail_server_id": server.id, "connections": 1, "sequence": 90, **values}
        provider = self.env["email.provider"].create(values)
        return provider, peer

    def vanished(self):
        """Give a peer that is there no more."""
        peer = Peer()
        peer.start()
        peer.stop()
        return peer

    def everybody_once(self, *peers):
        accepted = [email for peer in peers for email in peer.recipients()]
        self.assertEqual(len(accepted), len(set(accepted)), "nobody twice")
        return len(accepted)

    def test_several_connections(self):
        self.provider.connections = 4
        self.peer.delay = 0.002
        self.addCleanup(setattr, self.peer, "delay", 0)
        connections = self.peer.connections
        mailing = self.launch(200)
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 200))
        self.assertEqual(self.everybody_once(self.peer), 200)
        self.assertGreaterEqual(self.peer.connections - connections, 4)

    @mute_logger(MUTED)
    def test_another_takes_over_from_one_that_is_not_there(self):
        other, peer = self.add_provider("Other")
        mailing = self.launch()
        self.mail_server.smtp_port = 9  # nothing answers there any more
        self.mail_server.flush_recordset()
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.trouble), ("done", 5, False))
        self.assertEqual((self.provider.state, other.state), ("red", "green"))
        self.assertIn("nothing answers", self.provider.last_error)
        self.assertTrue(self.provider.last_error_at)
        self.assertEqual(self.everybody_once(self.peer, peer), 5)

    def test_another_takes_over_in_the_middle(self):
        _other, peer = self.add_provider("Other")
        mailing = self.launch(20)
        leaving = patch.object(self.peer, "handle_MAIL", self.leaving_after(12))
        with leaving, self.assertBalanced(mailing):
            self.send()
        self.assertEqual(self.provider.state, "red")
        self.assertIn("going down", self.provider.last_error)
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 20))
        self.assertEqual((len(self.peer.mails), len(peer.mails)), (12, 8))
        self.assertEqual(self.everybody_once(self.peer, peer), 20)

    def leaving_after(self, number):
        """Give what answers MAIL at a server that goes down after so many mails."""
        usual = self.peer.handle_MAIL

        async def handle_MAIL(*arguments):
            return "421 4.3.2 going down" if len(self.peer.mails) >= number else await usual(*arguments)

        return handle_MAIL

    def test_one_that_may_not_take_over_is_left_alone(self):
        _other, peer = self.add_provider("Other", takes_over=False)
        _strange, strange_peer = self.add_provider("Strange", sender_filter="elsewhere.example")
        mailing = self.launch()
        self.mail_server.smtp_port = 9
        self.mail_server.flush_recordset()
        self.send()
        self.assertFalse(peer.mails + strange_peer.mails)
        self.assertEqual(mailing.remaining_count, 5)
        self.assertIn("nothing answers", mailing.trouble)

    def test_sender_refused_by_one_is_taken_by_another(self):
        _other, peer = self.add_provider("Other")
        self.peer.script = {"MAIL": "550 5.7.1 not your domain"}
        mailing = self.launch()
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, mailing.sent_count, len(peer.mails)), ("done", 5, 5))
        self.assertEqual(mailing.refused_provider_ids, self.provider)
        self.assertNotEqual(self.provider.state, "red", "it may be well with other senders")

    def test_limit_of_an_hour(self):
        self.provider.limit_hour = 10
        mailing = self.launch(25)
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, len(self.peer.mails)), ("sending", 10))
        self.assertFalse(mailing.trouble)
        self.assertEqual(set(self.counts(mailing)), {"sent", "queued"}, "nothing is kept for later by the worker")
        soon, late = (fields.Datetime.now() + timedelta(minutes=minutes) for minutes in (50, 70))
        self.assertTrue(soon < mailing.next_try_at < late)
        trigger = self.env["ir.cron.trigger"].search([("call_at", ">", soon), ("call_at", "<", late)])
        self.assertTrue(trigger, "the worker is woken up when it may go on")
        self.send()
        self.assertEqual(len(self.peer.mails), 10, "not before")
        self.an_hour_later(mailing)
        self.send()
        self.assertEqual(len(self.peer.mails), 20)
        self.assertNobodyTwice()

    def an_hour_later(self, mailing):
        self.env.flush_all()
        self.env.cr.execute("UPDATE email_provider_usage SET minute = minute - 61")
        mailing.sudo().next_try_at = False
        self.env.invalidate_all()

    def test_limit_of_a_second_is_waited_for(self):
        self.provider.limit_second = 20
        mailing = self.launch(45)
        started = time.monotonic()
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 45))
        self.assertGreaterEqual(time.monotonic() - started, 24 / 20)

    def test_a_domain_that_says_slower_does_not_hold_up_others(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@{'slow' if n % 2 else 'good'}.example"} for n in range(60)]
        )
        self.peer.script = {p.email: "451 4.7.1 too fast" for p in partners if "slow" in p.email}
        mailing = self.make_mailing(self.make_list(partners))
        mailing.action_launch()
        with self.assertBalanced(mailing):
            self.send()
        states = self.states(mailing)
        self.assertEqual({state for email, state in states.items() if "good" in email}, {"sent"})
        untried = [r for r in mailing.recipient_ids if "slow" in r.email and not r.attempts]
        self.assertTrue(untried, "the rest of the domain is not even tried")
        trigger = self.env["ir.cron.trigger"].search([("call_at", ">", fields.Datetime.now())])
        self.assertTrue(trigger)

    def test_a_used_up_limit_does_not_defer_a_slowed_domain_for_days(self):
        self.provider.limit_day = 5
        partners = self.env["res.partner"].create([{"name": f"P{n}", "email": f"p{n}@slow.example"} for n in range(30)])
        self.peer.script = {partners[0].email: "451 4.7.1 too fast"}
        mailing = self.make_mailing(self.make_list(partners))
        mailing.action_launch()
        self.send()
        self.try_again(mailing)
        self.provider._note_domain_trouble({"slow.example": (451, "4.7.1 too fast")})
        self.env.cr.execute("UPDATE email_provider_pace SET hold_until = now() - interval '1 hour' WHERE domain <> ''")
        self.env.invalidate_all()
        self.send()
        longest = max((at for at in mailing.recipient_ids.mapped("next_try_at") if at), default=None)
        self.assertTrue(not longest or longest < fields.Datetime.now() + timedelta(minutes=30))

    def test_a_held_domain_parks_nobody_else(self):
        """Claiming ahead finds only those of the domain left, while mails of others are still in hand."""
        slow = self.env["res.partner"].create({"name": "Slow", "email": "slow@slow.example"})
        self.provider.limit_second = 1
        self.provider._note_domain_trouble({"slow.example": (451, "4.7.1 too fast")})
        self.env.cr.execute("UPDATE email_provider_pace SET hold_until = now() + interval '1 hour' WHERE domain <> ''")
        self.env.invalidate_all()
        mailing = self.make_mailing(self.make_list(self.partners[:3] | slow))
        mailing.action_launch()
        with patch(f"{MUTED}.SLICE_SECONDS", 1.2):
            self.send()
        self.assertEqual(sorted(self.states(mailing).values()), ["queued", "sent", "sent", "sent"])
        self.assertEqual(self.states(mailing)["slow@slow.example"], "queued")
        self.assertGreater(mailing.next_try_at, fields.Datetime.now() + timedelta(minutes=30))

    def test_resume_asks_again_those_that_refused_the_sender(self):
        self.peer.script = {"MAIL": "550 5.7.1 not your domain"}
        mailing = self.launch()
        self.send()
        self.assertEqual(mailing.state, "paused")
        mailing.sudo().refused_provider_ids = self.provider
        self.peer.script = {}
        mailing.action_resume()
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 5))

    def test_a_server_that_always_hangs_up_is_left_alone(self):
        mailing = self.launch(30)
        connections = self.peer.connections
        self.peer.script = {f"person{n}@good.example": "421 4.3.2 closing" for n in range(1, 31)}
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual(self.provider.state, "red")
        self.assertLess(self.peer.connections - connections, 5)
        self.assertGreater(mailing.recipient_ids.mapped("state").count("queued"), 20, "hardly any was tried")
