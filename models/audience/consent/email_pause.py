from odoo import api, fields, models


class EmailPause(models.Model):
    """Whoever subscribes while a break runs wants to hear from us again."""

    _inherit = "email.pause"

    @api.model
    def _end_by_subscribing(self, email, list_type):
        """End the break of `email` from the company that writes by `list_type`; give whether there was one.

        From all of them where they share the list type and it has no list of subscribers, which would be one company's.
        """
        told = self.env.context.get("email_consent") or {}
        ended = [self._end(email, company) for company in self._companies_paused(email, list_type)]
        if not any(ended):
            return False
        # It is about all email: the words that were agreed to are not about that.
        told = {name: value for name, value in told.items() if name not in ("action", "text_id")}
        told["detail"] = self.env._("subscribed: %s", list_type.name)
        self.env["email.consent"].sudo().with_context(email_consent=told)._record([email], "resume")
        return True

    @api.model
    def _companies_paused(self, email, list_type):
        """Give the companies that write by `list_type` and that the owner of `email` takes a break from."""
        paused = self.search([("email", "=", email), ("until", ">", fields.Datetime.now())]).company_id
        company = list_type.company_id or list_type.subscriber_list_id.company_id
        return paused & company if company else paused
