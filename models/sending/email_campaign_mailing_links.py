from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.links import parameters, with_parameters


class EmailCampaignMailing(models.Model):
    """What is added to the links of a mass email: a query string of its own, and the UTM parameters of its campaign."""

    _inherit = "email.campaign.mailing"

    link_query = fields.Char(
        "Added to Links",
        help="Parameters for every link of this email, as in ref=spring&segment=b. A link that has one of them keeps "
        "its own, and what stands behind a # stays last.",
    )
    # Fixed at launch: links in mailboxes lead where they led, whatever is set later.
    link_parameters = fields.Char(readonly=True, copy=False)

    # What the editor offers when “/” is typed.
    link_choices = fields.Json(compute="_compute_link_choices")

    @api.depends("campaign_id.tracking_url_ids.code", "campaign_id.tracking_url_ids.name")
    def _compute_link_choices(self):
        fixed = [
            {
                "title": self.env._("Unsubscribe"),
                "description": self.env._("Where the recipient opts out"),
                "href": "{optOutUrl}",
            },
            {
                "title": self.env._("Preference centre"),
                "description": self.env._("Where the recipient chooses which emails to get"),
                "href": "{preferencesUrl}",
            },
            {
                "title": self.env._("View in browser"),
                "description": self.env._("The email as a page of its own"),
                "href": "{viewUrl}",
            },
        ]
        for mailing in self:
            named = [
                {
                    "title": tracking_url.name,
                    "description": self.env._("Tracking URL “%s”", tracking_url.code),
                    "href": f"{{trackingUrl/{tracking_url.code}}}",
                }
                for tracking_url in mailing.campaign_id.tracking_url_ids
                if tracking_url.code and tracking_url.name
            ]
            mailing.link_choices = named + fixed

    @api.model
    def _frozen_fields(self):
        return super()._frozen_fields() | {"link_query"}

    @api.constrains("link_query")
    def _check_link_query(self):
        for mailing in self:
            try:
                parameters(mailing.link_query or "")
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "“%(query)s” can't be added to links: %(reason)s",
                        query=(mailing.link_query or "")[:100],
                        reason=str(error),
                    )
                ) from error

    def _added_parameters(self):
        """Give the query string that is added to links, as it was fixed at launch or would be now."""
        self.ensure_one()
        if self.state != "draft":
            return self.link_parameters or ""
        # A parameter of this email goes before one of the campaign.
        both = with_parameters(f"https://x/?{parameters(self.link_query or '')}", self.campaign_id._utm_parameters())
        return both.partition("?")[2].strip("&")

    def _freeze(self):
        """Fix the parameters with the content."""
        self.campaign_id._ensure_utm_campaign()
        self.sudo().link_parameters = self._added_parameters()
        return super()._freeze()
