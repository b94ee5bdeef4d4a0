from odoo.tests import tagged

from ..models.response.email_link import MESSAGE_ID
from .returning import answer
from .test_tours import TourCase


@tagged("post_install", "-at_install")
class TestToursReplies(TourCase):
    """What a salesperson does with replies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.alias_domain_id = cls.env["mail.alias.domain"].create(
            {"name": "crm.example", "bounce_alias": "bounce", "catchall_alias": "catchall"}
        )
        cls.mailing = cls.make_mailing(cls, cls.make_list(cls, cls.ann | cls.ben, user=cls.user), user=cls.user)

    def setUp(self):
        super().setUp()
        self.mailing.action_launch()
        self.send()
        self.reply("ann@good.example", "Ann Apple <ann@good.example>", "Forty, please.")
        self.reply("ben@good.example", "Otto Other <otto@other.example>", "Is it still on?")

    def reply(self, email, sender, body):
        recipient = self.mailing.recipient_ids.filtered(lambda r: r.email == email)
        token = self.env["email.link"]._signer().sign_local(MESSAGE_ID, recipient.id)
        self.env["mail.thread"].message_process(
            False, answer(answers=f"<{token}@crm.example>", sender=sender, message_id=f"<to-{email}>", body=body)
        )
        self.env.invalidate_all()

    def test_the_list(self):
        self.walk("/odoo", "email_campaign_reply_list")
        replies = self.env["email.campaign.reply"].search([("campaign_id", "=", self.mailing.campaign_id.id)])
        self.assertEqual(set(replies.mapped("state")), {"done"})
        self.assertIn(
            "They are on their way.", self.ann.message_ids.filtered(lambda m: m.message_type == "comment").body
        )
        self.assertIn("ann@good.example", self.peer.recipients()[2:])

    def test_on_the_campaign(self):
        self.walk(f"/odoo/email-campaigns/{self.mailing.campaign_id.id}", "email_campaign_reply_campaign")
