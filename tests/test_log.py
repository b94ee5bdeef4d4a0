from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo.fields import Domain
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.base.models.ir_cron import IrCron

from ..models.erased import ERASED_DOMAIN
from ..models.response import email_campaign_event_reading as reading
from ..models.response import email_campaign_event_rollup as rollup
from .common import CampaignCase

BEGUN = datetime(2026, 3, 2, 8, 30)


class LogCase(CampaignCase):
    """Two mass emails, of a salesperson and of a colleague, and a log of some hundred events over two days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["email.campaign.event"].search([]).unlink()
        cls.colleague = new_test_user(
            cls.env, login="cole", email="cole@crm.example", groups="base.group_user,email_campaign.group_user"
        )
        cls.mailing = cls.make_mailing(cls, cls.make_list(cls, cls.partners))
        cls.other = cls.make_mailing(cls, cls.make_list(cls, cls.partners, cls.colleague), user=cls.colleague)
        cls.link = cls.env["email.tracking.url"].create(
            {"name": "Shop", "url": "https://shop.example", "campaign_id": cls.mailing.campaign_id.id}
        )
        for mailing in (cls.mailing, cls.other):
            cls.env["email.audience"]._freeze(mailing)
            mailing.recipient_ids.sudo().write({"state": "sent", "sent_at": BEGUN})
            mailing.sudo().state = "done"
        cls.events = cls.env["email.campaign.event"]
        for mailing, times in ((cls.mailing, 6), (cls.other, 2)):
            for kind, verdict, reason, link in (
                ("sent", None, None, None),
                ("open", "human", "mail_proxy", None),
                ("open", "machine", "crawler", None),
                ("click", "human", None, cls.link.id),
            ):
                cls.happen(cls, mailing, kind, times, verdict, reason, link)
        cls.happen(cls, cls.mailing, "complaint", 1)

    def happen(self, mailing, kind, times, verdict=None, reason=None, link=None, begun=BEGUN):
        """Log an event of each recipient `times` times, seven hours after each other."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, verdict,
                                                  verdict_reason, tracking_url_id)
                     SELECT r.mailing_id, %s, r.id, %s, %s::timestamp + n * interval '7 hours', %s, %s, %s
                       FROM generate_series(0, %s) AS n, email_campaign_recipient r
                      WHERE r.mailing_id = %s ORDER BY n, r.id
                """,
                mailing.campaign_id.id,
                kind,
                begun,
                verdict,
                reason,
                link,
                times - 1,
                mailing.id,
            )
        )
        self.env.invalidate_all()

    def roll(self, until=None):
        """Count the events up to `until`, or all there are."""
        self.env.cr.execute("SELECT max(id) FROM email_campaign_event")
        self.env["email.campaign.event.rollup"]._roll(until or self.env.cr.fetchone()[0])

    def grouped(self, user, *groupby, domain=(), tz="UTC"):
        rows = self.events.with_user(user).with_context(tz=tz)._read_group(list(domain), groupby, ["__count"])
        return {tuple(str(value) for value in groups): count for *groups, count in rows}


@tagged("post_install", "-at_install")
class TestLogCounted(LogCase):
    """What is answered from the numbers is what the rows themselves would say."""

    ASKED = (
        (),
        [("kind", "=", "open")],
        [("kind", "in", ("open", "click")), ("verdict", "=", "human")],
        ["|", ("kind", "=", "complaint"), ("tracking_url_id", "!=", False)],
        ["!", ("mailing_id.subject", "ilike", "autumn")],
        [("at", ">=", "2026-03-02 12:00:00"), ("at", "<=", "2026-03-03 10:59:59")],
        [("at", ">=", "2026-03-02 12:15:00")],
        [("email", "=", "person2@good.example")],
        [("kind", "=", "reply")],
    )
    GROUPS = (
        (),
        ("kind",),
        ("kind", "verdict"),
        ("campaign_id",),
        ("tracking_url_id", "kind"),
        ("at:day",),
        ("at:month", "mailing_id"),
        ("verdict_reason",),
    )

    def answers(self):
        found = {}
        for user in (self.salesperson, self.colleague, self.manager):
            events = self.events.with_user(user)
            for number, domain in enumerate(self.ASKED):
                domain = list(domain)
                found[user.login, number, "newest"] = events.search(domain, limit=7).ids
                found[user.login, number, "page"] = events.search(domain, limit=5, offset=20).ids
                found[user.login, number, "all"] = events.search(domain).ids
                found[user.login, number, "count"] = (
                    events.search_count(domain),
                    events.search_count(domain, limit=10),
                )
                for groupby in self.GROUPS:
                    for tz in ("Europe/Berlin", "Asia/Kolkata"):
                        found[user.login, number, groupby, tz] = self.grouped(user, *groupby, domain=domain, tz=tz)
        return found

    def test_the_same_whatever_is_counted(self):
        with patch.object(type(self.events), "_sums", lambda self, domain, groupby=(): (None, Domain(domain))):
            plain = self.answers()
        self.assertEqual(plain["sally", 0, "count"], (125, 10))
        ids = self.events.search([], order="id").ids
        for until in (None, ids[0], ids[len(ids) // 2], ids[-1]):
            if until:
                self.roll(until)
            for latest in (0, 30):
                with self.subTest(until=until, latest=latest), patch.object(reading, "LATEST", latest):
                    self.assertEqual(self.answers(), plain)

    def test_it_is_the_numbers_that_answer(self):
        self.roll()
        self.env.cr.execute("DELETE FROM email_campaign_event")
        self.env.invalidate_all()
        self.assertEqual(self.grouped(self.salesperson, "kind")[("open",)], 60)
        self.assertEqual(self.grouped(self.colleague, "kind")[("open",)], 20)
        self.assertEqual(self.events.search_count([("kind", "=", "open")]), 80)

    def test_counting_again_what_was_judged_anew(self):
        self.roll()
        counts = self.env["email.campaign.event.rollup"]
        judged = self.events.search([("kind", "=", "click"), ("mailing_id", "=", self.mailing.id)], limit=4)
        which = SQL("e.id = ANY(%s)", judged.ids)
        counts._recount(-1, which)
        self.env.cr.execute(
            SQL("UPDATE email_campaign_event e SET verdict = 'machine', verdict_reason = 'burst' WHERE %s", which)
        )
        counts._recount(1, which)
        found = self.grouped(self.salesperson, "kind", "verdict", domain=[("kind", "=", "click")])
        self.assertEqual(found, {("click", "human"): 26, ("click", "machine"): 4})
        self.assertEqual(self.events.search([("verdict_reason", "=", "burst")], limit=9), judged)

    def test_recipients_that_are_deleted_take_their_numbers_along(self):
        self.roll()
        self.mailing.recipient_ids[:1].sudo().unlink()
        self.assertEqual(self.grouped(self.salesperson, "kind")[("open",)], 48)
        totals = self.env["email.campaign.event.total"]
        self.assertEqual(totals._read_group([("mailing_id", "=", self.mailing.id)], [], ["number:sum"]), [(100,)])

    def test_a_deleted_mass_email_takes_its_numbers_along(self):
        self.roll()
        self.other.sudo().state = "draft"
        self.other.sudo().unlink()
        self.assertEqual(self.grouped(self.manager, "kind")[("open",)], 60)


@tagged("post_install", "-at_install")
class TestLogRolling(LogCase):
    """How far the log is counted: never beyond what everybody can see."""

    def look(self):
        return self.env["email.campaign.event.rollup"]._look()

    def later(self):
        self.env.cr.execute(
            SQL("UPDATE email_campaign_event_rollup SET noted_at = noted_at - %s", rollup.PAUSE + timedelta(seconds=1))
        )

    def test_steps(self):
        self.env.cr.execute("UPDATE email_campaign_event_rollup SET noted_id = NULL, noted_at = NULL")
        self.env.cr.execute("UPDATE email_campaign_event_rollup SET sealed_id = NULL, sealed_xid = NULL")
        last = max(self.events.search([]).ids)
        self.assertEqual([self.look(), self.look()], [0, 0], "what was just written may not be all")
        self.later()
        self.assertEqual(self.look(), 0, "those who write now may have lower ids")
        self.assertEqual(self.look(), last)

    def test_a_restored_database_counts_on(self):
        self.env.cr.execute("UPDATE email_campaign_event_rollup SET sealed_id = 5, sealed_xid = '99999999999'")
        self.assertEqual(self.look(), 5)

    def test_the_job(self):
        last = max(self.events.search([]).ids)
        self.env.cr.execute(
            SQL("UPDATE email_campaign_event_rollup SET sealed_id = %s, sealed_xid = '99999999999'", last)
        )
        with patch.object(rollup, "PORTION", 50), self.enter_registry_test_mode():
            self.env.ref("email_campaign.cron_roll").method_direct_trigger()
        rolled = self.env["email.campaign.event.rollup"]._rolled_id()
        self.assertEqual(rolled, last)
        for model in ("email.campaign.event.count", "email.campaign.event.hour"):
            [(number,)] = self.env[model]._read_group([], [], ["number:sum"])
            self.assertEqual(number, self.events.search_count([]))

    def run_job(self):
        """Run the job when all that is there can be counted."""
        self.env.cr.execute(
            SQL(
                "UPDATE email_campaign_event_rollup SET sealed_id = %s, sealed_xid = '99999999999'",
                max(self.events.search([]).ids),
            )
        )
        with self.enter_registry_test_mode():
            self.env.ref("email_campaign.cron_roll").method_direct_trigger()
        self.env.invalidate_all()

    def forget_addresses(self):
        """Let nobody have been told of anything, and nothing before the first event there is be left to tell."""
        self.env["email.address"].search([("email", "like", "person_@good.example")]).unlink()
        # Other tests have used up numbers, through which portions of ten would take their time.
        self.env["email.campaign.event.rollup"]._set_told(min(self.events.search([]).ids) - 1)

    def told(self):
        addresses = self.env["email.address"].search([("email", "like", "@good.example")])
        return {address.email: address.last_sent_at for address in addresses}

    def test_addresses_are_told_what_was_sent(self):
        self.forget_addresses()
        erased = self.other.recipient_ids[0]
        erased.sudo().email = f"erased-{erased.id}@{ERASED_DOMAIN}"
        later = self.env["email.address"].create({"email": "person2@good.example", "last_sent_at": "2036-01-01"})
        with patch.object(rollup, "TOLD", 10):
            self.run_job()
        self.assertEqual(self.env["email.campaign.event.rollup"]._told_id(), max(self.events.search([]).ids))
        at = BEGUN + timedelta(hours=35)
        expected = {f"person{n}@good.example": at for n in (1, 3, 4, 5)} | {later.email: datetime(2036, 1, 1)}
        self.assertEqual(self.told(), expected)
        self.assertFalse(self.env["email.address"].search([("email", "like", ERASED_DOMAIN)]))

    def test_what_is_not_told_for_lack_of_time_is_told_the_next_time(self):
        self.forget_addresses()
        last = max(self.events.search([]).ids)
        with patch.object(rollup, "TOLD", 10), patch.object(IrCron, "_commit_progress", return_value=0) as noted:
            self.run_job()
        told = self.env["email.campaign.event.rollup"]._told_id()
        self.assertLess(told, last)
        self.assertEqual(noted.call_args.kwargs, {"remaining": last - told}, "the scheduler calls again")
        self.run_job()
        self.assertEqual(len(self.told()), 5)

    def test_a_part_of_an_address_is_found_before_and_after(self):
        self.forget_addresses()
        asked = [("email", "ilike", "erson2")]
        found = self.events.search(asked)
        self.assertEqual(set(found.mapped("recipient_id.email")), {"person2@good.example"})
        with patch.object(reading, "MOST_UNTOLD", 1):
            self.assertEqual(self.events.search(asked), found, "where too many are not told")
        self.run_job()
        self.assertTrue(self.told())
        self.assertEqual(self.events.search(asked), found)

    def test_under_a_cap_only_what_no_worker_tells_any_more(self):
        """Workers tell them at once. What one that was killed, or didn't know of the cap, has not told counts, too."""
        self.forget_addresses()
        self.env["ir.config_parameter"].set_param("email_campaign.frequency_cap", 2)
        last = max(self.events.search([]).ids)
        self.happen(self.mailing, "sent", 1, begun=datetime.now())
        self.run_job()
        self.assertEqual(self.env["email.campaign.event.rollup"]._told_id(), last, "what is young waits")
        address = self.env["email.address"].search([("email", "=", "person1@good.example")])
        at = BEGUN + timedelta(hours=35)
        self.assertEqual(address.last_sent_at, at)
        epoch = int(at.replace(tzinfo=timezone.utc).timestamp())
        self.assertEqual(address.sent_moments, [epoch, epoch - 7 * 3600], "as many as the cap asks about")

    def test_what_a_recount_will_take_from_the_log_is_left_to_it(self):
        self.forget_addresses()
        self.env["ir.config_parameter"].set_param("email_campaign.frequency_cap", 9)
        recount = self.env["email.address.recount"].create({"until": datetime.now()})
        self.env["email.address"]._note_unnoted(self.mailing.ids)
        self.env["email.address"]._note_logged(0, max(self.events.search([]).ids))
        self.assertFalse(self.told())
        recount.unlink()
        self.env["email.address"]._note_logged(0, max(self.events.search([]).ids))
        self.env["email.address"]._note_unnoted(self.mailing.ids)
        address = self.env["email.address"].search([("email", "=", "person1@good.example")])
        self.assertEqual(len(address.sent_moments), 8, "six and two of the two mass emails, each once")


