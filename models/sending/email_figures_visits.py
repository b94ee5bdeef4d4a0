from collections import Counter

from odoo import fields, models

# Field: kind of event, whose they are (None: everybody's).
VISITS = {
    "open_human_count": ("open", "human"),
    "open_machine_count": ("open", "machine"),
    "open_all_count": ("open", None),
    "click_human_count": ("click", "human"),
    "click_machine_count": ("click", "machine"),
    "click_all_count": ("click", None),
}


class EmailFigures(models.AbstractModel):
    """Openings and clicks by persons, by machines, and all of them; events and not people, as often as they came.

    From the totals of the log, so that they stay what they are when old events are removed.
    """

    _inherit = "email.figures"

    open_human_count = fields.Integer("Openings by Persons", compute="_compute_visits")
    open_machine_count = fields.Integer("Openings by Machines", compute="_compute_visits")
    open_all_count = fields.Integer("All Openings", compute="_compute_visits")
    click_human_count = fields.Integer("Clicks by Persons", compute="_compute_visits")
    click_machine_count = fields.Integer("Clicks by Machines", compute="_compute_visits")
    click_all_count = fields.Integer("All Clicks", compute="_compute_visits")

    def _compute_visits(self):
        column = "mailing_id" if self._figures_column == "id" else self._figures_column
        found = Counter()
        if self.ids:
            # Whoever may read the record may read its numbers.
            for owner, kind, verdict, number in (
                self.env["email.campaign.event.total"]
                .sudo()
                ._read_group(
                    [(column, "in", self.ids), ("kind", "in", ("open", "click"))],
                    [column, "kind", "verdict"],
                    ["number:sum"],
                )
            ):
                found[owner.id, kind, verdict] += number
                found[owner.id, kind, None] += number
        for record in self:
            for name, (kind, verdict) in VISITS.items():
                record[name] = found[record._origin.id, kind, verdict]

    def action_view_responses(self):
        """Open the recipients that a number counts, which the context names."""
        self.ensure_one()
        response = self.env.context.get("response")
        shown = {"opened": "opened", "clicked": "clicked", "bounced": "bounced", "opted_out": "opted_out"}.get(response)
        action = self.action_view_recipients()
        action["context"] = {**(action.get("context") or {}), **({f"search_default_{shown}": 1} if shown else {})}
        return action

    def action_view_visits(self):
        """Open the log with the openings or clicks that the context names."""
        self.ensure_one()
        action = self.action_view_events()
        shown = [self.env.context.get("kind"), self.env.context.get("verdict")]
        action["context"] = {
            **(action.get("context") or {}),
            **{f"search_default_{name}": 1 for name in shown if name in ("open", "click", "human", "machine")},
        }
        return action

    def action_make_list(self):
        """Open the dialog that makes a target list of a response."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_response_action")
        mailing = self if self._name == "email.campaign.mailing" else self.env["email.campaign.mailing"]
        action["context"] = {
            "default_campaign_id": mailing.campaign_id.id or self.id,
            "default_mailing_id": mailing.id,
            "default_response": self.env.context.get("response") or "opened",
        }
        return action
