from email.utils import formataddr

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ...unchecked import UncheckedMany2one

# What people may change; the rest is what came in.
CHANGED_BY_HAND = {"state", "user_id"}


class EmailCampaignReply(models.Model):
    """What somebody wrote back to a mass email, until a person has dealt with it.

    ===== ========================================= ==========================================
    state set by                                    what follows
    ===== ========================================= ==========================================
    new   the message that came in, or reopening    is on the list of its responsible user
    done  a person, or an answer that they sent     its activity is done too
    ===== ========================================= ==========================================
    """

    _name = "email.campaign.reply"
    _description = "Reply"
    _order = "at desc, id desc"
    _rec_names_search = ["name", "email", "subject"]

    campaign_id = fields.Many2one("email.campaign", required=True, readonly=True, index=True, ondelete="cascade")
    mailing_id = fields.Many2one(
        "email.campaign.mailing", "Mass Email", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="campaign_id.company_id", store=True)
    # Their rows are changed by the million; who deletes some sees to it that no link is left.
    recipient_id = UncheckedMany2one("email.campaign.recipient", readonly=True, index="btree_not_null")
    recipient_email = fields.Char("Sent To", related="recipient_id.email")
    is_other = fields.Boolean(
        "Written by Somebody Else",
        readonly=True,
        help="It came from another address than the mass email went to: it was forwarded, or the person has two.",
    )
    # Where the conversation stands: the contact or lead. Empty where only an address was written to.
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    record_name = fields.Char("Belongs To", compute="_compute_record_name")
    partner_id = fields.Many2one(
        "res.partner", "Contact", readonly=True, ondelete="set null", index="btree_not_null", help="Who wrote it."
    )
    email = fields.Char(required=True, readonly=True)
    name = fields.Char(readonly=True)
    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, prefetch=False)
    excerpt = fields.Char("Text", readonly=True, help="How it begins, without what it quotes.")
    attachment_ids = fields.One2many(
        "ir.attachment", "res_id", "Attachments", domain=[("res_model", "=", "email.campaign.reply")], readonly=True
    )
    message_id = fields.Char("Message-ID", required=True, readonly=True)
    at = fields.Datetime("When", required=True, readonly=True)
    matched = fields.Selection(
        [("headers", "What It Answers"), ("address", "Its Address")],
        "Known By",
        required=True,
        readonly=True,
        help="What it answers is proved by a signature. By its address only: it came to the mailbox of a provider that "
        "wrote to this address lately; it does not count until you say that it is a reply.",
    )
    is_counted = fields.Boolean("Counted", readonly=True)
    state = fields.Selection(
        [("new", "New"), ("done", "Done")], default="new", required=True, group_expand="_expand_states"
    )
    user_id = fields.Many2one("res.users", "Responsible", index=True, domain=[("share", "=", False)])
    activity_id = fields.Many2one("mail.activity", readonly=True, ondelete="set null", index="btree_not_null")
    # What Odoo posted when the activity was done, which repeats its text.
    done_message_id = fields.Many2one("mail.message", readonly=True, ondelete="set null", index="btree_not_null")
    lead_id = fields.Many2one("crm.lead", "Opportunity", readonly=True, ondelete="set null", index="btree_not_null")

    _message_unique = models.Constraint(
        "UNIQUE(message_id, company_id)", "This message is on the list of replies already."
    )
    _open_index = models.Index("(campaign_id) WHERE state = 'new'")
    _record_index = models.Index("(res_model, res_id)")

    @api.depends("name", "email", "subject")
    def _compute_display_name(self):
        for reply in self:
            reply.display_name = f"{reply.name or reply.email}: {reply.subject or ''}".rstrip(": ")

    @api.depends("res_model", "res_id")
    def _compute_record_name(self):
        for reply in self:
            # As many2one fields do: the name of what somebody is responsible for may be seen.
            reply.record_name = reply._record().sudo().display_name if reply._record() else False

    @api.model
    def _expand_states(self, states, domain):
        return [state for state, _label in self._fields["state"].selection]

    def write(self, vals):
        if not self.env.su and not set(vals) <= CHANGED_BY_HAND:
            raise AccessError(self.env._("What came in can't be changed, only who is responsible and the state."))
        result = super().write(vals)
        if {"state", "user_id"} & set(vals):
            self._follow_in_activities(vals)
        return result

    def action_done(self):
        """Say that there is nothing more to do about them."""
        self.write({"state": "done"})
        return True

    def action_reopen(self):
        """Put them on the list again."""
        self.write({"state": "new"})
        return True

    def action_answer(self):
        """Write an answer, which stays in the conversation of the record (or of the campaign, if there is none)."""
        self.ensure_one()
        self.check_access("read")
        thread = self._thread()
        partner = self.partner_id
        if not partner:
            # As Odoo does for whom it suggests to write to: who gets an answer is a contact.
            written = formataddr((self.name or "", self.email))
            found = thread.sudo().with_company(self.company_id)._partner_find_from_emails_single([written])
            partner = self.sudo().partner_id = found[:1]
        subject = self.subject or ""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Answer"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": thread._name,
                "default_res_ids": thread.ids,
                "default_composition_mode": "comment",
                "default_partner_ids": partner.ids,
                "default_subject": subject if subject[:3].lower() == "re:" else f"Re: {subject}",
                "default_email_layout_xmlid": "mail.mail_notification_light",
            },
        }

    def action_open_record(self):
        """Open the contact or lead whose conversation it is in."""
        self.ensure_one()
        record = self._record() or self.campaign_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
        }

    def action_make_opportunity(self):
        """Make an opportunity of it that is put down to the campaign, or open the one that was made."""
        self.ensure_one()
        if not self.lead_id:
            campaign = self.campaign_id.sudo()
            self.sudo().lead_id = self.env["crm.lead"].create(
                {
                    "type": "opportunity",
                    "name": self.subject or self.env._("Reply of %s", self.name or self.email),
                    "partner_id": self.partner_id.id,
                    "email_from": self.email,
                    "contact_name": self.name,
                    "description": self.body,
                    "user_id": self.user_id.id,
                    "company_id": self.company_id.id,
                    "campaign_id": campaign.utm_campaign_id.id,
                    "source_id": campaign.utm_source_id.id,
                    "medium_id": campaign.utm_medium_id.id,
                }
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "view_mode": "form",
        }

    def action_count(self):
        """Say that what is only known by its address is a reply: from now on it counts as one."""
        self.check_access("write")
        for reply in self.sudo().filtered(lambda reply: not reply.is_counted and reply.recipient_id):
            reply.recipient_id._note_reply(reply.message_id, reply.subject, by_owner=not reply.is_other)
            reply.is_counted = True
        return True

    @api.model
    def _answered_in(self, thread, emails):
        """Give the Message-ID of the latest of the replies in the conversation of `thread` that `emails` wrote."""
        rows = self.env.execute_query(
            SQL(
                "SELECT message_id FROM email_campaign_reply WHERE %s AND email = ANY(%s) ORDER BY id DESC LIMIT 1",
                self._in_thread(thread),
                list(emails),
            )
        )
        return rows[0][0] if rows else None

    @api.model
    def _note_answer(self, thread, emails):
        """Somebody of ours wrote to `emails` (normalised) in the conversation of `thread`: that is dealt with."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM email_campaign_reply WHERE %s AND state = 'new' AND email = ANY(%s)",
                self._in_thread(thread),
                list(emails),
            )
        )
        self.sudo().browse([reply_id for (reply_id,) in rows]).write({"state": "done"})

    @api.model
    def _in_thread(self, thread):
        """Give the condition for the replies in the conversation of one record: by an index, either of them."""
        self.flush_model()
        if thread._name == "email.campaign":
            return SQL("campaign_id = %s", thread.id)
        return SQL("res_model = %s AND res_id = %s", thread._name, thread.id)
