from markupsafe import Markup

from odoo import api, models
from odoo.tools import formataddr, html2plaintext

from .hostile import excerpt, octets, storable

# Bounds on what strangers can make us keep.
MAX_BODY = 300_000  # characters; what is longer is attached as a file
MAX_ATTACHMENTS = 50
MAX_NAME = 200
# As Odoo's gateway says it, or else files with markup would be kept as text.
AS_THEY_CAME = {"attachments_mime_plainxml": True}
MAX_EXCERPT = 300


class EmailCampaignReply(models.Model):
    """How a reply comes into the conversations: that of its contact or lead, and that of the campaign.

    The message has the Message-ID that it came with in both, so that an answer from either refers to it, and what the
    person writes next is found by it. The one on the record is posted last: Odoo's gateway takes the latest.
    """

    _inherit = "email.campaign.reply"

    @api.model
    def _receive(self, recipient, told, attachments):
        """Put what was written to `recipient` on the list and into the conversations.

        :param told: values of the reply: email, name, subject, body, message_id, at, matched, is_other, is_counted
        :param attachments: as `mail.thread.message_parse` gives them
        """
        mailing = recipient.mailing_id
        campaign = mailing.campaign_id
        context = {"lang": recipient._speaking_to_company().env.lang, **AS_THEY_CAME}
        here = self.sudo().with_company(mailing.company_id).with_context(**context)
        record = here._thread_of(recipient)
        body, attachments = here._bounded(told["body"], attachments)
        author = here._author(record or campaign, recipient, told)
        values = {
            **told,
            "body": body,
            "excerpt": excerpt(html2plaintext(body, include_references=False), MAX_EXCERPT),
            "campaign_id": campaign.id,
            "mailing_id": mailing.id,
            "recipient_id": recipient.id,
            "res_model": record._name if record else False,
            "res_id": record.id if record else False,
            "partner_id": author.id,
            "user_id": here._responsible(record, campaign).id,
        }
        reply = here.create(values)
        here.env["ir.attachment"].create(
            [
                {"name": name, "raw": content, "res_model": self._name, "res_id": reply.id}
                for name, content, _info in attachments
            ]
        )
        reply._post(campaign, body, attachments, quiet=bool(record))
        if record:
            reply._post(record, body, attachments)
        reply._plan_activity()
        return reply

    def _post(self, thread, body, attachments, quiet=False):
        """Post the message on `thread`; `quiet` where those who follow are told elsewhere."""
        thread.with_user(self.env.ref("base.user_root")).with_company(self.company_id).with_context(
            mail_create_nosubscribe=True,
            mail_post_autofollow_author_skip=True,
            lang=self.env.lang,
            **AS_THEY_CAME,
        ).message_post(
            body=Markup(body),  # noqa: S704 (the body of a message is an Html field that sanitizes)
            subject=self.subject,
            message_type="email",
            subtype_xmlid="mail.mt_comment",
            author_id=self.partner_id.id or False,
            email_from=formataddr((self.name or "", self.email)),
            attachments=attachments,
            message_id=self.message_id,
            notify_skip_followers=quiet,
        )

    @api.model
    def _bounded(self, body, attachments):
        """Give (body, attachments) of what a stranger sent, in a form that can be kept."""
        kept = [
            (storable(name)[:MAX_NAME] or "attachment", octets(content), *(info or [{}]))
            for name, content, *info in attachments[:MAX_ATTACHMENTS]
        ]
        if len(body) > MAX_BODY:
            kept.append((self.env._("whole message.html"), octets(str(body)), {}))
        return storable(body[:MAX_BODY]), kept

    @api.model
    def _author(self, thread, recipient, told):
        """Give the contact who wrote: the recipient's own if it is that address, else whom Odoo finds by it."""
        contact = recipient.partner_id.exists()
        if not told["is_other"] and contact:
            return contact
        return thread.sudo()._partner_find_from_emails_single([told["email"]], no_create=True)[:1]

    @api.model
    def _thread_of(self, recipient):
        """Give the record whose conversation a message of `recipient` belongs to, if there is one."""
        model, record_id = recipient.res_model, recipient.res_id
        if model in ("res.partner", "res.users"):
            # Of contacts that were merged the one that stayed; users converse as contacts.
            return (
                recipient.partner_id.exists()
                or self.env["res.users"].sudo().browse(record_id if model == "res.users" else ()).exists().partner_id
            )
        if model in self.env and isinstance(self.env[model], self.env.registry["mail.thread"]) and record_id:
            return self.env[model].sudo().browse(record_id).exists()
        return self.env["res.partner"].sudo()

    def _record(self):
        """Give the contact or lead, if it is still there, with the rights of the user."""
        self.ensure_one()
        if self.res_model not in self.env or not self.res_id:
            return self.env["res.partner"]
        return self.env[self.res_model].browse(self.res_id).exists()

    def _thread(self):
        """Give the record whose conversation the user continues: one that they may read."""
        record = self._record()
        return record if record and record.has_access("read") else self.campaign_id

    def _campaign_messages(self):
        """Give the messages in the conversations of campaigns that were made of these replies."""
        domain = [
            ("model", "=", "email.campaign"),
            ("res_id", "in", self.campaign_id.ids),
            ("message_id", "in", self.mapped("message_id")),
        ]
        return self.env["mail.message"].sudo().search(domain) if self else self.env["mail.message"]
