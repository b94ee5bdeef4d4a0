from odoo import api, fields, models

from .selection import selection

# What is selected in these lists are people who were mailed; the way from there to their recipients.
LOGS = {
    "email.campaign.recipient": lambda domain: domain,
    "email.campaign.event": lambda domain: fields.Domain("event_ids", "any", domain),
}


class EmailTargetListAdd(models.TransientModel):
    """The dialog, opened from the Campaign Log or from recipients: whom what is selected there is about."""

    _inherit = "email.target.list.add"

    recipient_count = fields.Integer("Selected Recipients", compute="_compute_recipient_count")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") in LOGS:
            values.update(selection(self.env.context), res_model=self.env.context["active_model"])
        return values

    @api.depends("res_model", "res_ids", "res_domain")
    def _compute_recipient_count(self):
        recipients = self.env["email.campaign.recipient"]
        for wizard in self:
            domain = wizard._recipient_domain()
            wizard.recipient_count = recipients.search_count(domain) if domain is not None else 0

    def _recipient_domain(self):
        """Give the domain of the recipients that were selected, None where it was something else."""
        if self.res_model not in LOGS:
            return None
        if isinstance(self.res_domain, list):
            return LOGS[self.res_model](fields.Domain(self.res_domain))
        return LOGS[self.res_model](fields.Domain("id", "in", self.res_ids or []))

    def _is_chosen(self):
        return self._recipient_domain() is not None or super()._is_chosen()

    def _add_to(self, target_list):
        count = super()._add_to(target_list)
        domain = self._recipient_domain()
        return count if domain is None else count + target_list._add_recipients(domain)

    def _take_off(self, target_list):
        count = super()._take_off(target_list)
        domain = self._recipient_domain()
        return count if domain is None else count + target_list._take_recipients(domain)
