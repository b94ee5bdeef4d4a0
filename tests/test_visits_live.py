"""Visits in transactions of their own: what one test transaction can't show."""

import threading
import time

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from ..models.response.email_link import CLICK
from ..models.response.email_visit_waiting import BROKEN_PAUSE, BUSY_PAUSE, PAUSE, SETTINGS, Judging

LOGGER = "odoo.addons.email_campaign.models.response.email_visit"
WAITING = "odoo.addons.email_campaign.models.response.email_visit_waiting"


class Browser:
    """A request as far as a visit looks at it."""

    method = "GET"
    remote_addr = "192.0.2.7"
    headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    cookies = {}
    environ = {}


class LiveCase(BaseCase):
    """A recipient of a mass email with links, committed; it is taken away afterwards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            campaign = env["email.campaign"].create({"name": "Live visits"})
            mailing = env["email.campaign.mailing"].create({"campaign_id": campaign.id, "subject": "Live"})
            links = env["email.tracking.url"].create(
                [{"name": f"L{n}", "url": f"https://x.example/{n}", "campaign_id": campaign.id} for n in range(4)]
            )
            cr.execute(
                "INSERT INTO email_campaign_recipient (mailing_id, email, state, sent_at) "
                "VALUES (%s, 'live@good.example', 'sent', now() AT TIME ZONE 'utc' - interval '1 hour') RETURNING id",
                [mailing.id],
            )
            [(self.recipient,)] = cr.fetchall()
            self.campaign, self.links = campaign.id, links.ids
            signer = env["email.link"]._signer()
            self.tokens = [signer.sign_family(CLICK, self.recipient, link) for link in self.links]

    def remove(self):
        with self.registry.cursor() as cr:
            # The thread that a click woke may be at it.
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute("DELETE FROM email_visit_waiting WHERE recipient_id = %s", [self.recipient])
            cr.execute("DELETE FROM email_campaign_event WHERE campaign_id = %s", [self.campaign])
            cr.execute("DELETE FROM email_campaign_recipient WHERE id = %s", [self.recipient])
            cr.execute("DELETE FROM email_address WHERE email = 'live@good.example'")
            api.Environment(cr, SUPERUSER_ID, {})["email.campaign"].browse(self.campaign).unlink()

    def click(self, token):
        with self.registry.cursor() as cr:
            return api.Environment(cr, SUPERUSER_ID, {})["email.visit"]._clicked(token, Browser())

    def at_once(self, tokens):
        """Click on all at the same moment; give the targets."""
        ready, targets, failed = threading.Barrier(len(tokens)), [], []

        def click(token):
            try:
                ready.wait(10)
                targets.append(self.click(token).url)
            except Exception as error:  # noqa: BLE001 (whatever it is, it fails the test)
                failed.append(error)

        threads = [threading.Thread(target=click, args=(token,)) for token in tokens]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertFalse(failed)
        return targets

    def judged(self):
        """Have what waits judged, by whoever comes first: this, or the thread that a click woke."""
        for _try in range(200):
            again = Judging.of(get_db_name()).run()
            if again is None:
                return
            self.assertEqual(again, PAUSE, "nothing but another one's turn is in the way")
            time.sleep(again)
        self.fail("the visits were not judged")

    def rows(self, waiting=0):
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT kind, verdict, verdict_reason FROM email_campaign_event WHERE recipient_id = %s ORDER BY id",
                [self.recipient],
            )
            events = cr.fetchall()
            cr.execute("SELECT count(*) FROM email_visit_waiting WHERE recipient_id = %s", [self.recipient])
            self.assertEqual(cr.fetchone()[0], waiting)
            cr.execute("SELECT clicked_at IS NOT NULL FROM email_campaign_recipient WHERE id = %s", [self.recipient])
            return events, cr.fetchone()[0]


@tagged("post_install", "-at_install")
class TestVisitsLive(LiveCase):
    """Visits at the same moment, and while the log can't be written."""

    def test_the_same_link_eight_times_at_once(self):
        self.assertEqual(self.at_once(self.tokens[:1] * 8), ["https://x.example/0"] * 8)
        self.judged()
        self.assertEqual(self.rows(), ([("click", "human", None)] * 8, True))

    def test_all_links_at_once_are_a_burst_to_the_last_one(self):
        """One judges at a time, so that each visit is seen with those around it, whichever comes first."""
        self.assertEqual(sorted(self.at_once(self.tokens)), [f"https://x.example/{n}" for n in range(4)])
        self.judged()
        self.assertEqual(self.rows(), ([("click", "machine", "burst")] * 4, False))

    def test_two_judge_at_once(self):
        """Each visit is logged once."""
        self.at_once(self.tokens[:1] * 8)
        threads = [threading.Thread(target=self.judged) for _number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(len(self.rows()[0]), 8)

    def test_no_table_is_read_through(self):
        """The statements find all they need by indexes, however few rows there are."""
        with self.registry.cursor() as cr:
            cr.execute(
                "INSERT INTO email_visit_waiting (recipient_id, url_id, kind, at) "
                "VALUES (%s, %s, 'click', now() AT TIME ZONE 'utc')",
                [self.recipient, self.links[0]],
            )
        with self.registry.cursor() as cr:
            cr.execute(SETTINGS)
            self.assertTrue(cr.fetchone()[0])
            before = self.read_through(cr)
            self.assertEqual(api.Environment(cr, SUPERUSER_ID, {})["email.visit.waiting"]._judge(), 1)
            self.assertEqual(self.read_through(cr), before)
        self.assertEqual(self.rows(), ([("click", "human", None)], True))

    @staticmethod
    def read_through(cr):
        """Give how often each of two tables was read through over this connection, as far as it has not told others.

        What was done before this transaction may be among it.
        """
        cr.execute(
            "SELECT relname, seq_scan FROM pg_stat_xact_user_tables "
            "WHERE relname IN ('email_campaign_recipient', 'email_campaign_event') ORDER BY relname"
        )
        return cr.fetchall()

    def test_a_process_that_died_before_it_judged(self):
        """What it kept is judged by the job that counts the log."""
        with self.registry.cursor() as cr:
            cr.execute(
                "INSERT INTO email_visit_waiting (recipient_id, url_id, kind, at) "
                "VALUES (%s, %s, 'click', now() AT TIME ZONE 'utc')",
                [self.recipient, self.links[0]],
            )
        self.rows(waiting=1)
        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["email.campaign.event.rollup"]._cron_roll()
        self.assertEqual(self.rows(), ([("click", "human", None)], True))

    def test_an_email_that_is_under_way_still(self):
        """When it left is known in a moment, and only then who it was."""
        with self.registry.cursor() as cr:
            cr.execute(
                "UPDATE email_campaign_recipient SET state = 'handed', sent_at = NULL WHERE id = %s", [self.recipient]
            )
        self.click(self.tokens[0])
        self.assertIn(Judging.of(get_db_name()).run(), (BUSY_PAUSE, PAUSE))
        self.assertEqual(self.rows(waiting=1), ([], False))
        with self.registry.cursor() as cr:
            cr.execute(
                "UPDATE email_campaign_recipient SET state = 'sent', sent_at = now() AT TIME ZONE 'utc' WHERE id = %s",
                [self.recipient],
            )
        self.judged()
        self.assertEqual(self.rows(), ([("click", "machine", "too_soon")], False))

    def test_a_person_whose_email_was_in_doubt(self):
        """The first visit settles it, and the ones after it are not too soon after that."""
        with self.registry.cursor() as cr:
            cr.execute(
                "UPDATE email_campaign_recipient SET state = 'in_doubt', sent_at = NULL WHERE id = %s", [self.recipient]
            )
        self.click(self.tokens[0])
        self.judged()
        self.click(self.tokens[1])
        self.judged()
        self.assertEqual(
            self.rows(), ([("sent", None, None), ("click", "human", None), ("click", "human", None)], True)
        )

    def test_a_visit_that_does_not_fit_is_alone_in_that(self):
        """Of a time that no timestamp holds any more when seconds are taken from it."""
        self.click(self.tokens[0])
        with self.registry.cursor() as cr:
            cr.execute(
                "INSERT INTO email_visit_waiting (recipient_id, url_id, kind, at) "
                "VALUES (%s, %s, 'click', '4714-11-24 00:00:00 BC')",
                [self.recipient, self.links[1]],
            )
        self.click(self.tokens[2])
        with self.assertLogs(WAITING, "ERROR") as logged:
            self.judged()
        self.assertIn("does not fit into the log", logged.output[0])
        self.assertEqual(self.rows(), ([("click", "human", None)] * 2, True))

    def test_while_somebody_writes_the_recipient(self):
        """The visitor gets on at once, and the visit waits."""
        with self.registry.cursor() as cr:
            cr.execute("SELECT FROM email_campaign_recipient WHERE id = %s FOR UPDATE", [self.recipient])
            self.assertEqual(self.click(self.tokens[0]).url, "https://x.example/0")
            self.rows(waiting=1)
        self.judged()
        self.assertEqual(self.rows(), ([("click", "human", None)], True))

    def test_while_the_log_is_locked(self):
        with self.registry.cursor() as cr, mute_logger(LOGGER, "odoo.sql_db"):
            cr.execute("LOCK TABLE email_campaign_event IN ACCESS EXCLUSIVE MODE")
            self.assertEqual(self.click(self.tokens[0]).url, "https://x.example/0")
            self.assertEqual(Judging.of(get_db_name()).run(), BUSY_PAUSE)
        self.judged()
        self.assertEqual(self.rows(), ([("click", "human", None)], True), "nothing is lost")

    def test_while_visits_cannot_be_kept(self):
        with self.registry.cursor() as cr, mute_logger(LOGGER, "odoo.sql_db"):
            cr.execute("LOCK TABLE email_visit_waiting IN ACCESS EXCLUSIVE MODE")
            self.assertEqual(self.click(self.tokens[0]).url, "https://x.example/0")
        self.judged()
        self.assertEqual(self.rows(), ([], False))

    def test_while_the_database_is_read_only(self):
        with self.registry.cursor() as cr, mute_logger(LOGGER, "odoo.sql_db"):
            connection = cr.connection
            connection.set_session(readonly=True)
            try:
                visits = api.Environment(cr, SUPERUSER_ID, {})["email.visit"]
                self.assertEqual(visits._clicked(self.tokens[0], Browser()).url, "https://x.example/0")
            finally:
                cr.rollback()
                connection.set_session(readonly=False)
        self.assertEqual(self.rows(), ([], False))

    def test_when_there_is_no_room_in_the_log(self):
        """A partition that is missing: the server refuses the row for want of a place. The visit waits for one."""
        with self.registry.cursor() as cr:
            cr.execute("ALTER TABLE email_campaign_event RENAME TO email_campaign_event_whole")
            cr.execute(
                "CREATE TABLE email_campaign_event (LIKE email_campaign_event_whole INCLUDING DEFAULTS) "
                "PARTITION BY RANGE (at)"
            )
        try:
            with mute_logger(LOGGER, WAITING, "odoo.sql_db"):
                self.assertEqual(self.click(self.tokens[0]).url, "https://x.example/0")
                self.assertIn(Judging.of(get_db_name()).run(), (BROKEN_PAUSE, PAUSE))
        finally:
            with self.registry.cursor() as cr:
                cr.execute("DROP TABLE email_campaign_event")
                cr.execute("ALTER TABLE email_campaign_event_whole RENAME TO email_campaign_event")
        self.judged()
        self.assertEqual(self.rows(), ([("click", "human", None)], True))
