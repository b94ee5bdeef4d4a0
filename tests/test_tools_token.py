from base64 import urlsafe_b64decode, urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools.token import Signer, id_octets

KEYS = {0: b"first key of 16+ octets", 7: b"second key of 16+ octets"}
IDS = st.lists(st.integers(0, 2**63 - 1), max_size=5)
PURPOSES = st.text(max_size=20)


class TestToken(BaseCase):
    signer = Signer(KEYS, 7)

    @given(PURPOSES, IDS)
    def test_round_trip(self, purpose, ids):
        token = self.signer.sign(purpose, *ids)
        self.assertRegex(token, r"\A[A-Za-z0-9_-]+\Z")
        self.assertEqual(self.signer.read(purpose, token, len(ids)), tuple(ids))
        local = self.signer.sign_local(purpose, *ids)
        self.assertRegex(local, r"\A[0-9a-f]+\Z")
        self.assertEqual(self.signer.read_local(purpose, local, len(ids)), tuple(ids))
        self.assertEqual(self.signer.read_local(purpose, local.upper(), len(ids)), tuple(ids))

    @given(PURPOSES, IDS, st.binary(min_size=16, max_size=150))
    def test_stamps_are_signatures(self, purpose, ids, key):
        for signer in (self.signer, Signer({200: key}, 200)):
            octets = id_octets(*ids)
            for _again in range(2):
                self.assertEqual(signer.stamp(purpose)(octets).decode(), signer.sign(purpose, *ids))
                self.assertEqual(signer.stamp_local(purpose)(octets), signer.sign_local(purpose, *ids))

    @given(PURPOSES, st.integers(0, 2**63 - 1), st.lists(st.integers(0, 2**63 - 1), max_size=12), st.data())
    def test_families(self, purpose, first, seconds, data):
        near = [second + 1 for second in seconds if second < 2**63 - 1]
        tokens = self.signer.family(purpose, seconds + near)(id_octets(first))
        self.assertEqual(len(tokens), len(seconds + near))
        for token, second in zip(tokens, seconds + near, strict=True):
            text = token.decode()
            self.assertRegex(text, r"\A[A-Za-z0-9_-]+\Z")
            self.assertEqual(self.signer.sign_family(purpose, first, second), text, "whatever its brothers are")
            self.assertEqual(self.signer.read_family(purpose, text), (first, second))
            self.assertIsNone(self.signer.read_family(purpose + "x", text))
            self.assertIsNone(self.signer.read(purpose, text, 2))
            self.assertIsNone(Signer({7: KEYS[0]}, 7).read_family(purpose, text))
            octets = bytearray(urlsafe_b64decode(text))
            bit = data.draw(st.integers(0, 8 * len(octets) - 1))
            octets[bit // 8] ^= 1 << bit % 8
            self.assertIsNone(self.signer.read_family(purpose, urlsafe_b64encode(octets).decode().rstrip("=")))
            for other in (text[: data.draw(st.integers(0, len(text) - 1))], text + "A", text + "AAAA", "A" + text):
                self.assertIsNone(self.signer.read_family(purpose, other))
        self.assertIsNone(self.signer.read_family(purpose, self.signer.sign(purpose, first, first)))
        for wrong in (-1, 2**63):
            with self.assertRaises(ValueError):
                self.signer.family(purpose, [*seconds, wrong])

    @given(st.one_of(st.text(), st.text(alphabet="ABCabc234-_=+/")))
    def test_arbitrary_text_is_no_family(self, text):
        self.assertIsNone(self.signer.read_family("click", text))

    @given(IDS, st.data())
    def test_any_changed_bit_is_refused(self, ids, data):
        token = self.signer.sign("click", *ids)
        octets = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        bit = data.draw(st.integers(0, 8 * len(octets) - 1))
        octets[bit // 8] ^= 1 << bit % 8
        changed = urlsafe_b64encode(octets).decode().rstrip("=")
        for count in range(7):
            self.assertIsNone(self.signer.read("click", changed, count))

    @given(IDS, st.data())
    def test_one_spelling_only(self, ids, data):
        token = self.signer.sign("click", *ids)
        place = data.draw(st.integers(0, len(token) - 1))
        other = data.draw(st.characters().filter(lambda char: char != token[place]))
        for text in (
            token[:place],
            token[:place] + other + token[place + 1 :],
            token[:place] + other + token[place:],
            token + other,
            token + "=",
            token + "\n",
            " " + token,
        ):
            self.assertIsNone(self.signer.read("click", text, len(ids)), text)
        local = self.signer.sign_local("click", *ids)
        for text in (local[:place], local + "=", local + "a", "a" + local, local.replace("s", "ſ") + "ſ"):
            self.assertIsNone(self.signer.read_local("click", text, len(ids)), text)

    @given(PURPOSES, PURPOSES, IDS)
    def test_purpose_and_count_bind(self, purpose, other, ids):
        token = self.signer.sign(purpose, *ids)
        if other != purpose:
            self.assertIsNone(self.signer.read(other, token, len(ids)))
        for count in (-1, len(ids) - 1, len(ids) + 1):
            self.assertIsNone(self.signer.read(purpose, token, count))

    @given(st.one_of(st.text(), st.text(alphabet="ABCabc234-_=+/")), st.integers(-1, 5))
    def test_arbitrary_text_is_nothing(self, text, count):
        self.assertIsNone(self.signer.read("click", text, count))
        self.assertIsNone(self.signer.read_local("click", text, count))

    def test_purposes_do_not_run_into_each_other(self):
        # Without its length in the proof, the "\\x07" of the key number could belong to either side.
        self.assertIsNone(self.signer.read("a", self.signer.sign("a\x07", 1), 1))

    def test_longest_ids_and_long_texts(self):
        top = 2**63 - 1
        self.assertEqual(self.signer.read("v", self.signer.sign("v", top, 0, top), 3), (top, 0, top))
        self.assertEqual(self.signer.read_local("v", self.signer.sign_local("v", top, 0), 2), (top, 0))
        self.assertIsNone(self.signer.read("v", "A" * 1_000_000, 2))
        self.assertIsNone(self.signer.read_local("v", "a" * 1_000_000, 2))

    def test_replaced_keys_still_read(self):
        old = Signer({0: KEYS[0]}, 0).sign("click", 5)
        self.assertEqual(self.signer.read("click", old, 1), (5,))
        self.assertIsNone(Signer({7: KEYS[7]}, 7).read("click", old, 1))
        self.assertIsNone(Signer({0: KEYS[7]}, 0).read("click", old, 1))

    def test_refuses_bad_keys_and_ids(self):
        for keys, current in (
            ({1: b"short"}, 1),
            ({256: KEYS[0]}, 256),
            ({-1: KEYS[0]}, -1),
            (KEYS, 1),
            ({}, 0),
        ):
            with self.assertRaises(ValueError):
                Signer(keys, current)
        for number in (-1, 2**63):
            with self.assertRaises(ValueError):
                self.signer.sign("click", number)
            with self.assertRaises(ValueError):
                id_octets(1, number)

    def test_a_local_part_has_room(self):
        self.assertLessEqual(len("bounce+" + self.signer.sign_local("bounce", 2**31, 2**31)), 64)
