from odoo import api, fields, models
from odoo.tools import SQL


class EmailSubscriptionRequest(models.Model):
    """The owner of the address answers."""

    _inherit = "email.subscription.request"

    @api.model
    def _of_token(self, token):
        """Give (request, list type) that a confirmation link was made for, as superuser; either may be gone since."""
        request_id, list_type_id = self.env["email.link"]._signer().read("confirm", token, 2) or (0, 0)
        request = self.sudo().browse(request_id or ()).exists()
        return request, self.env["email.list.type"].sudo().browse(list_type_id or ()).exists()

    def _is_open(self):
        """Say whether it can be confirmed."""
        return self.state == "pending" and self.expires_at > fields.Datetime.now()

    def _is_subscribed(self):
        subscribed = [
            ("email", "=", self.email),
            ("list_type_id", "=", self.list_type_id.id),
            ("state", "=", "opted_in"),
        ]
        return bool(self.env["email.subscription"].sudo().search_count(subscribed))

    def _had_opted_out_of_everything(self):
        return bool(self.env["mail.blacklist"].sudo().search_count([("email_key", "=", self.email)]))

    def _is_paused(self):
        """Say whether confirming ends a break that the owner of the address asked for."""
        return bool(self.env["email.pause"].sudo()._companies_paused(self.email, self.list_type_id))

    def _confirm(self, ip=None, user_agent=None):
        """Subscribe the owner of the address, who has shown to be the one who asked; give whether they are subscribed.

        Asking twice does no harm, and one of two at once starts anew.
        """
        self.env.execute_query(SQL("SELECT id FROM email_subscription_request WHERE id = %s FOR UPDATE", self.id))
        self.invalidate_recordset(flush=False)
        if self.state == "confirmed":
            return self._is_subscribed()
        if not self._is_open():
            return False
        self._saying("confirmation", ip, user_agent)._subscribe("opt_in_confirmed")
        return True

    def _leave(self, ip=None, user_agent=None, source="page"):
        """Opt the owner out again; give whether the link was one of somebody who is subscribed."""
        # By what holds and not by the request: anybody may ask for an address that is subscribed already.
        if not self._is_subscribed() and self.state == "pending":
            return False
        said = self._saying(source, ip, user_agent)
        said.env["email.subscription"].sudo()._set_state(
            self.email, self.list_type_id, "opted_out", self.env._("link in the welcome email")
        )
        self.state = "left"
        return True

    def _subscribe(self, action):
        """Make it so: the subscription, the list of subscribers, and what stood in the way."""
        said = self.with_context(email_consent={**self.env.context["email_consent"], "action": action})
        words = said.env._("subscribe form")
        self.write({"state": "confirmed", "confirmed_at": fields.Datetime.now()})
        self._lift_blacklist()
        said.env["email.subscription"].sudo()._set_state(self.email, self.list_type_id, "opted_in", words)
        self.list_type_id._add_subscriber(self.email, self.name, self.lang)
        said.env["email.pause"].sudo()._end_by_subscribing(self.email, self.list_type_id)
        if action == "opt_in_confirmed":
            self._note_address_works()
        if self.list_type_id.welcome_template_id:
            self._send(self.list_type_id.welcome_template_id)

    def _lift_blacklist(self):
        """Let somebody who had opted out of everything have what they ask for now, and nothing else."""
        blacklist = self.env["mail.blacklist"].sudo()
        if not blacklist.search_count([("email_key", "=", self.email)]):
            return
        words = self.env._("opted out of everything before")
        self.env["email.subscription"].sudo()._opt_out_of_others(self.email, self.list_type_id, words)
        blacklist.search([("email_key", "=", self.email)]).write({"active": False})

    def _note_address_works(self):
        """Take the address for valid: its owner got an email and acted on it."""
        addresses = self.env["email.address"].sudo()
        invalid = addresses.search_count([("email", "=", self.email), ("validity", "in", ("invalid", "soft_bouncing"))])
        if invalid:
            addresses._mark_by_hand([self.email], "valid", self.env._("A subscription was confirmed from it."))
