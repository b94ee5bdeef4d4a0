from odoo import api, fields, models
from odoo.exceptions import UserError

# What recipients did, as a domain on them.
RESPONSES = {
    "sent": [("state", "=", "sent")],
    "opened": [("opened_at", "!=", False)],
    "not_opened": [("state", "=", "sent"), ("opened_at", "=", False)],
    "clicked": [("clicked_at", "!=", False)],
    "not_clicked": [("state", "=", "sent"), ("clicked_at", "=", False)],
    "opened_only": [("opened_at", "!=", False), ("clicked_at", "=", False)],
    "link": [],
    "replied": [("replied_at", "!=", False)],
    "not_replied": [("state", "=", "sent"), ("replied_at", "=", False)],
    "bounced": [("bounced_at", "!=", False)],
    "opted_out": [("opted_out_at", "!=", False)],
    "failed": [("is_trouble", "=", True), ("state", "=", "failed")],
}


class EmailTargetListResponse(models.TransientModel):
    """Makes a target list of those who did something with a mass email, or did not."""

    _name = "email.target.list.response"
    _description = "Target List of a Response"

    campaign_id = fields.Many2one("email.campaign", required=True, ondelete="cascade")
    mailing_id = fields.Many2one(
        "email.campaign.mailing",
        "Mass Email",
        domain="[('campaign_id', '=', campaign_id), ('state', '!=', 'draft')]",
        ondelete="cascade",
        help="Leave empty for all mass emails of the campaign together.",
    )
    response = fields.Selection(
        [
            ("opened", "Opened it"),
            ("not_opened", "Got it and did not open it"),
            ("clicked", "Clicked a link"),
            ("link", "Clicked a certain link"),
            ("not_clicked", "Got it and did not click"),
            ("opened_only", "Opened it and did not click"),
            ("replied", "Replied"),
            ("not_replied", "Got it and did not reply"),
            ("bounced", "Bounced"),
            ("opted_out", "Opted out"),
            ("failed", "Failed to get it"),
            ("sent", "Got it"),
        ],
        "Everybody Who",
        default="opened",
        required=True,
        help="Openings and clicks count that were a person's; those of machines don't.",
    )
    tracking_url_id = fields.Many2one("email.tracking.url", "Link", domain="[('campaign_id', '=', campaign_id)]")
    recipient_count = fields.Integer("Recipients", compute="_compute_recipient_count")
    list_id = fields.Many2one(
        "email.target.list",
        "Add to List",
        domain="[('kind', '=', 'static')]",
        help="Leave empty to make a new list.",
        ondelete="cascade",
    )
    name = fields.Char("Name of the New List", compute="_compute_name", compute_sudo=False, store=True, readonly=False)

    @api.depends("campaign_id", "mailing_id", "response", "tracking_url_id")
    def _compute_recipient_count(self):
        for wizard in self:
            wizard.recipient_count = self.env["email.campaign.recipient"].search_count(wizard._recipient_domain())

    @api.depends("campaign_id", "mailing_id", "response", "tracking_url_id")
    def _compute_name(self):
        labels = dict(self._fields["response"]._description_selection(self.env))
        for wizard in self:
            what = labels.get(wizard.response, "")
            if wizard.response == "link" and wizard.tracking_url_id:
                what = self.env._("Clicked “%s”", wizard.tracking_url_id.name)
            wizard.name = f"{wizard.mailing_id.display_name or wizard.campaign_id.name or ''}: {what}"

    def _recipient_domain(self):
        """Give the domain of the recipients who are meant."""
        self.ensure_one()
        if self.mailing_id:
            domain = fields.Domain("mailing_id", "=", self.mailing_id.id)
        else:
            mailings = self.env["email.campaign.mailing"].search([("campaign_id", "=", self.campaign_id.id)])
            domain = fields.Domain("mailing_id", "in", mailings.ids)
        if self.response == "link":
            clicks = [
                ("campaign_id", "=", self.campaign_id.id),
                ("tracking_url_id", "=", self.tracking_url_id.id or 0),
                ("kind", "=", "click"),
                ("verdict", "=", "human"),
            ]
            return domain & fields.Domain("event_ids", "any", clicks)
        return domain & fields.Domain(RESPONSES.get(self.response, []))

    def action_make(self):
        """Make the list, or add to the one that was chosen, and open it."""
        self.ensure_one()
        if self.response == "link" and not self.tracking_url_id:
            raise UserError(self.env._("Choose the link that they clicked."))
        if not self.recipient_count:
            raise UserError(self.env._("There is nobody yet of whom this could be said, so no list was made."))
        target_list = self.list_id
        if not target_list:
            if not (self.name or "").strip():
                raise UserError(self.env._("Give the new list a name, or choose one that there is."))
            target_list = self.env["email.target.list"].create(
                {"name": self.name.strip(), "company_id": self.campaign_id.company_id.id, **self._list_type()}
            )
        count = target_list._add_recipients(self._recipient_domain())
        target_list._message_log(body=self.env._("%(count)s added: %(name)s.", count=count, name=self._described()))
        return {
            "type": "ir.actions.act_window",
            "res_model": "email.target.list",
            "res_id": target_list.id,
            "view_mode": "form",
        }

    def _described(self):
        labels = dict(self._fields["response"]._description_selection(self.env))
        whose = self.mailing_id.display_name or self.campaign_id.name
        link = f" ({self.tracking_url_id.name})" if self.response == "link" else ""
        return f"{whose}, {labels[self.response]}{link}"

    def _list_type(self):
        """Give the list type that the campaign's lists have, if it is one: who was mailed as such stays such."""
        types = self.campaign_id.target_list_ids.list_type_id
        return {"list_type_id": types.id} if len(types) == 1 else {}
