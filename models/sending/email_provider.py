import zoneinfo

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import address, pacing

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KINDS = {"outlook": "outlook", "gmail": "gmail"}  # how its mail server logs in: kind


class EmailProvider(models.Model):
    """An email account that mass emails leave by, with what it allows and how it fares.

    ====== =================================== ====================================================================
    state  set by                              what follows
    ====== =================================== ====================================================================
    grey   creating                            not used yet
    green  a connection that served            mail leaves
    red    a connection or login that failed   its mail waits until `next_try_at`, or another provider takes over
    ====== =================================== ====================================================================

    One that has no mail server is the server of Odoo's configuration file.
    """

    _name = "email.provider"
    _description = "Email Provider"
    _inherit = ["mail.thread"]
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10, help="Of several that may take over, the first in the list does.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Leave empty to share it among all companies.")
    kind = fields.Selection(
        [("smtp_imap", "SMTP and IMAP"), ("outlook", "Outlook"), ("gmail", "Gmail")],
        "Type",
        compute="_compute_kind",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    email = fields.Char(help="The address of the account itself.")
    from_name = fields.Char(help="Shown to recipients where the mass email's sender has no name.")
    mail_server_id = fields.Many2one(
        "ir.mail_server",
        "Outgoing Mail Server",
        ondelete="cascade",
        domain=[("owner_user_id", "=", False)],
        help="Leave empty for the server of Odoo's configuration file.",
    )
    receive = fields.Boolean(
        "Receive Emails",
        help="Put what comes to its mailbox from people whom it wrote to lately on the list of replies, also if it "
        "does not say what it answers.",
    )
    fetchmail_server_id = fields.Many2one(
        "fetchmail.server", "Incoming Mail Server", help="How Odoo fetches the mailbox of this account (IMAP or POP)."
    )

    state = fields.Selection(
        [("grey", "Not Used Yet"), ("green", "Works"), ("red", "In Trouble")],
        "Status",
        default="grey",
        required=True,
        readonly=True,
        copy=False,
    )
    last_error = fields.Char(readonly=True, copy=False)
    last_error_at = fields.Datetime("Last Error On", readonly=True, copy=False)
    next_try_at = fields.Datetime("Next Try", readonly=True, copy=False)
    trouble_count = fields.Integer(readonly=True, copy=False)
    measured_rate = fields.Float(
        "Measured Speed",
        digits=(16, 1),
        readonly=True,
        copy=False,
        help="Emails a second that left by it lately. Estimates are made from it.",
    )

    limit_second = fields.Float(
        "Emails a Second",
        digits=(16, 2),
        help="Never more than so many in any second; 0 for no limit. 0.5 is one every two seconds.",
    )
    limit_hour = fields.Integer(
        "Emails an Hour", help="Never more than so many in any 60 minutes, whenever they begin; 0 for no limit."
    )
    limit_day = fields.Integer(
        "Emails a Day", help="Never more than so many in any 24 hours, whenever they begin; 0 for no limit."
    )
    connections = fields.Integer(
        default=2,
        required=True,
        help="How many connections a sending job opens at once. More make it faster where the server is far away; many "
        "servers refuse more than a few.",
    )
    max_mails = fields.Integer(
        "Emails per Connection",
        # As many as Exim takes, where administrators have not thought of another number; Postfix does not count.
        default=1000,
        required=True,
        help="After so many emails a connection is closed and a new one opened.",
    )
    sender_filter = fields.Char(
        "Allowed Senders",
        help="Addresses and domains it may send from, separated by commas, as in “ann@example.com, example.org”. Leave "
        "empty to use what the outgoing mail server says.",
    )
    takes_over = fields.Boolean(
        default=True,
        help="Send for other providers that may send from the same address when they are in trouble.",
    )
    warmup_start = fields.Date(
        "Warm-up From",
        help="The day on which it begins to send. An account that nobody knows yet should start with few emails and "
        "send more each day, or receivers take it for a spammer. Leave empty for none.",
    )
    warmup_first = fields.Integer("Emails on the First Day", default=50)
    warmup_growth = fields.Float("Growth a Day (%)", default=30.0, digits=(16, 1))
    has_window = fields.Boolean("Only at Certain Times", help="Outside these hours its emails wait.")
    window_from = fields.Float("From", default=8.0)
    window_to = fields.Float("To", default=18.0, help="Earlier than “From” means: on the next day.")
    mon = fields.Boolean(default=True)
    tue = fields.Boolean(default=True)
    wed = fields.Boolean(default=True)
    thu = fields.Boolean(default=True)
    fri = fields.Boolean(default=True)
    sat = fields.Boolean()
    sun = fields.Boolean()
    tz = fields.Selection(
        lambda self: [(name, name) for name in sorted(zoneinfo.available_timezones())],
        "Time Zone",
        default=lambda self: self.env.user.tz if self.env.user.tz in zoneinfo.available_timezones() else "UTC",
        required=True,
        help="Of the hours above, and of the days of the warm-up.",
    )
    usage_text = fields.Char("Usage", compute="_compute_usage_text", help="How much of its limits is used now.")

    # Two for one server would each let its whole limit through.
    _mail_server_uniq = models.UniqueIndex(
        "(COALESCE(mail_server_id, 0))", "This outgoing mail server has a provider already, maybe an archived one."
    )

    @api.depends("mail_server_id")
    def _compute_kind(self):
        for provider in self:
            authentication = provider.mail_server_id.sudo().smtp_authentication
            if provider.mail_server_id or not provider.kind:
                provider.kind = KINDS.get(authentication, "smtp_imap")

    @api.constrains("limit_second", "limit_hour", "limit_day", "connections", "max_mails")
    def _check_numbers(self):
        least = {"limit_second": 0, "limit_hour": 0, "limit_day": 0, "connections": 1, "max_mails": 1}
        most = {"connections": 50}
        for provider in self:
            for name, minimum in least.items():
                if provider[name] < minimum:
                    provider._refuse_number(name, self.env._("it can't be less than %s", minimum))
                if provider[name] > most.get(name, provider[name]):
                    provider._refuse_number(name, self.env._("it can't be more than %s", most[name]))

    @api.constrains("warmup_start", "warmup_first", "warmup_growth")
    def _check_warmup(self):
        for provider in self.filtered("warmup_start"):
            if provider.warmup_first < 1:
                provider._refuse_number("warmup_first", self.env._("it can't be less than %s", 1))
            if provider.warmup_growth <= 0:
                provider._refuse_number("warmup_growth", self.env._("it must be more than 0, or it would never end"))

    @api.constrains("has_window", "window_from", "window_to", *WEEKDAYS)
    def _check_window(self):
        for provider in self.filtered("has_window"):
            for name in ("window_from", "window_to"):
                if not 0 <= provider[name] <= 24:
                    provider._refuse_number(name, self.env._("an hour of the day is between 0:00 and 24:00"))
            if provider.window_from == provider.window_to:
                provider._refuse_number(
                    "window_to", self.env._("it must differ from “From”; 0:00 to 24:00 is the whole day")
                )
            if not any(provider[day] for day in WEEKDAYS):
                raise ValidationError(
                    self.env._("“%s” could never send: choose at least one day of the week.", provider.name)
                )

    @api.constrains("sender_filter")
    def _check_sender_filter(self):
        for provider in self:
            for part in self.env["ir.mail_server"]._parse_from_filter(provider.sender_filter):
                try:
                    address.normalize(part if "@" in part else f"x@{part}")
                except address.AddressError as error:
                    raise ValidationError(
                        self.env._(
                            "Allowed senders are addresses and domains, separated by commas; “%s” is neither.", part
                        )
                    ) from error

    def _refuse_number(self, name, reason):
        raise ValidationError(
            self.env._(
                "“%(field)s” of “%(provider)s” is %(value)s: %(reason)s.",
                field=self._fields[name]._description_string(self.env),
                provider=self.name,
                value=self[name],
                reason=reason,
            )
        )

    def write(self, vals):
        result = super().write(vals)
        self._forget_freedom()
        return result

    @api.model
    def _for_server(self, server):
        """Give the provider of the mail server `server` (none: that of the configuration file), archived or not.

        It is created when there is none yet. Creating takes the row that all takes of the hourly cap take too, so that
        the later of two workers that create it begins anew and finds it.
        """
        everything = self.sudo().with_context(active_test=False)
        domain = [("mail_server_id", "=", server.id if server else False)]
        found = everything.search(domain, limit=1)
        if found:
            return found.with_context(active_test=True)
        self.env["email.provider.pace"]._hold_common()
        values = {"name": server.name if server else self.env._("Odoo's configuration file"), "tz": "UTC"}
        if server:
            account = server.sudo().smtp_user or ""
            values.update(
                mail_server_id=server.id, sequence=server.sequence, email=account if "@" in account else False
            )
        return self.sudo().create(values)

    def _limits(self):
        """Give what limits it, for `tools/pacing`."""
        self.ensure_one()
        ramp = window = None
        if self.warmup_start:
            ramp = pacing.Ramp(self.warmup_start, self.warmup_first, self.warmup_growth, self.tz)
        if self.has_window:
            weekdays = frozenset(number for number, day in enumerate(WEEKDAYS) if self[day])
            window = pacing.Window(weekdays, self.window_from, self.window_to, self.tz)
        return pacing.Limits(self.limit_second, self.limit_hour, self.limit_day, ramp, window)
