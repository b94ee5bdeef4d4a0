import re

from odoo import models

MAILING_CHANNEL = re.compile(r"email\.campaign\.mailing_([1-9]\d{0,8})")


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Let those listen to the progress of a mass email who may read it; others hear nothing."""
        others, wanted = [], set()
        for channel in channels:
            match = MAILING_CHANNEL.fullmatch(channel) if isinstance(channel, str) else None
            if match:
                wanted.add(int(match[1]))
            else:
                others.append(channel)
        mailings = self.env["email.campaign.mailing"]
        if wanted and mailings.has_access("read"):
            others.extend(mailings.search([("id", "in", sorted(wanted))]))
        return super()._build_bus_channel_list(others)
