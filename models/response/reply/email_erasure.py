from odoo import api, models


class EmailErasure(models.Model):
    """Replies are of the person who wrote them: they go, and they are shown, with everything else of an address."""

    _inherit = "email.erasure"

    @api.model
    def _take_out(self, email):
        # First what is found by the address; with them go the copies in the conversations of campaigns, and all files.
        # The text stays where a contact or lead has it, as these stay.
        replies = self.env["email.campaign.reply"].search([("email", "=", email)])
        counts = {"replies": len(replies)}
        replies._record_messages().attachment_ids.unlink()
        replies.unlink()
        return {**super()._take_out(email), **counts}

    @api.model
    def _held(self, email):
        replies = self.env["email.campaign.reply"].sudo()
        domain = [("email", "=", email), ("company_id", "in", self.env.companies.ids)]
        names = ["at", "email", "name", "subject", "body"]
        return {**super()._held(email), "replies": replies.search(domain).read(names)}
