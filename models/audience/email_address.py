from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import address


class EmailAddress(models.Model):
    """What we know about one address, whoever it belongs to.

    ============= ======================================== ==================================
    validity      set by                                   what follows
    ============= ======================================== ==================================
    unknown       nothing known                            is mailed
    valid         a person opened, clicked or replied      is mailed
    soft_bouncing what came back is not enough yet         is mailed
    invalid       the policy on bounces, or set by hand    is skipped, at launch and at claim
    ============= ======================================== ==================================
    """

    _name = "email.address"
    _description = "Email Address"
    _rec_name = "email"
    _order = "email"

    email = fields.Char(required=True, readonly=True)
    validity = fields.Selection(
        [
            ("unknown", "Unknown"),
            ("valid", "Valid"),
            ("soft_bouncing", "Soft Bouncing"),
            ("invalid", "Invalid"),
        ],
        default="unknown",
        required=True,
    )
    reason = fields.Char(help="Why the address has this validity, in the words of the server where there are any.")
    status_code = fields.Char(help="The status code of RFC 3463 that came back, as 5.1.1.")
    validity_at = fields.Datetime("Since")
    hard_bounce_count = fields.Integer("Hard Bounces", readonly=True)
    soft_bounce_count = fields.Integer(
        "Soft Bounces",
        readonly=True,
        help="Days within the window of the settings on which one came back, since it was last seen to work.",
    )
    last_sent_at = fields.Datetime(
        "Last Sent",
        readonly=True,
        help="When the last email left for it. Without a frequency cap this is noted up to a quarter of an hour later.",
    )
    sent_moments = fields.Json(
        readonly=True,
        prefetch=False,
        help="When the latest mass emails were sent to it, in seconds since 1970, the latest first: as many as the "
        "frequency cap asks about. Empty while there is no cap.",
    )
    last_bounced_at = fields.Datetime("Last Bounced", readonly=True)
    last_opened_at = fields.Datetime("Last Opened", readonly=True)
    last_clicked_at = fields.Datetime("Last Clicked", readonly=True)
    last_replied_at = fields.Datetime("Last Replied", readonly=True)
    last_delivered_at = fields.Datetime(
        "Last Delivered", readonly=True, help="When a server reported last that an email was delivered to it."
    )

    history_ids = fields.One2many("email.address.history", "address_id", readonly=True)
    is_ours = fields.Boolean(
        compute="_compute_is_ours",
        search="_search_is_ours",
        help="Whether a company of the user wrote to this address or has a contact with it. Others are not shown.",
    )

    _email_unique = models.Constraint("UNIQUE(email)", "There is one record for each address, and this one has one.")
    # Few addresses are anything but unknown or valid, and it is those that are looked for.
    _validity_index = models.Index("(validity) WHERE validity IN ('invalid', 'soft_bouncing')")
    # For `_international_spellings`.
    _international_index = models.Index("(email) WHERE email LIKE '%@%xn--%'")

    def _compute_is_ours(self):
        ours = self.search([("id", "in", self.ids), ("is_ours", "=", True)])
        for email_address in self:
            email_address.is_ours = email_address in ours

    @api.model
    def _international_spellings(self):
        """Give (address as people write its international domain, validity) of those of which something is known.

        Records keep either spelling, an address has one. They are few, so they may pass through Python.
        """
        self.flush_model(["email", "validity"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT email, validity FROM email_address
                 WHERE email LIKE '%%@%%xn--%%' AND validity <> 'unknown' ORDER BY email
                """
            )
        )
        return [(address.spelled(email), validity) for email, validity in rows]

    @api.model
    def _search_is_ours(self, operator, value):
        if operator != "in" or True not in value:
            return NotImplemented
        self.env["res.partner"].flush_model(["email_normalized", "company_id"])
        # Asked of each address, by an index of either table: all addresses of a company are millions.
        return [
            (
                "id",
                "in",
                SQL(
                    """
                    (SELECT a.id FROM email_address a
                      WHERE EXISTS (SELECT FROM email_campaign_mailing m
                                      JOIN email_campaign_recipient r ON r.mailing_id = m.id AND r.skip_reason IS NULL
                                     WHERE m.company_id = ANY(%(companies)s) AND r.email = a.email)
                         OR EXISTS (SELECT FROM res_partner p
                                     WHERE p.email_normalized = a.email
                                       AND (p.company_id IS NULL OR p.company_id = ANY(%(companies)s))))
                    """,
                    companies=list(self.env.companies.ids),
                ),
            )
        ]

    def action_mark_valid(self):
        """Say by hand that the addresses can be mailed again; what is counted stays."""
        return self._mark_these("valid")

    def action_mark_invalid(self):
        """Say by hand that the addresses must not be mailed any more."""
        return self._mark_these("invalid")

    def _mark_these(self, validity):
        self.check_access("write")
        self._mark_by_hand(self.mapped("email"), validity)
        return True
