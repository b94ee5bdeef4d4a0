from odoo import api, models
from odoo.tools import SQL, ormcache

PREFIX = "email_campaign."


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    @api.model
    def _email_campaign_setting(self, name, default=""):
        """Give what is stored under `name`, which begins with our prefix, and `default` where nothing is."""
        return self._email_campaign_settings().get(name) or default

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

    @api.model
    @ormcache(cache="stable")
    def _email_campaign_settings(self):
        """Give {name: text} of all that is stored under our prefix: a worker or a visit needs several of them.

        What ends in “key” is a secret and no setting.
        """
        self.flush_model(["key", "value"])
        rows = self.env.execute_query(
            SQL(
                "SELECT key, value FROM ir_config_parameter WHERE starts_with(key, %s) AND NOT key LIKE %s",
                PREFIX,
                "%key",
            )
        )
        return dict(rows)
