from odoo import api, models, tools
from odoo.tools import SQL
from odoo.tools.query import Query

# Where a model may have its address, the likeliest first; before them comes what the model itself says.
EMAIL_FIELDS = (
    "email",
    "email_from",
    "email_normalized",
    "partner_email",
    "contact_email",
    "x_email",
    "x_studio_email",
)
# People are called by their name; the name of a record is often its topic.
NAME_FIELDS = ("contact_name", "partner_name")
# Models that have addresses and are no addressees: technical ones, senders, our own companies.
TECHNICAL = (
    "base",
    "bus.",
    "digest.",
    "discuss.",
    "email.",
    "fetchmail.",
    "google.",
    "iap.",
    "ir.",
    "mail.",
    "mailing.",
    "microsoft.",
    "privacy.",
    "res.company",
    "res.config",
    "res.users.",
)
# The contacts of mass_mailing are people.
NOT_TECHNICAL = ("mailing.contact",)
# The first address in a text, which may have a name and brackets around it, or others after it.
FIRST_ADDRESS = r"""[^\s<>()\[\],;:\\"]+@[^\s<>()\[\],;:\\"]+"""


class EmailAddressee(models.AbstractModel):
    """Which models have addresses, and how SQL reads them: what every list, refresh and launch asks."""

    _inherit = "email.addressee"

    @api.model
    @tools.ormcache()
    def _email_addressee_models(self):
        """Give the names of the models whose records can be on a target list.

        First those that have taken part by this mixin, then any other that has an email field of its own.
        """
        own, others = [], []
        for name, model in self.env.registry.items():
            if name == "email.addressee" or model._abstract or model._transient or not model._auto:
                continue
            if issubclass(model, self.pool["email.addressee"]):
                own.append(name)
            elif (name in NOT_TECHNICAL or not name.startswith(TECHNICAL)) and self._email_field(name):
                others.append(name)
        return (*own, *sorted(others))

    @api.model
    def _email_path(self, model):
        """Give the path to the address of the records of `model`, for domains: the normalised one if there is one."""
        if isinstance(self.env[model], self.pool["email.addressee"]):
            return self.env[model]._email_addressee_field()
        fields = self.env[model]._fields
        return "email_normalized" if self._is_column(fields.get("email_normalized")) else self._email_field(model)

    @api.model
    def _source(self, model):
        """Give a query of the addressees of `model`.

        Its columns are id, name, email, email_normalized, lang, partner_id, company_id, active. It knows no rights:
        who asks joins it with the ids that the user may read.
        """
        if isinstance(self.env[model], self.pool["email.addressee"]):
            return self.env[model]._email_addressee_query()
        return self._source_by_fields(self.env[model].sudo())

    @api.model
    def _email_field(self, model):
        """Give the name of the field that has the address of the records of `model`, or None.

        A field that only some may read does not count: who may not read it would see it on the list.
        """
        fields = self.env[model]._fields
        primary = getattr(type(self.env[model]), "_primary_email", None)
        return next((name for name in (primary, *EMAIL_FIELDS) if name and self._is_column(fields.get(name))), None)

    def _is_column(self, field, *types):
        return bool(field and field.type in (types or ("char",)) and field.store and not field.groups)

    def _source_by_fields(self, records):
        fields, table = records._fields, records._table
        query = Query(records.env, table)

        def column(name, *types, default="NULL"):
            if self._is_column(fields.get(name), *types):
                return records._field_to_sql(table, name, query)
            return SQL(default)

        email = column(self._email_field(records._name))
        partner = SQL("NULL::integer")
        if self._is_column(fields.get("partner_id"), "many2one") and fields["partner_id"].comodel_name == "res.partner":
            partner = column("partner_id", "many2one")
        company = SQL("NULL::integer")
        if self._is_column(fields.get("company_id"), "many2one"):
            company = column("company_id", "many2one")
        names = [column(name) for name in (*NAME_FIELDS, records._rec_name, "name", "x_name")]
        return query.select(
            SQL("%s AS id", SQL.identifier(table, "id")),
            SQL(
                "coalesce(%s, (SELECT p.name FROM res_partner p WHERE p.id = %s)) AS name",
                SQL(", ").join(SQL("nullif(%s::varchar, '')", name) for name in names),
                partner,
            ),
            SQL("%s::varchar AS email", email),
            SQL("%s AS email_normalized", self._normalized_column(records, column("email_normalized"), email)),
            SQL("%s AS lang", self._lang_column(column, partner)),
            SQL("%s AS partner_id", partner),
            SQL("%s AS company_id", company),
            SQL("coalesce(%s, TRUE) AS active", column(records._active_name or "active", "boolean")),
        )

    def _normalized_column(self, records, normalized, email):
        if self._is_column(records._fields.get("email_normalized")):
            return SQL("%s::varchar", normalized)
        return SQL("substring(lower(%s::varchar) FROM %s)", email, FIRST_ADDRESS)

    def _lang_column(self, column, partner):
        return SQL(
            """
            coalesce(%s::varchar, (SELECT l.code FROM res_lang l WHERE l.id = %s),
                     (SELECT p.lang FROM res_partner p WHERE p.id = %s))
            """,
            column("lang", "char", "selection"),
            column("lang_id", "many2one", default="NULL::integer"),
            partner,
        )
