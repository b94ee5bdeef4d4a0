from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import address

# What a form shows of the history; all of it stands on the address.
SHOWN_CHANGES = 10


class EmailAddressee(models.AbstractModel):
    """Whether an addressee can receive email, as far as we know; and saying so by hand."""

    _inherit = "email.addressee"

    email_validity = fields.Selection(
        selection=lambda self: self.env["email.address"]._fields["validity"].selection,
        compute="_compute_email_validity",
        search="_search_email_validity",
        help="Whether the address can receive email, as far as we know from what was sent to it.",
    )
    # What colleagues wrote down about a person is not for portal users, who may read contacts of their company.
    email_validity_reason = fields.Char(
        "Reason of Validity", compute="_compute_email_validity_reason", groups="base.group_user"
    )
    email_validity_at = fields.Datetime(
        "Validity Since", compute="_compute_email_validity_reason", groups="base.group_user"
    )
    email_validity_history = fields.Json(
        "History of Validity", compute="_compute_email_validity_history", groups="base.group_user"
    )

    @api.depends(lambda self: [self._email_addressee_field()])
    def _compute_email_validity(self):
        for record, known in self._email_addresses_known().items():
            record.email_validity = known.validity if known else known is not None and "unknown"

    @api.depends(lambda self: [self._email_addressee_field()])
    def _compute_email_validity_reason(self):
        for record, known in self._email_addresses_known().items():
            record.email_validity_reason = known.reason if known else False
            record.email_validity_at = known.validity_at if known else False

    def _email_addresses_known(self):
        """Give {record: its email.address (as superuser), empty if nothing is known of it, None without an address}."""
        Address = self.env["email.address"].sudo()
        emails = {record: record._email_key() for record in self}
        wanted = [("email", "in", list(filter(None, emails.values())))]
        known = {
            found.email: found for found in Address.search_fetch(wanted, ["email", "validity", "reason", "validity_at"])
        }
        return {record: known.get(email, Address) if email else None for record, email in emails.items()}

    def _email_key(self):
        """Give the address of this record as it is compared, False if it has none."""
        email = self.sudo().mapped(self._email_addressee_field())[:1]
        return address.key(email[0]) if email and email[0] else False

    @api.depends(lambda self: [self._email_addressee_field()])
    def _compute_email_validity_history(self):
        known = self._email_addresses_known()
        labels = dict(self.env["email.address"]._fields["validity"]._description_selection(self.env))
        for record in self:
            changes = known[record].history_ids[:SHOWN_CHANGES] if known[record] else []
            record.email_validity_history = [
                {
                    "at": fields.Datetime.to_string(change.at),
                    "before": labels[change.validity_from],
                    "after": labels[change.validity],
                    "reason": change.reason or "",
                    "who": change._who(),
                }
                for change in changes
            ] or False

    @api.model
    def _search_email_validity(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        if operator == "in" and "unknown" not in value:
            return self._email_validity_few(set(value))
        # Most records, and NOT IN would compare each of them with every address.
        comparison = SQL("= ANY") if operator == "in" else SQL("<> ALL")
        values = [validity or "" for validity in value]
        return fields.Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "coalesce(%s, '') %s(%s)", model._email_validity_sql(alias, query), comparison, values
            )
        )

    def _email_validity_few(self, value):
        """Give a domain by which an index finds the records, as few addresses have one of these validities."""
        path = self._email_addressee_field()
        Address = self.env["email.address"].sudo()
        rows = Address._search([("validity", "in", list(value - {False}))])
        spelled = [text for text, validity in Address._international_spellings() if validity in value]
        domain = fields.Domain(path, "in", rows.select(SQL.identifier(Address._table, "email")))
        domain |= fields.Domain(path, "in", spelled)
        return domain | fields.Domain(path, "=", False) if False in value else domain

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let records be grouped and sorted by their validity, which is no column of theirs."""
        if field_expr == "email_validity" and query is not None:
            self._check_field_access(self._fields[field_expr], "read")
            return self._email_validity_sql(alias, query)
        return super()._field_to_sql(alias, field_expr, query)

    def _email_validity_sql(self, alias, query):
        """Give SQL for the validity, NULL without an address; joins the addresses to `query`."""
        Address = self.env["email.address"]
        email = self._field_to_sql(alias, self._email_addressee_field(), query)
        known = query.make_alias(alias, "email_address")
        query.add_join(
            "LEFT JOIN",
            known,
            Address._table,
            SQL("%s = %s", SQL.identifier(known, "email", to_flush=Address._fields["email"]), email),
        )
        validity = SQL.identifier(known, "validity", to_flush=Address._fields["validity"])
        if spellings := Address._international_spellings():
            spelled = query.make_alias(alias, "email_spelled")
            texts, validities = zip(*spellings, strict=True)
            query.add_join(
                "LEFT JOIN",
                spelled,
                SQL(
                    "(SELECT * FROM unnest(%s::varchar[], %s::varchar[]) AS t (email, validity))",
                    list(texts),
                    list(validities),
                ),
                SQL("%s = %s", SQL.identifier(spelled, "email"), email),
            )
            validity = SQL("coalesce(%s, %s)", validity, SQL.identifier(spelled, "validity"))
        return SQL("CASE WHEN coalesce(%s, '') <> '' THEN coalesce(%s, 'unknown') END", email, validity)

    def action_mark_email_valid(self):
        """Open the dialog that says the addresses of these records can be mailed again."""
        return self._open_email_mark("valid")

    def action_mark_email_invalid(self):
        """Open the dialog that says the addresses of these records must not be mailed any more."""
        return self._open_email_mark("invalid")

    @api.model
    def _email_marked_models(self):
        """Give the names of the models whose addresses can be marked: those that inherit this."""
        names = self.env["email.addressee"]._email_addressee_models()
        return [name for name in names if "email_validity" in self.env[name]._fields]

    def _open_email_mark(self, validity):
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_address_mark_action")
        action["context"] = {
            "active_model": self._name,
            "active_ids": self.ids,
            "default_validity": validity,
            "dialog_size": "medium",
        }
        return action

    def _mark_email(self, validity, note):
        """Set the validity of the addresses of these records by hand, and say so in their chatter.

        Who may write a record may decide about its address.

        :raises UserError: when one has no address
        """
        self.check_access("write")
        emails = {record: record._email_key() for record in self}
        for record, email in emails.items():
            if not email or "@" not in email:
                raise UserError(
                    self.env._(
                        "“%(name)s” has no email address that could be marked. Enter one first.",
                        name=record.display_name,
                    )
                )
        self.env["email.address"].sudo()._mark_by_hand(set(emails.values()), validity, note)
        self._log_email_mark(emails, validity, note)
        self.env.invalidate_all()

    def _log_email_mark(self, emails, validity, note):
        texts = {
            "valid": self.env._("Email address %s marked as valid."),
            "invalid": self.env._("Email address %s marked as invalid: it gets no campaign emails any more."),
        }
        remark = Markup("<br/>%s") % note if note else ""
        self._email_chatter()._message_log_batch(
            {
                record._email_chatter().id: Markup("%s%s") % (texts[validity] % email, remark)
                for record, email in emails.items()
            }
        )

    def _email_chatter(self):
        """Give the records that have the chatter of these."""
        return self
