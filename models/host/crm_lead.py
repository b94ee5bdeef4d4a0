from odoo import api, models
from odoo.tools import SQL


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "email.addressee"]

    @api.model
    def _email_addressee_query(self):
        # The name of a lead is its topic; people are called by the contact's name.
        return SQL(
            """
            SELECT l.id, coalesce(l.contact_name, l.partner_name) AS name, l.email_from AS email, l.email_normalized,
                   lang.code AS lang, l.partner_id, l.company_id, l.active
              FROM crm_lead l LEFT JOIN res_lang lang ON lang.id = l.lang_id
            """
        )

    def _merge_dependences(self, opportunities):
        """Let target lists, and what was sent, follow the leads that are merged into this one."""
        others = (opportunities - self).ids
        self.env["email.target.list.member"].sudo()._move_records(self._name, others, self.id)
        self.env["email.campaign.recipient"].sudo()._move_records(self._name, others, self.id)
        return super()._merge_dependences(opportunities)

    def _prepare_customer_values(self, partner_name, is_company=False, parent_id=False):
        """Let the contact that a lead becomes be of the same type."""
        return {
            **super()._prepare_customer_values(partner_name, is_company=is_company, parent_id=parent_id),
            "is_email_contact": self.is_email_contact,
            "is_email_list_contact": self.is_email_list_contact,
        }
