from odoo import api, models
from odoo.tools import SQL, ormcache

OURS = "email_campaign."


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    @api.model
    def _get_param(self, key):
        """All of ours are read at once: whoever needs one needs others."""
        return self._email_campaign_stored().get(key) if key.startswith(OURS) else super()._get_param(key)

    @api.model
    @ormcache(cache="stable")
    def _email_campaign_stored(self):
        """Give {key: value} of what is stored of ours. Emptied by Odoo whenever a parameter changes."""
        self.flush_model(["key", "value"])
        return dict(
            self.env.execute_query(SQL("SELECT key, value FROM ir_config_parameter WHERE starts_with(key, %s)", OURS))
        )

    @api.model
    def _email_campaign_number(self, key, default, least=0, most=10**18):
        """Give the number that is stored under `key`, within bounds, and `default` where none is.

        Anybody with the rights may have written anything there: int() refuses some digits, and some thousand of them.
        """
        stored = str(self.sudo().get_param(key) or "").strip()
        return min(max(int(stored[:18]), least), most) if stored.isdecimal() else default
