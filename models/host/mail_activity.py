from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        """Whoever is done with the activity is done with the replies that it is about."""
        replies = (
            self.env["email.campaign.reply"].sudo().search([("activity_id", "in", self.ids), ("state", "=", "new")])
        )
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        if replies:
            replies.write({"state": "done"})
        return result
