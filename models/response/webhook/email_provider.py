from odoo import fields, models

from ....tools.webhook import marks


class EmailProvider(models.Model):
    """What the service behind a provider tells about the mail that leaves by it."""

    _inherit = "email.provider"

    webhook_ids = fields.One2many(
        "email.webhook", "provider_id", "Events of the Service", groups="email_campaign.group_admin"
    )

    def _webhook_marks(self):
        """Give header lines for the token of a mail, so that the service names it as we do; most often none."""
        return marks(sorted(set(self.sudo().webhook_ids.mapped("service"))))
