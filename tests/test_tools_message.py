import email
import quopri
import re
from email import policy

from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools.message import (
    Attachment,
    Hole,
    Skeleton,
    header,
    personal_text,
    quoted_printable,
)
from odoo.addons.email_campaign.tools.template import Slot

HOSTILE = (
    st.text(max_size=200)
    | st.text(alphabet=".= \t\r\n\0aé\ud800😀<>&\"'", max_size=300)
    | st.builds(str.__mul__, st.sampled_from((".", "=", " ", "x", "é", "\n.", ".\r\n", "=\r\n")), st.integers(0, 400))
)
FIELD = Slot("field", "object.name", context="text")
HEADERS = {"From": "Sally <sally@crm.example>"}
PERSONAL = {"To": "ann@good.example", "Message-ID": "<1@crm.example>"}


def intended(text):
    """Give `text` as a reader shall see it: line ends normalised, controls gone, halves of surrogate pairs marked."""
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").decode()


def intended_header(text):
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip(" ").encode("utf-8", "replace").decode()


class MessageCase(BaseCase):
    def assert_fit_for_the_line(self, data):
        """Check what RFC 5321 asks of content that is sent as it is, without dot-stuffing."""
        self.assertTrue(data.isascii())
        self.assertTrue(data.endswith(b"\r\n"))
        for line in data[:-2].split(b"\r\n"):
            self.assertNotRegex(line, rb"[\r\n\0]")
            self.assertFalse(line.startswith(b"."), line)
            self.assertLessEqual(len(line), 78, line)

    def fill(self, *, subject=("Hello",), html=("<p>x</p>",), text=("x",), files=(), headers=PERSONAL, values=None):
        skeleton = Skeleton(HEADERS, subject, html, text, files)
        data = skeleton.fill(headers, lambda slot: (values or {}).get(slot.value, slot.default))
        self.assert_fit_for_the_line(data)
        message = email.message_from_bytes(data, policy=policy.default)
        for part in message.walk():
            self.assertFalse(part.defects, part.defects)
        return message

    def plain(self, message):
        return message.get_body(("plain",)).get_content().replace("\r\n", "\n").removesuffix("\n")

    def markup(self, message):
        return message.get_body(("html",)).get_content().replace("\r\n", "\n").removesuffix("\n")


class TestContent(MessageCase):
    @given(HOSTILE, HOSTILE, HOSTILE)
    @settings(max_examples=150)
    @example("a ", " ", "")
    @example("a\r", "\nb", "\r\n")
    @example("." * 100, "." * 200, ".\r\n.\r\n.")
    @example("x" * 75, "=" * 75, "é" * 75)
    def test_what_is_written_arrives(self, before, value, after):
        message = self.fill(text=(before, FIELD, after), values={"object.name": value})
        expected = intended(before) + intended(value) + intended(after)
        self.assertIn(self.plain(message), (expected, expected.removesuffix("\n")))

    @given(st.lists(HOSTILE, min_size=1, max_size=8))
    @settings(max_examples=60)
    def test_slots_side_by_side(self, values):
        slots = tuple(Slot("field", f"values.v{number}", context="text") for number in range(len(values)))
        message = self.fill(text=slots, values={slot.value: value for slot, value in zip(slots, values, strict=True)})
        expected = "".join(map(intended, values))
        self.assertIn(self.plain(message), (expected, expected.removesuffix("\n")))

    @given(HOSTILE)
    @example("x" * 76)
    @example("é" * 12 + "abcd")
    @example("x" * 74 + " \r\ny")
    @example("x" * 73 + "é" + "x" * 73 + "é\n")
    def test_quoted_printable(self, text):
        """With room for the soft break that may follow."""
        encoded = quoted_printable(text)
        self.assertEqual(quopri.decodestring(encoded).decode(), intended(text).replace("\n", "\r\n"))
        *lines, last = encoded.split(b"\r\n")
        self.assertLessEqual(len(last), 75)
        for line in lines:
            self.assertLessEqual(len(line), 76)
            self.assertFalse(line.endswith((b" ", b"\t")), "blanks at the end of a line get lost")

    @given(
        st.text(alphabet='htps:/.=?&<" é', max_size=120), st.text(alphabet="aZ09-_", min_size=1, max_size=60), HOSTILE
    )
    def test_beginnings(self, beginning, token, literal):
        """What all values of a kind begin with is encoded once and reads as if it came with each of them."""
        link, field = Slot("link", "https://x.example", context="url"), Slot("field", "object.name")
        parts = (literal, link, "b", link, field)
        values = {link.value: beginning + token, field.value: "Ann"}
        whole = Skeleton(HEADERS, ("x",), parts, parts).fill(PERSONAL, lambda slot: values[slot.value])
        values[link.value] = token
        skeleton = Skeleton(HEADERS, ("x",), parts, parts, beginnings={"link": beginning})
        begun = skeleton.fill(PERSONAL, lambda slot: values[slot.value])
        self.assert_fit_for_the_line(begun)
        self.assertEqual(len(skeleton.holes), 3, "a link is the same in text and in markup, a field is not")
        whole, begun = (email.message_from_bytes(data, policy=policy.default) for data in (whole, begun))
        self.assertEqual(self.plain(begun), self.plain(whole))
        self.assertEqual(self.markup(begun), self.markup(whole))

    def test_nothing_at_all(self):
        message = self.fill(html=(), text=())
        self.assertEqual((self.plain(message), self.markup(message)), ("", ""))

    def test_both_bodies_and_no_file(self):
        message = self.fill(text=("Hello ", FIELD), html=("<p>", Slot("field", "object.name"), "</p>"))
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        self.assertEqual(
            [part.get_content_type() for part in message.iter_parts()],
            ["text/plain", "text/html"],
            "the last one is preferred",
        )

    def test_no_boundary_can_be_written_by_a_recipient(self):
        data = Skeleton(HEADERS, ("x",), ("<p>x</p>",), (FIELD,)).fill(PERSONAL, lambda slot: "x")
        boundary = re.search(rb'boundary="(.*)"', data)[1].decode()
        message = self.fill(text=(FIELD,), values={"object.name": f"\r\n--{boundary}--\r\n"})
        self.assertEqual(len(list(message.iter_parts())), 2)
        self.assertRegex(boundary, "^=_", "which quoted-printable and base64 can't contain")


