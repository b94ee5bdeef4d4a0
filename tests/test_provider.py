from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import config, mute_logger

from .common import CampaignCase


class ProviderCase(CampaignCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider.name = "Main"
        cls.target_list = cls.make_list(cls, cls.partners)

    def make_provider(self, name, from_filter=False, **values):
        server = self.env["ir.mail_server"].create(
            {
                "name": name,
                "smtp_host": self.mail_server.smtp_host,
                "smtp_port": self.mail_server.smtp_port,
                "from_filter": from_filter,
                "sequence": 50,
            }
        )
        return self.env["email.provider"].create({"name": name, "mail_server_id": server.id, "sequence": 50, **values})

    def candidates(self, mailing):
        return self.env["email.provider"]._candidates(mailing.sudo()).mapped("name")


@tagged("post_install", "-at_install")
class TestCandidates(ProviderCase):
    """Which providers a mass email may leave by."""

    def test_a_mail_server_without_provider_gets_one(self):
        self.provider.unlink()
        mailing = self.make_mailing(self.target_list)
        provider = self.env["email.provider"]._candidates(mailing.sudo())
        self.assertEqual((provider.mail_server_id, provider.name, provider.state), (self.mail_server, "Peer", "grey"))
        self.assertEqual(self.env["email.provider"]._candidates(mailing.sudo()), provider, "only once")

    def test_without_any_mail_server(self):
        self.provider.unlink()
        self.mail_server.active = False
        mailing = self.make_mailing(self.target_list)
        provider = self.env["email.provider"]._candidates(mailing.sudo())
        self.assertEqual((len(provider), provider.mail_server_id.id), (1, False))
        self.assertEqual(self.env["email.provider"]._candidates(mailing.sudo()), provider)

    def test_others_take_over_in_their_order(self):
        self.make_provider("Third", sequence=60)
        self.make_provider("Second", "crm.example")
        self.make_provider("Alone", takes_over=False)
        self.make_provider("Elsewhere", "other.example")
        self.make_provider("Filtered", sender_filter="ann@crm.example, other.example")
        mailing = self.make_mailing(self.target_list)
        self.assertEqual(self.candidates(mailing), ["Second", "Main", "Third"], "a server for this domain goes first")
        mailing.sudo().email_from = "Ann <ANN@crm.example>"
        self.assertEqual(self.candidates(mailing), ["Second", "Main", "Filtered", "Third"])

    def test_the_chosen_one_goes_first(self):
        chosen = self.make_provider("Chosen", takes_over=False)
        mailing = self.make_mailing(self.target_list, provider_id=chosen.id)
        self.assertEqual(self.candidates(mailing), ["Chosen", "Main"])
        chosen.active = False
        self.assertEqual(self.candidates(mailing), ["Main"])

    def test_who_is_in_trouble_stays_and_who_refused_goes(self):
        second = self.make_provider("Second")
        mailing = self.make_mailing(self.target_list)
        self.provider._note_trouble("Down")
        self.assertEqual(self.candidates(mailing), ["Main", "Second"])
        mailing.sudo().refused_provider_ids = self.provider
        self.assertEqual(self.candidates(mailing), ["Second"])
        mailing.sudo().refused_provider_ids = self.provider | second
        self.assertEqual(self.candidates(mailing), [])

    def test_which_one_mass_emails_left_by(self):
        """It may have refused them, or be archived by now; where there was none, none is made."""
        second = self.make_provider("Second", takes_over=False)
        chosen = self.make_mailing(self.target_list, provider_id=second.id)
        found = self.make_mailing(self.target_list)
        found.sudo().refused_provider_ids = self.provider
        (self.provider | second).active = False
        providers = self.env["email.provider"]
        self.assertEqual(providers._of_mailings(chosen | found), {chosen: second, found: self.provider})
        self.provider.unlink()
        count = providers.with_context(active_test=False).search_count([])
        self.assertEqual(providers._of_mailings(found), {found: providers})
        self.assertEqual(providers.with_context(active_test=False).search_count([]), count)

    def test_other_companies_and_archived_ones(self):
        company = self.env["res.company"].create({"name": "Other company"})
        self.make_provider("Theirs", company_id=company.id)
        self.make_provider("Ours", company_id=self.env.company.id)
        self.make_provider("Archived", active=False)
        self.make_provider("No server").mail_server_id.active = False
        self.assertEqual(self.candidates(self.make_mailing(self.target_list)), ["Main", "Ours"])
        self.provider.active = False
        self.assertEqual(self.candidates(self.make_mailing(self.target_list)), ["Ours"], "archived: not used")

    def test_personal_servers_are_for_their_owner(self):
        personal = self.make_provider("Personal", "sally@crm.example")
        personal.mail_server_id.owner_user_id = self.salesperson
        mailing = self.make_mailing(self.target_list)
        self.assertEqual(self.candidates(mailing), ["Main", "Personal"])
        mailing.sudo().email_from = "max@crm.example"
        self.assertEqual(self.candidates(mailing), ["Main"])

    def test_a_choice_that_may_not_send_is_refused(self):
        limited = self.make_provider("Limited", "other.example")
        mailing = self.make_mailing(self.target_list)
        with self.assertRaisesRegex(ValidationError, "“Limited” may not send from .*sally@crm.example.* other.example"):
            mailing.provider_id = limited
        company = self.env["res.company"].create({"name": "Other company"})
        theirs = self.make_provider("Theirs", company_id=company.id)
        with self.assertRaisesRegex(ValidationError, "“Theirs” can't be used by"):
            mailing.sudo().provider_id = theirs

    def test_a_person_may_change_it_while_it_waits(self):
        second = self.make_provider("Second")
        mailing = self.make_mailing(self.target_list)
        mailing.action_launch()
        mailing.sudo().write({"refused_provider_ids": second.ids, "next_try_at": fields.Datetime.now()})
        with self.assertRaises(AccessError):
            mailing.refused_provider_ids = False
        mailing.provider_id = second
        self.assertEqual((mailing.refused_provider_ids, mailing.next_try_at), (second.browse(), False))

    def test_deleting_a_mail_server_takes_its_provider_along(self):
        second = self.make_provider("Second")
        mailing = self.make_mailing(self.target_list, provider_id=second.id)
        second.mail_server_id.unlink()
        self.assertFalse(second.exists())
        self.assertFalse(mailing.provider_id)


@tagged("post_install", "-at_install")
class TestHealth(ProviderCase):
    """Grey, green, red: what is known of a provider, and who is told."""

    def posts(self):
        return self.provider.message_ids.filtered(lambda message: "rouble" in message.body or "again" in message.body)

    def test_red_waits_longer_each_time(self):
        minutes = []
        for _try in range(8):
            self.provider._note_trouble("Nothing answers there")
            minutes.append(round((self.provider.next_try_at - fields.Datetime.now()).total_seconds() / 60))
            self.provider.next_try_at = fields.Datetime.now() - timedelta(hours=1)
        self.assertEqual(minutes, [1, 2, 4, 8, 16, 32, 60, 60])
        self.assertEqual((self.provider.state, self.provider.last_error), ("red", "Nothing answers there"))
        self.assertEqual(len(self.posts()), 1, "told once")

    def test_what_several_workers_meet_counts_once(self):
        self.provider._note_trouble("Down")
        self.provider._note_trouble("Down, says another")
        self.assertEqual((self.provider.trouble_count, self.provider.last_error), (1, "Down"))

    def test_what_only_a_person_can_mend_waits_an_hour(self):
        self.provider._note_trouble("Login refused", pause=True)
        self.assertAlmostEqual((self.provider.next_try_at - fields.Datetime.now()).total_seconds(), 3600, delta=60)

    def test_green_again(self):
        self.provider._note_going()
        self.assertEqual(self.provider.state, "green")
        self.assertFalse(self.posts(), "nothing was wrong")
        with self.assertQueryCount(1):
            self.provider._note_going()
        self.provider._note_trouble("Down")
        self.provider._note_going()
        self.assertEqual((self.provider.state, self.provider.next_try_at), ("green", False))
        self.assertEqual(self.provider.last_error, "Down", "it stays known")
        self.assertEqual(len(self.posts()), 2)

    def test_button(self):
        answer = self.provider.action_check()
        self.assertEqual((answer["params"]["type"], self.provider.state), ("success", "green"))
        self.assertFalse(self.peer.mails, "nothing is sent")
        self.mail_server.smtp_port = 1
        answer = self.provider.action_check()
        self.assertEqual((answer["params"]["type"], self.provider.state), ("danger", "red"))
        self.assertIn("nothing answers there", self.provider.last_error)
        self.assertEqual(answer["params"]["message"], self.provider.last_error)

    def test_button_with_a_login_that_is_refused(self):
        self.mail_server.write({"smtp_user": "ann", "smtp_pass": "the secret word"})
        answer = self.provider.action_check()
        self.assertEqual(self.provider.state, "red")
        for text in (answer["params"]["message"], self.provider.last_error, *self.provider.message_ids.mapped("body")):
            self.assertNotIn("the secret word", text)

    def test_button_for_the_server_of_the_configuration_file(self):
        provider = self.env["email.provider"].create({"name": "Configuration file"})
        host, port = self.peer.address
        self.patch(config, "options", config.options.new_child({"smtp_server": host, "smtp_port": port}))
        self.assertEqual(provider.action_check()["params"]["type"], "success")


@tagged("post_install", "-at_install")
class TestForms(ProviderCase):
    """What people may see and write."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,email_campaign.group_admin"
        cls.admin = new_test_user(cls.env, login="ada", email="ada@crm.example", groups=groups)

    def test_who_may_do_what(self):
        own = self.provider.with_user(self.salesperson)
        self.assertEqual((own.name, own.usage_text, own.mail_server_id.id), ("Main", "No limit", self.mail_server.id))
        self.assertEqual(own._estimate_text(5), "")
        for user in (self.salesperson, self.manager):
            theirs = self.provider.with_user(user)
            for attempt in (lambda p: p.write({"limit_day": 0}), lambda p: p.unlink(), lambda p: p.action_check()):
                with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
                    attempt(theirs)
        self.provider.with_user(self.admin).limit_day = 10
        self.assertEqual(self.provider.with_user(self.salesperson).usage_text, "0 of 10 in 24 hours")
        outsider = new_test_user(self.env, login="otto", groups="base.group_user")
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            self.provider.with_user(outsider).read(["name"])

    def test_secrets_of_the_mail_server_stay_secret(self):
        self.mail_server.smtp_pass = "the secret word"
        server = self.mail_server.with_user(self.admin)
        self.assertEqual(server.read(["name"])[0]["name"], "Peer")
        for name in ("smtp_pass", "smtp_user"):
            with self.assertRaises(AccessError), mute_logger("odoo.models"):
                server.read([name])

    def test_other_companies(self):
        company = self.env["res.company"].create({"name": "Other company"})
        self.provider.company_id = company
        for user in (self.salesperson, self.manager, self.admin):
            self.assertFalse(self.env["email.provider"].with_user(user).search([("id", "=", self.provider.id)]))

    def test_a_form_by_an_administrator(self):
        server = self.env["ir.mail_server"].create({"name": "Second", "smtp_host": "smtp.example"})
        with Form(self.env["email.provider"].with_user(self.admin)) as form:
            form.name = "Second"
            form.mail_server_id = server
            form.limit_hour = 300
            form.has_window = True
            form.window_from, form.window_to = 22, 6
        self.assertEqual(form.record.kind, "smtp_imap")
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.env["email.provider"].create({"name": "Twice", "mail_server_id": server.id})

    def test_numbers_that_make_no_sense(self):
        for values, words in (
            ({"limit_hour": -1}, "“Emails an Hour” of “Main” is -1: it can't be less than 0"),
            ({"limit_second": -0.5}, "is -0.5"),
            ({"connections": 0}, "can't be less than 1"),
            ({"connections": 500}, "can't be more than 50"),
            ({"max_mails": 0}, "can't be less than 1"),
            ({"warmup_start": "2026-01-01", "warmup_first": 0}, "can't be less than 1"),
            ({"warmup_start": "2026-01-01", "warmup_growth": 0}, "must be more than 0"),
            ({"has_window": True, "window_from": 25}, "between 0:00 and 24:00"),
            ({"has_window": True, "window_from": 9, "window_to": 9}, "must differ"),
            ({"has_window": True, "mon": 0, "tue": 0, "wed": 0, "thu": 0, "fri": 0}, "at least one day"),
            ({"sender_filter": "crm.example, ann@"}, "“ann@” is neither"),
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, words), self.env.cr.savepoint():
                self.provider.write(values)
