from email.header import decode_header, make_header
from email.utils import parseaddr

from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase
from odoo.tools import email_normalize

from odoo.addons.email_campaign.tools import address
from odoo.addons.email_campaign.tools.message import folded

VALID = {
    "ann@example.com": "ann@example.com",
    "  Ann.Doe@Example.COM\n": "ann.doe@example.com",
    "Ann Doe <Ann@Example.com>": "ann@example.com",
    '"Doe, Ann" <ann@example.com>': "ann@example.com",
    '"Ann \\"A\\" Doe" <ann@example.com>': "ann@example.com",
    '"ann@home.example" <ann@example.com>': "ann@example.com",
    "<ann@example.com>": "ann@example.com",
    "ann@example.com (Ann)": "ann@example.com",
    "ann@example.com,": "ann@example.com",
    "ann+news@example.com": "ann+news@example.com",
    "o'hara/{x}=y~z@example.com": "o'hara/{x}=y~z@example.com",
    "JÜRGEN@Example.com": "JÜRGEN@example.com",
    "ann@BÜCHER.example": "ann@xn--bcher-kva.example",
    "Ünal <ann@straße.example>": "ann@xn--strae-oqa.example",
    "ann@example.xn--p1ai": "ann@example.xn--p1ai",
    "用户@例子.广告": "用户@xn--fsqu00a.xn--4rr70v",
    "ann@mail.test": "ann@mail.test",
    "root@localhost": "root@localhost",
    "ann@srv.local": "ann@srv.local",
    "jürgen@srv.local": "jürgen@srv.local",
    f"{'a' * 64}@example.com": f"{'a' * 64}@example.com",
}

INVALID = {
    "": "empty",
    "  ": "empty",
    "<>": "empty",
    ",;": "empty",
    "ann": "no_at",
    "@example.com": "no_at",
    "ann@": "no_at",
    "ann＠example.com": "no_at",
    "a@example.com, b@example.com": "several",
    "a@example.com;b@example.com": "several",
    "a@example.com <b@example.com>": "several",
    "a@b@example.com": "several",
    "ann@example.com\nBcc: b@example.com": "control_character",
    "an\x00n@example.com": "control_character",
    "ann\u2028@example.com": "control_character",
    "ann\ud800@example.com": "control_character",
    "Ann <ann@example.com": "bad_format",
    "ann@example.com>": "bad_format",
    "Ann Doe ann@example.com": "bad_local",
    ".ann@example.com": "bad_local",
    "an..n@example.com": "bad_local",
    '"ann doe"@example.com': "bad_local",
    "ann@-example.com": "bad_domain",
    "ann@exam_ple.com": "bad_domain",
    "ann@example..com": "bad_domain",
    "ann@example.com.": "bad_domain",
    "ann@[192.0.2.1]": "bad_domain",
    "ann@192.0.2.1": "bad_domain",
    "ann@ex ample.com": "bad_domain",
    f"{'a' * 65}@example.com": "too_long",
    f"a@{'b.' * 130}example": "too_long",
    "x" * 100_000: "too_long",
}

NAMES = st.text(max_size=120)


