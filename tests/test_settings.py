from odoo.tests import tagged

from odoo.addons.email_campaign import uninstall_hook

from .common import CampaignCase

SWITCHES = ["email_campaign_opt_out_footer", "email_campaign_verp"]


@tagged("post_install", "-at_install")
class TestSettings(CampaignCase):
    """The two switches of the settings form, and what they switch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.alias_domain_id = cls.env["mail.alias.domain"].create(
            {"name": "crm.example", "bounce_alias": "bounce", "catchall_alias": "catchall"}
        )

    def save(self, **values):
        self.env["res.config.settings"].create(values).execute()

    def shown(self):
        """Give the switches as the form shows them when it is opened."""
        values = self.env["res.config.settings"].default_get(SWITCHES)
        return [values[name] for name in SWITCHES]

    def sent_mail(self):
        mailing = self.make_mailing(self.make_list(self.partners[0]))
        mailing.action_launch()
        self.send()
        return self.peer.mails[-1], self.message_to("person1@good.example")

    def test_what_is_off_stays_off(self):
        self.assertEqual(self.shown(), [True, True], "both are on where nobody chose")
        self.save(email_campaign_opt_out_footer=False, email_campaign_verp=False)
        self.assertEqual(self.shown(), [False, False])
        self.save()
        self.assertEqual(self.shown(), [False, False], "saving something else doesn't switch them on")
        self.save(email_campaign_verp=True)
        self.assertEqual(self.shown(), [False, True])

    def test_on(self):
        self.save()
        mail, message = self.sent_mail()
        self.assertIn("Unsubscribe", message.get_body(("html",)).get_content())
        self.assertIn("+", mail["mail_from"])

    def test_off(self):
        self.save(email_campaign_opt_out_footer=False, email_campaign_verp=False)
        self.save()
        mail, message = self.sent_mail()
        for kind in ("html", "plain"):
            self.assertNotIn("Unsubscribe", message.get_body((kind,)).get_content())
        self.assertNotIn("+", mail["mail_from"])

    def test_uninstalling_leaves_no_parameter(self):
        self.save()
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("email.campaign.of.somebody.else", "stays")
        uninstall_hook(self.env)
        self.assertFalse(parameters.search([("key", "like", "email\\_campaign.")]))
        self.assertTrue(parameters.get_param("email.campaign.of.somebody.else"))
