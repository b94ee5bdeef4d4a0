from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class EmailCampaignSend(models.TransientModel):
    """From a selection of records, or from lists, tags, filters and addresses, to a campaign with its mass email.

    Target lists are used as they are; all others who are chosen come onto a new list.
    """

    _name = "email.campaign.send"
    _inherit = ["email.target.choice", "email.accepting"]
    _description = "Send Campaign Email"

    name = fields.Char("Campaign", required=True, help="The name of the campaign and of the target list that are made.")
    target_list_ids = fields.Many2many(
        "email.target.list", "email_campaign_send_target_list_rel", string="Target Lists"
    )
    list_type_id = fields.Many2one(
        "email.list.type",
        required=True,
        default=lambda self: self.env.ref("email_campaign.list_type_marketing", raise_if_not_found=False),
        help="What recipients opt out of with the link in the email.",
    )
    excluding_list_ids = fields.Many2many(
        "email.target.list", "email_campaign_send_excluding_list_rel", string="Excluding Lists"
    )
    enabled_only = fields.Boolean(
        "Enabled Accounts Only", default=True, help="Leave out contacts, leads and users that are archived."
    )
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
        now = fields.Datetime.context_timestamp(self, fields.Datetime.now())
        values["name"] = self.env._("Campaign of %(moment)s", moment=now.strftime("%Y-%m-%d %H:%M"))
        context = self.env.context
        if context.get("active_model") == "email.target.list":
            ids = context.get("active_ids") or []
            if context.get("selected_by_domain"):
                ids = self.env["email.target.list"].search(context.get("active_domain") or []).ids
            values["target_list_ids"] = [Command.set(ids)]
        return values

    @api.onchange("template_id")
    def _onchange_template_id(self):
        if self.template_id.subject:
            self.subject = self.template_id.subject

    def action_review(self):
        """Make the campaign with its mass email, and open the dialog that shows who would get it, and launches it.

        If it can't be launched, nothing is made.
        """
        mailing = self._create_mailing()
        return mailing._open_launch(is_new=True)

    def action_save(self):
        """Make the campaign and leave its mass email a draft."""
        mailing = self._create_mailing()
        return {
            "type": "ir.actions.act_window",
            "res_model": mailing._name,
            "res_id": mailing.id,
            "view_mode": "form",
            "target": "current",
        }

    def _create_mailing(self):
        self.ensure_one()
        lists = self.target_list_ids
        if self._is_chosen():
            lists |= self._new_list()
        if not lists:
            raise UserError(
                self.env._(
                    "Nobody is chosen. Choose target lists, contacts, tags or saved filters, or type addresses; or "
                    "select people in their own list first."
                )
            )
        campaign = self.env["email.campaign"].create(
            {
                "name": self.name,
                "target_list_ids": lists.ids,
                "excluding_list_ids": self.excluding_list_ids.ids,
                "enabled_only": self.enabled_only,
                "accept_contacts": self.accept_contacts,
                "accept_list_contacts": self.accept_list_contacts,
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

    def _new_list(self):
        target_list = self.env["email.target.list"].create({"name": self.name, "list_type_id": self.list_type_id.id})
        self._add_to(target_list)
        return target_list
