from odoo import api, fields, models
from odoo.exceptions import UserError

FROZEN = {"text", "list_type_id", "version"}


class EmailConsentText(models.Model):
    """A wording that people agree to. Once somebody did, it stays as it is; a change is a new version."""

    _name = "email.consent.text"
    _description = "Consent Text"
    _order = "list_type_id, version desc"

    list_type_id = fields.Many2one("email.list.type", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="list_type_id.company_id")
    version = fields.Integer(readonly=True, copy=False)
    text = fields.Html(
        translate=True,
        required=True,
        help="What the person agrees to, as it stands next to the button: who writes, about what, how often, and that "
        "they can opt out at any time.",
    )
    is_used = fields.Boolean("Agreed To", compute="_compute_is_used", help="Somebody saw it: it can't change any more.")

    _version_unique = models.Constraint("UNIQUE(list_type_id, version)", "There is a text of that version already.")

    @api.depends("version", "list_type_id.name")
    def _compute_display_name(self):
        for text in self:
            text.display_name = self.env._(
                "%(list_type)s, version %(version)s", list_type=text.list_type_id.name or "", version=text.version
            )

    def _compute_is_used(self):
        used = self._used()
        for text in self:
            text.is_used = text._origin in used

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            latest = self.with_context(active_test=False).search(
                [("list_type_id", "=", vals.get("list_type_id"))], order="version desc", limit=1
            )
            vals["version"] = latest.version + 1
            # Two of one list type in one call get different numbers.
            self.env.flush_all()
        return super().create(vals_list)

    def write(self, vals):
        if FROZEN & set(vals):
            self._check_unused()
        return super().write(vals)

    def update_field_translations(self, field_name, translations, source_lang=""):
        """Keep translations too: what was read in French must stay what it was."""
        if field_name in FROZEN:
            self._check_unused()
        return super().update_field_translations(field_name, translations, source_lang=source_lang)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_used(self):
        self._check_unused()

    def _check_unused(self):
        if used := self._used()[:1]:
            raise UserError(
                self.env._(
                    "People agreed to “%s”, so it must stay as it is. Make a new version of it instead.",
                    used.display_name,
                )
            )

    def _used(self):
        """Give those of these texts that somebody agreed to, or was asked to."""
        ids = self._origin.ids
        found = self.env["email.consent"].sudo()._read_group([("text_id", "in", ids)], ["text_id"])
        asked = self.env["email.subscription.request"].sudo()._read_group([("text_id", "in", ids)], ["text_id"])
        return self.browse({text.id for (text,) in [*found, *asked]})

    def action_new_version(self):
        """Make a copy that can be changed, and show that one from now on."""
        self.ensure_one()
        version = self.copy()
        version.list_type_id.consent_text_id = version
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": version.id,
            "view_mode": "form",
        }
