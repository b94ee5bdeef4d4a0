import base64
import io
import json
import zipfile

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..tools import address
from .email_privacy_record import MODELS


class EmailPrivacy(models.TransientModel):
    """A person's request: what do you hold of me (GDPR, article 15), give it to me (20), erase it (17)."""

    _name = "email.privacy"
    _description = "Personal Data of an Address"

    email = fields.Char("Email Address", required=True, help="The address that the request is about.")
    note = fields.Char("Reference", help="Where the request is filed. No name and no address: this one is kept.")
    summary = fields.Html(compute="_compute_summary", sanitize=False)
    found = fields.Boolean(compute="_compute_summary")
    is_erased = fields.Boolean("Erased", readonly=True)
    file = fields.Binary("Export", readonly=True, attachment=False)
    file_name = fields.Char(readonly=True)
    record_ids = fields.One2many("email.privacy.record", "wizard_id", "Contacts, Leads and Users", readonly=True)

    @api.depends("email", "is_erased")
    def _compute_summary(self):
        for wizard in self:
            email = address.key(wizard.email or "")
            held = self._held(email) if "@" in email and not wizard.is_erased else {}
            rows = {name: len(found) for name, found in held.items() if found}
            wizard.found = bool(rows)
            wizard.summary = self.env["ir.qweb"]._render(
                "email_campaign.email_privacy_summary",
                {"rows": [(self._labels()[name], count) for name, count in rows.items()], "email": email},
            )

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards._list_records()
        return wizards

    def write(self, vals):
        result = super().write(vals)
        if "email" in vals and not vals.get("is_erased"):
            self._list_records()
        return result

    def action_look_up(self):
        """Show the contacts, leads and users with the address, and what can be done with each."""
        self.ensure_one()
        self._checked_email()
        return self._reopen()

    def action_export(self):
        """Write all that we hold of the address into one file, in the companies that are switched on."""
        self.ensure_one()
        email = self._checked_email()
        content = {
            "address": email,
            "exported_at": fields.Datetime.now(),
            "companies": self.env.companies.mapped("name"),
            "data": self._held(email),
        }
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data.json", json.dumps(content, default=str, ensure_ascii=False, indent=2))
        self.write(
            {"file": base64.b64encode(packed.getvalue()), "file_name": self.env._("Personal data %s.zip", email)}
        )
        return self._reopen()

    def action_erase(self):
        """Take the owner of the address out of everything we hold, for good."""
        self.ensure_one()
        self.env["email.erasure"]._erase(self._checked_email(), self.note)
        # Nor does the dialog itself keep it.
        self.write({"is_erased": True, "email": self.env._("(erased)"), "file": False, "file_name": False})
        return self._reopen()

    def _checked_email(self):
        try:
            return address.normalize(self.email)
        except address.AddressError as error:
            raise UserError(
                self.env._("“%(value)s” is no email address: %(reason)s", value=self.email, reason=error.explanation)
            ) from error

    def _held(self, email):
        """Give what we hold, and what Odoo holds of contacts, leads and users as far as the user may read it."""
        self.check_access("read")
        held = self.env["email.erasure"].sudo()._held(email)
        for model, _label in MODELS:
            held[model] = [{"id": record.id, "name": record.display_name} for record in self._records(model, email)]
        return held

    def _records(self, model, email):
        """Give the records of `model` with the address that the user may read, archived ones too."""
        records = self.env[model].with_context(active_test=False)
        if not records.has_access("read"):
            return records.browse()
        name = "email_normalized" if "email_normalized" in records._fields else "email"
        return records.search([(name, "in", [email, address.spelled(email)])])

    def _list_records(self):
        for wizard in self:
            email = address.key(wizard.email or "")
            found = [(model, self._records(model, email)) for model, _label in MODELS] if "@" in email else []
            wizard.record_ids = [Command.clear()] + [
                Command.create({"res_model": model, "res_id": record.id})
                for model, records in found
                for record in records
            ]

    def _labels(self):
        return {
            "address": self.env._("Address"),
            "address_history": self.env._("History of the address"),
            "blacklist": self.env._("Opted out of all email"),
            "subscriptions": self.env._("Subscriptions"),
            "subscription_requests": self.env._("Subscription requests"),
            "consent": self.env._("Consent ledger"),
            "list_members": self.env._("Members of target lists"),
            "list_departures": self.env._("Departures from target lists"),
            "refused_rows_of_imports": self.env._("Refused rows of imports"),
            "emails": self.env._("Mass emails"),
            "links": self.env._("Personal links in them"),
            "events": self.env._("What happened to them"),
            "replies": self.env._("Replies"),
            "res.partner": self.env._("Contacts (not erased here)"),
            "crm.lead": self.env._("Leads (not erased here)"),
            "res.users": self.env._("Users (not erased here)"),
        }

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Personal Data of an Address"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
