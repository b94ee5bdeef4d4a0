from odoo import api, fields, models
from odoo.tools import SQL

from ....tools import network, one_click, visitor

#: Days in which a request can be confirmed.
EXPIRES_AFTER = 7
#: Minutes in which one address gets no second confirmation email for one list type, and emails a day for all of them.
QUIET = 15
MAILS_A_DAY = 5
#: Requests an hour from one network, see `tools.network`. Offices and mobile networks share theirs.
NETWORK_LIMIT = 60
MAX_NAME = 100


class EmailSubscriptionRequest(models.Model):
    """Somebody typed an address into a subscribe form. Whose it is shows when the owner confirms.

    ========= ==================================== =============================================================
    state     set by                               what follows
    ========= ==================================== =============================================================
    pending   the form                             the owner is sent a link; after a week without an answer it is
                                                   deleted, and nothing but the ledger knows of it
    confirmed the owner, behind the link           subscribed; the link opts out again
    left      the owner, behind the link           opted out; the form is there to come back
    ========= ==================================== =============================================================

    Nobody reads these records: who has a link can confirm.
    """

    _name = "email.subscription.request"
    _description = "Subscription Request"
    _rec_name = "email"
    _log_access = False

    email = fields.Char(required=True, readonly=True)
    name = fields.Char(readonly=True)
    lang = fields.Char(readonly=True)
    list_type_id = fields.Many2one("email.list.type", required=True, readonly=True, ondelete="cascade")
    text_id = fields.Many2one("email.consent.text", readonly=True, ondelete="restrict", index="btree_not_null")
    state = fields.Selection(
        [("pending", "Not Confirmed"), ("confirmed", "Confirmed"), ("left", "Left Again")], required=True, readonly=True
    )
    requested_at = fields.Datetime(required=True, readonly=True)
    expires_at = fields.Datetime(required=True, readonly=True)
    confirmed_at = fields.Datetime(readonly=True)
    mailed_at = fields.Datetime(readonly=True)
    mail_count = fields.Integer(readonly=True, help="Confirmation emails since a day passed without any.")
    ip = fields.Char(readonly=True)
    network = fields.Char(readonly=True)
    user_agent = fields.Char(readonly=True)
    company_name = fields.Char(compute="_compute_words")
    list_type_name = fields.Char(compute="_compute_words")
    confirm_url = fields.Char(compute="_compute_words")
    sender = fields.Char(compute="_compute_words")

    _address_unique = models.Constraint("UNIQUE(list_type_id, email)", "This address asked already.")
    _email_index = models.Index("(email)")
    _network_index = models.Index("(network, requested_at) WHERE network IS NOT NULL")
    _expiry_index = models.Index("(expires_at) WHERE state = 'pending'")

    @api.depends_context("lang")
    def _compute_words(self):
        signer = self.env["email.link"]._signer()
        for request in self:
            list_type = request.list_type_id.sudo()
            company = request._company()
            request.company_name = company.name
            request.sender = company.email_formatted or self.env.ref("base.user_root").sudo().email_formatted
            request.list_type_name = list_type.name
            token = signer.sign("confirm", request.id, list_type.id) if request.id else ""
            request.confirm_url = f"{list_type.get_base_url().rstrip('/')}/email/confirm/{token}"

    def _company(self):
        return (self.list_type_id.company_id or self.env.company).sudo()

    @api.model
    def _ask(self, list_type, email, name="", text=None, ip=None, user_agent=None):
        """Note that somebody wants `email` (normalised) to be subscribed, and ask the owner for it by email.

        Nothing of what happens here shows outside, but that a network asked too often.

        :param text: the consent text that was shown
        :return: whether it was noted or kept quiet about; False when the network asked too often
        """
        near = network.network(ip)
        if near and self._asked_from(near) >= NETWORK_LIMIT:
            return False
        request = self._noted(list_type, email, name, text, near, ip, user_agent)
        if not request:
            return True
        said = request._saying("form", ip, user_agent)
        subscription = said.env["email.subscription"].search(
            [("email", "=", email), ("list_type_id", "=", list_type.id)]
        )
        if not list_type.double_opt_in and said._never_refused(subscription):
            said._subscribe("opt_in")
            return True
        if subscription:
            said.env["email.consent"]._told()._record([email], "opt_in_requested", list_type)
        else:
            said.env["email.subscription"]._set_state(email, list_type, "pending", said.env._("subscribe form"))
        said._send(list_type.confirm_template_id or self.env.ref("email_campaign.mail_template_confirm"))
        return True

    @api.model
    def _asked_from(self, near):
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM email_subscription_request
                 WHERE network = %s AND requested_at > now() AT TIME ZONE 'utc' - interval '1 hour'
                """,
                near,
            )
        )
        return count

    @api.model
    def _noted(self, list_type, email, name, text, near, ip, user_agent):
        """Give the request, or none where the address was sent enough already.

        One row for one address and list type: of two that come at once, the second waits here, starts anew, and finds
        the first.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_subscription_request AS r
                            (email, name, lang, list_type_id, text_id, state, requested_at, expires_at, mailed_at,
                             mail_count, ip, network, user_agent)
                     SELECT %(email)s, %(name)s, %(lang)s, %(list_type)s, %(text)s, 'pending', moment.at,
                            moment.at + make_interval(days => %(expires)s), moment.at, 1, %(ip)s, %(network)s, %(agent)s
                       FROM (SELECT now() AT TIME ZONE 'utc' AS at) AS moment
                      WHERE (SELECT coalesce(sum(mail_count), 0) FROM email_subscription_request
                              WHERE email = %(email)s AND mailed_at > moment.at - interval '1 day') < %(most)s
                ON CONFLICT (list_type_id, email) DO UPDATE
                        SET name = EXCLUDED.name, lang = EXCLUDED.lang, text_id = EXCLUDED.text_id, state = 'pending',
                            requested_at = EXCLUDED.requested_at, expires_at = EXCLUDED.expires_at,
                            mailed_at = EXCLUDED.mailed_at, confirmed_at = NULL,
                            mail_count = CASE WHEN r.mailed_at > EXCLUDED.mailed_at - interval '1 day'
                                              THEN r.mail_count + 1 ELSE 1 END,
                            ip = EXCLUDED.ip, network = EXCLUDED.network, user_agent = EXCLUDED.user_agent
                      WHERE r.mailed_at < EXCLUDED.mailed_at - make_interval(mins => %(quiet)s)
                  RETURNING id
                """,
                email=email,
                name=_printable(name)[:MAX_NAME] or None,
                lang=self.env.lang or None,
                list_type=list_type.id,
                text=text.id if text else None,
                expires=EXPIRES_AFTER,
                ip=ip,
                network=near or None,
                agent=visitor.recorded(user_agent),
                most=MAILS_A_DAY,
                quiet=QUIET,
            ),
            # What collides is tried again, and needs not stand in the server's log with the address.
            log_exceptions=False,
        )
        rows = self.env.cr.fetchall()
        self.invalidate_model(flush=False)
        return self.browse(row[0] for row in rows)

    def _never_refused(self, subscription):
        """Say whether the address never said no: then only a list type without double opt-in takes it at its word."""
        if subscription.state == "opted_out" or self.env["mail.blacklist"].sudo().search_count(
            [("email_key", "=", self.email)]
        ):
            return False
        return not self.env["email.erasure"].sudo()._erased_of([self.email], self.list_type_id)

    def _saying(self, source, ip, user_agent, **evidence):
        """Give the request with what the ledger is to say of it."""
        evidence.update(source=source, ip=ip, user_agent=user_agent, lang=self.lang, text_id=self.text_id.id)
        told = {name: value for name, value in evidence.items() if value}
        return self.with_context(email_consent={**told, **(self.env.context.get("email_consent") or {})})

    def _send(self, template):
        """Queue an email to the address and have the queue run at once; nothing of it depends on who the address is."""
        headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
        if self.state == "confirmed":
            headers["List-Unsubscribe"] = f"<{self.confirm_url}>"
            headers.update(one_click.HEADERS)
        template.sudo().send_mail(self.id, email_values={"headers": repr(headers), "email_to": self.email})
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    @api.autovacuum
    def _gc_requests(self):
        """Forget what nobody confirmed, and where the others were when they asked: the ledger knows that."""
        # Anybody can ask for an address that is subscribed: that changes nothing, and the links of its owner stay.
        subscribed = SQL(
            """
            EXISTS (SELECT FROM email_subscription s
                     WHERE s.email = email_subscription_request.email AND s.state = 'opted_in'
                       AND s.list_type_id = email_subscription_request.list_type_id)
            """
        )
        over = SQL("state = 'pending' AND expires_at < now() AT TIME ZONE 'utc'")
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE email_subscription_request SET state = 'confirmed' WHERE %s AND %s", over, subscribed)
        )
        gone = SQL("%s AND NOT %s", over, subscribed)
        consents = self.env["email.consent"]._told(source="system")
        consents._record(SQL("SELECT email, list_type_id FROM email_subscription_request WHERE %s", gone), "expire")
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (
                    DELETE FROM email_subscription_request WHERE %s RETURNING email, list_type_id
                )
                DELETE FROM email_subscription s USING gone
                 WHERE s.email = gone.email AND s.list_type_id = gone.list_type_id AND s.state = 'pending'
                """,
                gone,
            )
        )
        self.env.cr.execute(
            """
            UPDATE email_subscription_request SET ip = NULL, network = NULL, user_agent = NULL
             WHERE state <> 'pending' AND expires_at < now() AT TIME ZONE 'utc' AND ip IS NOT NULL
            """
        )
        self.env.invalidate_all(flush=False)


def _printable(text):
    """Give what a visitor typed on one line, without what no column takes."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
