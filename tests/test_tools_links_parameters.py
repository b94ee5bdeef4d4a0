from urllib.parse import parse_qsl, urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.links import MAX_QUERY_LENGTH, joined_parameters, parameters, with_parameters

NAMES = st.text("abcxyz_", min_size=1, max_size=6)
PAIRS = st.lists(st.tuples(NAMES, st.text(min_size=1, max_size=20)), max_size=5)


@tagged("post_install", "-at_install")
class TestParameters(BaseCase):
    """What is added to links: nothing that stands in them is changed, and nothing else is added."""

    def test_where_they_go(self):
        for url, expected in (
            ("https://x.example", "https://x.example/?a=1&b=2"),
            ("https://x.example/p", "https://x.example/p?a=1&b=2"),
            ("https://x.example/p?", "https://x.example/p?a=1&b=2"),
            ("https://x.example/p?c=3", "https://x.example/p?c=3&a=1&b=2"),
            ("https://x.example/p?c=3&", "https://x.example/p?c=3&a=1&b=2"),
            ("https://x.example/p?a=mine#top", "https://x.example/p?a=mine&b=2#top"),
            ("https://x.example/p?a&b=#top", "https://x.example/p?a&b=#top"),
            ("https://x.example/#/page?x=1", "https://x.example/?a=1&b=2#/page?x=1"),
            ("https://x.example/p?u=%2Fa%20b&sig=%C3%A4~", "https://x.example/p?u=%2Fa%20b&sig=%C3%A4~&a=1&b=2"),
            ("HTTPS://x.example/%61=1?%61=1", "HTTPS://x.example/%61=1?%61=1&b=2"),
            ("mailto:ann@x.example", "mailto:ann@x.example"),
            ("#top", "#top"),
            ("/relative", "/relative"),
        ):
            with self.subTest(url):
                self.assertEqual(with_parameters(url, "a=1&b=2"), expected)
        self.assertEqual(with_parameters("https://x.example", ""), "https://x.example")

    def test_what_is_written_into_the_field(self):
        for written, expected in (
            ("", ""),
            (" ?a=1 ", "a=1"),
            ("&a=1&&b&", "a=1&b"),
            ("a=b c&d=ä", "a=b%20c&d=%C3%A4"),
            ("a=%C3%A4", "a=%C3%A4"),
            ('a="><script>', "a=%22%3E%3Cscript%3E"),
            ("javascript:alert(1)", "javascript:alert(1)"),
        ):
            with self.subTest(written):
                self.assertEqual(parameters(written), expected)
        self.assertEqual(
            with_parameters("https://x.example/", parameters("javascript:alert(1)")),
            "https://x.example/?javascript:alert(1)",
            "it never becomes what a link begins with",
        )

    def test_what_is_refused_says_why(self):
        for written, why in (
            ("a=1\r\nSet-Cookie: x", "line ends"),
            ("a\0b", "control"),
            ("a=1#top", "%23"),
            ("a={{ object.name }}", "field"),
            ("=1", "name=value"),
            ("a" * (MAX_QUERY_LENGTH + 1), "1,001"),
        ):
            with self.subTest(written[:20]), self.assertRaisesRegex(ValueError, why):
                parameters(written)

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(PAIRS, st.sampled_from(["", "?q=1", "?q=1&abc=2", "#f", "?#f"]))
    def test_what_arrives_is_what_was_meant(self, pairs, end):
        url = "https://x.example/p" + end
        there = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        found = urlsplit(with_parameters(url, joined_parameters(pairs)))
        expected = [*there.items(), *((name, value) for name, value in pairs if name not in there)]
        self.assertEqual(parse_qsl(found.query, keep_blank_values=True), expected)
        self.assertEqual((found.netloc, found.path, found.fragment), ("x.example", "/p", urlsplit(url).fragment))
