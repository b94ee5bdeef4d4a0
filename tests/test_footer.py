from odoo.tests import tagged

from .common import CampaignCase

OWN = '<p>Oak &amp; Sons. <a href="{optOutUrl}">No more of this</a>, <a href="{preferencesUrl}">what you get</a></p>'


@tagged("post_install", "-at_install")
class TestFooter(CampaignCase):
    """Every mass email has an opt-out link, in the words of the administrator and the language of the recipient."""

    def sent(self, **values):
        """Give (HTML, plain text) of a mass email as it was sent to the first contact."""
        mailing = self.make_mailing(self.make_list(self.partners[:1], name="Next"), **values)
        mailing.action_launch()
        self.peer.mails.clear()
        self.send()
        message = self.message_to("person1@good.example")
        return tuple(message.get_body((kind,)).get_content() for kind in ("html", "plain"))

    def test_the_usual_one_names_the_sender(self):
        self.env.company.write({"name": "Oak & Sons", "street": "Beech Lane 1"})
        html, text = self.sent()
        for words in ("Oak &amp; Sons", "Beech Lane 1", "You no longer want to get these emails?"):
            self.assertIn(words, html)
        self.assertIn("Oak & Sons", text)
        self.assertRegex(text, r"Unsubscribe: ?\(?http\S+/email/u/|Unsubscribe \(http\S+/email/u/")

    def test_own_words(self):
        self.env.company.email_campaign_footer = OWN
        html, text = self.sent()
        self.assertRegex(html, r'href="http[^"]+/email/u/[\w-]+"[^>]*>No more of this<')
        self.assertRegex(html, r'href="http[^"]+/email/p/[\w-]+"[^>]*>what you get<')
        self.assertNotIn("You no longer want", html)
        self.assertNotRegex(html + text, r"(optOut|preferences)Url")
        self.assertRegex(text, r"No more of this \(http\S+/email/u/[\w-]+\)")

    def test_own_words_without_the_link_get_it(self):
        self.env.company.email_campaign_footer = "<p>Oak and Sons</p>"
        for values in ({}, {"body_text": "Hello in plain text"}):
            html, text = self.sent(**values)
            for part in (html, text):
                self.assertIn("Oak and Sons", part)
                self.assertIn("You no longer want", part)
                self.assertRegex(part, r"/email/u/[\w-]+")

    def test_as_the_editor_stores_it(self):
        self.env.company.email_campaign_footer = OWN.replace("{", "%7B").replace("}", "%7D")
        html, text = self.sent(body_text="Hello in plain text")
        self.assertNotIn("You no longer want", html)
        for part in (html, text):
            self.assertRegex(part, r"/email/u/[\w-]+")
            self.assertRegex(part, r"/email/p/[\w-]+")

    def test_in_the_language_of_the_recipient(self):
        self.env["res.lang"]._activate_lang("de_DE")
        company = self.env.company
        company.email_campaign_footer = "<p>Greetings</p>"
        company.with_context(lang="de_DE").email_campaign_footer = "<p>Es grüßt</p>"
        self.partners[0].lang = "de_DE"
        html, text = self.sent()
        for part in (html, text):
            self.assertIn("Es grüßt", part)
            self.assertNotIn("Greetings", part)

    def test_below_what_code_makes(self):
        self.env.company.email_campaign_footer = OWN
        template = self.env["mail.template"].create(
            {
                "name": "With code",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "Hello",
                "body_html": '<p t-if="object.name">Dear <t t-out="object.name"/>, '
                '<a href="{preferencesUrl}">x</a></p>',
            }
        )
        html, text = self.sent(content_type="template", template_id=template.id, body_html=False)
        self.assertRegex(html, r"(?s)Dear Person 1.*/email/p/[\w-]+.*/email/u/[\w-]+.*No more of this")
        self.assertRegex(text, r"(?s)Dear Person 1.*/email/p/[\w-]+.*No more of this \(http\S+/email/u/")

    def test_the_preference_centre_alone_is_no_opt_out_link(self):
        html, _text = self.sent(body_html="<p>Hello, <a href='{preferencesUrl}'>choose</a></p>")
        self.assertRegex(html, r"(?s)/email/p/[\w-]+.*/email/u/[\w-]+")

    def test_markup_in_the_name_of_the_company(self):
        self.env.company.name = "<b>Oak</b> {{ object.email }} {optOutUrl}"
        html, _text = self.sent()
        self.assertIn("&lt;b&gt;Oak", html)
        self.assertIn("{{ object.email }}", html)

    def test_written_by_the_administrator(self):
        action = self.env["res.config.settings"].create({}).action_email_campaign_footer()
        self.assertEqual((action["res_model"], action["res_id"]), ("res.company", self.env.company.id))
