from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import CampaignCase

RENDER = "odoo.addons.email_campaign.models.sending.email_render"
MIXIN = "odoo.addons.mail.models.mail_render_mixin"
BODY = """
<style>p { color: #123456; } @media (max-width: 400px) { p { color: red; } }</style>
<p>Dear <t t-out="object.name or 'friend'"/>,</p>
<p t-if="object.city">from <b t-out="object.city.upper()"/></p>
<p t-else="">from somewhere</p>
<ul><li t-foreach="object.category_id" t-as="tag"><a href="https://shop.example/tags" t-out="tag.name"/></li></ul>
<p><a href="https://shop.example/spring?a=1&amp;b=2">Spring</a> <a t-att-href="object.website">yours</a>
<a t-attf-href="/my/{{ object.id }}">account</a> {{ recipient.email }} {{ values.voucher ||| none }}</p>
"""


@tagged("post_install", "-at_install")
class TestTemplateCode(CampaignCase):
    """Templates with code in them are rendered by Odoo, with the rights of who launches, into the same mails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tags = cls.env["res.partner.category"].create([{"name": "Gold & Co"}, {"name": "Silver"}])
        cls.partners[0].write({"city": "Bonn", "category_id": tags.ids, "website": "https://ann.example"})
        # The database has the scheme that Odoo puts before; what is imported by SQL has not.
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE res_partner SET website = %s WHERE id = %s", [" java\tscript:alert(1)", cls.partners[1].id]
        )
        cls.env.invalidate_all()

    def make_template(self, body=BODY, subject="Dear {{ object.name }}", model="res.partner"):
        model_id = self.env["ir.model"]._get_id(model)
        template = self.env["mail.template"].create({"name": "T", "model_id": model_id, "subject": subject})
        # Odoo tries what is written with one record; here is also what fails for others, or since an update.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_template SET body_html = jsonb_build_object('en_US', %s::text) WHERE id = %s",
            [body, template.id],
        )
        template.invalidate_recordset()
        return template

    def launch(self, template, partners=None, **values):
        values = {"subject": False, "content_type": "template", "template_id": template.id, **values}
        target_list = self.make_list(self.partners if partners is None else partners)
        mailing = self.make_mailing(target_list, **values)
        mailing.action_launch()
        return mailing

    def html_to(self, email):
        return self.message_to(email).get_body(("html",)).get_content()

    def text_to(self, email):
        return self.message_to(email).get_body(("plain",)).get_content()

    def assertRefused(self, template, *words, **values):
        with self.assertRaises(UserError) as caught:
            self.launch(template, **values)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_directives(self):
        mailing = self.launch(self.make_template())
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 5))
        first, second = self.html_to("person1@good.example"), self.html_to("person2@good.example")
        for word in ("Dear Person 1,", "BONN", "Gold &amp; Co", "Silver", "person1@good.example", "none"):
            self.assertIn(word, first)
        self.assertIn("from somewhere", second)
        self.assertNotIn("BONN", second)
        for word in ("t-if=", "t-out=", "<t "):
            self.assertNotIn(word, first)
        self.assertNotRegex(first, "zq[0-9a-f]{12}x", "no sentinel is left; a token may have these letters by chance")
        text = self.text_to("person1@good.example")
        for word in ("Dear Person 1,", "BONN", "Gold & Co", "/email/u/"):
            self.assertIn(word, text)
        self.assertEqual(self.message_to("person1@good.example")["Subject"], "Dear Person 1")

    def test_what_every_email_has(self):
        mailing = self.launch(self.make_template())
        self.send()
        page = self.html_to("person1@good.example")
        self.assertEqual(
            page.count("/email/c/"), 4, "two tags and the offer, each a link of the source, and the hidden one"
        )
        self.assertNotIn("shop.example", page)
        self.assertRegex(page, r"/email/o/[\w-]+\.gif")
        self.assertRegex(page, r"/email/u/[\w-]+")
        self.assertEqual(page.count("color:#123456"), 3, "styles stand where mail programs want them")
        self.assertIn("@media", page)
        self.assertRegex(self.message_to("person1@good.example")["List-Unsubscribe"], "/email/u/")
        self.assertEqual(set(mailing.campaign_id.tracking_url_ids.mapped("found")), {True})

    def test_links_that_code_makes(self):
        self.launch(self.make_template())
        self.send()
        first, second = self.html_to("person1@good.example"), self.html_to("person2@good.example")
        self.assertIn('href="https://ann.example"', first)
        self.assertIn(f'{self.env["email.campaign.mailing"].get_base_url()}/my/{self.partners[0].id}"', first)
        self.assertNotIn("script:", second.replace("\t", ""))

    def test_opt_out_link_of_the_template(self):
        body = '<p t-if="object.city">x <a href=\'{optOutUrl}\'>No more</a></p><p t-out="object.name"/>'
        self.launch(self.make_template(body), preview_text="Hello {{ recipient.name }}")
        self.send()
        for number in (1, 2):
            page = self.html_to(f"person{number}@good.example")
            self.assertEqual(page.count("/email/u/"), 1, "the footer stands where the code left the link out")
            self.assertIn(f"Hello Person {number}", page)

    def test_code_in_the_subject_only(self):
        template = self.make_template('<p>Hi <t t-out="object.name"/></p>', "{{ object.name.upper() }}: é")
        mailing = self.launch(template, body_text="Hi {{ object.name }}\nhttps://shop.example/a")
        self.send()
        self.assertEqual(mailing.sent_count, 5)
        self.assertEqual(self.message_to("person1@good.example")["Subject"], "PERSON 1: é")
        self.assertIn("Hi Person 1", self.html_to("person1@good.example"))
        self.assertRegex(self.text_to("person1@good.example"), r"(?s)Hi Person 1\s+http\S+/email/c/.*/email/u/")

    def test_language_of_the_recipient(self):
        self.env["res.lang"]._activate_lang("de_DE")
        template = self.make_template('<p t-if="object.name">Hello</p>')
        template.with_context(lang="de_DE").body_html = '<p t-if="object.name">Hallo <t t-out="ctx[\'lang\']"/></p>'
        self.partners[0].lang = "de_DE"
        self.launch(template)
        self.send()
        self.assertIn("Hallo de_DE", self.html_to("person1@good.example"))
        self.assertIn("Hello", self.html_to("person2@good.example"))

    @mute_logger(RENDER, MIXIN)
    def test_one_that_can_not_be_rendered(self):
        body = '<p t-out="1 / (0 if object.city else 1)"/><p t-out="object.name"/>'
        mailing = self.launch(self.make_template(body))
        with self.assertBalanced(mailing):
            self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.skipped_count), ("done", 4, 1))
        self.assertEqual(self.states(mailing)["person1@good.example"], "merge_failed")
        self.assertIn("Person 2", self.html_to("person2@good.example"))

    @mute_logger(RENDER, MIXIN)
    def test_database_errors_of_one(self):
        body = (
            """<t t-if="object.city" t-out="env['res.partner'].search([('id', '=', 'x')])"/><p t-out="object.name"/>"""
        )
        mailing = self.launch(self.make_template(body))
        self.send()
        self.assertEqual((mailing.sent_count, mailing.skipped_count), (4, 1))

    def test_malformed(self):
        for body, words in (
            ('<p t-if="object.name ==">x</p>', ("body", "object.name ==")),
            ('<p t-foreach="object.child_ids">x</p>', ("body", "t-foreach")),
            ('<p><t t-call="email_campaign.nowhere"/></p>', ("body", "email_campaign.nowhere", "no such view")),
            ('<p t-if="object.name">{{ object.name.upper() }}</p>', ("body", "object.name.upper()")),
            ('<p t-if="object.name">{{ values.a</p>', ("body", "never closed")),
            ('<p t-if="object.name"><a href="{trackingUrl/no}">x</a></p>', ("body", "trackingUrl/no")),
        ):
            with self.subTest(body), mute_logger("odoo.addons.base.models.ir_qweb"):
                self.assertRefused(self.make_template(body), *words)
        template = self.make_template()
        self.env.cr.execute(
            """UPDATE mail_template SET subject = '{"en_US": "{{ object.name + }}"}' WHERE id = %s""", [template.id]
        )
        template.invalidate_recordset()
        self.assertRefused(template, "subject", "object.name +")

    def test_records_of_another_kind(self):
        self.assertRefused(self.make_template(model="crm.lead"), "Lead", "Contact")

    def test_rights_are_those_of_who_launches(self):
        body = '<p t-if="object.name"><t t-out="user.login"/> <t t-out="len(env[\'ir.mail_server\'].search([]))"/></p>'
        mailing = self.launch(self.make_template(body))
        with mute_logger(RENDER, MIXIN, "odoo.addons.base.models.ir_model"):
            self.send()
        self.assertEqual((mailing.sent_count, mailing.skipped_count), (0, 5), "servers are for administrators")
        self.launch(self.make_template('<p t-if="1 &lt; 2" t-out="user.login"/>'))
        self.send()
        self.assertIn("sally", self.html_to("person1@good.example"))

    def test_who_may_not_write_code_gets_none_in(self):
        """Invariant 6: what is typed is never run, and a template with code is written by template editors only."""
        self.env["ir.config_parameter"].set_param("mail.restrict.template.rendering", True)
        self.env.ref("base.group_user")._remove_group(self.env.ref("mail.group_mail_template_editor"))
        plain = new_test_user(
            self.env,
            login="paula",
            email="paula@crm.example",
            groups="base.group_user,base.group_partner_manager,email_campaign.group_user",
        )
        self.assertFalse(plain.has_group("mail.group_mail_template_editor"))
        template = self.make_template(subject="{{ object.name.upper() }}")
        with self.assertRaises(AccessError):
            template.with_user(plain).body_html = "<p t-out=\"env['res.users'].search([])\"/>"
        target_list = self.make_list(self.partners, user=plain)
        values = {"content_type": "template", "template_id": template.id}
        for typed in (
            {"subject": "{{ env['res.users'].search([]) }}"},
            {"preview_text": "{{ object.name.lower() }}", "subject": False},
            {"body_text": "{{ object.name.lower() }}", "subject": False},
        ):
            mailing = self.make_mailing(target_list, user=plain, **{**values, **typed})
            with self.subTest(typed), self.assertRaisesRegex(UserError, "code is not run"):
                mailing.action_launch()
        typed = '<p t-if="object.name">{{ object.name }}</p><t t-out="object.env"/>'
        mailing = self.make_mailing(target_list, user=plain, subject="x")
        mailing.sudo().body_html = typed
        with self.assertRaises(UserError):
            mailing.action_launch()
        with self.assertRaises(AccessError):
            mailing.frozen_content = {"lang": "en_US", "sources": {}}
        mailing = self.make_mailing(target_list, user=plain, subject=False, **values)
        mailing.action_launch()
        self.send()
        self.assertEqual(self.message_to("person1@good.example")["Subject"], "PERSON 1")

    def test_a_test_email(self):
        template = self.make_template(subject="{{ object.name.upper() }}")
        mailing = self.make_mailing(
            self.make_list(self.partners), subject=False, content_type="template", template_id=template.id
        )
        wizard = self.env["email.campaign.mailing.test"].with_user(self.salesperson)
        wizard = wizard.create(
            {"mailing_id": mailing.id, "emails": "me@crm.example", "partner_id": self.partners[0].id}
        )
        wizard.action_send()
        page = self.html_to("me@crm.example")
        self.assertIn("BONN", page)
        self.assertIn("https://shop.example/spring", page)
        wizard.partner_id = False
        with self.assertRaisesRegex(UserError, "Looks Like For"):
            wizard.action_send()
