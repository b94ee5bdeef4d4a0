import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.csvfile import MAX_LINE, SEPARATORS, Form, Table, neutralised, restored, written

ENCODINGS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16-le", "windows-1252": "windows-1252"}
# Any text that a cell can have; what is damaged is a case of its own.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd\ufeff"), max_size=20)
WESTERN = st.text(st.sampled_from("abz ,;|\t'\"\n=+-@.éÜß€0"), max_size=20)
DANGEROUS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def as_csv(rows, separator=",", **options):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, **options).writerows(rows)
    return text.getvalue()


def table(text, separator=",", encoding="utf-8", has_header=True):
    return Table(text if isinstance(text, bytes) else text.encode(encoding), Form(encoding, separator, has_header))


def outcomes(text, **options):
    """Give {row number: its problem, or its cells}."""
    return {row.number: row.problem or row.cells for row in table(text, **options).rows()}


@tagged("post_install", "-at_install")
class TestCsvFile(BaseCase):
    """What is read is what was written, and what is damaged costs no other row."""

    @given(
        st.lists(st.lists(WESTERN, min_size=3, max_size=3), min_size=1, max_size=8),
        st.sampled_from(SEPARATORS),
        st.sampled_from(sorted(ENCODINGS)),
        st.booleans(),
        st.sampled_from(["\r\n", "\n"]),
    )
    def test_round_trip(self, rows, separator, encoding, quoted, end):
        rows = [["x", *row] for row in rows]  # none is empty, and none the line that names the separator
        quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
        data = as_csv(rows, separator, quoting=quoting, lineterminator=end).encode(encoding)
        found = table(data, separator, ENCODINGS[encoding], has_header=False)
        self.assertEqual([row.cells for row in found.rows() if not row.problem], rows)
        self.assertEqual(found.count(), len(rows))

    @given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=8))
    def test_any_letters(self, rows):
        rows = [["x", *row] for row in rows]
        found = table(as_csv(rows, quoting=csv.QUOTE_ALL), has_header=False)
        self.assertEqual([row.cells for row in found.rows()], rows)

    @given(st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=8), st.sampled_from(SEPARATORS))
    def test_refused_rows_come_back_as_they_were(self, rows, separator):
        rows = [["x", *row] for row in rows]
        data = written(rows, separator)
        self.assertEqual(data[:3], b"\xef\xbb\xbf")
        for cells in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator):
            self.assertFalse([cell for cell in cells if cell and cell[0] in DANGEROUS])
        again = table(data, separator, has_header=False)
        self.assertEqual([[restored(cell) for cell in row.cells] for row in again.rows()], rows)

    @given(st.text(max_size=30))
    def test_neutralised(self, cell):
        self.assertEqual(restored(neutralised(cell)), cell)
        self.assertFalse(neutralised(cell) and neutralised(cell)[0] in DANGEROUS)

    def test_formulas(self):
        for cell in ("=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"):
            self.assertEqual(neutralised(cell), f"'{cell}")
        for cell in ("", "Ann", "a=b", " =1", "'", "'Ann", "O'Hara"):
            self.assertEqual(neutralised(cell), cell)
            self.assertEqual(restored(cell), cell)

    @given(st.binary(max_size=400), st.sampled_from(SEPARATORS), st.sampled_from(sorted(set(ENCODINGS.values()))))
    def test_no_bytes_break_it(self, data, separator, encoding):
        found = Table(data, Form(encoding, separator))
        rows = list(found.rows())
        self.assertEqual(len(rows), found.count())
        numbers = [row.number for row in rows]
        self.assertEqual(numbers, sorted(set(numbers)))
        for row in rows:
            self.assertTrue(row.problem or len(row.cells) == len(found.header))
            self.assertFalse(any("\0" in cell for cell in row.cells))

    @given(st.lists(st.sampled_from("ab"), min_size=1, max_size=6), st.data())
    def test_an_open_quotation_mark_costs_one_row(self, names, data):
        lines = [f"{name},{name}@good.example" for name in names]
        place = data.draw(st.integers(0, len(lines)))
        lines.insert(place, data.draw(st.sampled_from(['"open,o@good.example', 'o@good.example,"open'])))
        found = outcomes("\n".join(["Name,Email", *lines, ""]))
        self.assertEqual(found.pop(place + 2), "open_quote")
        self.assertEqual(list(found.values()), [[name, f"{name}@good.example"] for name in names])

    @given(st.integers(1, 30), st.integers(0, 31))
    def test_going_on_after_a_row(self, count, after):
        text = "Email\n" + "".join(f"p{n}@good.example\n\n" for n in range(count))
        rows = list(table(text).rows())
        self.assertEqual(list(table(text).rows(after)), [row for row in rows if row.number > after])

    def test_quotation_marks_over_several_lines(self):
        text = 'Name,Note\nAnn,"two\nlines, ""quoted"""\nBen,x\n'
        self.assertEqual(outcomes(text), {2: ["Ann", 'two\nlines, "quoted"'], 3: ["Ben", "x"]})

    def test_a_quotation_mark_that_another_row_closes(self):
        """Read on, it would swallow the rows up to the next quotation mark."""
        text = 'Name,Email\n"Ann,ann@good.example\nBen,ben@good.example\n"Cy",cy@good.example\n'
        self.assertEqual(
            outcomes(text), {2: "open_quote", 3: ["Ben", "ben@good.example"], 4: ["Cy", "cy@good.example"]}
        )

    def test_a_line_of_ten_megabytes(self):
        text = f"Name,Email\nAnn,ann@good.example\n{'x' * 10_000_000}\nBen,ben@good.example\n"
        rows = list(table(text).rows())
        self.assertEqual([row.problem for row in rows], [None, "too_long", None])
        self.assertLess(len(rows[1].cells[0]), 1000, "the rest of it is not kept")
        quoted = f'Name,Email\n"{"x" * 10_000_000}\nBen,ben@good.example\n'
        self.assertEqual(outcomes(quoted), {2: "open_quote", 3: ["Ben", "ben@good.example"]})
        short = "x" * (MAX_LINE - 10)
        self.assertEqual(outcomes(f"Name\n{short}\n"), {2: [short]})

    def test_a_long_line_of_nul_bytes(self):
        """As files have it where a disk or a transfer broke; the database takes no NUL."""
        for text in ("Email\n" + "\0" * 70_000 + "\nben@good.example\n", "\0" * 70_000 + "\nEmail\nben@good.example\n"):
            rows = list(table(text, has_header=False).rows())
            self.assertIn("too_long", [row.problem for row in rows])
            self.assertEqual(rows[-1].cells, ["ben@good.example"])
            self.assertFalse([cell for row in rows for cell in row.cells if "\0" in cell])

    def test_many_quotation_marks_are_no_burden(self):
        text = "Name,Email\n" + '"Ann,ann@good.example\n' * 20_000
        self.assertEqual(set(outcomes(text).values()), {"open_quote"})

    def test_damaged(self):
        self.assertEqual(outcomes("N\na\0b\nc\n"), {2: "damaged", 3: ["c"]})
        self.assertEqual(outcomes(b"N\nJ\xf6rg\nc\n"), {2: "damaged", 3: ["c"]})
        self.assertEqual(outcomes(b"N\nJ\xf6rg\n", encoding="windows-1252"), {2: ["Jörg"]})

    def test_width(self):
        text = (
            "Name,Email,City\nAnn\nBen,ben@good.example,Bern,,\nCy,c@good.example,Cork,more\nDee;d@good.example;Dee\n"
        )
        self.assertEqual(
            outcomes(text),
            {
                2: ["Ann", "", ""],
                3: ["Ben", "ben@good.example", "Bern"],
                4: "too_many_cells",
                5: "other_separator",
            },
        )

    def test_header(self):
        text = "\ufeffsep=;\r\n\r\n Name ;Email\r\nAnn;ann@good.example\r\nname;EMAIL\r\n"
        found = table(text, ";")
        self.assertEqual(found.header, ["Name", "Email"])
        self.assertEqual(outcomes(text, separator=";"), {3: ["Ann", "ann@good.example"], 4: "header_again"})
        self.assertEqual(table("a,b\nc\n", has_header=False).header, ["", ""])
        self.assertEqual(table("").header, [])
        self.assertEqual(table("").count(), 0)

    def test_empty_rows_are_none(self):
        self.assertEqual(outcomes("N,M\n\n , \n,,\na,b\n"), {5: ["a", "b"]})
