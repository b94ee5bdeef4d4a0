from odoo import api, fields, models
from odoo.exceptions import AccessError


class EmailCampaignMailing(models.Model):
    """Which provider a mass email leaves by."""

    _inherit = "email.campaign.mailing"

    provider_id = fields.Many2one(
        "email.provider",
        "Send By",
        domain="[('company_id', 'in', [company_id, False])]",
        ondelete="set null",
        help="The email account it leaves by. Leave empty to have it found by the sender's address. It may be changed "
        "while the mass email waits or is paused.",
    )
    refused_provider_ids = fields.Many2many(
        "email.provider",
        "email_campaign_mailing_refused_provider_rel",
        "mailing_id",
        "provider_id",
        string="Refused By",
        readonly=True,
        copy=False,
        help="Providers that would not take this mass email, so that others do.",
    )

    @api.constrains("provider_id", "email_from", "campaign_id")
    def _check_provider(self):
        for mailing in self.filtered("provider_id"):
            mailing.provider_id.sudo()._check_sender(mailing.email_from, mailing.company_id)

    def write(self, vals):
        result = super().write(vals)
        if "provider_id" in vals:
            # Whoever is chosen by a person is tried again, whatever it said before.
            waiting = self.sudo().filtered(lambda mailing: mailing.state in ("queued", "sending", "paused"))
            for mailing in waiting:
                mailing.refused_provider_ids -= mailing.provider_id
            waiting.write({"next_try_at": False})
            if waiting:
                self.env["email.provider"]._trigger_send()
        return result

    def _check_not_managed(self, vals):
        if "refused_provider_ids" in vals and not self.env.su:
            raise AccessError(self.env._("Who refused a mass email is noted by the sending job alone."))
        return super()._check_not_managed(vals)
