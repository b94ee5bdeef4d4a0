from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import html2plaintext

from ..models.audience.importing import email_target_list_import_running as running
from .importing import ImportCase

PEOPLE = "Name,E-mail,Town\nAnn Apple,Ann@Good.example,Aachen\nBen Beech,ben@good.example,\n"


@tagged("post_install", "-at_install")
class TestImport(ImportCase):
    """From a file to members."""

    def test_from_a_file_to_members(self):
        record = self.read_file(PEOPLE)
        self.assertEqual(record.state, "ready")
        columns = record.column_ids.mapped(lambda column: (column.name, column.target, column.key or ""))
        self.assertEqual(columns, [("Name", "name", ""), ("E-mail", "email", ""), ("Town", "value", "town")])
        # A form asks for the sizes of files only.
        self.assertIn("Of 2 rows, all can be imported", record.with_context(bin_size=True).preview)
        record.action_import()
        self.assertEqual((record.state, self.counts(record)), ("done", {"added": 2}))
        self.assertEqual(
            self.members(),
            {"ann@good.example": ("Ann Apple", {"town": "Aachen"}), "ben@good.example": ("Ben Beech", {})},
        )
        self.assertFalse(record.refused_file)
        self.assertEqual(self.target_list.merge_fields, "{{ values.town }}")
        self.assertIn("added 2", self.target_list.message_ids[0].body)
        members = self.env["email.target.list.member"].search(record.action_view_members()["domain"])
        self.assertEqual(len(members), 2)

    def test_encodings(self):
        text = "Name;E-Mail\r\nJörg Größe;joerg@good.example\r\nZoë €;zoe@good.example\r\n"
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1252"):
            with self.subTest(encoding):
                self.target_list = self.make_list()
                self.run_import(text.encode(encoding))
                names = sorted(name for name, _values in self.members().values())
                self.assertEqual(names, ["Jörg Größe", "Zoë €"])

    def test_another_encoding_is_chosen(self):
        record = self.read_file("Name,E-mail\nJiří Dvořák,jiri@good.example\n".encode("windows-1250"))
        self.assertEqual(record.encoding, "windows-1252")
        with Form(record) as form:
            form.encoding = "windows-1250"
            self.assertIn("Jiří Dvořák", form.preview)
        record.action_import()
        self.assertEqual(self.members()["jiri@good.example"][0], "Jiří Dvořák")

    def test_another_separator_is_chosen(self):
        record = self.read_file("Name|Email\nAnn|ann@good.example\n")
        with Form(record) as form:
            form.separator = ";"
            self.assertEqual(len(form.column_ids), 1)
            form.separator = "|"
            self.assertEqual(len(form.column_ids), 2)
        record.action_import()
        self.assertEqual(self.members(), {"ann@good.example": ("Ann", {})})

    def test_mapping_is_changed(self):
        record = self.read_file("A,B,C\nAnn,ann@good.example,x\n")
        with Form(record) as form, form.column_ids.edit(0) as column:
            column.target = "name"
        with Form(record) as form, form.column_ids.edit(2) as column:
            column.key = "voucher"
        record.action_import()
        self.assertEqual(self.members(), {"ann@good.example": ("Ann", {"voucher": "x"})})

    def test_mapping_that_can_not_be(self):
        record = self.read_file(PEOPLE)
        record.column_ids[0].write({"target": "value", "key": "town"})
        with self.assertRaisesRegex(UserError, "Two columns have the merge field “town”"):
            record.action_import()
        record.column_ids[1].target = "ignore"
        with self.assertRaisesRegex(UserError, "which column has the email addresses"):
            record.action_import()
        self.assertEqual((record.state, self.members()), ("ready", {}))
        with self.assertRaisesRegex(ValidationError, "“Größe” can't be the merge field of the column “Town”"):
            record.column_ids[2].key = "Größe"

    def test_members_are_updated(self):
        self.run_import(PEOPLE)
        unsubscribed, other = self.target_list.member_ids
        unsubscribed.sudo().state = "unsubscribed"
        text = "Name,Email,Town,Code\nAnn Ash,ann@good.example,,A\n,ben@good.example,,\nCleo,cleo@good.example,Cork,C\n"
        record = self.run_import(text)
        self.assertEqual(self.counts(record), {"updated": 1, "unchanged": 1, "added": 1})
        self.assertEqual(
            self.members(),
            {
                "ann@good.example": ("Ann Ash", {"town": "Aachen", "code": "A"}),
                "ben@good.example": ("Ben Beech", {}),
                "cleo@good.example": ("Cleo", {"town": "Cork", "code": "C"}),
            },
        )
        self.assertEqual(unsubscribed.state, "unsubscribed", "a file brings nobody back who went")
        self.assertEqual(self.counts(self.run_import(text)), {"unchanged": 3})
        self.assertEqual(other.import_id, self.env["email.target.list.import"].search([], limit=1))

    def test_members_are_left_as_they_are(self):
        self.run_import(PEOPLE)
        record = self.run_import("Name,Email\nOther,ann@good.example\n", update_existing=False)
        self.assertEqual(self.counts(record), {"unchanged": 1})
        self.assertEqual(self.members()["ann@good.example"][0], "Ann Apple")

    def test_repeated_rows(self):
        """Within a portion and across portions alike: the last counts, what is empty takes nothing away."""
        text = "Name,Email,Town\nAnn,ann@good.example,Aachen\nBen,ben@good.example,\nAnn Ash,ANN@good.example,\n"
        for portion in (1, 2, 100):
            with self.subTest(portion), patch.object(running, "PORTION", portion):
                self.target_list = self.make_list()
                record = self.run_import(text)
                self.assertEqual(self.counts(record), {"added": 2, "repeated": 1})
                self.assertEqual(self.members()["ann@good.example"], ("Ann Ash", {"town": "Aachen"}))
                self.assertEqual(record.done_count, record.total_count)

    def test_several_addresses_in_a_cell(self):
        text = 'Name,Email\nAnn,"ann@good.example; Other <ann@work.example>"\nBen,"ben@good.example, nonsense"\n'
        record = self.run_import(text)
        self.assertEqual(self.members(), {"ann@good.example": ("Ann", {}), "ann@work.example": ("Ann", {})})
        self.assertEqual(self.counts(record), {"added": 1, "refused": 1})
        self.assertIn("“nonsense” is no email address", self.reasons(record)[3])

    def test_contacts_are_linked(self):
        person = self.partners[0]
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.partners[1].company_id = elsewhere
        text = "Name,Email,Code\nX,person1@good.example,A\nY,person2@good.example,B\nZ,new@good.example,C\n"
        self.run_import(text, contacts="link")
        by_email = {member.email_normalized: member for member in self.target_list.member_ids}
        linked = by_email["person1@good.example"]
        self.assertEqual((linked.partner_id, linked.res_id, linked.name), (person, person.id, "Person 1"))
        self.assertEqual(linked.values, {"code": "A"})
        self.assertFalse(by_email["person2@good.example"].partner_id, "another company's")
        self.assertFalse(by_email["new@good.example"].partner_id)
        again = self.run_import("Name,Email,Code\nX,person1@good.example,D\n", contacts="link")
        self.assertEqual(self.counts(again), {"updated": 1})
        self.assertEqual(
            self.env["email.target.list.member"].browse(linked.id).read(["name", "values"])[0],
            {"id": linked.id, "name": "Person 1", "values": {"code": "D"}},
        )

    def test_a_member_whose_contact_has_another_address_now(self):
        """A member has the address of its contact; the file goes by the new one, and the old one is nobody's."""
        person = self.partners[0]
        self.target_list._add_records(person.with_user(self.salesperson))
        person.email = "new@good.example"
        text = "Email,Code\nnew@good.example,A\nperson1@good.example,B\n"
        record = self.run_import(text, contacts="link")
        self.assertEqual(self.counts(record), {"updated": 1, "added": 1})
        self.assertEqual(
            {email: values for email, (_name, values) in self.members().items()},
            {"new@good.example": {"code": "A"}, "person1@good.example": {"code": "B"}},
        )
        linked = self.target_list.member_ids.filtered("partner_id")
        self.assertEqual((linked.partner_id, linked.values), (person, {"code": "A"}))

    def test_contacts_in_either_spelling(self):
        """Odoo keeps the domain of an address as it was typed."""
        contact = self.env["res.partner"].create({"name": "Bea", "email": "bea@bücher.example"})
        text = "Email\nbea@xn--bcher-kva.example\n"
        for contacts in ("link", "create"):
            self.target_list = self.make_list()
            self.run_import(text, contacts=contacts)
            self.assertEqual(self.target_list.member_ids.partner_id, contact)
            self.assertEqual(list(self.members()), ["bea@xn--bcher-kva.example"])

    def test_contacts_are_made(self):
        text = "Name,Email,Phone,City\nX,person1@good.example,,\nZoë,zoe@good.example,+32 2,Gent\n"
        record = self.read_file(text, contacts="create")
        fields = record.column_ids.mapped("contact_field")
        self.assertEqual(fields, [False, False, "phone", "city"])
        record.action_import()
        made = self.env["res.partner"].search([("email_normalized", "=", "zoe@good.example")])
        self.assertEqual((made.name, made.phone, made.city), ("Zoë", "+32 2", "Gent"))
        self.assertEqual((made.is_email_contact, made.is_email_list_contact), (False, True))
        self.assertEqual(self.target_list.member_ids.partner_id, made | self.partners[0])
        self.assertEqual(record.contact_count, 1)
        again = self.run_import(text, contacts="create")
        self.assertEqual((self.counts(again), again.contact_count), ({"unchanged": 2}, 0))

    def test_notes_of_a_contact_are_text(self):
        text = 'Email,Notes\nann@good.example,"a <b & c <img src=""https://tracker.example"">"\n'
        record = self.read_file(text, contacts="create")
        record.column_ids[1].contact_field = "comment"
        record.action_import()
        contact = self.env["res.partner"].search([("email_normalized", "=", "ann@good.example")])
        self.assertEqual(html2plaintext(contact.comment), 'a <b & c <img src="https://tracker.example">')
        self.assertNotIn("<img", contact.comment)

    def test_a_contact_that_can_not_be_made(self):
        """It is refused, and costs no other."""
        create = type(self.env["res.partner"]).create
        refusal = ValidationError(self.env._("There is no such town."))

        def refusing(model, vals_list):
            if any(
                vals.get("city") == "Nowhere" for vals in ([vals_list] if isinstance(vals_list, dict) else vals_list)
            ):
                raise refusal
            return create(model, vals_list)

        text = "Name,Email,City\nAnn,ann@good.example,Nowhere\nBen,ben@good.example,Bern\n"
        with patch.object(type(self.env["res.partner"]), "create", refusing):
            record = self.run_import(text, contacts="create")
        self.assertEqual(self.counts(record), {"added": 1, "refused": 1})
        self.assertIn("There is no such town", self.reasons(record)[2])
        self.assertEqual(list(self.members()), ["ben@good.example"])

    def test_without_the_right_to_make_contacts(self):
        plain = new_test_user(self.env, login="plain", groups="email_campaign.group_user")
        self.target_list.sudo().user_id = plain
        record = self.read_file(PEOPLE, user=plain, contacts="create")
        with self.assertRaisesRegex(UserError, "You may not create contacts"):
            record.action_import()
        record.contacts = "link"
        record.action_import()
        self.assertEqual((record.state, self.counts(record)), ("done", {"added": 2}))

    def test_merge_values_reach_the_email(self):
        text = "Name,Email,Town,First name\nAnn Apple,ann@good.example,Aachen,Ann\nBen,ben@good.example,,\n"
        self.run_import(text)
        body = "<p>Dear {{ values.first_name ||| friend }} in {{ values.town ||| your town }}</p>"
        mailing = self.make_mailing(self.target_list, body_html=body, subject="To {{ values.town ||| you }}")
        self.assertEqual(mailing.merge_fields, "{{ values.town }}, {{ values.first_name }}")
        mailing.action_launch()
        self.send()
        texts = {
            email: self.message_to(email).get_body(("plain",)).get_content()
            for email in ("ann@good.example", "ben@good.example")
        }
        self.assertIn("Dear Ann in Aachen", texts["ann@good.example"])
        self.assertIn("Dear friend in your town", texts["ben@good.example"])
        self.assertEqual(self.message_to("ann@good.example")["Subject"], "To Aachen")

    def test_lists_made_of_others_have_their_merge_fields(self):
        self.run_import("Email,Town\nann@good.example,Aachen\nben@good.example,Bern\n")
        second, merged = self.make_list(), self.make_list()
        self.run_import("Email,Code,Town\ncy@good.example,C,Cork\n", list_id=second.id)
        copied = self.target_list.copy()
        parts = self.target_list._split_evenly(2)
        merged._merge_lists(self.target_list | second)
        self.target_list.import_ids.unlink()
        for target_list in (self.target_list, copied, *parts):
            self.assertEqual(target_list.merge_fields, "{{ values.town }}")
        self.assertEqual(merged.merge_fields, "{{ values.town }}, {{ values.code }}")
        body = "<p>Dear friend in {{ values.town ||| your town }}</p>"
        self.assertEqual(self.make_mailing(copied, body_html=body).merge_fields, "{{ values.town }}")

    def test_languages(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        text = "Email,Language\nann@good.example,fr\nben@good.example,English\ncy@good.example,Klingon\n"
        record = self.run_import(text)
        self.assertEqual(
            {member.email: member.lang for member in self.target_list.member_ids},
            {"ann@good.example": "fr_FR", "ben@good.example": "en_US"},
        )
        self.assertIn("“Klingon” is no language", self.reasons(record)[4])