class TestHeaders(MessageCase):
    @given(HOSTILE, HOSTILE)
    @settings(max_examples=150)
    @example("Hello ", "\r\nBcc: eve@evil.example\r\n\r\nbody")
    @example("=?utf-8?q?", "=41?=")
    @example("a" * 2000, "")
    @example("a  b " * 40, "c")
    def test_subject(self, before, value):
        subject = (before, Slot("field", "object.name", context="header"))
        message = self.fill(subject=subject, values={"object.name": value})
        self.assertEqual(message["Subject"], intended_header(before + value))
        self.assertEqual(
            sorted(message.keys()), ["Content-Type", "From", "MIME-Version", "Message-ID", "Subject", "To"]
        )
        same = self.fill(subject=(before + value,))
        self.assertEqual(same["Subject"], message["Subject"])

    def test_readable_as_it_is(self):
        self.assertEqual(header("Subject", "Spring is here"), "Subject: Spring is here\r\n")
        self.assertEqual(header("Subject", ""), "Subject: \r\n")
        long = "Spring is here, and with it come a good many words that do not fit into one line of a mail"
        self.assertEqual(header("Subject", long).replace("\r\n", ""), f"Subject: {long}")
        self.assertEqual(header("Subject", "Viele Grüße"), "Subject: =?utf-8?q?Viele_Gr=C3=BC=C3=9Fe?=\r\n")

    def test_encoded_words_end_with_whole_characters(self):
        for text in ("é" * 300, "日本語" * 100, "😀" * 99):
            for word in header("Subject", text).removeprefix("Subject: ").split():
                self.assertEqual(len(str(email.header.make_header(email.header.decode_header(word)))) > 0, True)
                self.assertLessEqual(len(word), 75)

    def test_long_ready_made_headers_are_folded(self):
        names = " ".join(["=?utf-8?q?" + "=C3=A9" * 9 + "?="] * 40)
        message = self.fill(headers={"To": f"{names} <ann@good.example>"})
        self.assertEqual(message["To"].addresses[0].addr_spec, "ann@good.example")
        self.assertEqual(message["To"].addresses[0].display_name.replace(" ", ""), "é" * 360)

    def test_an_address_that_needs_smtputf8(self):
        data = Skeleton(HEADERS, ("x",), ("x",), ("x",)).fill({"To": "dörte@good.example"}, lambda slot: "")
        self.assertIn("To: dörte@good.example\r\n".encode(), data)

    def test_an_address_for_everybody_that_needs_smtputf8(self):
        for reply_to, is_ascii in (("ann@good.example", True), ("dörte@good.example", False)):
            skeleton = Skeleton({**HEADERS, "Reply-To": reply_to}, ("x",), ("<p>é</p>",), ("é",))
            self.assertEqual((skeleton.is_ascii, skeleton.fill({}, str).isascii()), (is_ascii, is_ascii))

    def test_segments_of_pieces_in_another_order(self):
        parts = ("a", Slot("field", "object.name"), "b", Slot("field", "object.city"), "c")
        skeleton = Skeleton(HEADERS, ("x",), parts, parts)
        pieces = [b"%d" % number for number in range(len(skeleton.holes))]
        headers = "To: ann@good.example\r\n"
        segments = skeleton.assembler((4, 2, 0, 1), 5)(headers, [pieces[2], pieces[3], pieces[1], b"unused", pieces[0]])
        self.assertEqual(b"".join(segments), skeleton.assemble(headers, pieces))
        self.assertEqual(b"".join(skeleton.segments(headers, pieces)), skeleton.assemble(headers, pieces))


