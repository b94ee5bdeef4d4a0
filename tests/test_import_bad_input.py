import io
import zipfile

from odoo.exceptions import UserError
from odoo.tests import tagged

from .importing import ImportCase

FORMULA = "=cmd|' /C calc'!A0"


@tagged("post_install", "-at_install")
class TestImportBadInput(ImportCase):
    """What is wrong with files, and what a salesperson is told of it."""

    def test_no_header(self):
        record = self.read_file("Ann,ann@good.example,A\nBen,ben@good.example,B\n")
        self.assertFalse(record.has_header)
        self.assertEqual(record.column_ids.mapped("name"), ["Column 1", "Column 2", "Column 3"])
        record.action_import()
        self.assertEqual(self.members()["ann@good.example"][0], "Ann")
        self.assertEqual(self.counts(record), {"added": 2})

    def test_doubled_header(self):
        """Once more among the rows, as where files were joined; and two columns of one name."""
        text = "Name,Email,Code,Code\nAnn,ann@good.example,A,B\nname,EMAIL,code,code\nBen,ben@good.example,C,D\n"
        record = self.run_import(text)
        self.assertEqual(self.counts(record), {"added": 2, "refused": 1})
        self.assertEqual(self.reasons(record), {3: "The row repeats the names of the columns"})
        self.assertEqual(self.members()["ann@good.example"], ("Ann", {"code": "A", "code_2": "B"}))

    def test_quotation_marks_left_open(self):
        text = 'Name,Email\n"Ann,ann@good.example\nBen,ben@good.example\nCy,cy@good.example\n'
        record = self.run_import(text)
        self.assertEqual(self.reasons(record), {2: "A quotation mark is opened and not closed"})
        self.assertEqual(sorted(self.members()), ["ben@good.example", "cy@good.example"])
        self.assertEqual(self.refused(record)[0][0], '"Ann,ann@good.example', "as it was in the file")

    def test_a_line_of_ten_megabytes(self):
        text = f"Name,Email\nAnn,ann@good.example\n{'x' * 10_000_000},big@good.example\nBen,ben@good.example\n"
        record = self.run_import(text)
        self.assertEqual(self.reasons(record), {3: "The row is longer than 65,000 characters"})
        self.assertEqual(len(self.members()), 2)

    def test_nul_bytes(self):
        record = self.run_import(b"Name,Email\nA\0nn,ann@good.example\nBen,ben@good.example\n")
        self.assertIn("characters can't be read", self.reasons(record)[2])
        self.assertEqual(list(self.members()), ["ben@good.example"])

    def test_a_long_line_of_nul_bytes(self):
        """As files have it where a disk or a transfer broke: the rows behind it are imported."""
        # Behind what is looked at to find out what the file is.
        before = "Name,Email\n" + "".join(f"{'P' * 200},p{n}@good.example\n" for n in range(700))
        record = self.run_import(before.encode() + b"\0" * 70_000 + b"\nBen,ben@good.example\n")
        self.assertEqual((record.state, self.counts(record)), ("done", {"added": 701, "refused": 1}))
        self.assertEqual(self.reasons(record), {702: "The row is longer than 65,000 characters"})
        self.assertEqual(len(self.refused(record)), 1)

    def test_mixed_separators(self):
        text = "Name,Email\nAnn,ann@good.example\nBen,ben@good.example\nCy;cy@good.example\nDee,dee@good.example,x\n"
        record = self.run_import(text)
        self.assertEqual(
            self.reasons(record),
            {
                4: "The row has another separator than the rest of the file",
                5: "The row has more columns than the file",
            },
        )
        self.assertEqual(self.refused(record)[1][-1], "x", "nothing of a refused row is lost")

    def test_thirty_percent_bad_addresses(self):
        bad = ("", "nonsense", "a@b@c", "ann@", "@good.example", "a b@good.example", "ann@good", "x@-good.example")
        rows = [f"P{n},{bad[n % 8] if n % 10 < 3 else f'p{n}@good.example'}" for n in range(1000)]
        record = self.read_file("Name,Email\n" + "\n".join(rows))
        self.assertIn("Of 1,000 rows, 700 can be imported and 300 would be refused", record.preview)
        self.assertIn("The email address is not valid", record.preview)
        self.assertIn("table-danger", record.preview)
        record.action_import()
        self.assertEqual(self.counts(record), {"added": 700, "refused": 300})
        self.assertEqual(len(self.members()), 700)
        reasons = self.reasons(record)
        self.assertEqual(len(self.refused(record)), 300)
        self.assertIn("There is no email address", reasons.values())
        self.assertFalse([reason for reason in reasons.values() if not reason or len(reason) < 20])

    def test_refused_rows_are_corrected_and_imported(self):
        """The file of refused rows comes back, with formulas as they were."""
        record = self.run_import(f'Name,Email\n"{FORMULA}",ann.good.example\nBen,ben@good.example\n')
        [[name, email, reason, row]] = self.refused(record)
        self.assertEqual((name, email, row), (f"'{FORMULA}", "ann.good.example", "2"))
        self.assertIn("needs one part before and one after an @-sign", reason)
        corrected = f'Name,Email,Refused because,Row in file\n"{name}",ann@good.example,"{reason}",{row}\n'
        again = self.run_import(corrected)
        self.assertEqual(self.counts(again), {"added": 1})
        self.assertEqual(self.members()["ann@good.example"], (FORMULA, {}))

    def test_formulas_stay_text(self):
        text = f'Name,Email,Note\n"{FORMULA}",ann@good.example,"=1+1"\n"+1",nonsense,"@SUM(A1)"\n'
        record = self.run_import(text)
        self.assertEqual(self.members()["ann@good.example"], (FORMULA, {"note": "=1+1"}))
        self.assertEqual(self.refused(record)[0][:3], ["'+1", "nonsense", "'@SUM(A1)"])

    def test_markup_is_text(self):
        record = self.read_file("Name,Email\n<script>alert(1)</script>,ann@good.example\n")
        self.assertIn("&lt;script&gt;", record.preview)
        self.assertNotIn("<script>", record.preview)

    def test_wrong_files(self):
        workbook = io.BytesIO()
        with zipfile.ZipFile(workbook, "w") as archive:
            archive.writestr("xl/workbook.xml", "x")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("people.csv", "x")
        for name, data, message in (
            ("people.xlsx", workbook.getvalue(), "“people.xlsx” is an Excel workbook.*CSV UTF-8"),
            ("people.zip", packed.getvalue(), "compressed archive. Unpack it"),
            ("people.pdf", b"%PDF-1.7\n", "is a PDF document"),
            ("people.png", b"\x89PNG\r\n\x1a\n", "is a picture"),
            ("people.exe", bytes(range(256)) * 10, "is no text file"),
            ("people.csv", b"\n\n", "is empty"),
            ("people.csv", b",".join(b"c%d" % n for n in range(300)), "more than 200 columns"),
        ):
            record = self.make_import(data, name)
            with self.subTest(name), self.assertRaisesRegex(UserError, message):
                record.action_read()
            self.assertEqual(record.state, "draft")

    def test_only_a_header(self):
        record = self.run_import("Name,Email\n")
        self.assertEqual((record.state, record.total_count, self.members()), ("done", 0, {}))

    def test_no_addresses_at_all(self):
        record = self.read_file("Name,Town\nAnn,Aachen\n")
        with self.assertRaisesRegex(UserError, "which column has the email addresses"):
            record.action_import()

    def test_too_large_a_file(self):
        record = self.make_import("Email\nann@good.example\n")
        self.env.flush_all()
        query = "UPDATE ir_attachment SET file_size = 143000000 WHERE res_model = %s AND res_id = %s"
        self.env.cr.execute(query, [record._name, record.id])
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "has 143 MB; at most 100 MB"):
            record.action_read()
