from odoo import models


class EmailAddress(models.Model):
    _inherit = "email.address"

    def action_view_consent(self):
        """Open the ledger of consent about the address."""
        self.ensure_one()
        return self.env["email.consent"]._view_of(self.email)

    def action_view_personal_data(self):
        """Open the dialog that exports or erases all that is held of the address."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_privacy_action")
        action["res_id"] = self.env["email.privacy"].create({"email": self.email}).id
        return action
