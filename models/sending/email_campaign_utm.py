import re

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.links import joined_parameters

# What means something else than itself in a pattern of PostgreSQL.
_OF_PATTERNS = re.compile(r"[%_\\]")


class EmailCampaign(models.Model):
    """What links tell the pages they lead to (UTM), and what came of that: leads, opportunities and orders.

    Odoo's own pages keep the parameters in cookies, and whatever a visitor creates there gets their records.
    """

    _inherit = "email.campaign"

    utm_enabled = fields.Boolean(
        "UTM Parameters",
        default=True,
        help="Add utm_source, utm_medium, utm_campaign and utm_content to links, so that visits, leads and orders are "
        "put down to this campaign. A link that has one of them keeps its own.",
    )
    utm_source_id = fields.Many2one(
        "utm.source",
        "Source",
        ondelete="set null",
        default=lambda self: self.env.ref("utm.utm_source_newsletter", raise_if_not_found=False),
    )
    utm_medium_id = fields.Many2one(
        "utm.medium",
        "Medium",
        ondelete="set null",
        default=lambda self: self.env.ref("utm.utm_medium_email", raise_if_not_found=False),
    )
    utm_campaign_id = fields.Many2one(
        "utm.campaign",
        "UTM Campaign",
        ondelete="set null",
        index="btree_not_null",
        copy=False,
        help="Leave empty to have one made of the campaign's name at the first launch.",
    )
    utm_content = fields.Char("Content", help="Tells variants apart, such as spring-a. Left out if empty.")
    currency_id = fields.Many2one(related="company_id.currency_id")
    lead_count = fields.Integer("Leads", compute="_compute_attributed")
    opportunity_count = fields.Integer("Opportunities", compute="_compute_attributed")
    expected_revenue = fields.Monetary(compute="_compute_attributed", help="Of the opportunities that are not lost.")
    won_revenue = fields.Monetary(compute="_compute_attributed", help="Of the opportunities that were won.")
    order_count = fields.Integer("Orders", compute="_compute_attributed")
    order_amount = fields.Monetary("Ordered", compute="_compute_attributed", help="Before taxes, without quotations.")

    @api.depends("utm_campaign_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_attributed(self):
        leads = self._leads_by_campaign()
        orders = self._orders_by_campaign()
        for campaign in self:
            utm = campaign.utm_campaign_id
            found = leads.get(utm, {}) if utm else {}
            campaign.lead_count = found.get("lead_count", 0)
            campaign.opportunity_count = found.get("opportunity_count", 0)
            campaign.expected_revenue = found.get("expected_revenue", 0)
            campaign.won_revenue = found.get("won_revenue", 0)
            campaign.order_count, campaign.order_amount = orders.get(utm, (0, 0)) if utm else (0, 0)

    def _leads_by_campaign(self):
        """Give {utm campaign: {field: number}} of the leads that the user may see."""
        leads = self.env["crm.lead"]
        if not leads.has_access("read"):
            return {}
        found = {}
        for utm, kind, stage, count, revenue in leads._read_group(
            [("campaign_id", "in", self.utm_campaign_id.ids)],
            ["campaign_id", "type", "stage_id"],
            ["__count", "expected_revenue:sum"],
        ):
            numbers = found.setdefault(
                utm, dict.fromkeys(("lead_count", "opportunity_count", "expected_revenue", "won_revenue"), 0)
            )
            if kind == "lead":
                numbers["lead_count"] += count
                continue
            numbers["opportunity_count"] += count
            numbers["expected_revenue"] += revenue or 0
            if stage.is_won:
                numbers["won_revenue"] += revenue or 0
        return found

    def _orders_by_campaign(self):
        """Give {utm campaign: (number, amount)} of confirmed orders, where Odoo's sales are installed."""
        if "sale.order" not in self.env or not self.env["sale.order"].has_access("read"):
            return {}
        rows = self.env["sale.order"]._read_group(
            [("campaign_id", "in", self.utm_campaign_id.ids), ("state", "=", "sale")],
            ["campaign_id"],
            ["__count", "amount_untaxed:sum"],
        )
        return {utm: (count, amount or 0) for utm, count, amount in rows}

    def action_view_leads(self):
        """Open the leads and opportunities that came of this campaign."""
        self.ensure_one()
        return self._view_attributed("crm.lead", self.env._("Leads of %s", self.name), "list,kanban,graph,pivot,form")

    def action_view_orders(self):
        """Open the orders that came of this campaign."""
        self.ensure_one()
        return self._view_attributed("sale.order", self.env._("Orders of %s", self.name), "list,form")

    def _view_attributed(self, model, name, views):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": views,
            "domain": [("campaign_id", "=", self.utm_campaign_id.id)],
            "context": {"create": False, "active_test": False},
        }

    def _ensure_utm_campaign(self):
        """See to it that campaigns which add UTM parameters have a UTM campaign; two of one name get two."""
        for campaign in self:
            if not campaign.utm_enabled or campaign.utm_campaign_id:
                continue
            # One campaign is launched by one person at a time; who comes second finds the first one's.
            self.env.cr.execute(SQL("SELECT FROM email_campaign WHERE id = %s FOR NO KEY UPDATE", campaign.id))
            campaign.sudo().utm_campaign_id = campaign._new_utm_campaign()

    def _new_utm_campaign(self):
        """Give a UTM campaign, as superuser, that Odoo finds again by its name when a visitor comes back with it.

        It looks for the name as for a pattern, in which signs stand for others, and takes large letters for small ones.
        """
        campaigns = self.env["utm.campaign"].sudo()
        name = " ".join(_OF_PATTERNS.sub(" ", self.name).split()) or f"C{self.id}"
        made = campaigns.create(
            {"title": self.name, "name": name, "user_id": self.user_id.id, "is_auto_campaign": True}
        )
        if campaigns.with_context(active_test=False).search([("name", "=ilike", made.name)], limit=1) != made:
            [made.name] = self.env["utm.mixin"]._get_unique_names(campaigns._name, [f"{name} C{self.id}"])
        return made

    def _utm_parameters(self):
        """Give the UTM parameters of this campaign as a query string."""
        self.ensure_one()
        if not self.utm_enabled:
            return ""
        own = self.sudo()
        return joined_parameters(
            [
                ("utm_source", own.utm_source_id.name),
                ("utm_medium", own.utm_medium_id.name),
                ("utm_campaign", own.utm_campaign_id.name or own.name),
                ("utm_content", own.utm_content),
            ]
        )
