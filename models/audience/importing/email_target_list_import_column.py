from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ....tools.csvmapping import is_key

VALUES = ("value", "first_name", "last_name")


class EmailTargetListImportColumn(models.Model):
    _name = "email.target.list.import.column"
    _description = "Column of an Import"
    _order = "sequence, position"

    import_id = fields.Many2one("email.target.list.import", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer()
    position = fields.Integer(help="The place in the file, the first being 0.")
    name = fields.Char("Column")
    sample = fields.Char("For Example", readonly=True)
    target = fields.Selection(
        [
            ("email", "Email"),
            ("name", "Name"),
            ("first_name", "First name"),
            ("last_name", "Last name"),
            ("lang", "Language"),
            ("value", "Merge value"),
            ("ignore", "Ignore"),
        ],
        string="Is",
        required=True,
        default="value",
        help="A merge value is kept with the member and can be put into an email. First and last name make the name, "
        "and are merge values too.",
    )
    key = fields.Char(
        "Merge Field", help="The name under which it is put into an email: {{ values.city }} for the merge field city."
    )
    contact_field = fields.Selection(
        [
            ("phone", "Phone"),
            ("street", "Street"),
            ("street2", "Street 2"),
            ("zip", "Zip"),
            ("city", "City"),
            ("function", "Job Position"),
            ("company_name", "Company Name"),
            ("website", "Website"),
            ("ref", "Reference"),
            ("comment", "Notes"),
        ],
        string="In a New Contact",
        help="Which field of a contact it fills where one is made.",
    )
    is_value = fields.Boolean(compute="_compute_is_value")
    can_be_contact = fields.Boolean(compute="_compute_can_be_contact")

    @api.depends("target")
    def _compute_is_value(self):
        for column in self:
            column.is_value = column.target in VALUES

    @api.depends("target", "import_id.contacts")
    def _compute_can_be_contact(self):
        for column in self:
            column.can_be_contact = column.import_id.contacts == "create" and column.target == "value"

    @api.constrains("key", "target")
    def _check_key(self):
        for column in self:
            if column.target in VALUES and not is_key(column.key or ""):
                raise ValidationError(
                    self.env._(
                        "“%(key)s” can't be the merge field of the column “%(column)s”. Use letters without accents, "
                        "digits and single underscores, as in “customer_number”.",
                        key=column.key or "",
                        column=column.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        columns = super().create(vals_list)
        columns._check_open()
        return columns

    def write(self, vals):
        self._check_open()
        if "import_id" in vals and not self.env.su:
            raise AccessError(self.env._("A column stays with its import."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _check_open(self):
        """Refuse to change what an import that has begun goes by."""
        for record in self.import_id:
            if not self.env.su and record.state not in ("draft", "ready"):
                raise UserError(
                    self.env._("The import of “%s” has begun and can't be changed any more.", record.display_name)
                )
