from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools.visitor import Visit, judge

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"


class TestVisitor(BaseCase):
    def test_people(self):
        for agent in (
            CHROME,
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.2.0",
            "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)",
        ):
            with self.subTest(agent):
                self.assertEqual(judge("GET", agent, {"Accept": "*/*"}), Visit("human"))

    def test_proxies_of_mail_programs_are_people(self):
        for agent in (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        ):
            with self.subTest(agent):
                self.assertEqual(judge("GET", agent, {}), Visit("human", "mail_proxy"))

    def test_proxies_by_name_and_network(self):
        google = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
        before = (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
        )
        for agent, ip, verdict in (
            (google, "66.249.84.7", Visit("human", "mail_proxy")),
            (google, "10.0.0.3", Visit("human", "mail_proxy")),
            (google, "8.8.4.4", Visit("human", "unproven_proxy")),
            (before, "108.177.8.1", Visit("machine", "gmail_prefetch")),
            (CHROME, "66.102.8.1", Visit("machine", "google_network")),
            (CHROME, "2a00:1450:4001::1", Visit("machine", "google_network")),
            (CHROME, "17.58.98.1", Visit("machine", "apple_proxy")),
            ("Mozilla/5.0", "104.28.40.1", Visit("machine", "apple_proxy")),
            (CHROME, "16.255.255.255", Visit("human")),
            (CHROME, "18.0.0.0", Visit("human")),
            (CHROME, "not an address", Visit("human")),
        ):
            with self.subTest(agent=agent, ip=ip):
                self.assertEqual(judge("GET", agent, {}, ip), verdict)

    def test_crawlers(self):
        for agent in (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "curl/8.5.0",
            "python-requests/2.31.0",
            "facebookexternalhit/1.1",
        ):
            with self.subTest(agent):
                self.assertEqual(judge("GET", agent, {}), Visit("machine", "crawler"))

    def test_method(self):
        for method in ("HEAD", "head", "OPTIONS"):
            self.assertEqual(judge(method, CHROME, {}), Visit("machine", "head_request"))

    def test_prefetch(self):
        for headers in (
            {"Purpose": "prefetch"},
            {"X-Purpose": "preview"},
            {"sec-purpose": "prefetch;prerender"},
            {"X-MOZ": "Prefetch"},
        ):
            with self.subTest(headers):
                self.assertEqual(judge("GET", CHROME, headers), Visit("machine", "prefetch"))
        self.assertEqual(judge("GET", CHROME, {"Purpose": "", "Referer": "prefetch"}), Visit("human"))

    def test_no_user_agent(self):
        for agent in (None, "", "  "):
            self.assertEqual(judge("GET", agent, {}), Visit("machine", "no_user_agent"))

    def test_only_the_beginning_is_looked_at(self):
        self.assertEqual(judge("GET", "M" * 512 + " Googlebot/", {}), Visit("human"))

    @given(
        st.text(),
        st.one_of(st.none(), st.text()),
        st.dictionaries(st.text(), st.text(), max_size=3),
        st.one_of(st.none(), st.text(), st.ip_addresses().map(str)),
    )
    def test_never_raises(self, method, agent, headers, ip):
        self.assertIn(judge(method, agent, headers, ip).verdict, ("human", "machine"))
