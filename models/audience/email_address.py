from odoo import api, fields, models
from odoo.tools import SQL


class EmailAddress(models.Model):
    """What we know about one address, whoever it belongs to.

    ============= ======================================== ==================================
    validity      set by                                   what follows
    ============= ======================================== ==================================
    unknown       nothing known                            is mailed
    valid         a person opened, clicked or replied      is mailed
    soft_bouncing a temporary failure came back            is mailed
    invalid       the address is dead, or set by hand      is skipped, at launch and at claim
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
    soft_bounce_count = fields.Integer("Soft Bounces", readonly=True)
    last_sent_at = fields.Datetime("Last Sent", readonly=True)
    last_bounced_at = fields.Datetime("Last Bounced", readonly=True)
    last_opened_at = fields.Datetime("Last Opened", readonly=True)
    last_clicked_at = fields.Datetime("Last Clicked", readonly=True)

    is_ours = fields.Boolean(
        compute="_compute_is_ours",
        search="_search_is_ours",
        help="Whether a company of the user wrote to this address or has a contact with it. Others are not shown.",
    )

    _email_unique = models.Constraint("UNIQUE(email)", "There is one record for each address, and this one has one.")
    # Few addresses are anything but unknown or valid, and it is those that are looked for.
    _validity_index = models.Index("(validity) WHERE validity IN ('invalid', 'soft_bouncing')")

    def _compute_is_ours(self):
        ours = self.search([("id", "in", self.ids), ("is_ours", "=", True)])
        for email_address in self:
            email_address.is_ours = email_address in ours

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
                                      JOIN email_campaign_recipient r ON r.mailing_id = m.id AND r.state <> 'skipped'
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
        return self._mark_by_hand("valid")

    def action_mark_invalid(self):
        """Say by hand that the addresses must not be mailed any more."""
        return self._mark_by_hand("invalid")

    def _mark_by_hand(self, validity):
        return self.write(
            {
                "validity": validity,
                "reason": self.env._("Set by hand by %(user)s", user=self.env.user.name),
                "status_code": False,
                "validity_at": fields.Datetime.now(),
                "soft_bounce_count": 0,
            }
        )

    @api.model
    def _note_sent(self, emails, cr=None):
        """Note on each of `emails` (normalised) that a message was handed over just now.

        `cr` is the cursor of the sending worker; rows are taken in order, so that two workers can't block each other.
        """
        (cr or self.env.cr).execute(
            SQL(
                """
                INSERT INTO email_address AS a (email, validity, last_sent_at, hard_bounce_count, soft_bounce_count)
                     SELECT email, 'unknown', now() AT TIME ZONE 'utc', 0, 0
                       FROM unnest(%s::varchar[]) AS email ORDER BY email
                ON CONFLICT (email) DO UPDATE SET last_sent_at = EXCLUDED.last_sent_at
                """,
                sorted(set(emails)),
            )
        )

    @api.model
    def _note_activity(self, email, kind):
        """Note that a person opened or clicked: the address works."""
        column = SQL.identifier({"open": "last_opened_at", "click": "last_clicked_at"}[kind])
        self.env.execute_query(
            SQL(
                """
                INSERT INTO email_address AS a
                            (email, validity, validity_at, %(column)s, hard_bounce_count, soft_bounce_count)
                     VALUES (%(email)s, 'valid', now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc', 0, 0)
                ON CONFLICT (email) DO UPDATE
                        SET %(column)s = EXCLUDED.%(column)s,
                            soft_bounce_count = 0,
                            validity_at = CASE WHEN a.validity IN ('unknown', 'soft_bouncing')
                                               THEN EXCLUDED.validity_at ELSE a.validity_at END,
                            reason = CASE WHEN a.validity = 'soft_bouncing' THEN NULL ELSE a.reason END,
                            validity = CASE WHEN a.validity IN ('unknown', 'soft_bouncing')
                                            THEN 'valid' ELSE a.validity END
                  RETURNING id
                """,
                column=column,
                email=email,
            )
        )
        self.invalidate_model()

    @api.model
    def _note_bounces(self, bounces, cr=None):
        """Note what came back for some addresses.

        :param bounces: dicts with email (normalised), kind (hard|soft), status and reason
        """
        cr = cr or self.env.cr
        bounces = sorted(bounces, key=lambda bounce: bounce["email"])
        for kind, validity in (("soft", "soft_bouncing"), ("hard", "invalid")):
            # One row an address in a statement, as ON CONFLICT demands.
            rows = {bounce["email"]: bounce for bounce in bounces if bounce["kind"] == kind}
            if not rows:
                continue
            cr.execute(
                SQL(
                    """
                    INSERT INTO email_address AS a (email, validity, validity_at, last_bounced_at, reason, status_code,
                                                    hard_bounce_count, soft_bounce_count)
                         SELECT email, %(validity)s, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc', reason, status,
                                %(hard)s, %(soft)s
                           FROM unnest(%(emails)s::varchar[], %(reasons)s::varchar[], %(statuses)s::varchar[])
                                AS bounce (email, reason, status)
                    ON CONFLICT (email) DO UPDATE
                            SET last_bounced_at = EXCLUDED.last_bounced_at,
                                hard_bounce_count = a.hard_bounce_count + %(hard)s,
                                soft_bounce_count = a.soft_bounce_count + %(soft)s,
                                validity = CASE WHEN a.validity = 'invalid' THEN a.validity ELSE EXCLUDED.validity END,
                                validity_at = CASE WHEN a.validity IN ('invalid', EXCLUDED.validity)
                                                   THEN a.validity_at ELSE EXCLUDED.validity_at END,
                                reason = CASE WHEN a.validity = 'invalid' THEN a.reason ELSE EXCLUDED.reason END,
                                status_code = CASE WHEN a.validity = 'invalid'
                                                   THEN a.status_code ELSE EXCLUDED.status_code END
                    """,
                    validity=validity,
                    hard=int(kind == "hard"),
                    soft=int(kind == "soft"),
                    emails=list(rows),
                    reasons=[bounce["reason"] or None for bounce in rows.values()],
                    statuses=[bounce["status"] or None for bounce in rows.values()],
                )
            )
        self.invalidate_model()