class TestEscaping(MessageCase):
    """What a value does to markup is looked at in test_tools_compose, in whole documents."""

    @given(HOSTILE)
    def test_markup(self, value):
        for context in ("html", "attribute"):
            written = personal_text(Hole(Slot("field", "object.name", context=context), markup=True), value)
            self.assertNotRegex(written.replace("<br>", ""), "[<>\"']")
            if context == "attribute":
                self.assertNotRegex(written, r"[<\r\n]")

    @given(HOSTILE)
    def test_css(self, value):
        written = personal_text(Hole(Slot("field", "object.name", context="css"), markup=True), value)
        self.assertNotRegex(written, r"[:;(){}/\\\"'<>&@!*]")

    def test_lines_of_a_value(self):
        def written(context, markup=True):
            return personal_text(Hole(Slot("field", "object.name", context=context), markup), "a\r\nb\nc & d")

        self.assertEqual(written("html"), "a<br>b<br>c &amp; d")
        self.assertEqual(written("attribute"), "a b c &amp; d")
        self.assertEqual(written("text", markup=False), "a\r\nb\nc & d")

    @given(HOSTILE)
    @settings(max_examples=60, deadline=None)
    def test_the_quick_way_is_the_same_as_the_long_one(self, value):
        for context in ("html", "attribute", "url", "url_part", "url_address", "css"):
            slot = Slot("field", "object.name", context=context)
            message = self.fill(html=("<p>", slot, "</p>"), values={"object.name": value})
            written = intended(personal_text(Hole(slot, markup=True), value))
            self.assertEqual(self.markup(message), f"<p>{written}</p>")


class TestAttachments(MessageCase):
    def file(self, name, mimetype="application/pdf", data=b"%PDF-1.7\r\n.\r\n"):
        message = self.fill(files=[Attachment(name, mimetype, data)])
        self.assertEqual(message.get_content_type(), "multipart/mixed")
        [part] = message.iter_attachments()
        self.assertEqual(part.get_payload(decode=True), data)
        self.assertEqual(part.get_content_disposition(), "attachment")
        return part

    @given(st.text(max_size=120))
    @settings(max_examples=100)
    @example('a"; filename="evil.exe')
    @example("a\r\nContent-Type: text/html\r\n\r\n<script>")
    @example("=?utf-8?q?evil.exe?=")
    @example("%41''x*.pdf")
    @example("<>")
    @example('"x"')
    def test_names(self, name):
        expected = intended_header(name).strip()
        part = self.file(name)
        # Not by get_filename: that takes quotes and brackets off a decoded name once more.
        self.assertEqual(part["Content-Disposition"].params.get("filename", ""), expected)
        self.assertEqual(part.get_content_type(), "application/pdf")

    def test_names_in_any_script_and_length(self):
        for name in ("offer.pdf", "Angebot für Müller.pdf", "見積書.pdf", "عرض.pdf", "😀.png", "x" * 2000 + ".pdf"):
            self.assertEqual(self.file(name).get_filename(), name)
        self.assertIn('filename="offer 1 (2).pdf"', self.file("offer 1 (2).pdf").as_string())

    @given(st.binary(max_size=300))
    @settings(max_examples=40)
    @example(b"")
    def test_data(self, data):
        self.file("a.bin", data=data)

    def test_types(self):
        for mimetype in ("image/png", "text/csv", "application/vnd.ms-excel.sheet.macroEnabled.12"):
            self.assertEqual(self.file("a", mimetype).get_content_type(), mimetype.lower())
        for mimetype in (
            "",
            "x",
            "text/html\r\nX: y",
            "téxt/plain",
            "a/b/c",
            "text/plain; charset=x",
            "a/" + "b" * 999,
        ):
            self.assertEqual(self.file("a", mimetype).get_content_type(), "application/octet-stream")

    def test_a_mail_as_attachment(self):
        # RFC 2046 forbids base64 for it as message/rfc822; a reader would find the base64 text in it.
        part = self.file("a.eml", "message/rfc822", b"Subject: x\r\n\r\ny\r\n")
        self.assertEqual(part.get_content_type(), "application/octet-stream")

    def test_a_large_file_is_encoded_and_kept_once(self):
        large = Attachment("a.bin", "application/zip", bytes(300_000))
        skeletons = [Skeleton(HEADERS, (lang,), ("<p>x</p>",), ("x",), [large]) for lang in ("en", "de")]
        for skeleton in skeletons:
            self.assertTrue(any(literal is large.part for literal in skeleton._literals))
        message = email.message_from_bytes(skeletons[0].fill(PERSONAL, str), policy=policy.default)
        self.assertEqual([part.get_content() for part in message.iter_attachments()], [large.data])

    def test_several(self):
        files = [Attachment(f"{number}.txt", "text/plain", b"%d" % number) for number in range(3)]
        message = self.fill(files=files)
        self.assertEqual([part.get_filename() for part in message.iter_attachments()], ["0.txt", "1.txt", "2.txt"])
        self.assertEqual(self.plain(message), "x")
