from odoo import api, fields, models
from odoo.exceptions import UserError


class EmailCampaignSend(models.TransientModel):
    """From a selection of records to a campaign with its list and its mass email, in one go."""

    _name = "email.campaign.send"
    _description = "Send Campaign Email"

    name = fields.Char("Campaign", required=True, help="The name of the campaign and of the target list that are made.")
    res_model = fields.Char(readonly=True, required=True)
    res_ids = fields.Json(readonly=True)
    record_count = fields.Integer("Selected", compute="_compute_counts")
    without_email_count = fields.Integer(compute="_compute_counts")
    list_type_id = fields.Many2one(
        "email.list.type",
        required=True,
        default=lambda self: self.env.ref("email_campaign.list_type_marketing", raise_if_not_found=False),
        help="What recipients opt out of with the link in the email.",
    )
    excluding_list_ids = fields.Many2many("email.target.list", string="Excluding Lists")
    content_type = fields.Selection(
        [("html", "Written Here"), ("template", "Email Template")], "Content", default="html", required=True
    )
    template_id = fields.Many2one("mail.template", "Email Template")
    subject = fields.Char()
    body_html = fields.Html("Body", sanitize="email_outgoing")
    email_from = fields.Char("From", required=True, default=lambda self: self.env.user.email_formatted)
    scheduled_at = fields.Datetime("Send At", help="Leave empty to send at once.")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        model = self.env.context.get("active_model")
        if model not in self.env["email.addressee"]._email_addressee_models():
            raise UserError(
                self.env._("Select contacts, leads or users in their list first, and choose this action there.")
            )
        now = fields.Datetime.context_timestamp(self, fields.Datetime.now())
        values.update(
            res_model=model,
            res_ids=self.env.context.get("active_ids") or [],
            name=self.env._("Campaign of %(moment)s", moment=now.strftime("%Y-%m-%d %H:%M")),
        )
        return values

    @api.depends("res_model", "res_ids")
    def _compute_counts(self):
        for wizard in self:
            records = wizard._records()
            wizard.record_count = len(records)
            path = records._email_addressee_field()
            wizard.without_email_count = records.search_count([("id", "in", records.ids), (path, "=", False)])

    @api.onchange("template_id")
    def _onchange_template_id(self):
        if self.template_id.subject:
            self.subject = self.template_id.subject

    def action_send(self):
        """Make the campaign and launch its mass email; if that is refused, nothing is made."""
        mailing = self._create_mailing()
        mailing.action_launch()
        return self._open(mailing)

    def action_save(self):
        """Make the campaign and leave its mass email a draft."""
        return self._open(self._create_mailing())

    def _records(self):
        return self.env[self.res_model].with_context(active_test=False).browse(self.res_ids or [])

    def _create_mailing(self):
        self.ensure_one()
        if not self.res_ids:
            raise UserError(self.env._("Nothing is selected. Select records in the list first."))
        target_list = self.env["email.target.list"].create({"name": self.name, "list_type_id": self.list_type_id.id})
        target_list._add_records(self._records())
        campaign = self.env["email.campaign"].create(
            {
                "name": self.name,
                "target_list_ids": target_list.ids,
                "excluding_list_ids": self.excluding_list_ids.ids,
            }
        )
        return self.env["email.campaign.mailing"].create(
            {
                "campaign_id": campaign.id,
                "subject": self.subject,
                "content_type": self.content_type,
                "template_id": self.template_id.id,
                "body_html": self.body_html,
                "email_from": self.email_from,
                "scheduled_at": self.scheduled_at,
            }
        )

    def _open(self, mailing):
        return {
            "type": "ir.actions.act_window",
            "res_model": mailing._name,
            "res_id": mailing.id,
            "view_mode": "form",
            "target": "current",
        }