@tagged("post_install", "-at_install")
class TestLogRetention(LogCase):
    """What is kept for some days goes then, and the numbers stay."""

    def keep(self, **days):
        for kind, number in days.items():
            self.env["ir.config_parameter"].set_param(f"email_campaign.keep_{kind}_days", number)

    def run_until_done(self):
        rounds = removed = 0
        while True:
            done, remaining = self.env["email.campaign.event.rollup"]._gc_events()
            removed, rounds = removed + done, rounds + 1
            if not remaining:
                return removed, rounds

    def test_only_old_ones_of_the_kind_in_portions(self):
        self.roll()
        before = self.totals()
        self.keep(open=30)
        with patch.object(rollup, "REMOVED", 25):
            removed, rounds = self.run_until_done()
        self.assertEqual(removed, 80)
        self.assertGreater(rounds, 2)
        self.assertFalse(self.events.search_count([("kind", "=", "open")]))
        self.env.cr.execute("SELECT count(*) FROM email_campaign_event WHERE kind = 'open'")
        self.assertEqual(self.env.cr.fetchone(), (0,))
        self.assertEqual(self.events.search_count([("kind", "=", "click")]), 40)
        self.assertEqual(self.grouped(self.manager, "at:year"), {("2026-01-01 00:00:00",): 85})
        self.assertEqual(self.totals(), before, "the numbers are what they were")
        self.assertEqual(self.grouped(self.salesperson, "kind").get(("open",)), None, "the log shows what is there")

    def test_what_is_young_or_not_counted_yet_stays(self):
        self.keep(open=30, click=36500)
        self.assertEqual(self.run_until_done()[0], 0, "nothing is counted yet")
        self.roll()
        self.happen(self.mailing, "open", 1, "human", begun=datetime.now() - timedelta(days=3))
        self.roll()
        self.run_until_done()
        self.assertEqual(self.events.search_count([("kind", "=", "open")]), 5)
        self.assertEqual(self.events.search_count([("kind", "=", "click")]), 40)

    def totals(self):
        rows = self.env["email.campaign.event.total"]._read_group(
            Domain("mailing_id", "in", (self.mailing + self.other).ids),
            ["mailing_id", "kind", "verdict"],
            ["number:sum"],
        )
        return {(mailing.id, kind, verdict): number for mailing, kind, verdict, number in rows}
