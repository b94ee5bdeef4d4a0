from odoo import models


class EmailAddressee(models.AbstractModel):
    """From a contact, lead or user to what the owner of the address agreed to."""

    _inherit = "email.addressee"

    def action_view_consent(self):
        """Open the ledger of consent about the address."""
        self.ensure_one()
        return self.env["email.consent"]._view_of(self._email_key())
