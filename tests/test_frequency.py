from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..models.audience import email_address_recount
from ..models.sending.worker import Worker
from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestFrequency(CampaignCase):
    """At most so many mass emails to one address in so many days, counted over all of them."""

    def cap(self, number, days=7):
        self.env["res.config.settings"].create(
            {"email_campaign_frequency_cap": number, "email_campaign_frequency_days": days}
        ).execute()
        self.count()

    def count(self):
        """Run the job that counts what was sent before, as the scheduler does."""
        with self.enter_registry_test_mode():
            self.env.ref("email_campaign.cron_recount").method_direct_trigger()
        self.env.invalidate_all()

    def launched(self, people, **values):
        mailing = self.make_mailing(self.make_list(people), **values)
        mailing.action_launch()
        return mailing

    def let_pass(self, **span):
        """Let the time pass since whatever was sent."""
        seconds = timedelta(**span).total_seconds()
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE email_address a
               SET sent_moments = (SELECT jsonb_agg(m::bigint - %s) FROM jsonb_array_elements(a.sent_moments) AS m)
             WHERE sent_moments IS NOT NULL
            """,
            [int(seconds)],
        )
        self.env.cr.execute("UPDATE email_campaign_event SET at = at - make_interval(secs => %s)", [seconds])
        self.env.invalidate_all()

    def test_no_cap_keeps_nothing(self):
        for _ in range(3):
            self.launched(self.partners[:1])
            self.send()
        self.assertEqual(len(self.peer.mails), 3)
        ours = [("email", "=", "person1@good.example")]
        self.assertFalse(self.env["email.address"].search(ours), "workers have better things to do")
        self.env["email.address"]._note_logged(0, self.env["email.campaign.event"].search([], limit=1).id)
        address = self.env["email.address"].search(ours)
        self.assertTrue(address.last_sent_at)
        self.assertFalse(address.sent_moments)

    def test_who_got_enough_is_left_out_until_time_has_passed(self):
        self.cap(2, days=7)
        for _ in range(2):
            self.launched(self.partners[:1])
            self.send()
            self.let_pass(days=2)
        third = self.launched(self.partners[:2])
        self.assertEqual(self.states(third), {"person1@good.example": "too_often", "person2@good.example": "queued"})
        self.let_pass(days=4)
        self.assertEqual(self.states(self.launched(self.partners[:1])), {"person1@good.example": "queued"})

    def test_mass_emails_of_everybody_count(self):
        self.cap(1)
        self.launched(self.partners[:1])
        self.send()
        admin = self.env.ref("base.user_admin")
        other = self.make_mailing(self.make_list(self.partners[:2]), user=admin, email_from="a@crm.example")
        self.assertEqual(self.env["email.audience"]._report(other), {False: 1, "too_often": 1})

    def test_it_holds_between_launch_and_claim(self):
        """All are launched before anything is sent: nobody could say then who gets too much."""
        self.cap(1)
        first, second = self.launched(self.partners[:3]), self.launched(self.partners[1:4])
        with self.assertBalanced(first), self.assertBalanced(second):
            self.send()
        self.assertEqual(sorted(self.peer.recipients()), [f"person{n}@good.example" for n in range(1, 5)])
        skipped = [state for states in (self.states(first), self.states(second)) for state in states.values()]
        self.assertEqual((skipped.count("too_often"), skipped.count("sent")), (2, 4))

    def test_what_another_worker_has_claimed_counts(self):
        self.cap(1)
        first, second = self.launched(self.partners[:1]), self.launched(self.partners[:2])
        self.env.cr.execute("UPDATE email_campaign_recipient SET state = 'claimed' WHERE mailing_id = %s", [first.id])
        first.sudo().state = "paused"
        self.env.flush_all()
        self.send()
        self.assertEqual(self.states(second), {"person1@good.example": "too_often", "person2@good.example": "sent"})

    def test_a_retry_is_not_kept_from_itself(self):
        self.cap(1)
        self.peer.script = {"person1@good.example": ["451 later"]}
        mailing = self.launched(self.partners[:1])
        self.send()
        self.assertEqual(self.states(mailing), {"person1@good.example": "retry"})
        self.peer.script.clear()
        self.try_again(mailing)
        self.send()
        self.assertEqual(self.states(mailing), {"person1@good.example": "sent"})

    def test_what_is_sent_later_is_judged_for_that_day(self):
        self.cap(1, days=7)
        self.launched(self.partners[:1])
        self.send()
        later = self.launched(self.partners[:1], scheduled_at=datetime.now() + timedelta(days=8))
        self.assertEqual(self.states(later), {"person1@good.example": "queued"})
        sooner = self.make_mailing(self.make_list(self.partners[:2]), scheduled_at=datetime.now() + timedelta(days=3))
        sooner.action_launch()
        self.assertEqual(self.states(sooner)["person1@good.example"], "too_often")

    def test_a_cap_that_is_set_later_counts_what_was_sent_before(self):
        for _ in range(3):
            self.launched(self.partners[:1])
            self.send()
            self.let_pass(days=3)
        self.launched(self.partners[1:2])
        self.send()
        people = self.make_list(self.partners[:2])
        for number, days, expected in ((3, 10, "too_often"), (3, 8, "queued"), (2, 7, "too_often"), (0, 7, "queued")):
            self.cap(number, days)
            with self.subTest(number=number, days=days):
                mailing = self.make_mailing(people)
                mailing.action_launch()
                self.assertEqual(self.states(mailing)["person1@good.example"], expected)
                self.assertEqual(self.states(mailing)["person2@good.example"], "queued")
        kept = self.env["email.address"].search([("sent_moments", "!=", False)])
        self.assertFalse(kept, "nothing is kept without a cap")

    def test_a_job_counts_in_portions_what_was_sent_before(self):
        """Neither the log nor the addresses are walked through while somebody saves the settings."""
        for partner in self.partners[:3]:
            for _ in range(2):
                self.launched(partner)
        self.send()
        ours = [("email", "in", self.partners[:3].mapped("email"))]
        settings = {"email_campaign_frequency_cap": 2, "email_campaign_frequency_days": 7}
        self.env["res.config.settings"].create(settings).execute()
        self.assertFalse(self.env["email.address"].search([*ours, ("sent_moments", "!=", False)]))
        with patch.object(email_address_recount, "PORTION", 2):
            # What a job that was killed has done stays done, and is not done twice.
            for _ in range(4):
                self.assertTrue(self.env["email.address.recount"]._do_portion())
            self.count()
        addresses = self.env["email.address"].search(ours)
        self.assertEqual([len(address.sent_moments) for address in addresses], [2, 2, 2])
        self.assertTrue(all(address.last_sent_at for address in addresses))
        self.assertFalse(self.env["email.address.recount"].search([]))
        states = self.states(self.launched(self.partners[:4]))
        self.assertEqual(sorted(states.values()), ["queued", "too_often", "too_often", "too_often"])

    def test_what_is_sent_while_it_is_counted_counts_once(self):
        self.launched(self.partners[:1])
        self.send()
        self.let_pass(hours=1)
        settings = {"email_campaign_frequency_cap": 3, "email_campaign_frequency_days": 7}
        self.env["res.config.settings"].create(settings).execute()
        self.env["email.address.recount"]._do_portion()
        self.env.flush_all()
        self.env.cr.execute("UPDATE email_address_recount SET until = until - interval '30 minutes'")
        self.env.invalidate_all()
        self.launched(self.partners[:1])
        self.send()
        self.count()
        address = self.env["email.address"].search([("email", "=", "person1@good.example")])
        self.assertEqual(len(address.sent_moments), 2)

    def test_what_waits_for_another_time_does_not_count(self):
        """A retry of tomorrow, among the ids that a worker takes care of, is not on its way."""
        self.cap(1)
        first, second = self.launched(self.partners[:3]), self.launched(self.partners[:2])
        ids = first.recipient_ids.sorted("id").ids
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE email_campaign_recipient SET state = 'retry', next_try_at = now() AT TIME ZONE 'utc' + '1 day'"
            " WHERE id = %s",
            [ids[0]],
        )
        with Worker(self.env.cr.dbname) as other:
            self.env["email.campaign.worker"]._note_claim(other.number, first, ids[0], ids[-1])
            self.send()
        self.assertEqual(self.states(second), {"person1@good.example": "sent", "person2@good.example": "too_often"})
        self.assertEqual(self.counts(first), {"retry": 1, "queued": 2})

    def test_what_a_killed_worker_sent_and_did_not_note_counts(self):
        self.cap(2)
        first = self.launched(self.partners[:2])
        self.send()
        self.launched(self.partners[:1])
        self.send()
        # As it is when the worker of the first is killed before it tells the addresses.
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM email_address WHERE email LIKE 'person_@good.example'")
        self.env["email.address"].invalidate_model()
        self.env["email.address"]._note_unnoted(first.ids)
        addresses = self.env["email.address"].search([("email", "like", "person_@good.example")], order="email")
        self.assertEqual([len(address.sent_moments) for address in addresses], [1, 1])
        self.assertTrue(all(address.last_sent_at for address in addresses))
        self.env["email.address"]._note_unnoted(first.ids)
        addresses.invalidate_recordset()
        self.assertEqual([len(address.sent_moments) for address in addresses], [1, 1], "nothing counts twice")

    def test_no_more_moments_are_kept_than_are_asked_about(self):
        self.cap(2, days=1)
        for _ in range(4):
            self.launched(self.partners[:1])
            self.send()
            self.let_pass(days=2)
        address = self.env["email.address"].search([("email", "=", "person1@good.example")])
        self.assertEqual(len(address.sent_moments), 2)
        self.assertEqual(address.sent_moments, sorted(address.sent_moments, reverse=True))

    def test_a_cap_that_makes_no_sense_is_refused(self):
        for number, days in ((-1, 7), (1, 0), (1, 1000), (101, 7)):
            with self.subTest(number=number, days=days), self.assertRaises(ValidationError):
                self.cap(number, days)
