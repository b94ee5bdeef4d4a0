from odoo import models
from odoo.exceptions import UserError


class EmailCampaignMailing(models.Model):
    """What a newsletter owes to those who get it: they can find it again, subscribe anew, and leave it for certain."""

    _inherit = "email.campaign.mailing"

    def _check_launch(self):
        if self.campaign_id.kind == "newsletter":
            self._check_can_be_subscribed()
        return super()._check_launch()

    def _check_can_be_subscribed(self):
        """Refuse a newsletter that people can't subscribe to themselves: it comes by a list type that they never see.

        :raises UserError: naming the list type
        """
        for list_type in self.campaign_id.target_list_ids.list_type_id.sudo():
            if not (list_type.is_newsletter or list_type.subscribe_form or list_type.is_public):
                raise UserError(
                    self.env._(
                        "“%(campaign)s” is a newsletter, and nobody can subscribe to “%(list_type)s”, the list type "
                        "that it comes by. Show that to recipients, give it a subscribe form or offer it to users, "
                        "under Configuration, List Types; or make the campaign one of kind “Email”.",
                        campaign=self.campaign_id.name,
                        list_type=list_type.name,
                    )
                )

    def _has_footer(self):
        """Say whether the footer is appended: to a newsletter also where it is switched off for other emails."""
        return self.campaign_id.kind == "newsletter" or super()._has_footer()
