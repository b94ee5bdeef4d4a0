from odoo import api, fields, models

from .selection import selection


class EmailTargetChoice(models.AbstractModel):
    """What a dialog lets people be chosen by: a selection in a list view, or contacts, filters, tags and addresses.

    A selection is either some records, or all that a list view would show on its pages. The latter comes as the
    domain of that view: a hundred thousand ids never pass through the browser.
    """

    _name = "email.target.choice"
    _description = "Choice of Targets"

    res_model = fields.Char(readonly=True)
    res_ids = fields.Json(readonly=True)
    res_domain = fields.Json(readonly=True)
    record_count = fields.Integer("Selected", compute="_compute_counts")
    without_email_count = fields.Integer(compute="_compute_counts")
    partner_ids = fields.Many2many("res.partner", string="Contacts")
    category_ids = fields.Many2many(
        "res.partner.category", string="Contacts With Tags", help="All contacts that have one of these tags."
    )
    lead_tag_ids = fields.Many2many(
        "crm.tag",
        string="Leads With Tags",
        groups="sales_team.group_sale_salesman",
        help="All leads and opportunities that have one of these tags.",
    )
    filter_ids = fields.Many2many(
        "ir.filters",
        string="Saved Filters",
        domain=lambda self: [("model_id", "in", self.env["email.addressee"]._email_addressee_models())],
        help="All whom these saved searches find at this moment.",
    )
    addresses = fields.Text(help="Typed addresses, separated by commas or lines. They need not be contacts.")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        context = self.env.context
        if context.get("active_model") in self.env["email.addressee"]._email_addressee_models():
            values.update(selection(context), res_model=context["active_model"])
        return values

    @api.depends("res_model", "res_ids", "res_domain")
    def _compute_counts(self):
        for wizard in self:
            selection = wizard._selection()
            if selection is None:
                wizard.record_count = wizard.without_email_count = 0
                continue
            model, domain, active_test = selection
            records = self.env[model].with_context(active_test=active_test)
            wizard.record_count = records.search_count(domain)
            without = fields.Domain(self.env["email.addressee"]._email_path(records._name), "=", False)
            wizard.without_email_count = records.search_count(fields.Domain(domain) & without)

    def _selection(self):
        """Give (model, domain, whether archived ones are left out) of what was selected in a list view, or nothing."""
        if not self.res_model or self.res_model not in self.env["email.addressee"]._email_addressee_models():
            return None
        if isinstance(self.res_domain, list):
            return self.res_model, self.res_domain, self.env.context.get("active_test", True)
        if self.res_ids:
            return self.res_model, [("id", "in", self.res_ids)], False
        return None

    def _domains(self):
        """Give (model, domain, whether archived ones are left out) of all that was chosen by record."""
        self.ensure_one()
        found = []
        if selection := self._selection():
            found.append(selection)
        if self.partner_ids:
            found.append(("res.partner", [("id", "in", self.partner_ids.ids)], False))
        if self.category_ids:
            found.append(("res.partner", [("category_id", "child_of", self.category_ids.ids)], True))
        if self.env.user.has_group("sales_team.group_sale_salesman") and self.lead_tag_ids:
            found.append(("crm.lead", [("tag_ids", "in", self.lead_tag_ids.ids)], True))
        found.extend((chosen.model_id, chosen._audience_domain(), True) for chosen in self.filter_ids)
        return found

    def _is_chosen(self):
        """Whether anybody at all was chosen here."""
        return bool(
            self._selection()
            or self.partner_ids
            or self.category_ids
            or self.filter_ids
            or (self.env.user.has_group("sales_team.group_sale_salesman") and self.lead_tag_ids)
            or (self.addresses or "").strip()
        )

    def _add_to(self, target_list):
        """Put all who were chosen on `target_list`; give the number of those that were not on it."""
        count = sum(target_list._add_domain(*chosen) for chosen in self._domains())
        if (self.addresses or "").strip():
            count += target_list._add_addresses(self.addresses)
        return count

    def _take_off(self, target_list):
        """Take all who were chosen off `target_list`; give the number of members that went."""
        count = sum(target_list._take_domain(*chosen) for chosen in self._domains())
        if (self.addresses or "").strip():
            count += target_list._take_addresses(self.addresses)
        return count
