import doctest

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools import weborigin
from ..tools.weborigin import origin

MARKS = "abc.:/@?#[]\\ \t\r\n\"';,<>%2{}*\x00é"


@tagged("post_install", "-at_install")
class TestOrigin(BaseCase):
    """What stands in a policy leads to one place, whatever was typed."""

    def test_examples(self):
        self.assertEqual(doctest.testmod(weborigin).failed, 0)
        for url, expected in {
            "http://good.example": "http://good.example",
            "HTTPS://Good.Example/a?b#c": "https://good.example",
            "https://bücher.example/x": "https://xn--bcher-kva.example",
            "https://10.0.0.1:80/": "https://10.0.0.1:80",
            "https://good.example:0x1": "",
            "https://good.example:99999": "",
            "https://user@good.example": "",
            "https://good.example;x": "",
            "https://good.example,evil.example": "",
            "https://*.example": "",
            "https://a..b": "",
            "https://[::1]/": "",
            "ftp://good.example": "",
            "https:good.example": "",
            "//good.example": "",
            "": "",
            "https://good.example/" + "x" * 3000: "",
        }.items():
            with self.subTest(url):
                self.assertEqual(origin(url), expected)

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.builds("".join, st.lists(st.sampled_from([*MARKS, "http://", "https://", "good.example"]), max_size=12)))
    def test_nothing_slips_into_a_policy(self, url):
        self.assertRegex(origin(url), r"^(https?://[a-z0-9.-]+(:[0-9]+)?)?$")
