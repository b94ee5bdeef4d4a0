from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .email_verdict import BLOCKS

# Days for which a provider shows that receivers have something against it.
DAYS = 7
# From so many on it is no accident.
MANY = 10


class EmailProvider(models.Model):
    """What receivers have against a provider: refusals for which no recipient is to blame."""

    _inherit = "email.provider"

    block_count = fields.Integer(
        "Refusals Lately",
        compute="_compute_blocks",
        help="How often in the last 7 days a receiver refused an email because of the sender: a block, the content, "
        "too many emails. None of this counts against the recipients.",
    )
    block_level = fields.Selection([("warning", "Some"), ("danger", "Many")], compute="_compute_blocks")
    block_reasons = fields.Char("Reasons", compute="_compute_blocks")
    block_text = fields.Char("Latest Refusal", compute="_compute_blocks")

    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_blocks(self):
        verdicts = self.env["email.verdict"]
        found = {}
        # How it fares is everybody's business who sends by it; what was said to whom, only of those who may read it.
        for provider, reason, count in verdicts.sudo()._read_group(
            self._blocks_domain(), ["provider_id", "reason"], ["__count"]
        ):
            found.setdefault(provider.id, {})[reason] = count
        labels = dict(verdicts._fields["reason"]._description_selection(self.env))
        readable = verdicts.has_access("read")
        for provider in self:
            counts = found.get(provider._origin.id, {})
            total = sum(counts.values())
            provider.block_count = total
            provider.block_level = ("danger" if total >= MANY else "warning") if total else False
            provider.block_reasons = ", ".join(
                f"{labels.get(reason, reason)} ({count})"
                for reason, count in sorted(counts.items(), key=lambda item: -item[1])
            )
            latest = verdicts
            if total and readable:
                latest = verdicts.search(provider._blocks_domain(), order="noted_at desc, id desc", limit=1)
            provider.block_text = latest.diagnostic or False

    def _blocks_domain(self):
        since = fields.Datetime.now() - timedelta(days=DAYS)
        return (
            Domain("provider_id", "in", self._origin.ids)
            & Domain("reason", "in", BLOCKS)
            & Domain("noted_at", ">=", since)
            & Domain("state", "in", ("counted", "noted"))
        )

    def action_view_blocks(self):
        """Open what receivers refused for the sake of this provider."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_verdict_action")
        action.update(
            domain=[("provider_id", "=", self.id), ("reason", "in", BLOCKS)],
            context={},
            display_name=self.env._("Refused by Receivers: %s", self.name),
        )
        return action
