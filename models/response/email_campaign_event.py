from odoo import api, fields, models
from odoo.tools import SQL

from ..unchecked import UncheckedMany2one


class EmailCampaignEvent(models.Model):
    """The Campaign Log: facts, in the order in which they came. Nobody changes a row; only retention removes some."""

    _name = "email.campaign.event"
    _description = "Campaign Log"
    _order = "id desc"
    _log_access = False

    # All three go with the mass email, whose `unlink` sees to it.
    mailing_id = UncheckedMany2one("email.campaign.mailing", "Mass Email", required=True, readonly=True)
    campaign_id = UncheckedMany2one("email.campaign", required=True, readonly=True)
    recipient_id = UncheckedMany2one("email.campaign.recipient", readonly=True)
    email = fields.Char(related="recipient_id.email")
    partner_id = fields.Many2one(related="recipient_id.partner_id")
    kind = fields.Selection(
        [
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("open", "Opened"),
            ("click", "Clicked"),
            ("bounce", "Bounced"),
            ("complaint", "Complained"),
            ("opt_out", "Opted Out"),
            ("opt_in", "Opted In"),
            ("pause", "Paused"),
            ("resume", "Resumed"),
            ("reply", "Replied"),
            ("auto_reply", "Replied by Itself"),
            ("delivered", "Delivered"),
            ("delayed", "Delayed"),
            ("undone", "Taken Back"),
        ],
        required=True,
        readonly=True,
    )
    at = fields.Datetime("When", required=True, readonly=True)
    # A link that was sent stays, and a foreign key would lock its row at every click on it.
    tracking_url_id = UncheckedMany2one("email.tracking.url", "Link", readonly=True)
    verdict = fields.Selection([("human", "Person"), ("machine", "Machine")], "By", readonly=True)
    verdict_reason = fields.Char("Known By", readonly=True)
    # What was thought at first, where later visits or a new judgement told otherwise.
    first_verdict = fields.Selection([("human", "Person"), ("machine", "Machine")], "First Taken for", readonly=True)
    first_reason = fields.Char("At First by", readonly=True)
    judged_at = fields.Datetime("Judged Anew", readonly=True)
    ip = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char(readonly=True)
    detail = fields.Char(readonly=True)
    # What somebody answered who was asked why they opt out.
    opt_out_reason_id = fields.Many2one("email.opt.out.reason", "Reason", readonly=True, ondelete="set null")
    comment = fields.Text(readonly=True)
    # The Message-ID of the incoming message that an event was read from: the same message counts once.
    source_ref = fields.Char(readonly=True)

    _mailing_index = models.Index("(mailing_id, kind, at)")
    # The latest of a recipient first: every click looks at them.
    _recipient_index = models.Index("(recipient_id, id)")
    _campaign_index = models.Index("(campaign_id, id)")
    # Rows lie in the order of time, so that the smallest kind of index finds a day, and retention what is old.
    _at_index = models.Index("USING brin (at)")
    _link_index = models.Index("(tracking_url_id) WHERE tracking_url_id IS NOT NULL")
    _opt_out_reason_index = models.Index("(opt_out_reason_id) WHERE opt_out_reason_id IS NOT NULL")
    # For the report on opt-outs, which are few among millions of events.
    _opt_out_index = models.Index("(at) WHERE kind = 'opt_out'")
    _source_unique = models.UniqueIndex("(recipient_id, kind, source_ref) WHERE source_ref IS NOT NULL")

    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for event in self:
            event.display_name = f"{kinds.get(event.kind, event.kind)}: {event.email or ''}"

    @api.model
    def _log(self, recipient, kind, stamps=None, **values):
        """Add a row for `recipient`; give whether it is new (an event with a `source_ref` is logged once).

        :param stamps: SQL of what is set on the recipient by the same statement, whose row is named `r`
        :param values: of the event, each a value or SQL
        """
        found = SQL("SELECT r.id, r.mailing_id FROM email_campaign_recipient r WHERE r.id = %s", recipient.id)
        if stamps:
            recipient.flush_recordset()
            found = SQL(
                "UPDATE email_campaign_recipient r SET %s WHERE r.id = %s RETURNING r.id, r.mailing_id",
                stamps,
                recipient.id,
            )
        names = ["tracking_url_id", "verdict", "verdict_reason", "ip", "user_agent", "detail", "source_ref"]
        names += ["opt_out_reason_id", "comment"]
        rows = self.env.execute_query(
            SQL(
                """
                WITH found AS (%(found)s)
                INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, %(names)s)
                     SELECT r.mailing_id, m.campaign_id, r.id, %(kind)s, now() AT TIME ZONE 'utc', %(values)s
                       FROM found r JOIN email_campaign_mailing m ON m.id = r.mailing_id
                ON CONFLICT DO NOTHING
                  RETURNING id
                """,
                names=SQL(", ").join(map(SQL.identifier, names)),
                kind=kind,
                values=SQL(", ").join(SQL("%s", values.get(name) or None) for name in names),
                found=found,
            )
        )
        self.invalidate_model()
        if stamps:
            recipient.invalidate_recordset(flush=False)
        return bool(rows)

    @api.autovacuum
    def _gc_orphans(self):
        """Let go of what was logged in the very moment in which somebody deleted the mass email.

        Neither of the two sees the other, and no foreign key does. The mass emails are found by one look at the index
        for each.
        """
        self.env.cr.execute(
            """
            WITH RECURSIVE logged AS (
                SELECT min(mailing_id) AS id FROM email_campaign_event
                 UNION ALL
                SELECT (SELECT min(mailing_id) FROM email_campaign_event WHERE mailing_id > logged.id)
                  FROM logged WHERE logged.id IS NOT NULL
            )
            DELETE FROM email_campaign_event
             WHERE mailing_id IN (SELECT id FROM logged
                                   WHERE NOT EXISTS (SELECT FROM email_campaign_mailing m WHERE m.id = logged.id))
            """
        )
        self.invalidate_model(flush=False)
