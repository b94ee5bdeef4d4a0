import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

MERGE_FIELD = re.compile(r"\{\{\s*(?:\w+\.)*(\w+)\s*(?:\|\|\|\s*([^{}]*?)\s*)?\}\}")
MANAGED = {
    "state",
    "launched_at",
    "launched_by_id",
    "user_id",
    "company_id",
    "done_at",
    "frozen_content",
    "link_parameters",
    "settled_figures",
    "trouble",
    "trouble_count",
    "next_try_at",
}


class EmailCampaignMailing(models.Model):
    """One sending of a campaign.

    ========= =============================== =====================================================================
    state     set by                          what follows
    ========= =============================== =====================================================================
    draft     creating, copying               may be changed; launch freezes content and audience
    queued    launch                          waits for its time and for a worker
    sending   the worker that takes it up     goes out in groups; pause and cancel take effect within one group
    paused    pause                           nothing leaves; resume goes on where it stopped
    done      the worker, nothing being left  failed ones can be tried again, which makes it `queued` again
    cancelled cancel                          what had not left is `cancelled`, what was sent stays `sent`
    ========= =============================== =====================================================================
    """

    _name = "email.campaign.mailing"
    _description = "Mass Email"
    _inherit = ["mail.thread", "email.figures"]
    _rec_name = "subject"
    _figures_column = "id"
    _figures_depends = ("state",)
    _order = "create_date desc, id desc"

    campaign_id = fields.Many2one("email.campaign", required=True, index=True, ondelete="cascade")
    user_id = fields.Many2one(related="campaign_id.user_id", store=True)
    company_id = fields.Many2one(related="campaign_id.company_id", store=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("queued", "Queued"),
            ("sending", "Sending"),
            ("paused", "Paused"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    subject = fields.Char(help="Merge fields are written {{ object.name }} or {{ object.name ||| default }}.")
    preview_text = fields.Char(help="Shown beside the subject in most mailboxes.")
    content_type = fields.Selection(
        [("html", "Written Here"), ("template", "Email Template")], "Content", default="html", required=True
    )
    template_id = fields.Many2one("mail.template", "Email Template", ondelete="restrict")
    # Large, and a worker reads the rest of the record again and again.
    body_html = fields.Html("Body", sanitize="email_outgoing", prefetch=False)
    body_text = fields.Text("Plain Text", prefetch=False, help="Leave empty to have it made from the body.")
    email_from = fields.Char("From", default=lambda self: self.env.user.email_formatted)
    reply_to = fields.Char(help="Leave empty to get replies at the sender's address.")
    attachment_ids = fields.Many2many("ir.attachment", string="Attachments", bypass_search_access=True)
    open_tracking = fields.Boolean(
        default=lambda self: self.env["email.visit"]._open_tracking() == "on",
        help="Add a small image that tells when the email is opened. Mail programs may not load it.",
    )
    click_tracking = fields.Boolean(
        default=True, help="Lead links through this server, so that the log shows who clicked on what."
    )
    scheduled_at = fields.Datetime(
        "Send At", help="Leave empty to send as soon as it is launched.", copy=False, tracking=True
    )
    dry_run = fields.Boolean(
        help="Launching checks the content, the sender and everyone on the lists and reports who would be left out and "
        "why. Nothing is sent and the mass email stays a draft.",
        copy=False,
    )

    launched_at = fields.Datetime("Launched", readonly=True, copy=False)
    # Merge values are read with the rights of this user, whoever the campaign is handed to later.
    launched_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    done_at = fields.Datetime("Finished", readonly=True, copy=False)
    # What was launched: {lang, sources: {lang: {subject, preview, html, text}}}. A template changed later is not seen.
    frozen_content = fields.Json(readonly=True, copy=False, prefetch=False)
    trouble = fields.Char(readonly=True, copy=False, help="Why nothing goes out at the moment.")
    trouble_count = fields.Integer(readonly=True, copy=False)
    next_try_at = fields.Datetime("Next Try", readonly=True, copy=False)
    recipient_ids = fields.One2many("email.campaign.recipient", "mailing_id", "Recipient Rows")

    _due_index = models.Index("(state, scheduled_at) WHERE state IN ('queued', 'sending')")

    @api.depends("subject", "template_id.name")
    def _compute_display_name(self):
        for mailing in self:
            # A merge field is shown by its default, as somebody without a name would get it, or else by its name.
            subject = MERGE_FIELD.sub(lambda field: field[2] or f"[{field[1]}]", mailing.subject or "")
            mailing.display_name = subject or mailing.template_id.name or self.env._("New mass email")

    @api.onchange("template_id")
    def _onchange_template_id(self):
        if not self.template_id:
            return
        # What the template says is taken over; what it leaves open stays as it is.
        for mine, theirs in (("subject", "subject"), ("email_from", "email_from"), ("reply_to", "reply_to")):
            value = self.template_id[theirs]
            if value and (mine == "subject" or "{{" not in value):
                self[mine] = value

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_not_managed(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_not_managed(vals)
        frozen = set(vals) & self._frozen_fields()
        if frozen and not self.env.su:
            for mailing in self:
                if mailing.state != "draft":
                    field = self._fields[min(frozen)]._description_string(self.env)
                    raise UserError(
                        self.env._(
                            "“%(mailing)s” was launched already, so “%(field)s” can't be changed any more. Duplicate "
                            "it to send something else.",
                            mailing=mailing.display_name,
                            field=field,
                        )
                    )
        return super().write(vals)

    def _check_not_managed(self, vals):
        """Refuse what only launch, the buttons and the worker may set, also to those who write by RPC."""
        if vals.get("campaign_id"):
            self.env["email.campaign"].browse(vals["campaign_id"]).check_access("write")
        managed = set(vals) & MANAGED
        if managed and not self.env.su:
            raise AccessError(
                self.env._(
                    "“%s” can't be set by hand; use the buttons of the mass email.",
                    self._fields[min(managed)]._description_string(self.env),
                )
            )

    @api.model
    def _frozen_fields(self):
        """Give the names of the fields that are fixed by a launch."""
        return {
            "campaign_id",
            "subject",
            "preview_text",
            "content_type",
            "template_id",
            "body_html",
            "body_text",
            "email_from",
            "reply_to",
            "attachment_ids",
            "open_tracking",
            "click_tracking",
            "scheduled_at",
            "dry_run",
        }

    def action_open(self):
        """Open this mass email from a list that stands in another form."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form"}

    def action_view_recipients(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_recipient_action")

    def action_view_skipped(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_recipient_action", search_default_skipped=1)

    def action_view_failed(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_recipient_action", search_default_failed=1)

    def action_view_in_doubt(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_recipient_action", search_default_in_doubt=1)

    def action_view_events(self):
        self.ensure_one()
        return self._view("email_campaign.email_campaign_event_action")

    def _view(self, xmlid, **context):
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        action.update(domain=[("mailing_id", "=", self.id)], context=context)
        return action

    def unlink(self):
        """Delete their recipients and their log with them: no foreign key does it."""
        ids = self.ids
        result = super().unlink()
        for table in ("event", "event_count", "event_hour", "recipient"):
            table = SQL.identifier(f"email_campaign_{table}")
            self.env.cr.execute(SQL("DELETE FROM %s WHERE mailing_id = ANY(%s)", table, ids))
        self.env.invalidate_all(flush=False)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_nothing_left(self):
        for mailing in self:
            if mailing.state in ("queued", "sending", "paused"):
                raise UserError(
                    self.env._("“%(mailing)s” is still to be sent. Cancel it first.", mailing=mailing.display_name)
                )
            if mailing.state != "draft" and mailing.sent_count + mailing.in_doubt_count + mailing.remaining_count:
                raise UserError(
                    self.env._(
                        "“%(mailing)s” was sent, and its links and its log still serve the people who got it. Archive "
                        "the campaign instead of deleting it.",
                        mailing=mailing.display_name,
                    )
                )