class TestAddress(BaseCase):
    def test_normalize(self):
        for text, expected in VALID.items():
            with self.subTest(text):
                self.assertEqual(address.normalize(text), expected)
                self.assertEqual(address.normalize(expected), expected)

    def test_key(self):
        self.assertEqual(address.key("Ann <ANN@bücher.example>"), "ann@xn--bcher-kva.example")
        self.assertEqual(address.key("no address"), "no address")

    def test_spelled(self):
        self.assertEqual(address.spelled("ann@xn--bcher-kva.example"), "ann@b\u00fccher.example")
        self.assertEqual(
            address.spelled("\u7528\u6237@xn--fsqu00a.xn--4rr70v"), "\u7528\u6237@\u4f8b\u5b50.\u5e7f\u544a"
        )
        for email in ("ann@example.com", "ann@xn--\u2026.example", "root@localhost"):
            with self.subTest(email):
                self.assertEqual(address.spelled(email), email)

    def test_normalize_as_odoo_does(self):
        for text in VALID:
            if text.rpartition("@")[2].isascii():
                with self.subTest(text):
                    self.assertEqual(address.normalize(text), email_normalize(text))

    def test_normal_form_is_stable_in_odoo(self):
        for expected in VALID.values():
            with self.subTest(expected):
                self.assertEqual(email_normalize(expected), expected)

    def test_both_forms_of_a_domain_are_one_address(self):
        self.assertEqual(address.normalize("ann@bücher.example"), "ann@xn--bcher-kva.example")
        decomposed = "ann@bu\N{COMBINING DIAERESIS}cher.example"
        self.assertEqual(address.normalize(decomposed), "ann@xn--bcher-kva.example")

    def test_normalize_refuses(self):
        for text, reason in INVALID.items():
            with self.subTest(text[:80]):
                with self.assertRaises(address.AddressError) as caught:
                    address.normalize(text)
                self.assertEqual(caught.exception.reason, reason)
                self.assertEqual(caught.exception.value, text)
                self.assertTrue(caught.exception.explanation.endswith("."))
                self.assertLess(len(caught.exception.explanation), 1_000)

    def test_entered(self):
        self.assertEqual(address.entered("Bob <Bob@Host.example>"), "bob@host.example")
        for text in ("root@localhost", "ann@test", "ann@srv.local", "ann@b\u00fccher.example"):
            with self.subTest(text):
                self.assertEqual(address.entered(text), address.normalize(text))
        for text in ("bob@host", "Bob <bob@host>", "bob@b\u00fccher"):
            with self.subTest(text), self.assertRaises(address.AddressError) as caught:
                address.entered(text)
            self.assertEqual(caught.exception.reason, "no_dot")
        with self.assertRaises(address.AddressError) as caught:
            address.entered("a@example.com, b@example.com")
        self.assertEqual(caught.exception.reason, "several")

    @given(st.one_of(st.text(), st.text(alphabet='ab.@-<>"(),;\\ \n\u00fc'), st.emails()))
    def test_normalize_raises_nothing_else(self, text):
        try:
            found = address.normalize(text)
        except address.AddressError:
            return
        self.assertEqual(address.normalize(found), found)
        self.assertFalse(address.has_control(found))
        self.assertLessEqual(len(address.envelope(found)[0].encode()), address.MAX_OCTETS)

    @given(st.from_regex(r"[a-c.!-]{1,6}@(?:[a-b0-9.-]{1,6}\.)?(?:com|de)", fullmatch=True))
    @settings(max_examples=300)
    def test_fast_path_agrees_with_the_library(self, text):
        try:
            expected = validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError:
            expected = None
        if text.partition("@")[2] in ("com", "de"):
            return  # a domain without a dot: valid here, by policy not in the library
        try:
            found = address.normalize(text)
        except address.AddressError:
            found = None
        self.assertEqual(found, expected)

    def test_split(self):
        self.assertEqual(
            address.split('"Doe, Ann" <a@x.test>; b@x.test,,\r\nBob (Jr, really) <c@x.test>\n'),
            ['"Doe, Ann" <a@x.test>', "b@x.test", "Bob (Jr, really) <c@x.test>"],
        )
        self.assertEqual(address.split('5" Ann <a@x.test>, b@x.test'), ['5" Ann <a@x.test>', "b@x.test"])
        self.assertEqual(address.split(" \n ;,"), [])

    @given(st.text(alphabet='a@.,;"\\()<>\n\r '))
    def test_split_loses_nothing_but_separators(self, text):
        kept = "".join(address.split(text)).translate(str.maketrans("", "", ",;\r\n "))
        self.assertEqual(kept, text.translate(str.maketrans("", "", ",;\r\n ")))

    def test_envelope(self):
        self.assertEqual(address.envelope("ann@example.com"), ("ann@example.com", False))
        self.assertEqual(address.envelope("ann@straße.example"), ("ann@xn--strae-oqa.example", False))
        self.assertEqual(address.envelope("jürgen@bücher.example"), ("jürgen@xn--bcher-kva.example", True))
        for text, reason in (("ann", "no_at"), ("a@b\r\n.c", "control_character"), ("a@ü..c", "bad_domain")):
            with self.assertRaises(address.AddressError) as caught:
                address.envelope(text)
            self.assertEqual(caught.exception.reason, reason)

    @given(st.text(alphabet="ab.@ \t<>é\r\x7f~!", max_size=12))
    def test_an_envelope_in_ascii_is_the_address_itself(self, text):
        local, _at, domain = text.rpartition("@")
        if domain.isascii() and local and domain and not address.has_control(text):
            self.assertEqual(address.envelope(text), (text, not local.isascii()))
        elif not text.isascii():
            return
        else:
            with self.assertRaises(address.AddressError):
                address.envelope(text)

    def test_mailbox(self):
        for name, expected in (
            (None, "a@x.test"),
            ("", "a@x.test"),
            ("\r\n", "a@x.test"),
            ("Ann Doe", "Ann Doe <a@x.test>"),
            ("Doe, Ann", '"Doe, Ann" <a@x.test>'),
            ('Ann "A" \\', '"Ann \\"A\\" \\\\" <a@x.test>'),
            ("Ann\r\nBcc: b@x.test", '"Ann  Bcc: b@x.test" <a@x.test>'),
            ("Jürgen", "=?utf-8?q?J=C3=BCrgen?= <a@x.test>"),
            ("日本", "=?utf-8?b?5pel5pys?= <a@x.test>"),
            ("=?utf-8?q?Boss?=", "=?utf-8?b?PT91dGYtOD9xP0Jvc3M/PQ==?= <a@x.test>"),
        ):
            with self.subTest(name):
                self.assertEqual(address.mailbox(name, "a@x.test"), expected)
        self.assertEqual(address.mailbox("Ann", "a@bücher.example"), "Ann <a@xn--bcher-kva.example>")
        self.assertEqual(address.mailbox("Ann", "ü@x.test"), "Ann <ü@x.test>")

    def test_mailbox_refuses_what_is_no_address(self):
        for text in (
            "ann",
            "a@x.test>",
            "a@x.test, b@x.test",
            "a b@x.test",
            "ü@x@y.test",
            "a@x.test\r\nBcc: b",
        ):
            with self.subTest(text), self.assertRaises(address.AddressError):
                address.mailbox("Ann", text)

    @given(NAMES)
    def test_mailbox_takes_any_name(self, name):
        value = address.mailbox(name, "a@x.test")
        self.assertTrue(value.isascii())
        self.assertFalse(address.has_control(value))
        for word in value.split(" "):
            if word.startswith("=?"):
                self.assertLessEqual(len(word), 75)
        shown, spec = parseaddr(value)
        self.assertEqual(spec, "a@x.test")
        if "=?utf-8?" in value:
            shown = str(make_header(decode_header(shown)))
        expected = "".join(" " if address.has_control(char) or char == "\t" else char for char in name).strip()
        self.assertEqual(shown, expected)

    def test_long_names_can_be_folded(self):
        for name in ("ü" * 500, "日" * 500, "a" * 500, "Doe, Ann " * 50):
            value = address.mailbox(name, "a@x.test")
            self.assertLessEqual(max(map(len, value.split(" "))), 75)
            for line in folded("Reply-To", value).split("\r\n"):
                self.assertLessEqual(len(line), 76)

    def test_has_control(self):
        self.assertFalse(address.has_control("Ann\tDoe ü 日"))
        for char in "\r\n\x00\x1b\x7f\x85\u2028\ud800":
            self.assertTrue(address.has_control(f"a{char}b"), ascii(char))
