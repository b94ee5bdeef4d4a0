from odoo import api, fields, models
from odoo.exceptions import ValidationError


class EmailAccepting(models.AbstractModel):
    """What chooses whom it writes to by the type of contact: target lists, campaigns, the wizard that sends."""

    _name = "email.accepting"
    _description = "Accepts Types of Contacts"

    accept_contacts = fields.Boolean(
        default=True,
        help="Write to contacts, and to records that have no type. Who is not accepted is left out at launch.",
    )
    accept_list_contacts = fields.Boolean(
        "Accept Mailing-list Contacts",
        default=True,
        help="Write to mailing-list contacts, and to plain addresses that are no record.",
    )

    @api.constrains("accept_contacts", "accept_list_contacts")
    def _check_accepts_anybody(self):
        for record in self:
            if not (record.accept_contacts or record.accept_list_contacts):
                raise ValidationError(
                    self.env._(
                        "“%(name)s” accepts neither contacts nor mailing-list contacts, so nobody would get an email. "
                        "Accept one of them at least.",
                        name=record.display_name,
                    )
                )
