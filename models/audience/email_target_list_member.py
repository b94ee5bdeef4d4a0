from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ...tools import address
from ..unchecked import UncheckedMany2one

# Taken from the record behind a member, or from an import; never from who edits the list.
MANAGED = {
    "res_model",
    "res_id",
    "email_normalized",
    "lang",
    "values",
    "record_active",
    "record_company_id",
    "refresh_id",
}


class EmailTargetListMember(models.Model):
    _name = "email.target.list.member"
    _description = "Target List Member"
    _order = "id"

    # Held by `_hold` while members come onto it; when it is deleted, it takes its members along.
    list_id = UncheckedMany2one("email.target.list", "Target List", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="list_id.company_id")
    # The record behind the member; both empty for a bare address.
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    partner_id = fields.Many2one("res.partner", "Contact", index="btree_not_null", ondelete="set null")
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
    # The refresh of a dynamic list by which it came; one that was forgotten is shown as none.
    refresh_id = UncheckedMany2one("email.target.list.refresh", "Came By Refresh", readonly=True, copy=False)
    # Who is gone is shown as nobody.
    create_uid = UncheckedMany2one("res.users", "Created by", readonly=True)
    write_uid = UncheckedMany2one("res.users", "Last Updated by", readonly=True)

    _record_unique = models.UniqueIndex(
        "(list_id, res_model, res_id) WHERE res_id IS NOT NULL", "This record is on the list already."
    )
    _address_unique = models.UniqueIndex(
        "(list_id, email_normalized) WHERE res_id IS NULL", "This address is on the list already."
    )
    # For the members of a list in their order, see `_order_field_to_sql`.
    _list_index = models.Index("(list_id, (id + 0))")
    # For the exclusion of a few recipients at a time.
    _email_index = models.Index("(list_id, email_normalized)")
    _record_index = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")
    # Few, and asked for at every launch.
    _unsubscribed_index = models.Index("(list_id, email_normalized) WHERE state = 'unsubscribed'")

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Order by an expression that is in the index of lists only.

        By the primary key, which the planner takes where two or three lists have most members, the first members of a
        list come after all those of the lists that were filled before it: a second for a million.
        """
        if field_name == "id":
            return SQL("(%s + 0) %s %s", SQL.identifier(alias, "id"), direction, nulls)
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    def _compute_display_name(self):
        for member in self:
            member.display_name = member.name or member.email or self.env._("Without address")

    @api.onchange("partner_id")
    def _onchange_partner_id(self):
        if self.partner_id:
            self.name, self.email = self.partner_id.name, self.partner_id.email

    @api.model_create_multi
    def create(self, vals_list):
        """Fill in what a chosen contact or a typed address stands for.

        Which record is behind a member is not for the caller to say: it is the contact that they may read.
        """
        for vals in vals_list:
            self._check_not_managed(vals)
        partners = self.env["res.partner"].browse(vals["partner_id"] for vals in vals_list if vals.get("partner_id"))
        partners.check_access("read")
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
            else:
                vals["name"] = vals.get("name") or address.display_name(vals.get("email") or "")
                vals["email"] = vals["email_normalized"] = self._normalized(vals.get("email"))
        members = super().create(vals_list)
        members.list_id._check_static()
        members.list_id._hold()
        self._fold_domains(members.list_id, members.ids)
        return members

    def write(self, vals):
        self._check_not_managed(vals)
        if {"partner_id", "name", "email"} & set(vals) and not self.env.su:
            if followers := self.filtered("res_id"):
                raise UserError(
                    self.env._(
                        "“%s” follows its record. Change name and address there, or take the member off the list.",
                        followers[0].display_name,
                    )
                )
            if vals.get("partner_id"):
                raise UserError(
                    self.env._("A typed address can't become a contact. Add the contact to the list instead.")
                )
        if "email" in vals:
            email = self._normalized(vals["email"])
            vals = dict(vals, email=email, email_normalized=email)
        if "list_id" in vals:
            # The rules of members are asked before the write only, of the list that they are on.
            self.list_id.browse(vals["list_id"]).check_access("write")
            (self.list_id | self.list_id.browse(vals["list_id"]))._check_static()
            self.list_id.browse(vals["list_id"])._hold()
        return super().write(vals)

    def unlink(self):
        """Take members off; from a dynamic list only when their record goes."""
        if not self.env.su:
            self.list_id._check_static()
        return super().unlink()

    def _check_not_managed(self, vals):
        managed = set(vals) & MANAGED
        if managed and not self.env.su:
            raise AccessError(
                self.env._(
                    "“%s” of a member can't be set by hand; it is taken from the record.",
                    self._fields[min(managed)]._description_string(self.env),
                )
            )

    @api.model
    def _normalized(self, email):
        try:
            return address.entered(email or "")
        except address.AddressError as error:
            raise ValidationError(
                self.env._(
                    "“%(value)s” is no email address: %(reason)s",
                    value=(email or "")[:100],
                    reason=error.explanation,
                )
            ) from error
