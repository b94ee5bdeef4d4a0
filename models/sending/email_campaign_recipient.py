from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..generated import GeneratedBoolean
from ..unchecked import UncheckedMany2one

# Hundredths of a page that launch fills. A row is written anew twice when it is sent; the first time its page has room.
FILL_FACTOR = 50


class EmailCampaignRecipient(models.Model):
    """One addressee of one mass email: the queue row and what became of it.

    ========= ======================================= =======================================================
    state     set by                                  what follows
    ========= ======================================= =======================================================
    queued    launch                                  is handed over
    claimed   a sender that reserves row by row       nothing has left; goes back to queued if that sender dies
    handed    the worker, just before bytes leave     sent, retry or failed by the answer; in_doubt without one
    sent      a 2yz answer to the whole message       final
    retry     a 4yz answer                            is handed over again once `next_try_at` has come
    failed    a 5yz answer, or too many 4yz ones      final; "retry failed" queues it again
    in_doubt  the worker died, or no answer came      is never sent by itself; evidence or a person decides
    skipped   launch or claim, with `skip_reason`     final
    cancelled cancel                                  final
    ========= ======================================= =======================================================
    """

    _name = "email.campaign.recipient"
    _description = "Recipient of a Mass Email"
    _rec_name = "email"
    _order = "id"
    # A million rows are written in one statement: what is the same in all of them stands on the mass email.
    _log_access = False

    # A mass email that is deleted takes its recipients and their log with it.
    mailing_id = UncheckedMany2one("email.campaign.mailing", "Mass Email", required=True, readonly=True)
    campaign_id = fields.Many2one(related="mailing_id.campaign_id")
    # A list that is deleted is shown as such, and a list type that somebody was mailed by stays.
    list_id = UncheckedMany2one("email.target.list", "Target List", readonly=True)
    # Frozen at launch: an opt-out of this type is honoured, and offered, whatever becomes of the list.
    list_type_id = UncheckedMany2one("email.list.type", readonly=True)
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    # Contacts that are deleted or merged see to it themselves: to check it, a launch would lock each of a million.
    partner_id = UncheckedMany2one("res.partner", "Contact", readonly=True, index="btree_not_null")
    name = fields.Char(readonly=True)
    email = fields.Char(readonly=True)
    lang = fields.Char("Language", readonly=True)
    values = fields.Json("Merge Values", readonly=True)
    state = fields.Selection(
        [
            ("queued", "Queued"),
            ("claimed", "Claimed"),
            ("handed", "Handed Over"),
            ("sent", "Sent"),
            ("retry", "Trying Again"),
            ("failed", "Failed"),
            ("in_doubt", "In Doubt"),
            ("skipped", "Skipped"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="queued",
    )
    skip_reason = fields.Selection(
        [
            ("no_email", "No email address"),
            ("bad_address", "Not an email address"),
            ("duplicate", "Same address as another recipient"),
            ("excluded", "On an excluding list"),
            ("opted_out", "Opted out"),
            ("blacklisted", "Opted out of all email"),
            ("erased", "Erased on request"),
            ("not_confirmed", "Subscription not confirmed"),
            ("invalid", "Address can't receive email"),
            ("paused", "Asked for a break"),
            ("too_often", "Got enough emails lately"),
            ("disabled", "Archived"),
            ("contact_type", "Type of contact not accepted"),
            ("other_company", "Belongs to another company"),
            ("no_access", "Sender may not read the record"),
            ("record_gone", "Record was deleted"),
            ("merge_failed", "Merge values can't be read"),
        ],
        readonly=True,
    )
    # What indexes speak of in place of `state`, which changes twice while a mail is sent.
    is_open = GeneratedBoolean(
        "To Be Dealt With",
        condition="state IN ('queued', 'claimed', 'handed', 'retry')",
        export_string_translation=False,
    )
    is_trouble = GeneratedBoolean("Trouble", condition="state IN ('failed', 'in_doubt')")
    worker = fields.Integer(readonly=True, help="Number of the worker that holds this row.")
    attempts = fields.Integer(readonly=True)
    next_try_at = fields.Datetime("Next Try", readonly=True)
    smtp_code = fields.Integer("SMTP Code", readonly=True)
    smtp_reply = fields.Char("Answer of the Server", readonly=True)
    sent_at = fields.Datetime("Sent", readonly=True)
    opened_at = fields.Datetime("Opened", readonly=True)
    clicked_at = fields.Datetime("Clicked", readonly=True)
    replied_at = fields.Datetime("Replied", readonly=True)
    bounced_at = fields.Datetime("Bounced", readonly=True)
    bounce_kind = fields.Selection([("hard", "Hard"), ("soft", "Soft")], readonly=True)
    opted_out_at = fields.Datetime("Opted Out", readonly=True)
    opted_out_scope = fields.Selection([("type", "List Type"), ("everything", "All Email")], readonly=True)
    event_ids = fields.One2many("email.campaign.event", "recipient_id", "Log")

    # Each index costs a microsecond a row at launch. None speaks of `state` or `worker`, so that the first of the two
    # changes of a row that is sent touches no index. There is none on `email` alone: the next one finds an address by
    # one look for each mass email.
    # No address is in the queue of a mass email twice, whatever else goes wrong. (Skipped are those with a reason.)
    _address_unique = models.UniqueIndex(
        "(mailing_id, email) WHERE skip_reason IS NULL", "This address gets this mass email already."
    )
    _mailing_index = models.Index("(mailing_id, id)")
    _open_index = models.Index("(mailing_id, id) WHERE is_open IS TRUE")
    # What few rows come to: for another try, for the lists of trouble, and for the figures.
    _retry_index = models.Index("(mailing_id, next_try_at) WHERE next_try_at IS NOT NULL")
    _trouble_index = models.Index("(mailing_id) WHERE is_trouble IS TRUE")
    # What takes the place of one whose record is gone by the time it is sent.
    _duplicate_index = models.Index("(mailing_id, email) WHERE skip_reason = 'duplicate'")
    _response_index = models.Index(
        "(mailing_id) INCLUDE (opened_at, clicked_at, replied_at, bounced_at, opted_out_at) "
        "WHERE coalesce(opened_at, clicked_at, replied_at, bounced_at, opted_out_at) IS NOT NULL"
    )
    # Contacts are found by `partner_id`.
    _record_index = models.Index("(res_model, res_id) WHERE res_model <> 'res.partner'")

    def _valid_field_parameter(self, field, name):
        return name == "condition" or super()._valid_field_parameter(field, name)

    def init(self):
        """Leave room on each page, so that a changed row stays on its own and no index has to hear of it."""
        result = super().init()
        self.env.cr.execute(SQL("ALTER TABLE email_campaign_recipient SET (fillfactor = %s)", FILL_FACTOR))
        return result

    def unlink(self):
        """Delete the log with its recipients: no foreign key does it. (Deleting a mass email deletes both.)"""
        self.event_ids.unlink()
        return super().unlink()

    def action_mark_sent(self):
        """Settle what is in doubt: it arrived.

        :raises UserError: when none of them is in doubt
        """
        mailings = self.mailing_id
        mailings.check_access("write")
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH settled AS (
                    UPDATE email_campaign_recipient
                       SET state = 'sent', next_try_at = NULL, worker = NULL, sent_at = now() AT TIME ZONE 'utc'
                     WHERE id = ANY(%s) AND state = 'in_doubt'
                 RETURNING id, mailing_id
                )
                INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, detail)
                     SELECT s.mailing_id, m.campaign_id, s.id, 'sent', now() AT TIME ZONE 'utc', %s
                       FROM settled s JOIN email_campaign_mailing m ON m.id = s.mailing_id
                  RETURNING id
                """,
                self.ids,
                self.env._("No answer came; %s decided that it arrived.", self.env.user.name),
            )
        )
        self._check_settled(rows)
        mailings._notify_progress(force=True)
        return True

    def action_send_again(self):
        """Settle what is in doubt: it did not arrive. Who decides so takes the risk of a second copy.

        :raises UserError: when the mass email was cancelled, or none of them is in doubt
        """
        mailings = self.mailing_id
        mailings._check_state(("queued", "sending", "paused", "done"), self.env._("be sent again"))
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient SET state = 'queued', next_try_at = NULL, worker = NULL
                 WHERE id = ANY(%s) AND state = 'in_doubt' RETURNING id
                """,
                self.ids,
            )
        )
        self._check_settled(rows)
        mailings.sudo()._reopen()
        return True

    def _check_settled(self, rows):
        self.env.invalidate_all(flush=False)
        if not rows:
            raise UserError(
                self.env._("None of the selected recipients is in doubt, so there is nothing to decide about them.")
            )

    def action_open_record(self):
        """Open the contact, lead or user behind the recipient; of a contact that was merged, the one that stayed."""
        self.ensure_one()
        merged = self.res_model == "res.partner" and self.partner_id
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.partner_id.id if merged else self.res_id,
            "view_mode": "form",
        }

    @api.model
    def _move_records(self, model, from_ids, to_id):
        """Let what the records `from_ids` got have come to the record `to_id`, which they are merged into.

        Not for contacts: merging them leads `partner_id` to the one that stays, as all links to a contact.
        """
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient SET res_id = %(to_id)s
                 WHERE res_model = %(model)s AND res_id = ANY(%(from_ids)s) RETURNING id
                """,
                model=model,
                from_ids=list(from_ids),
                to_id=to_id,
            )
        )
        self.invalidate_model(["res_id"])
