from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_tours import TourCase


@tagged("post_install", "-at_install")
class TestToursDynamic(TourCase):
    """A dynamic list in the browser: made, refreshed, looked at, red, mended."""

    def test_from_criteria_to_a_red_list(self):
        switzerland = self.env.ref("base.ch")
        self.env["res.partner"].search([("country_id", "=", switzerland.id)]).country_id = False
        (self.ann | self.ben).country_id = switzerland
        self.walk("/odoo", "email_campaign_dynamic")
        target_list = self.env["email.target.list"].search([("name", "=", "Swiss customers")])
        self.assertEqual(target_list.member_ids.partner_id, self.ann | self.ben)
        self.assertEqual(target_list.criterion_ids.owner_id, self.user)

        self.ann.country_id = False
        (self.nick | self.partners[0]).country_id = switzerland
        self.walk(f"/odoo/email-target-lists/{target_list.id}", "email_campaign_dynamic_changed")
        self.assertEqual(target_list.member_ids.partner_id, self.ben | self.nick | self.partners[0])

        mailing = self.make_mailing(target_list, user=self.user)
        target_list.sudo().criterion_ids.flush_recordset()
        self.env.cr.execute(
            "UPDATE email_target_list_criterion SET domain = replace(domain, 'country_id', 'land') WHERE list_id = %s",
            [target_list.id],
        )
        self.env.invalidate_all()
        with mute_logger("odoo.http"):
            self.walk(f"/odoo/mass-emails/{mailing.id}", "email_campaign_dynamic_red")
        self.assertEqual((mailing.state, target_list.refresh_state), ("draft", "stale"))
        self.assertEqual(target_list.member_ids.partner_id, self.ben | self.nick | self.partners[0])
        self.assertTrue(target_list.criterion_ids.everyone)
