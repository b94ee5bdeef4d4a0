from odoo import models


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _get_fk_on(self, table):
        """Lead recipients to the contact that stays, too: they have no foreign key by which Odoo would find them."""
        relations = super()._get_fk_on(table)
        return [*relations, ("email_campaign_recipient", "partner_id")] if table == "res_partner" else relations
