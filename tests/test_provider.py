from odoo.tests import tagged

from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestProvider(CampaignCase):
    """Which providers a mass email may leave by, and how they fare."""

    def candidates(self, mailing):
        return self.env["email.provider"]._candidates(mailing.sudo())

    def test_a_mail_server_without_provider_gets_one(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        provider = self.candidates(mailing)
        self.assertEqual((provider.mail_server_id, provider.name, provider.state), (self.mail_server, "Peer", "grey"))
        self.assertEqual(self.candidates(mailing), provider, "only once")
        self.assertEqual(provider._allowance(100, {}), (100, {}, None))
        provider._note_trouble("Down")
        self.assertEqual(provider.state, "red")
        provider._note_going()
        self.assertEqual(provider.state, "green")
        provider.limit_hour = 10
        self.assertEqual(provider._allowance(8, {"a.example": 8})[:2], (8, {}))
        self.assertEqual(provider._allowance(8, {"a.example": 8})[:2], (2, {}))
        self.assertEqual(provider.usage_text, "10 of 10 this hour")
        provider._give_back(5, {"a.example": 5})
        self.assertEqual(provider._allowance(8, {"a.example": 8})[:2], (5, {}))
