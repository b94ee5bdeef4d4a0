from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import address


class EmailAddressee(models.AbstractModel):
    """What can be written to: the records of a model that have an email address.

    A model that takes part inherits this and says with `_email_addressee_query` where its addresses stand.
    """

    _name = "email.addressee"
    _description = "Email Addressee"

    email_validity = fields.Selection(
        selection=lambda self: self.env["email.address"]._fields["validity"].selection,
        compute="_compute_email_validity",
        search="_search_email_validity",
        help="Whether the address can receive email, as far as we know from what was sent to it.",
    )
    email_validity_reason = fields.Char(compute="_compute_email_validity")

    def _email_addressee_field(self):
        """Give the name of the field with the normalised address; a path is allowed."""
        return "email_normalized"

    @api.model
    def _email_addressee_query(self):
        """Give a query of the columns id, name, email, email_normalized, lang, partner_id, company_id, active."""
        raise NotImplementedError

    def unlink(self):
        """Take deleted records off the lists. One that was merged into another stays there as that one."""
        members = self.env["email.target.list.member"].sudo()
        gone = fields.Domain("res_model", "=", self._name) & fields.Domain("res_id", "in", self.ids)
        if self._name == "res.partner":
            gone &= fields.Domain("partner_id", "in", [*self.ids, False])
        members.search(gone).unlink()
        return super().unlink()

    def _compute_email_validity(self):
        path = self._email_addressee_field()
        emails = {record: [email and address.key(email) for email in record.sudo().mapped(path)] for record in self}
        addresses = (
            self.env["email.address"]
            .sudo()
            .search_fetch(
                [("email", "in", list({email for found in emails.values() for email in found if email}))],
                ["email", "validity", "reason"],
            )
        )
        by_email = {known.email: known for known in addresses}
        for record, found in emails.items():
            known = by_email.get(found[0] if found else None)
            record.email_validity = known.validity if known else ("unknown" if found and found[0] else False)
            record.email_validity_reason = known.reason if known else False

    @api.model
    def _search_email_validity(self, operator, value):
        if operator != "in":
            return NotImplemented
        path = self._email_addressee_field()
        Address = self.env["email.address"].sudo()
        domain = fields.Domain.FALSE
        known = [validity for validity in value if validity and validity != "unknown"]
        if known:
            # A subquery: with millions of addresses no list of them passes through Python.
            rows = Address._search([("validity", "in", known)])
            domain |= fields.Domain(path, "in", rows.select(SQL.identifier(Address._table, "email")))
        if "unknown" in value:
            rows = Address._search([("validity", "!=", "unknown")])
            others = rows.select(SQL.identifier(Address._table, "email"))
            domain |= fields.Domain(path, "!=", False) & fields.Domain(path, "not in", others)
        if False in value:
            domain |= fields.Domain(path, "=", False)
        return domain
