from odoo.tests import tagged

from ..models.response.email_link import RETURN_PATH
from .test_tours import TourCase

REPORT = """From: Mail Delivery System <MAILER-DAEMON@mx.good.example>
To: bounce+{token}@crm.example
Subject: Undelivered Mail
Message-ID: <tour@mx.good.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/html

<img src=x onerror=alert(1)>
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.good.example

Final-Recipient: rfc822; ann@good.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--B--
"""


@tagged("post_install", "-at_install")
class TestToursVerdicts(TourCase):
    """From the red badge to the reason, and back again."""

    def test_why_and_taken_back(self):
        mailing = self.make_mailing(self.make_list(self.ann, user=self.user), user=self.user)
        mailing.action_launch()
        self.send()
        token = self.env["email.link"]._signer().sign_local(RETURN_PATH, mailing.recipient_ids.id)
        self.env["mail.thread"].message_process(False, REPORT.format(token=token))
        self.env.flush_all()
        self.walk(f"/odoo/contacts/{self.ann.id}", "email_campaign_verdict")
        self.env.invalidate_all()
        self.assertEqual(self.ann.email_validity, "invalid")
        kinds = self.env["email.campaign.event"].search([("mailing_id", "=", mailing.id)], order="id").mapped("kind")
        self.assertEqual(kinds, ["sent", "bounce", "undone", "bounce"])
