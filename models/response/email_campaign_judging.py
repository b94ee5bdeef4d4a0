from odoo import models
from odoo.exceptions import AccessError


class EmailCampaign(models.Model):
    """Judging anew who opened and clicked."""

    _inherit = "email.campaign"

    def action_judge_again(self):
        """Have the visits of these campaigns judged by today's rules.

        :raises AccessError: for who is no campaign manager
        """
        if not self.env.user.has_group("email_campaign.group_manager"):
            raise AccessError(self.env._("Only a campaign manager may have visits judged again."))
        self.check_access("write")
        self.env["email.judgement"].sudo()._start(self)
        return self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_judgement_action")
