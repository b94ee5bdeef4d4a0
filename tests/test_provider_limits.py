"""Limits in the database: what one worker may take, and what two may that take at the same moment."""

import threading
from datetime import timedelta
from unittest.mock import patch

import psycopg2.errors

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from ..models.sending.email_provider_pace import EmailProviderPace
from ..tools import pacing
from .common import CampaignCase


class ProviderCase(CampaignCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider.write({"name": "Newsletter account", "tz": "UTC"})

    def setUp(self):
        super().setUp()
        self.clock = fields.Datetime.to_datetime("2026-03-27 12:00:30")
        self.startPatcher(patch.object(EmailProviderPace, "_now", lambda pace: self.clock))

    def later(self, **delta):
        self.clock += timedelta(**delta)

    def take(self, wanted, **domains):
        """Take, and give how many were granted; keywords are domains with an underscore for the dot."""
        return self.provider._allowance(wanted, {name.replace("_", "."): n for name, n in domains.items()})


@tagged("post_install", "-at_install")
class TestLimits(ProviderCase):
    def test_without_a_limit_nothing_is_asked_or_written(self):
        self.assertEqual(self.take(500, a_example=500), (500, {}, None))
        with self.assertQueryCount(0):
            for _portion in range(100):
                self.assertEqual(self.take(500, a_example=500), (500, {}, None))
                self.provider._note_domain_success({"a.example": 500})
                self.provider._give_back(3, {"a.example": 3})
                self.assertEqual(self.provider._held_domains(), [])
        self.assertFalse(self.env["email.provider.usage"].search([]))
        self.assertFalse(self.env["email.provider.pace"].search([("provider_id", "=", self.provider.id)]))

    def test_a_limit_costs_few_queries(self):
        self.provider.write({"limit_second": 1000, "limit_hour": 10_000, "limit_day": 100_000})
        self.take(50, a_example=50)
        with self.assertQueryCount(8):
            self.take(50, a_example=50)

    def test_a_second(self):
        self.provider.limit_second = 14
        sent, moments = 0, 0
        end = self.clock + timedelta(seconds=10)
        while self.clock < end:
            total, _domains, again_at = self.take(500)
            sent += total
            moments += 1
            self.assertGreater(again_at, self.clock)
            self.clock = again_at
        self.assertIn(sent, range(130, 141))
        self.assertLess(moments, 80, "not a transaction for each email")

    def test_an_hour(self):
        self.provider.limit_hour = 300
        self.assertEqual(self.take(200), (200, {}, None))
        self.later(minutes=20)
        later = fields.Datetime.to_datetime("2026-03-27 13:01:00")
        self.assertEqual(self.take(200), (100, {}, later))
        self.assertEqual(self.take(200), (0, {}, later))
        self.assertEqual(self.provider.usage_text, "300 of 300 this hour")
        self.clock = later
        self.assertEqual(self.take(500)[0], 200)
        self.assertEqual(self.take(500), (0, {}, later + timedelta(minutes=20)))

    def test_a_day_and_the_warm_up(self):
        self.provider.write({"limit_day": 130, "warmup_start": "2026-03-27", "warmup_first": 100, "warmup_growth": 20})
        self.assertEqual(self.take(500), (100, {}, fields.Datetime.to_datetime("2026-03-28 00:00:00")))
        self.later(hours=12)
        self.assertEqual(self.take(500)[0], 20, "the second day lets 120 go in 24 hours")
        self.later(days=2)
        self.assertEqual(self.take(500)[0], 130, "the limit a day ends the warm-up")

    def test_certain_times(self):
        self.provider.write({"has_window": True, "window_from": 8, "window_to": 12.5, "fri": False, "sat": True})
        opens = fields.Datetime.to_datetime("2026-03-28 08:00:00")
        self.assertEqual(self.take(5), (0, {}, opens))
        self.clock = opens
        self.assertEqual(self.take(5), (5, {}, None))

    def test_all_providers_together(self):
        other = self.env["email.provider"].create({"name": "Other"})
        self.env["ir.config_parameter"].set_param("email_campaign.hourly_cap", "100")
        self.provider._forget_freedom()
        self.assertEqual(self.take(60), (60, {}, None))
        total, _domains, again_at = other._allowance(60, {})
        self.assertEqual((total, again_at), (40, fields.Datetime.to_datetime("2026-03-27 13:01:00")))
        self.assertEqual(self.take(1)[0], 0)
        other._give_back(10, {})
        self.assertEqual(self.take(60)[0], 10)

    def test_what_is_given_back_may_be_taken(self):
        self.provider.write({"limit_second": 5, "limit_hour": 8})
        self.assertEqual(self.take(1)[0], 1)
        self.assertEqual(self.take(1)[0], 0)
        self.provider._give_back(1, {})
        self.assertEqual(self.take(1)[0], 1)
        self.assertEqual(self.provider.usage_text, "1 of 8 this hour")

    def test_giving_back_late_never_exceeds_the_limit(self):
        """What two workers took in two minutes, one gives back: what stays counted is the younger."""
        self.provider.limit_hour = 20
        self.take(10)
        self.later(minutes=1)
        self.take(10)
        self.provider._give_back(10, {})
        self.later(minutes=60)
        self.assertEqual(self.take(20)[0], 10)

    def test_a_limit_set_while_a_worker_runs(self):
        self.assertEqual(self.take(500)[0], 500)
        self.provider.limit_hour = 10
        self.assertEqual(self.take(500)[0], 10)

    def test_old_counts_are_forgotten(self):
        self.provider.limit_day = 10
        self.take(5)
        self.later(days=2)
        self.take(5)
        self.env["email.provider.usage"]._gc_usage()
        self.assertEqual(self.env["email.provider.usage"].search([]).minute, pacing.minute(self.clock))


@tagged("post_install", "-at_install")
class TestDomains(ProviderCase):
    def trouble(self, code=451, domain="slow.example"):
        self.provider._note_domain_trouble({domain: (code, "Too fast")})

    def test_a_domain_that_complains_is_slowed_and_others_are_not(self):
        self.trouble()
        self.trouble(550, "other.example")
        self.assertEqual(self.provider._held_domains(), ["slow.example"])
        self.assertEqual(self.provider._held_until(), self.clock + timedelta(seconds=5))
        free_at = self.clock + timedelta(seconds=5)
        self.assertEqual(self.take(20, slow_example=5, other_example=15), (15, {"slow.example": 0}, free_at))
        self.later(seconds=5)
        self.assertEqual(self.provider._held_domains(), [])
        total, domains, again_at = self.take(20, slow_example=5, other_example=15)
        self.assertEqual((total, domains), (16, {"slow.example": 1}))
        self.assertAlmostEqual((again_at - self.clock).total_seconds(), 1, delta=0.01, msg="many at once again")
        self.assertEqual(self.provider._held_domains(), ["slow.example"], "until then nothing of it is claimed")
        self.clock = again_at
        self.assertEqual(self.take(20, slow_example=20)[0], 10)

    def test_what_a_domain_takes_is_told_apart_from_what_the_provider_may(self):
        self.provider.limit_hour = 1
        for domain in ("a.example", "b.example"):
            self.trouble(421, domain)
        self.later(minutes=1)
        total, domains, _again_at = self.take(4, a_example=2, b_example=2)
        self.assertEqual((total, domains), (1, {"a.example": 1, "b.example": 1}))

    def test_it_recovers_and_is_forgotten(self):
        self.trouble()
        self.later(minutes=1)
        for _portion in range(3):
            self.provider._note_domain_success({"slow.example": 100, "other.example": 3})
        self.assertEqual(self.take(50, slow_example=50), (50, {}, None))
        self.assertFalse(self.env["email.provider.pace"].search([("domain", "=", "slow.example")]))

    def test_it_is_forgotten_by_time(self):
        self.trouble()
        self.later(hours=2)
        self.assertEqual(self.take(50, slow_example=50), (50, {}, None))
        self.env["email.provider.pace"]._gc_paces()
        self.assertFalse(self.env["email.provider.pace"].search([("domain", "=", "slow.example")]))

    def test_one_that_hardly_takes_anything_is_not_claimed(self):
        for _time in range(20):
            self.trouble(421)
            self.later(minutes=15)
        self.assertEqual(self.take(9, slow_example=9)[0], 1)
        self.assertEqual(self.provider._held_domains(), ["slow.example"], "its next one is a minute away")
        self.provider._give_back(1, {"slow.example": 1})
        self.assertEqual(self.provider._held_domains(), [])


@tagged("post_install", "-at_install")
class TestEstimate(ProviderCase):
    def test_nothing_known(self):
        self.assertIsNone(self.provider._estimate(5000))
        self.assertEqual(self.provider._estimate_text(5000), "")

    def test_measured(self):
        self.provider._note_rate(1250)
        self.assertEqual(self.provider._estimate(5000), 4)
        self.assertEqual(self.provider._estimate_text(5000), "5,000 emails: about 4 seconds")
        self.provider._note_rate(1260)
        self.assertEqual(self.provider.measured_rate, 1250, "not worth writing")
        self.provider._note_rate(250)
        self.assertEqual(self.provider.measured_rate, 950, "one slow portion is not the whole truth")

    def test_what_is_measured_again_and_again_stays_a_short_number(self):
        for rate in (1234.5678, 777.7777, 1999.9999) * 10:
            self.provider._note_rate(rate)
        self.env.cr.execute("SELECT scale(measured_rate) FROM email_provider WHERE id = %s", [self.provider.id])
        self.assertLess(self.env.cr.fetchone()[0], 16)

    def test_limited(self):
        self.provider.measured_rate = 1250
        self.provider.limit_second = 5
        self.assertEqual(
            self.provider._estimate_text(5000),
            "5,000 emails: about 4 seconds; at the limit of 5 a second of “Newsletter account”: 17 minutes",
        )
        self.provider.write({"limit_second": 0, "limit_hour": 300})
        self.assertIn("300 an hour of “Newsletter account”: 16 hours", self.provider._estimate_text(5000))
        self.assertEqual(self.provider._estimate_text(200), "200 emails: about 1 second", "which no limit holds up")
        self.provider.measured_rate = 0
        self.assertIn("at the limit of 300 an hour", self.provider._estimate_text(5000))
        self.assertIn("more than a year", self.provider._estimate_text(5_000_000))


@tagged("post_install", "-at_install")
class TestConcurrentTakes(BaseCase):
    """Real transactions: two workers that take from one limit never take the same.

    What this commits is taken away afterwards, so that no other test meets it.
    """

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self.remove)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            server = env["ir.mail_server"].create({"name": "Taken from", "smtp_host": "localhost"})
            self.server = server.id
            self.provider = (
                env["email.provider"].create({"name": "Taken from", "mail_server_id": server.id, "limit_hour": 100}).id
            )

    def remove(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM mail_message WHERE model = 'email.provider' AND res_id = %s", [self.provider])
            cr.execute("DELETE FROM ir_mail_server WHERE id = %s", [self.server])
            cr.execute("DELETE FROM email_provider_pace WHERE provider_id IS NULL")
            for key in ("hourly_cap", "sender_slots"):
                cr.execute("DELETE FROM ir_config_parameter WHERE key = %s", [f"email_campaign.{key}"])

    def take(self, cr, wanted, domains=None):
        env = api.Environment(cr, SUPERUSER_ID, {})
        return env["email.provider"].browse(self.provider)._allowance(wanted, domains or {})

    def used(self):
        with self.registry.cursor() as cr:
            cr.execute("SELECT sum(count) FROM email_provider_usage WHERE provider_id = %s", [self.provider])
            return cr.fetchone()[0]

    def assertLaterRefused(self, domains=None):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            second.execute("SELECT 1 FROM email_provider")  # its view of the world begins before the first commits
            self.assertEqual(self.take(first, 60, domains).total, 60)
            first.commit()  # pylint: disable=invalid-commit
            with self.assertRaises(psycopg2.errors.SerializationFailure):
                self.take(second, 60, domains)
            second.rollback()
            return self.take(second, 60, domains)

    def test_the_later_one_begins_anew(self):
        self.assertEqual(self.assertLaterRefused().total, 40)

    def test_the_very_first_take(self):
        """No row is there yet that both could write."""
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM email_provider_pace WHERE provider_id = %s", [self.provider])
        self.assertEqual(self.assertLaterRefused().total, 40)

    def test_all_providers_together(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["email.provider"].browse(self.provider).limit_hour = 0
            env["ir.config_parameter"].set_param("email_campaign.hourly_cap", "100")
        self.assertEqual(self.assertLaterRefused().total, 40)

    def test_a_slowed_domain(self):
        with self.registry.cursor() as cr:
            provider = api.Environment(cr, SUPERUSER_ID, {})["email.provider"].browse(self.provider)
            provider.limit_hour = 0
            provider._note_domain_trouble({"slow.example": (421, "Too fast")})
            cr.execute("UPDATE email_provider_pace SET hold_until = hold_until - interval '1 minute'")
        with self.registry.cursor() as first, self.registry.cursor() as second:
            second.execute("SELECT 1 FROM email_provider")
            self.assertEqual(self.take(first, 5, {"slow.example": 5}).total, 1)
            first.commit()  # pylint: disable=invalid-commit
            with self.assertRaises(psycopg2.errors.SerializationFailure):
                self.take(second, 5, {"slow.example": 5})
            second.rollback()

    def test_a_slot_that_sends_goes_later(self):
        with self.registry.cursor() as cr:
            providers = api.Environment(cr, SUPERUSER_ID, {})["email.provider"]
            providers._set_slots(2)
            slot = providers._send_crons()[1]
        try:
            with self.registry.cursor() as running, self.registry.cursor() as cr:
                running.execute("SELECT FROM ir_cron WHERE id = %s FOR NO KEY UPDATE", [slot.id])  # as the scheduler
                providers = api.Environment(cr, SUPERUSER_ID, {})["email.provider"]
                providers._set_slots(1)
                self.assertEqual(len(providers._send_crons()), 1, "it isn't woken up any more")
                self.assertTrue(slot.with_env(providers.env).exists(), "but stays until it is done")
        finally:
            with self.registry.cursor() as cr:
                providers = api.Environment(cr, SUPERUSER_ID, {})["email.provider"]
                providers._set_slots(1)
                cr.execute("SELECT 1 FROM ir_cron WHERE id = %s", [slot.id])
                left = cr.fetchall()
        self.assertFalse(left, "and goes then")

    def test_four_at_once(self):
        granted, conflicts = [], []

        def work():
            with self.registry.cursor() as cr:
                for _turn in range(40):
                    try:
                        total = self.take(cr, 3).total
                        cr.commit()  # pylint: disable=invalid-commit
                        granted.append(total)
                    except (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected) as error:
                        conflicts.append(error)
                        cr.rollback()

        workers = [threading.Thread(target=work) for _worker in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertLessEqual(self.used(), 100)
        self.assertEqual(self.used(), sum(granted), "what was granted is what is counted")

    def test_two_that_need_the_same_provider(self):
        """A mail server without provider gets one provider, whoever is first."""
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM email_provider WHERE id = %s", [self.provider])
        with self.registry.cursor() as first, self.registry.cursor() as second:
            second.execute("SELECT 1 FROM email_provider")
            envs = [api.Environment(cr, SUPERUSER_ID, {}) for cr in (first, second)]
            providers = [env["email.provider"] for env in envs]
            servers = [env["ir.mail_server"].browse(self.server) for env in envs]
            created = providers[0]._for_server(servers[0])
            created.flush_recordset()
            first.commit()  # pylint: disable=invalid-commit
            with self.assertRaises(psycopg2.errors.SerializationFailure):
                providers[1]._for_server(servers[1])
            second.rollback()
            self.assertEqual(providers[1]._for_server(servers[1]).id, created.id)
            self.provider = created.id
