from odoo import api, models

from ...tools.links import is_web_address, with_parameters


class EmailVisit(models.AbstractModel):
    """Links that lead each recipient elsewhere: one more look into the database, and none for all other links."""

    _inherit = "email.visit"

    @api.model
    def _clicked(self, token, request):
        target = super()._clicked(token, request)
        if target and target.url and target.url.startswith("{{") and not target.explains:
            url, added = self.env["email.personal.target"]._of(target.recipient_id, target.url_id)
            # Whatever came into the table: nothing but a web address is a place to be sent to.
            url = with_parameters(url, added or "") if url and is_web_address(url) else None
            return target._replace(url=url)
        return target
