"""The short way in for links and images, by Odoo's WSGI application as it is, outside any test transaction."""

import io
import threading
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, http, sql_db
from odoo.tests import BaseCase, tagged
from odoo.tools import config, mute_logger

from ..controllers import short_way
from ..models.response import visit_line
from ..models.response.email_link import CLICK, HIDDEN_LINK, OPEN
from .test_visits_live import LOGGER, Browser, LiveCase

HOST = "127.0.0.1:8069"


class ShortWayCase(BaseCase):
    """The short way is open, and nothing is known yet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Odoo does it when it loads the addon's code; whoever runs the tests may have imported that before.
        short_way.open_way()

    def setUp(self):
        super().setUp()
        visit_line._facts.clear()
        self.addCleanup(visit_line._facts.clear)


@tagged("post_install", "-at_install")
class TestShortWay(ShortWayCase, LiveCase):
    """It answers as the long way does, and leaves to it what is not quite ordinary."""

    def setUp(self):
        super().setUp()
        self.addCleanup(visit_line.lines.close)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            signer = env["email.link"]._signer()
            self.pixel = f"/email/o/{signer.sign(OPEN, self.recipient)}.gif"
            self.hidden = f"/email/c/{signer.sign_family(CLICK, self.recipient, HIDDEN_LINK)}"
            explaining = env["email.tracking.url"].browse(self.links[3])
            explaining.write({"show_message": True, "message": "<p>Come by</p>"})
        self.paths = [f"/email/c/{token}" for token in self.tokens]

    def ask(self, path, method="GET", **environ):
        """Give (status, headers, body)."""
        told = []
        asked = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8069",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": HOST,
            "HTTP_USER_AGENT": Browser.headers["User-Agent"],
            "REMOTE_ADDR": "192.0.2.7",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            **environ,
        }
        body = http.root(asked, lambda status, headers, _error=None: told.append((status, headers)))
        octets = b"".join(body)
        [(status, headers)] = told
        return status, sorted((name.lower(), value) for name, value in headers), octets

    def taken(self, *asked, **environ):
        """Give the answer, and whether the short way gave it: by then the line has kept one more."""
        kept = []
        keep = visit_line.lines.keep
        with patch.object(visit_line.lines, "keep", lambda *given: kept.append(1) or keep(*given)):
            return self.ask(*asked, **environ), bool(kept)

    def count(self):
        self.judged()
        return len(self.rows()[0])

    def test_both_ways_answer_alike(self):
        for number, (path, method) in enumerate(
            [
                (self.paths[0], "GET"),
                (self.paths[0], "HEAD"),
                (self.pixel, "GET"),
                (self.pixel, "HEAD"),
                (self.hidden, "GET"),
            ]
        ):
            with self.subTest(path=path, method=method):
                visit_line._facts.clear()
                long, taken = self.taken(path, method)
                self.assertFalse(taken, "there are no facts yet")
                short, taken = self.taken(path, method)
                self.assertTrue(taken)
                self.assertEqual(short, long)
                self.assertEqual(self.count(), 2 * number + 2)

    def test_a_page_is_shown_by_the_long_way_and_kept_once(self):
        self.ask(self.paths[0])
        answer, taken = self.taken(self.paths[3])
        self.assertTrue(taken)
        self.assertEqual(answer[0], "200 OK")
        self.assertIn(b"Come by", answer[2])
        self.assertEqual(self.count(), 2)

    def test_what_goes_the_long_way(self):
        self.ask(self.paths[0])
        good = self.paths[0]
        with mute_logger("odoo.http", "werkzeug"):
            for path, method, environ, status in (
                (good, "POST", {}, "404"),
                (good[:-1], "GET", {}, "404"),
                (good + "A" * 300, "GET", {}, "404"),
                (good.replace("/c/", "/o/") + ".gif", "GET", {}, "404"),
                (self.pixel.removesuffix(".gif"), "GET", {}, "404"),
                (good, "GET", {"HTTP_COOKIE": "session_id=x"}, "302"),
                (good, "GET", {"HTTP_X_ODOO_DATABASE": "elsewhere"}, "404"),
                (good, "GET", {"HTTP_HOST": "never.seen.example"}, "302"),
            ):
                with self.subTest(path=path, method=method, **environ):
                    answer, taken = self.taken(path, method, **environ)
                    self.assertFalse(taken)
                    self.assertTrue(answer[0].startswith(status), answer[0])

    def test_facts_are_good_for_a_moment_only(self):
        self.ask(self.paths[0])
        facts = visit_line._facts[HOST]
        visit_line._facts[HOST] = facts._replace(until=facts.until - visit_line.GOOD)
        self.assertFalse(self.taken(self.paths[0])[1])
        self.assertTrue(self.taken(self.paths[0])[1], "and that one left new ones")

    def test_the_long_way_of_an_opt_out_leaves_facts(self):
        with self.registry.cursor() as cr:
            visits = api.Environment(cr, SUPERUSER_ID, {})["email.visit"]
            asked = Browser()
            for cookies, environ in (({"session_id": "x"}, {"HTTP_HOST": HOST}), ({}, {"HTTP_HOST": HOST})):
                self.assertNotIn(HOST, visit_line._facts)
                asked.cookies, asked.environ = cookies, environ
                visits._remember_way(asked)
        self.assertEqual(visit_line.facts(HOST).dbname, self.registry.db_name)

    def test_hosts_that_are_made_up_take_no_room(self):
        self.ask(self.paths[0])
        facts = visit_line._facts[HOST]
        for number in range(visit_line.HOSTS + 5):
            visit_line.remember(f"h{number}.example", facts.dbname, facts.signer, True)
        self.assertLessEqual(len(visit_line._facts), visit_line.HOSTS)

    def test_behind_a_proxy(self):
        """The address that is kept is the visitor's, and the host the one that the visitor asked."""
        self.addCleanup(config.options.update, proxy_mode=config["proxy_mode"])
        config.options["proxy_mode"] = True
        forwarded = {"HTTP_X_FORWARDED_HOST": "mail.shop.example", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
        self.ask(self.paths[0], **forwarded)
        self.assertTrue(self.taken(self.paths[1], **forwarded)[1])
        self.judged()
        with self.registry.cursor() as cr:
            cr.execute("SELECT DISTINCT ip FROM email_campaign_event WHERE recipient_id = %s", [self.recipient])
            self.assertEqual(cr.fetchall(), [("198.51.100.7",)])

    def test_a_prefetch_and_openings_that_nobody_wants(self):
        self.ask(self.pixel)
        self.assertTrue(self.taken(self.pixel, HTTP_SEC_PURPOSE="prefetch;prerender")[1])
        self.judged()
        self.assertEqual(self.rows()[0], [("open", "human", None), ("open", "machine", "prefetch")])
        facts = visit_line._facts[HOST]
        visit_line._facts[HOST] = facts._replace(opens=False)
        self.assertFalse(self.taken(self.pixel)[1])

    def test_connections_that_are_cut(self):
        """The visitor notices nothing, and nothing is lost."""
        self.ask(self.paths[0])
        self.assertTrue(self.taken(self.paths[0])[1])
        with sql_db.db_connect("postgres").cursor() as cr:
            [line] = visit_line.lines._idle
            cr.execute("SELECT pg_terminate_backend(%s)", [line.connection.info.backend_pid])
        self.assertTrue(self.ask(self.paths[1])[0].startswith("302"))
        self.assertTrue(self.taken(self.paths[2])[1], "by a new connection")
        self.judged()
        self.assertEqual(len(self.rows()[0]), 4)

    def test_a_busy_moment_takes_no_more_connections(self):
        """All at once: few lines, and the others go the long way."""
        self.ask(self.paths[0])
        before, ready, answers = visit_line.lines._open, threading.Barrier(12), []

        def click():
            ready.wait(10)
            answers.append(self.ask(self.paths[0])[0])

        threads = [threading.Thread(target=click) for _number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(answers, ["302 FOUND"] * 12)
        self.assertEqual(before, 0)
        self.assertLessEqual(len(visit_line.lines._idle), visit_line.LINES)
        self.assertEqual(len(visit_line.lines._idle), visit_line.lines._open)
        self.assertEqual(self.count(), 13)

    def test_a_line_that_nobody_used_is_closed(self):
        self.ask(self.paths[0])
        self.ask(self.paths[0])
        [old] = visit_line.lines._idle
        old.used -= visit_line.IDLE + 1
        self.assertTrue(self.taken(self.paths[0])[1])
        self.assertTrue(old.connection.closed)
        self.assertEqual(visit_line.lines._open, 1)

    def test_where_all_lines_are_in_use(self):
        self.ask(self.paths[0])
        with patch.object(visit_line, "LINES", 0):
            self.assertEqual(self.ask(self.paths[1])[0], "302 FOUND")
        self.assertFalse(visit_line.lines._idle)
        self.assertEqual(self.count(), 2)

    def test_an_address_that_pythons_rules_refuse(self):
        """Names of hosts that browsers open, and ports that nobody has."""
        with self.registry.cursor() as cr:
            cr.execute("UPDATE email_tracking_url SET url = 'https://אב1.example/ä?q=ö' WHERE id = %s", [self.links[0]])
        for _way in ("long", "short"):
            status, headers, _body = self.ask(self.paths[0])
            self.assertEqual(status, "302 FOUND")
            self.assertEqual(dict(headers)["location"], "https://%D7%90%D7%911.example/%C3%A4?q=%C3%B6")

    def test_while_visits_cannot_be_kept(self):
        self.ask(self.paths[0])
        with self.registry.cursor() as cr, mute_logger("odoo.sql_db", LOGGER):
            cr.execute("LOCK TABLE email_visit_waiting IN ACCESS EXCLUSIVE MODE")
            self.assertTrue(self.ask(self.paths[1])[0].startswith("302"))
