from odoo import models
from odoo.tools import SQL


class EmailAudience(models.AbstractModel):
    """Whom lists and campaigns accept, by the type of contact."""

    _inherit = "email.audience"

    def _accepted(self, campaign):
        """Give SQL for whether both the list `l` and the campaign accept the type of contact that the member `m` is.

        A plain address is a mailing-list contact, and a record without a type is a contact. Contacts and users are
        joined as `p`; leads are looked up one by one, which costs a list without them nothing.
        """
        contacts, listed = campaign.accept_contacts, campaign.accept_list_contacts
        return SQL(
            """
            CASE WHEN p.id IS NOT NULL THEN %(partner)s
                 WHEN m.res_id IS NULL THEN l.accept_list_contacts AND %(listed)s
                 WHEN m.res_model = 'crm.lead'
                 THEN NOT EXISTS (SELECT FROM crm_lead lead WHERE lead.id = m.res_id AND NOT %(lead)s)
                 ELSE l.accept_contacts AND %(contacts)s
            END
            """,
            partner=self._accepted_type("p", contacts, listed),
            lead=self._accepted_type("lead", contacts, listed),
            contacts=contacts,
            listed=listed,
        )

    def _accepted_type(self, alias, contacts, listed):
        return SQL(
            """
            ((%(contact)s AND l.accept_contacts OR %(list_contact)s AND l.accept_list_contacts) IS TRUE
             AND (%(contact)s AND %(contacts)s OR %(list_contact)s AND %(listed)s) IS TRUE)
            """,
            contact=SQL.identifier(alias, "is_email_contact"),
            list_contact=SQL.identifier(alias, "is_email_list_contact"),
            contacts=contacts,
            listed=listed,
        )
