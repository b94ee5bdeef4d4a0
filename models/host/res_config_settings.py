from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    email_campaign_opt_out_footer = fields.Boolean(
        "Opt-out Footer",
        config_parameter="email_campaign.opt_out_footer",
        default=True,
        help="Append a footer with an opt-out link to every mass email that has no such link itself.",
    )
    email_campaign_verp = fields.Boolean(
        "Variable Return Path",
        config_parameter="email_campaign.verp",
        default=True,
        help="Give each email a return path of its own (VERP), so that a bounce names whom it is about. Mail to "
        "bounce+anything must arrive in the bounce mailbox for that.",
    )

    def set_values(self):
        # A switched-off parameter is stored as the word: Odoo deletes it otherwise, and it would be on again.
        result = super().set_values()
        parameters = self.env["ir.config_parameter"].sudo()
        for name in ("opt_out_footer", "verp"):
            parameters.set_param(f"email_campaign.{name}", str(self[f"email_campaign_{name}"]))
        return result
