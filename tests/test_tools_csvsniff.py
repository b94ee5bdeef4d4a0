import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.csvfile import SEPARATORS, Form, Table
from ..tools.csvmapping import TARGETS, Column, Judge, RefusedError, guess, is_key, key
from ..tools.csvsniff import WrongFileError, detect
from ..tools.template import parse_expression

WORDS = st.text(st.sampled_from("abzéÜß€ 0"), min_size=1, max_size=12).filter(str.strip)
LANGS = {"en_us": "en_US", "english": "en_US", "fr": "fr_FR"}


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


def judged(text, columns, separator=","):
    """Give for each row its (email, name) pairs, or the reason why it is refused."""
    judge = Judge(columns, LANGS)
    found = []
    for row in Table(text.encode(), Form("utf-8", separator)).rows():
        try:
            found.append([(entry.email, entry.name) for entry in judge.entries(row)])
        except RefusedError as error:
            found.append(error.reason)
    return found


@tagged("post_install", "-at_install")
class TestCsvSniff(BaseCase):
    """What a file is, before anybody says it."""

    @given(
        st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=10),
        st.sampled_from(SEPARATORS),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1252"]),
        st.booleans(),
    )
    def test_any_file_of_addresses(self, rows, separator, encoding, has_header):
        lines = [f"{name}{separator}p{n}@good.example{separator}{word}" for n, (name, word) in enumerate(rows)]
        if has_header:
            lines.insert(0, separator.join(("Name", "Email", "Word")))
        text = "\r\n".join([*lines, ""])
        if encoding == "windows-1252" and not text.isascii():
            text += f"ö{separator}umlaut@good.example{separator}ä"
        data = text.encode(encoding)
        form = detect(data)
        self.assertEqual((form.separator, form.has_header), (separator, has_header))
        if encoding == "windows-1252" and text.isascii():
            encoding = "utf-8"  # the same bytes
        # A pair of bytes may be a letter of UTF-8 by chance, which no text in Windows-1252 means.
        self.assertEqual(form.encoding, {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding))
        self.assertEqual(len(list(Table(data, form).rows())), len(text.splitlines()) - has_header)

    @given(st.binary(max_size=2000))
    def test_no_bytes_break_it(self, data):
        try:
            form = detect(data)
        except WrongFileError:
            return
        table = Table(data, form)
        columns = guess(table.header, [row.cells for row in table.rows() if not row.problem])
        self.assertEqual(len(columns), len(table.header))

    def test_wrong_files(self):
        for data, kind in (
            (b"", "empty"),
            (b" \r\n \n", "empty"),
            (zipped("[Content_Types].xml", "xl/workbook.xml"), "excel"),
            (zipped("word/document.xml"), "document"),
            (zipped("mimetype", "content.xml"), "opendocument"),
            (zipped("people.csv"), "archive"),
            (b"PK\x03\x04broken", "archive"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
            (b"%PDF-1.7\n", "pdf"),
            (b"\x89PNG\r\n\x1a\n", "image"),
            (b"\xff\xd8\xff\xe0", "image"),
            (b"GIF89a", "image"),
            (b"\x1f\x8b\x08", "archive"),
            (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "vcard"),
            (b"\n <html><body>", "markup"),
            (b"{\\rtf1", "document"),
            (bytes(range(256)) * 20, "binary"),
            (b",".join(b"c%d" % n for n in range(500)), "too_many_columns"),
        ):
            with self.subTest(kind), self.assertRaises(WrongFileError) as caught:
                detect(data)
            self.assertEqual(caught.exception.kind, kind)

    def test_separator_by_where_the_addresses_are(self):
        """Every row has one comma too."""
        self.assertEqual(detect(b"Name;Email\nDoe, Ann;ann@good.example\nRoe, Ben;ben@good.example\n").separator, ";")
        self.assertEqual(detect(b"Email\nann@good.example\nben@good.example\n"), Form("utf-8", ",", True))

    def test_mixed_separators(self):
        """Most rows decide."""
        rows = "".join(f"p{n},p{n}@good.example\n" for n in range(20)) + "x;x@good.example\n" * 5
        self.assertEqual(detect(f"Name,Email\n{rows}".encode()).separator, ",")

    def test_a_broken_letter_does_not_make_it_another_encoding(self):
        data = ("Name,Email\n" + "Jörg,joerg@good.example\n" * 10).encode() + b"J\xf6rg,j@good.example\n"
        self.assertEqual(detect(data).encoding, "utf-8")


@tagged("post_install", "-at_install")
class TestCsvMapping(BaseCase):
    """What columns are, and what a row says."""

    @given(st.lists(st.text(max_size=80), max_size=12))
    def test_keys_can_be_merged(self, names):
        keys = []
        for number, name in enumerate(names):
            keys.append(key(name, number + 1, keys))
            self.assertTrue(is_key(keys[-1]), keys[-1])
            self.assertEqual(parse_expression(f"values.{keys[-1]}", "body"), (f"values.{keys[-1]}", ""))
        self.assertEqual(len(set(keys)), len(keys))

    def test_guess(self):
        header = ["Vorname", "Nachname", "E-Mail-Adresse", "Sprache", "PLZ", "Gutschein", "Gutschein", ""]
        sample = [["Ann", "Apfel", "ann@good.example", "de", "8000", "A", "B", ""]]
        self.assertEqual(
            guess(header, sample),
            [
                Column("first_name", "vorname"),
                Column("last_name", "nachname"),
                Column("email"),
                Column("lang"),
                Column("value", "plz", "zip"),
                Column("value", "gutschein"),
                Column("value", "gutschein_2"),
                Column("ignore"),
            ],
        )

    def test_guess_by_content(self):
        sample = [["7", "ann@good.example", "Ann", "8000"], ["8", "Ben <ben@good.example>", "Ben", "9000"]]
        targets = [column.target for column in guess([""] * 4, sample)]
        self.assertEqual(targets, ["value", "email", "name", "value"])
        self.assertEqual(
            [column.target for column in guess(["Manager email", "Email"], [["x@y.example"] * 2])][1], "email"
        )
        self.assertNotIn("email", [column.target for column in guess(["Name", "City"], [["Ann", "Bern"]])])

    @given(st.lists(st.tuples(WORDS, st.sampled_from(TARGETS)), min_size=1, max_size=6), st.data())
    def test_a_row_is_taken_or_refused(self, columns, data):
        made = [Column(target, key(name, n, [])) for n, (name, target) in enumerate(columns)]
        cell = st.one_of(WORDS, st.sampled_from(["ann@good.example", "a@b", "a@x.org, b@x.org", "fr", "'=1"]))
        cells = data.draw(st.lists(cell, min_size=len(made), max_size=len(made)))
        text = ",".join(f"c{n}" for n in range(len(made))) + "\n" + ",".join(f'"{cell}"' for cell in cells)
        for found in judged(text, made):
            self.assertTrue(found)

    def test_rows(self):
        columns = [Column("email"), Column("first_name", "first"), Column("last_name", "last"), Column("lang")]
        text = (
            "Email,First,Last,Lang\n"
            "Ann@Good.Example,Ann,Apple,\n"
            "Ben Beech <ben@good.example>,,,EN-us\n"
            '"a@good.example; B <b@good.example>",,,\n'
            '"a@good.example, nonsense",,,\n'
            ",Nobody,,\n"
            "x@y@z,X,,\n"
            "fred@good.example,Fred,,xx\n"
            "'=1+1@good.example,=cmd|' /C calc'!A0,,fr\n"
        )
        self.assertEqual(
            judged(text, columns),
            [
                [("ann@good.example", "Ann Apple")],
                [("ben@good.example", "Ben Beech")],
                [("a@good.example", ""), ("b@good.example", "B")],
                "address_no_at",
                "address_empty",
                "address_several",
                "unknown_lang",
                [("=1+1@good.example", "=cmd|' /C calc'!A0")],
            ],
        )

    def test_values(self):
        judge = Judge([Column("email"), Column("value", "code", "ref"), Column("ignore")], LANGS)
        [row] = Table(b"Email,Code,X\nann@good.example, A-1 ,x\n", Form()).rows()
        [entry] = judge.entries(row)
        self.assertEqual((entry.values, entry.contact), ({"code": "A-1"}, {"ref": "A-1"}))
