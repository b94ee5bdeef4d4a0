from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class EmailCampaign(models.Model):
    _name = "email.campaign"
    _description = "Email Campaign"
    _inherit = ["mail.thread", "mail.activity.mixin", "email.figures", "email.accepting"]
    _order = "create_date desc, id desc"
    _check_company_auto = True
    _figures_column = "campaign_id"
    _figures_depends = ("mailing_ids.state",)

    name = fields.Char(required=True, tracking=True)
    kind = fields.Selection(
        [("email", "Email"), ("newsletter", "Newsletter")],
        default="email",
        required=True,
        help="A newsletter goes out again and again to people who subscribed to it. So it must come by a list type "
        "that people can subscribe to themselves, and always has an opt-out link, also where the footer is switched "
        "off.",
    )
    active = fields.Boolean(default=True)
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        default=lambda self: self.env.user,
        tracking=True,
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, readonly=False
    )
    target_list_ids = fields.Many2many(
        "email.target.list",
        "email_campaign_target_list_rel",
        "campaign_id",
        "list_id",
        "Target Lists",
        check_company=True,
        help="Who gets the mass emails of this campaign. Somebody who is on several lists gets each email once.",
    )
    excluding_list_ids = fields.Many2many(
        "email.target.list",
        "email_campaign_excluding_list_rel",
        "campaign_id",
        "list_id",
        "Excluding Lists",
        check_company=True,
        context={"active_test": False},
        help="Who is on one of these lists gets nothing from this campaign, by record or by address.",
    )
    enabled_only = fields.Boolean(
        "Enabled Accounts Only", default=True, help="Leave out contacts, leads and users that are archived."
    )
    mailing_ids = fields.One2many("email.campaign.mailing", "campaign_id", "Mass Emails", copy=True)
    tracking_url_ids = fields.One2many("email.tracking.url", "campaign_id", "Tracking URLs", copy=True)
    mailing_count = fields.Integer("Number of Mass Emails", compute="_compute_mailing_count")
    state = fields.Selection(
        [("draft", "Draft"), ("running", "Running"), ("done", "Done")],
        compute="_compute_mailing_count",
        help="Running while a mass email is on its way, done when all are.",
    )
    recent_event_ids = fields.Many2many("email.campaign.event", "Latest Events", compute="_compute_recent_event_ids")

    @api.depends("mailing_ids.state")
    def _compute_mailing_count(self):
        groups = self.env["email.campaign.mailing"]._read_group(
            [("campaign_id", "in", self.ids)], ["campaign_id"], ["__count", "state:array_agg"]
        )
        found = {campaign: (count, set(states)) for campaign, count, states in groups}
        for campaign in self:
            campaign.mailing_count, states = found.get(campaign._origin, (0, set()))
            if states & {"queued", "sending", "paused"}:
                campaign.state = "running"
            else:
                campaign.state = "done" if "done" in states else "draft"

    def _compute_recent_event_ids(self):
        for campaign in self:
            campaign.recent_event_ids = self.env["email.campaign.event"].search(
                [("campaign_id", "=", campaign._origin.id)], limit=20
            )

    def write(self, vals):
        result = super().write(vals)
        if vals.get("active"):
            # What had waited in the archive goes on now, and not at the next turn of the clock.
            self.env["email.provider"].sudo()._trigger_send()
        return result

    def copy_data(self, default=None):
        return [
            dict(vals, name=self.env._("%(name)s (copy)", name=campaign.name))
            for campaign, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def action_new_mailing(self):
        """Open a new mass email of this campaign."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "email.campaign.mailing",
            "view_mode": "form",
            "context": {"default_campaign_id": self.id},
        }

    def action_view_mailings(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_mailing_action", default_campaign_id=self.id)

    def action_view_recipients(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_recipient_action")

    def action_view_events(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_event_action")

    def _archived_target_lists(self):
        """Give the target lists that nobody is mailed by any more, because they are archived."""
        return self.with_context(active_test=False).target_list_ids - self.target_list_ids

    def _list_types(self):
        """Give (id, name in the language of the context) of the list types that its target lists are of.

        Those of archived lists count: what names the campaign to mail programs shall not change by that.
        """
        for model, names in (("email.target.list", ["list_type_id"]), ("email.list.type", ["name"])):
            self.env[model].flush_model(names)
        self.flush_recordset(["target_list_ids"])
        name = self.env["email.list.type"]._field_to_sql("t", "name")
        return self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT t.id, %s FROM email_campaign_target_list_rel x
                  JOIN email_target_list l ON l.id = x.list_id
                  JOIN email_list_type t ON t.id = l.list_type_id
                 WHERE x.campaign_id = ANY(%s)
                """,
                name,
                self._origin.ids,
            )
        )

    def _view(self, xmlid, **context):
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        action.update(domain=[("campaign_id", "=", self.id)], context=context)
        return action

    def unlink(self):
        """Delete their mass emails first, which take their recipients with them."""
        self.mailing_ids.unlink()
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_sent(self):
        self.mailing_ids._unlink_unless_nothing_left()

    @api.constrains("target_list_ids", "excluding_list_ids")
    def _check_lists_differ(self):
        for campaign in self:
            if both := campaign.target_list_ids & campaign.excluding_list_ids:
                raise UserError(
                    self.env._(
                        "The list “%(list)s” of the campaign “%(campaign)s” is used to include and to exclude at "
                        "once; choose one of the two.",
                        list=both[0].name,
                        campaign=campaign.name,
                    )
                )
