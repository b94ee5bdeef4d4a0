import re

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestNewsletterCampaign(CampaignCase):
    """What the kind of a campaign decides."""

    def mailing(self, kind, **values):
        mailing = self.make_mailing(self.make_list(self.partners[0]), **values)
        mailing.campaign_id.kind = kind
        return mailing

    def html(self, mailing):
        self.peer.mails.clear()
        mailing.action_launch()
        self.send()
        return self.message_to("person1@good.example").get_body(("html",)).get_content()

    def test_its_footer_can_not_be_switched_off(self):
        self.env["ir.config_parameter"].set_param("email_campaign.opt_out_footer", "False")
        self.list_type.is_public = True
        self.assertNotRegex(self.html(self.mailing("email")), "/email/u/")
        self.assertRegex(self.html(self.mailing("newsletter")), "/email/u/")
        own = self.html(self.mailing("newsletter", body_html='<a href="{optOutUrl}">No more</a>'))
        self.assertEqual(len(re.findall("/email/u/", own)), 1, "a link of its own is enough")

    def test_it_comes_by_list_types_that_people_find(self):
        ways = ("is_public", "is_newsletter", "subscribe_form")
        self.list_type.write(dict.fromkeys(ways, False))
        for dry_run in (True, False):
            with self.assertRaises(UserError) as caught:
                self.mailing("newsletter", dry_run=dry_run).action_launch()
        self.assertIn(f"nobody can subscribe to “{self.list_type.name}”", str(caught.exception))
        self.mailing("email").action_launch()
        for way in ways:
            self.list_type.write({**dict.fromkeys(ways, False), way: True})
            mailing = self.mailing("newsletter")
            mailing.action_launch()
            self.assertEqual(mailing.state, "queued", way)
