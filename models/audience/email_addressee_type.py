from odoo import api, fields, models
from odoo.tools import SQL


class EmailAddressee(models.AbstractModel):
    """What kind of contact an addressee is: target lists and campaigns say which of them they write to."""

    _inherit = "email.addressee"

    # Two switches and not one choice: a person can be both, or neither.
    is_email_contact = fields.Boolean(
        "Email Contact",
        default=True,
        help="A person or company we deal with. Can be chosen as what a list or a campaign writes to.",
    )
    is_email_list_contact = fields.Boolean(
        "Mailing-list Contact",
        help="Known from a mailing list only, or from one as well. Can be chosen as what a list or a campaign "
        "writes to.",
    )
    email_contact_type = fields.Selection(
        [
            ("contact", "Contact"),
            ("list_contact", "Mailing-list Contact"),
            ("both", "Contact and Mailing-list Contact"),
            ("neither", "Neither"),
        ],
        "Contact Type",
        compute="_compute_email_contact_type",
        search="_search_email_contact_type",
        help="Who is neither gets no campaign emails.",
    )

    @api.depends("is_email_contact", "is_email_list_contact")
    def _compute_email_contact_type(self):
        names = {(True, False): "contact", (False, True): "list_contact", (True, True): "both"}
        for record in self:
            record.email_contact_type = names.get((record.is_email_contact, record.is_email_list_contact), "neither")

    @api.model
    def _search_email_contact_type(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain.FALSE
        for name in value:
            domain |= fields.Domain("is_email_contact", "=", name in ("contact", "both")) & fields.Domain(
                "is_email_list_contact", "=", name in ("list_contact", "both")
            )
        return domain

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let records be grouped and sorted by their type, which is made of two columns."""
        if field_expr != "email_contact_type":
            return super()._field_to_sql(alias, field_expr, query)
        return SQL(
            """
            CASE WHEN %(contact)s THEN CASE WHEN %(listed)s THEN 'both' ELSE 'contact' END
                 WHEN %(listed)s THEN 'list_contact' ELSE 'neither' END
            """,
            contact=self._field_to_sql(alias, "is_email_contact", query),
            listed=self._field_to_sql(alias, "is_email_list_contact", query),
        )
