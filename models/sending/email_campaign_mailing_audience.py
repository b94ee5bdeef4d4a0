from odoo import fields, models
from odoo.exceptions import UserError


class EmailCampaignMailing(models.Model):
    """Whom a mass email is for, as its campaign says."""

    _inherit = "email.campaign.mailing"

    enabled_only = fields.Boolean(related="campaign_id.enabled_only", readonly=False)
    accept_contacts = fields.Boolean(related="campaign_id.accept_contacts", readonly=False)
    accept_list_contacts = fields.Boolean(related="campaign_id.accept_list_contacts", readonly=False)

    def _lists(self):
        """Give the lists that it goes to or leaves out, archived ones too."""
        campaign = self.campaign_id.with_context(active_test=False)
        return campaign.target_list_ids | campaign.excluding_list_ids

    def _bring_up_to_date(self):
        """Refresh the dynamic lists, and let the members of all follow their records.

        What is counted, shown and frozen behind it is the same.

        :raises UserError: when nobody knows who is on one of the lists
        """
        lists = self._lists()
        lists._refresh_for_launch()
        self.env["email.target.list.member"]._refresh_from_records(lists)

    def _check_lists_readable(self):
        """Refuse when the user may not read a list of the campaign.

        Those are not among its lists for the user, so that too few would get it, or some who are to be left out.
        """
        lists = self.sudo()._lists()
        hidden = lists - lists.with_env(self.env)._filtered_access("read")
        if hidden:
            raise UserError(
                self.env._(
                    "The campaign “%(campaign)s” uses a list of %(owner)s that is not shared with you. Ask them to "
                    "share it, or a manager to launch “%(mailing)s” or to take the list out.",
                    campaign=self.campaign_id.name,
                    owner=hidden[0].user_id.name or hidden[0].company_id.name,
                    mailing=self.display_name,
                )
            )

    def _check_excluding_complete(self):
        """Refuse while a file is being imported into an excluding list: who is not there yet would be mailed."""
        excluding = self.campaign_id.with_context(active_test=False).excluding_list_ids
        for record in excluding._unfinished_imports().filtered(lambda record: record.state == "running"):
            raise UserError(
                self.env._(
                    "%(progress)s Who comes later would get “%(mailing)s” although the list is to leave them out. "
                    "Launch it when that is done.",
                    progress=record._progress_text(),
                    mailing=self.display_name,
                )
            )
