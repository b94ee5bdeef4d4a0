from email.utils import parseaddr

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...tools import address


class EmailTargetListMember(models.Model):
    _name = "email.target.list.member"
    _description = "Target List Member"
    _order = "id"

    list_id = fields.Many2one("email.target.list", "Target List", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="list_id.company_id")
    # The record behind the member; both empty for a bare address.
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    partner_id = fields.Many2one("res.partner", "Contact", index="btree_not_null", ondelete="cascade")
    name = fields.Char()
    email = fields.Char()
    email_normalized = fields.Char("Normalised Email", readonly=True)
    lang = fields.Char("Language", readonly=True)
    values = fields.Json("Merge Values", readonly=True)
    state = fields.Selection(
        [("pending", "Not Confirmed"), ("subscribed", "Subscribed"), ("unsubscribed", "Unsubscribed")],
        default="subscribed",
        required=True,
    )
    # Both are brought up to date from the record at launch.
    record_active = fields.Boolean("Enabled", default=True, readonly=True)
    record_company_id = fields.Many2one("res.company", "Company of the Record", readonly=True)

    _record_unique = models.UniqueIndex(
        "(list_id, res_model, res_id) WHERE res_id IS NOT NULL", "This record is on the list already."
    )
    _address_unique = models.UniqueIndex(
        "(list_id, email_normalized) WHERE res_id IS NULL", "This address is on the list already."
    )
    _record_index = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")

    def _compute_display_name(self):
        for member in self:
            member.display_name = member.name or member.email or self.env._("Without address")

    @api.onchange("partner_id")
    def _onchange_partner_id(self):
        if self.partner_id:
            self.name, self.email = self.partner_id.name, self.partner_id.email

    @api.model_create_multi
    def create(self, vals_list):
        """Fill in what a chosen contact or a typed address stands for."""
        partners = self.env["res.partner"].browse(
            [vals["partner_id"] for vals in vals_list if vals.get("partner_id") and not vals.get("res_id")]
        )
        partners.fetch(["name", "email", "email_normalized", "lang", "active", "company_id"])
        by_id = {partner.id: partner for partner in partners}
        for vals in vals_list:
            if partner := by_id.get(vals.get("partner_id")):
                vals.update(
                    res_model="res.partner",
                    res_id=partner.id,
                    name=partner.name,
                    email=partner.email,
                    email_normalized=partner.email_normalized,
                    lang=partner.lang,
                    record_active=partner.active,
                    record_company_id=partner.company_id.id,
                )
            elif not vals.get("res_id"):
                vals["email_normalized"] = self._normalized(vals.get("email"))
                name, vals["email"] = parseaddr(vals["email"])
                vals["name"] = vals.get("name") or name
        return super().create(vals_list)

    def write(self, vals):
        if "email" in vals and "email_normalized" not in vals:
            vals = dict(vals, email_normalized=self._normalized(vals["email"]))
        return super().write(vals)

    @api.model
    def _normalized(self, email):
        try:
            return address.normalize(email or "")
        except address.AddressError as error:
            raise ValidationError(
                self.env._(
                    "“%(value)s” is no email address: %(reason)s",
                    value=(email or "")[:100],
                    reason=error.explanation,
                )
            ) from error

    @api.model
    def _refresh_from_records(self, lists):
        """Bring name, address, language, company and archived state of the members of `lists` up to date.

        One statement for each model; only what differs is written. A member whose record is gone goes too.
        """
        self.env.flush_all()
        for model in self.env["email.addressee"]._email_addressee_models():
            source = self.env[model]._email_addressee_query()
            self.env.execute_query(
                SQL(
                    """
                    UPDATE email_target_list_member m
                       SET name = r.name, email = r.email, email_normalized = r.email_normalized, lang = r.lang,
                           partner_id = r.partner_id, record_active = r.active, record_company_id = r.company_id
                      FROM (%(source)s) AS r
                     WHERE m.list_id = ANY(%(lists)s) AND m.res_model = %(model)s AND m.res_id = r.id
                       AND (m.name, m.email, m.email_normalized, m.lang, m.partner_id, m.record_active,
                            m.record_company_id)
                           IS DISTINCT FROM
                           (r.name, r.email, r.email_normalized, r.lang, r.partner_id, r.active, r.company_id)
                 RETURNING m.id
                    """,
                    source=source,
                    lists=lists.ids,
                    model=model,
                )
            )
            self.env.execute_query(
                SQL(
                    """
                    DELETE FROM email_target_list_member m
                     WHERE m.list_id = ANY(%(lists)s) AND m.res_model = %(model)s
                       AND NOT EXISTS (SELECT FROM %(table)s r WHERE r.id = m.res_id)
                 RETURNING m.id
                    """,
                    lists=lists.ids,
                    model=model,
                    table=SQL.identifier(self.env[model]._table),
                )
            )
        self.env.invalidate_all(flush=False)
