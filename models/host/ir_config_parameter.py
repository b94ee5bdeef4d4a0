from odoo import api, models


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    @api.model
    def _email_campaign_number(self, key, default, least=0, most=10**18):
        """Give the number that is stored under `key`, within bounds, and `default` where none is.

        Anybody with the rights may have written anything there: int() refuses some digits, and some thousand of them.
        """
        stored = str(self.sudo().get_param(key) or "").strip()
        return min(max(int(stored[:18]), least), most) if stored.isdecimal() else default
