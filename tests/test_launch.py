import socket
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import config

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .common import CampaignCase
from .peer import Peer


@tagged("post_install", "-at_install")
class TestLaunch(CampaignCase):
    """What can't be sent is refused with what happened, which value and what to do; nothing is half-done."""

    def assertRefused(self, mailing, *words):
        with self.assertRaises(UserError) as caught:
            mailing.action_launch()
        for word in words:
            self.assertIn(word, str(caught.exception))
        self.assertEqual(mailing.state, "draft")
        self.assertFalse(mailing.recipient_ids)
        self.assertFalse(self.peer.mails)

    def test_no_mail_server(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.mail_server.smtp_port = port = free.getsockname()[1]
        mailing = self.make_mailing(self.make_list(self.partners))
        self.assertRefused(mailing, f"127.0.0.1:{port}", "nothing answers", "Outgoing Mail Servers")

    def test_no_mail_server_configured(self):
        self.mail_server.active = False
        with patch.dict(config.options, {"smtp_server": "nowhere.invalid"}):
            mailing = self.make_mailing(self.make_list(self.partners))
            self.assertRefused(mailing, "no outgoing mail server", "nowhere.invalid", "Add one")

    def test_refused_login(self):
        guarded = Peer(password="right")
        guarded.start()
        self.addCleanup(guarded.stop)
        self.mail_server.write({"smtp_port": guarded.address[1], "smtp_user": "sally", "smtp_pass": "wrong"})
        mailing = self.make_mailing(self.make_list(self.partners))
        self.assertRefused(mailing, "refused the login", "sally", "535", "password")
        self.assertNotIn("wrong", mailing.trouble or "")
        self.mail_server.smtp_pass = "right"
        mailing.action_launch()
        self.send()
        self.assertEqual(len(guarded.mails), 5)

    def test_no_target_list(self):
        self.assertRefused(self.make_mailing(self.env["email.target.list"]), "no target list", "Campaign")

    def test_a_list_that_is_not_shared(self):
        """Whoever was given a campaign launches it with all of its lists, or not at all."""
        for field in ("target_list_ids", "excluding_list_ids"):
            theirs = self.make_list(self.partners[:1].with_user(self.manager), user=self.manager, name="Hers")
            mailing = self.make_mailing(self.make_list(self.partners[1:], is_shared=True))
            mailing.campaign_id.with_user(self.manager)[field] += theirs
            self.env.invalidate_all()
            with self.subTest(field):
                self.assertRefused(mailing, "uses a list of max", "not shared with you", "a manager to launch")
                with self.assertRaisesRegex(UserError, "not shared with you"):
                    mailing.action_prepare_launch()
                theirs.is_shared = True
                self.env.invalidate_all()
                mailing.action_launch()
                self.assertEqual(mailing.recipient_count, 5 if field == "target_list_ids" else 4)

    def test_empty_audience(self):
        self.assertRefused(self.make_mailing(self.make_list()), "Nobody would get", "empty")

    def test_audience_of_nobody_who_may_be_mailed(self):
        self.env["mail.blacklist"]._add("person1@good.example")
        mailing = self.make_mailing(self.make_list(self.partners[:1]))
        self.assertRefused(mailing, "Nobody would get", "Opted out of all email: 1")

    def test_unknown_field(self):
        mailing = self.make_mailing(self.make_list(self.partners), body_html="<p>{{ object.nmae }}</p>")
        self.assertRefused(mailing, "object.nmae", "Contact", "did you mean", "name")

    def test_unknown_field_in_the_subject(self):
        mailing = self.make_mailing(self.make_list(self.partners), subject="{{ object.parent_id.colour }}")
        self.assertRefused(mailing, "object.parent_id.colour", "colour")

    def test_code_is_not_run(self):
        for expression in ("object.unlink()", "1 + 1", "env['res.users']", "object.env.cr", "user.password"):
            mailing = self.make_mailing(self.make_list(self.partners), body_html=f"<p>{{{{ {expression} }}}}</p>")
            with self.subTest(expression), self.assertRaises(UserError):
                mailing.action_launch()

    def test_a_field_that_the_user_may_not_read(self):
        for path in ("object.signup_type", "object.user_ids.totp_secret"):
            mailing = self.make_mailing(self.make_list(self.partners), body_html=f"<p>{{{{ {path} }}}}</p>")
            with self.subTest(path):
                self.assertRefused(mailing, path)

    def test_qweb_code_in_the_body(self):
        body = "<p><t t-out=\"object.env.cr.execute('x')\">x</t></p>"
        mailing = self.make_mailing(self.make_list(self.partners), body_html=body)
        self.assertRefused(mailing, "body", "code is not run")

    def test_sender_without_address(self):
        for sender in (
            "",
            "Sally Sells",
            "sally@",
            "a@crm.example, b@crm.example",
            "x@y.example\nBcc: all@z.example",
        ):
            mailing = self.make_mailing(self.make_list(self.partners), email_from=sender)
            with self.subTest(sender):
                self.assertRefused(mailing, "From")

    def test_no_subject_and_no_content(self):
        target_list = self.make_list(self.partners)
        self.assertRefused(self.make_mailing(target_list, subject=""), "no subject")
        self.assertRefused(self.make_mailing(target_list, body_html="<p><br></p>"), "no content")

    def test_twice(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        mailing.action_launch()
        with self.assertRaisesRegex(UserError, "launched already"):
            mailing.action_launch()

    def test_launched_content_is_fixed(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        mailing.action_launch()
        for values in ({"subject": "Other"}, {"body_html": "<p>Other</p>"}, {"email_from": "x@y.example"}):
            with self.subTest(values), self.assertRaisesRegex(UserError, "Duplicate"):
                mailing.write(values)

    def test_a_template_changed_after_launch_changes_nothing(self):
        template = self.env["mail.template"].create(
            {
                "name": "T",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "Dear {{ object.name }}",
                "body_html": '<p>Hi <t t-out="object.name">you</t>!</p>',
            }
        )
        mailing = self.make_mailing(
            self.make_list(self.partners[:1]), content_type="template", template_id=template.id, subject=False
        )
        mailing.action_launch()
        template.body_html = "<p>Changed</p>"
        self.send()
        message = self.message_to("person1@good.example")
        self.assertEqual(message["Subject"], "Dear Person 1")
        self.assertIn("Hi Person 1!", message.get_body(("html",)).get_content())

    def test_dry_run_reports_and_sends_nothing(self):
        self.env["mail.blacklist"]._add("person1@good.example")
        mailing = self.make_mailing(self.make_list(self.partners), dry_run=True)
        mailing.action_launch()
        self.assertEqual(mailing.state, "draft")
        self.assertFalse(mailing.recipient_ids)
        self.assertIn("4 would get", mailing.message_ids[0].body)
        self.assertIn("Opted out of all email: 1", mailing.message_ids[0].body)
        self.send()
        self.assertFalse(self.peer.mails)

    def test_scheduled(self):
        mailing = self.make_mailing(self.make_list(self.partners), scheduled_at="2100-01-01 08:00:00")
        mailing.action_launch()
        self.send()
        self.assertEqual((mailing.state, len(self.peer.mails)), ("queued", 0))
        mailing.sudo().scheduled_at = "2020-01-01 08:00:00"
        self.send()
        self.assertEqual((mailing.state, len(self.peer.mails)), ("done", 5))

    def test_server_may_not_send_as_the_person(self):
        """The system's address sends in their name, and replies go to them."""
        self.env.company.alias_domain_id = self.env["mail.alias.domain"].create({"name": "crm.example"})
        self.mail_server.from_filter = "crm.example"
        mailing = self.make_mailing(self.make_list(self.partners[:1]), email_from="Sally <sally@private.example>")
        mailing.action_launch()
        self.send()
        message = self.message_to("person1@good.example")
        self.assertEqual(message["From"].addresses[0].display_name, "Sally")
        self.assertEqual(message["From"].addresses[0].domain, "crm.example")
        self.assertEqual(message["Reply-To"], "Sally <sally@private.example>")

    def test_sending_test_emails(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        wizard = self.env["email.campaign.mailing.test"].with_user(self.salesperson)
        wizard.create(
            {"mailing_id": mailing.id, "emails": "me@good.example", "partner_id": self.partners[0].id}
        ).action_send()
        message = self.message_to("me@good.example")
        self.assertIn("Hello Person 1", message.get_body(("plain",)).get_content())
        self.assertIn("shop.example", message.get_body(("html",)).get_content(), "a test tracks nothing")
        self.assertEqual(mailing.state, "draft")
        self.assertFalse(mailing.recipient_ids)
        with self.assertRaisesRegex(UserError, "nonsense"):
            wizard.create({"mailing_id": mailing.id, "emails": "nonsense"}).action_send()

    def test_no_mail_in_test_mode(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        with patch.object(IrMail_Server, "_disable_send", classmethod(lambda cls: True)):
            self.assertRefused(mailing, "test mode")
