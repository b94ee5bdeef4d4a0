from odoo import api, models


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    @api.model
    def _email_campaign_setting(self, name, default=""):
        """Give what is stored under `name` as text, and `default` where nothing is."""
        return str(self.sudo().get_param(name) or default)

    @api.model
    def _email_campaign_switch(self, name):
        """Tell whether the switch `name` is on, as all are that nobody has switched off."""
        return self._email_campaign_setting(name, "True") != "False"

    @api.model
    def _email_campaign_number(self, name, default, least=0, most=10**18):
        """Give the number that is stored under `name`, within bounds, and `default` where none is.

        Anybody with the rights may have written anything there: int() refuses some digits, and some thousand of them.
        """
        stored = self._email_campaign_setting(name).strip()
        return min(max(int(stored[:18]), least), most) if stored.isdecimal() else default
