"""The same message twice at the same moment: what one test transaction can't show."""

import threading

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from ..models.response.email_link import RETURN_PATH

EMAIL = "live-verdict@good.example"
REPORT = """From: Mail Delivery System <MAILER-DAEMON@mx.good.example>
To: bounce+%s@crm.example
Subject: Undelivered Mail
Message-ID: <%s@mx.good.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.good.example

Final-Recipient: rfc822; live-verdict@good.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--B--
"""


@tagged("post_install", "-at_install")
class TestVerdictsLive(BaseCase):
    """Several workers at once. What this commits is taken away afterwards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            campaign = env["email.campaign"].create({"name": "Live verdicts"})
            mailing = env["email.campaign.mailing"].create({"campaign_id": campaign.id, "subject": "Live"})
            cr.execute(
                "INSERT INTO email_campaign_recipient (mailing_id, email, state, sent_at) "
                "VALUES (%s, %s, 'sent', now() AT TIME ZONE 'utc') RETURNING id",
                [mailing.id, EMAIL],
            )
            [(self.recipient,)] = cr.fetchall()
            self.campaign = campaign.id
            self.token = env["email.link"]._signer().sign_local(RETURN_PATH, self.recipient)

    def remove(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM email_campaign_event WHERE campaign_id = %s", [self.campaign])
            cr.execute("DELETE FROM email_campaign_recipient WHERE id = %s", [self.recipient])
            cr.execute("DELETE FROM email_address WHERE email = %s", [EMAIL])
            api.Environment(cr, SUPERUSER_ID, {})["email.campaign"].browse(self.campaign).unlink()

    def at_once(self, messages):
        """Hand all to the gateway, each in a transaction that began before any of them was written down."""
        ready, failed = threading.Barrier(len(messages)), []

        def process(message):
            try:
                with self.registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    cr.execute("SELECT count(*) FROM email_verdict")
                    ready.wait(20)
                    env["mail.thread"].message_process(False, message)
            except Exception as error:  # noqa: BLE001 (whatever it is, it fails the test)
                failed.append(error)

        threads = [threading.Thread(target=process, args=(message,)) for message in messages]
        with mute_logger("odoo.sql_db"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        self.assertFalse(failed)

    def rows(self):
        with self.registry.cursor() as cr:
            cr.execute("SELECT count(*) FROM email_verdict WHERE recipient_id = %s", [self.recipient])
            [verdicts] = cr.fetchone()
            cr.execute(
                "SELECT count(*) FROM email_campaign_event WHERE recipient_id = %s AND kind = 'bounce'",
                [self.recipient],
            )
            [events] = cr.fetchone()
            cr.execute("SELECT validity, hard_bounce_count FROM email_address WHERE email = %s", [EMAIL])
            return verdicts, events, *cr.fetchone()

    def test_the_same_message_by_four_workers(self):
        self.at_once([(REPORT % (self.token, "same")).encode()] * 4)
        self.assertEqual(self.rows(), (1, 1, "invalid", 1))

    def test_four_messages_by_four_workers(self):
        """None is lost, though all want to write the same address: Odoo would not fetch it again."""
        self.at_once([(REPORT % (self.token, f"n{number}")).encode() for number in range(4)])
        self.assertEqual(self.rows(), (4, 4, "invalid", 1), "all of them are about one email: one hard bounce")
