from odoo import api, fields, models

# Field of the settings: parameter. What is stored is the word True or False, and nothing stored means True.
SWITCHES = {
    "email_campaign_opt_out_footer": "email_campaign.opt_out_footer",
    "email_campaign_verp": "email_campaign.verp",
}


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # Read and stored here, not by `config_parameter`: that takes the word False for a switch that is on.
    email_campaign_opt_out_footer = fields.Boolean(
        "Opt-out Footer",
        default=True,
        help="Append a footer with an opt-out link to every mass email that has no such link itself.",
    )
    email_campaign_verp = fields.Boolean(
        "Variable Return Path",
        default=True,
        help="Give each email a return path of its own (VERP), so that a bounce names whom it is about. Mail to "
        "bounce+anything must arrive in the bounce mailbox for that.",
    )

    @api.model
    def get_values(self):
        parameters = self.env["ir.config_parameter"].sudo()
        values = {field: parameters.get_param(key, "True") != "False" for field, key in SWITCHES.items()}
        return {**super().get_values(), **values}

    def set_values(self):
        result = super().set_values()
        parameters = self.env["ir.config_parameter"].sudo()
        for field, key in SWITCHES.items():
            parameters.set_param(key, str(self[field]))
        return result
