from odoo import api, fields, models
from odoo.tools import SQL, email_normalize

from ....tools import address


class EmailListType(models.Model):
    """Newsletters: list types that users find on their page and tick or not."""

    _inherit = "email.list.type"

    is_newsletter = fields.Boolean(
        "Newsletter for Users",
        help="People who log in, customers in the portal and colleagues, find it on their page of newsletters and "
        "subscribe and unsubscribe there.",
    )
    newsletter_text = fields.Char(
        "What It Is About", translate=True, help="One sentence that users read beside the name."
    )

    @api.model
    def _newsletters(self, user):
        """Give the newsletters that `user` may subscribe to: those of their companies, and those of all."""
        return self.sudo().search([("is_newsletter", "=", True), ("company_id", "in", [False, *user.company_ids.ids])])

    @api.model
    def _address_of(self, user):
        """Give the normalised address that `user` may subscribe, empty for none.

        A portal user changes the address of their contact as they like, so that it shows nothing: what they log in with
        goes before.
        """
        candidates = (user.email, user.login) if user._is_internal() else (user.login, user.email)
        for candidate in candidates:
            if candidate and email_normalize(candidate):
                return address.key(candidate)
        return ""

    def _newsletter_states(self, email):
        """Give {list type: state of its subscription for `email`}, all of these."""
        subscriptions = (
            self.env["email.subscription"].sudo().search([("email", "=", email), ("list_type_id", "in", self.ids)])
        )
        states = {subscription.list_type_id: subscription.state for subscription in subscriptions}
        return {list_type: states.get(list_type) for list_type in self}

    def _choose(self, user, ticked, ip=None, user_agent=None):
        """Subscribe `user` to those of these newsletters that are `ticked`, and unsubscribe them from the others.

        Who is no colleague confirms by email where the list type asks for it.

        :return: the newsletters that an email was sent about
        """
        email = self._address_of(user)
        asked = self.browse()
        evidence = {"source": "portal", "ip": ip, "user_agent": user_agent, "user_id": user.id, "lang": user.lang}
        for list_type, state in self._newsletter_states(email).items():
            text = list_type.consent_text_id
            said = list_type.with_context(email_consent={**evidence, "text_id": text.id}, lang=user.lang)
            words = said.env._("newsletters of a user")
            subscriptions = said.env["email.subscription"].sudo()
            if list_type in ticked and state != "opted_in":
                if user._is_internal() or not list_type.double_opt_in:
                    subscriptions._set_state(email, list_type, "opted_in", words)
                    list_type._add_subscriber(email, user.name, user.lang)
                    said.env["email.pause"].sudo()._end_by_subscribing(email, list_type)
                else:
                    said.env["email.subscription.request"].sudo()._ask(
                        list_type, email, user.name, text, ip=ip, user_agent=user_agent
                    )
                    asked |= list_type
            elif list_type not in ticked and state in ("opted_in", "pending"):
                subscriptions._set_state(email, list_type, "opted_out", words)
        return asked

    def _add_subscriber(self, email, name, lang):
        """Put an address on the list of subscribers.

        As a plain address, also where it is a contact's: what we know of contacts is not for whoever reads the mail of
        an address. Who is on the list as a contact already stays so.
        """
        target_list = self.subscriber_list_id
        if not target_list:
            return
        target_list._hold()
        self.env.cr.execute(
            SQL(
                """
                WITH there AS (
                    UPDATE email_target_list_member
                       SET state = 'subscribed', write_date = now() AT TIME ZONE 'utc'
                     WHERE list_id = %(list)s AND email_normalized = %(email)s
                 RETURNING id
                )
                INSERT INTO email_target_list_member
                            (list_id, name, email, email_normalized, lang, record_active, state,
                             create_date, write_date)
                     SELECT %(list)s, %(name)s, %(email)s, %(email)s, %(lang)s, TRUE, 'subscribed',
                            now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                      WHERE NOT EXISTS (SELECT FROM there)
                ON CONFLICT DO NOTHING
                """,
                list=target_list.id,
                email=email,
                name=name or None,
                lang=lang or None,
            )
        )
        self.env["email.target.list.member"].invalidate_model(flush=False)
