from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.email_campaign import uninstall_hook

from .common import CampaignCase

SWITCHES = ["email_campaign_opt_out_footer", "email_campaign_verp"]


@tagged("post_install", "-at_install")
class TestSettings(CampaignCase):
    """The settings form, and what it changes."""

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

    def test_numbers(self):
        names = ["email_campaign_hourly_cap", "email_campaign_portion_size", "email_campaign_sender_slots"]
        values = self.env["res.config.settings"].default_get(names)
        self.assertEqual([values[name] for name in names], [0, 1000, 1])
        self.save(email_campaign_hourly_cap=500, email_campaign_portion_size=200)
        values = self.env["res.config.settings"].default_get(names)
        self.assertEqual([values[name] for name in names], [500, 200, 1])
        self.save(email_campaign_hourly_cap=0)
        self.assertEqual(self.env["email.provider"]._hourly_cap(), 0)
        for name, value in (("hourly_cap", -1), ("portion_size", 0), ("sender_slots", 0), ("sender_slots", 33)):
            with self.subTest(name), self.assertRaisesRegex(ValidationError, str(value)):
                self.save(**{f"email_campaign_{name}": value})

    def test_sender_slots(self):
        providers = self.env["email.provider"]
        first = self.env.ref("email_campaign.cron_send")
        self.assertEqual(providers._send_crons(), first)
        self.save(email_campaign_sender_slots=3)
        crons = providers._send_crons()
        self.assertEqual((len(crons), crons[0]), (3, first))
        self.assertEqual(len(set(crons.mapped("name"))), 3)
        for name in ("code", "model_id", "user_id", "interval_number", "interval_type", "active"):
            self.assertEqual(len({cron[name] for cron in crons}), 1, name)
        self.save()
        self.assertEqual(providers._send_crons(), crons, "saving something else makes no more of them")
        before = self.env["ir.cron.trigger"].search_count([])
        providers._trigger_send()
        self.assertEqual(self.env["ir.cron.trigger"].search_count([]), before + 3)
        actions = crons.mapped("ir_actions_server_id")
        self.save(email_campaign_sender_slots=2)
        self.assertEqual(providers._send_crons(), crons[:2])
        self.assertEqual(crons.exists(), crons[:2])
        self.assertEqual(actions.exists(), crons[:2].mapped("ir_actions_server_id"))
        self.save(email_campaign_sender_slots=1)
        self.assertEqual(providers._send_crons(), first)
        self.assertFalse(self.env["ir.model.data"].search([("name", "=like", "cron_send_slot_%")]))

    def test_every_slot_sends(self):
        self.save(email_campaign_sender_slots=2)
        mailing = self.make_mailing(self.make_list(self.partners))
        mailing.action_launch()
        with self.enter_registry_test_mode():
            self.env["email.provider"]._send_crons()[1].method_direct_trigger()
        self.assertEqual(self.counts(mailing), {"sent": 5})

    def test_uninstalling_leaves_no_parameter(self):
        self.save()
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("email.campaign.of.somebody.else", "stays")
        uninstall_hook(self.env)
        self.assertFalse(parameters.search([("key", "like", "email\\_campaign.")]))
        self.assertTrue(parameters.get_param("email.campaign.of.somebody.else"))
