from odoo import fields, models
from odoo.exceptions import AccessError, UserError


class EmailConsentHand(models.TransientModel):
    """Somebody said so by phone or letter: who writes it down says what there is to show for it."""

    _name = "email.consent.hand"
    _description = "Opt In or Out by Hand"

    subscription_ids = fields.Many2many("email.subscription", string="Subscriptions")
    email = fields.Char("Email Address", help="Whose it is; several with a comma between them.")
    list_type_id = fields.Many2one("email.list.type")
    state = fields.Selection(
        [("opted_in", "Opt in"), ("opted_out", "Opt out")], "What They Want", required=True, default="opted_out"
    )
    everything = fields.Boolean("All Email", help="Opt out of all campaigns, whatever the list type.")
    note = fields.Char(
        "How We Know", required=True, help="What there is to show for it: a letter, a form on paper, a call, and when."
    )

    def action_apply(self):
        """Change what these addresses get, with this user and the note on record.

        :raises UserError: naming what is no address
        """
        self.ensure_one()
        if not self.env.user.has_group("email_campaign.group_manager"):
            raise AccessError(self.env._("Only campaign managers opt others in or out."))
        said = {"source": "hand", "detail": self.note, "user_id": self.env.uid}
        subscriptions = self.env["email.subscription"].sudo().with_context(email_consent=said)
        blacklist = self.env["mail.blacklist"].sudo().with_context(email_consent=said)
        self.subscription_ids.check_access("read")
        self.list_type_id.check_access("read")
        pairs = {(subscription.email, subscription.list_type_id.id) for subscription in self.subscription_ids}
        if self.email:
            if not self.list_type_id and not (self.everything and self.state == "opted_out"):
                raise UserError(self.env._("Choose the list type that this is about, or all email."))
            emails = self.env["email.target.list"]._read_addresses(self.email)
            pairs.update((email, self.list_type_id.id) for email in emails)
        if not pairs:
            raise UserError(self.env._("Type the address of whoever said so."))
        if self.state == "opted_in":
            self._check_not_erased(pairs)
        if self.everything and self.state == "opted_out":
            blacklist._add_all([email for email, _list_type_id in pairs], self.note)
        else:
            subscriptions._set_states(pairs, self.state, self.note)
        return {"type": "ir.actions.act_window_close"}

    def _check_not_erased(self, pairs):
        """Refuse addresses that were erased: only their owners can come back, by confirming it themselves."""
        by_type = {}
        for email, list_type_id in pairs:
            by_type.setdefault(list_type_id, []).append(email)
        erasures, list_types = self.env["email.erasure"].sudo(), self.env["email.list.type"]
        erased = {
            email
            for list_type_id, emails in by_type.items()
            for email in erasures._erased_of(emails, list_types.browse(list_type_id))
        }
        if erased:
            raise UserError(
                self.env._(
                    "%(emails)s asked to be erased, and can't be opted in by others. They come back by subscribing "
                    "themselves and confirming it.",
                    emails=", ".join(sorted(erased)),
                )
            )
