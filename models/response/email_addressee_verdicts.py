from odoo import api, fields, models


def action_of(env, domain, name):
    """Give the action that shows the verdicts of `domain`."""
    action = env["ir.actions.actions"]._for_xml_id("email_campaign.email_verdict_action")
    action.update(domain=domain, context={}, display_name=name)
    return action


class EmailAddressee(models.AbstractModel):
    """Why an addressee's address is what it is: the verdicts on it that the user may see."""

    _inherit = "email.addressee"

    email_verdict_count = fields.Integer(
        compute="_compute_email_verdict_count", groups="base.group_user", export_string_translation=False
    )

    @api.depends(lambda self: [self._email_addressee_field()])
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_email_verdict_count(self):
        verdicts = self.env["email.verdict"]
        emails = {record: record._email_key() for record in self}
        counts = {}
        if verdicts.has_access("read"):
            wanted = [("email", "in", list(filter(None, emails.values())))]
            counts = dict(verdicts._read_group(wanted, ["email"], ["__count"]))
        for record, email in emails.items():
            record.email_verdict_count = counts.get(email, 0)

    def action_view_email_verdicts(self):
        """Open what came back from the address of this record."""
        self.ensure_one()
        return action_of(
            self.env,
            [("email", "=", self._email_key() or "")],
            self.env._("What Came Back from %s", self.display_name),
        )


class EmailAddress(models.Model):
    _inherit = "email.address"

    verdict_count = fields.Integer("What Came Back", compute="_compute_verdict_count")

    def _compute_verdict_count(self):
        verdicts = self.env["email.verdict"]
        counts = dict(verdicts._read_group([("email", "in", self.mapped("email"))], ["email"], ["__count"]))
        for known in self:
            known.verdict_count = counts.get(known.email, 0)

    def action_view_verdicts(self):
        """Open what came back from this address."""
        self.ensure_one()
        return action_of(self.env, [("email", "=", self.email)], self.env._("What Came Back from %s", self.email))


class EmailCampaignRecipient(models.Model):
    _inherit = "email.campaign.recipient"

    verdict_ids = fields.One2many("email.verdict", "recipient_id", "What Came Back", readonly=True)
    verdict_count = fields.Integer(compute="_compute_verdict_count", export_string_translation=False)

    def _compute_verdict_count(self):
        verdicts = self.env["email.verdict"]
        counts = dict(verdicts._read_group([("recipient_id", "in", self.ids)], ["recipient_id"], ["__count"]))
        for recipient in self:
            recipient.verdict_count = counts.get(recipient, 0)

    def action_view_verdicts(self):
        """Open what came back for this email."""
        self.ensure_one()
        return action_of(
            self.env, [("recipient_id", "=", self.id)], self.env._("What Came Back from %s", self.email or "")
        )


class EmailCampaignEvent(models.Model):
    _inherit = "email.campaign.event"

    def action_view_verdict(self):
        """Open why this was written down: the verdict behind it, or all of this email's."""
        self.ensure_one()
        verdicts = self.env["email.verdict"]
        found = verdicts.search([("event_id", "=", self.id)], limit=1)
        if not found:
            return self.recipient_id.action_view_verdicts()
        return {
            "type": "ir.actions.act_window",
            "res_model": "email.verdict",
            "res_id": found.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
