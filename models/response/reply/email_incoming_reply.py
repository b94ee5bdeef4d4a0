import logging
from datetime import timedelta
from email.utils import parseaddr

from markupsafe import Markup

from odoo import api, fields, models

from ....tools import address, bounce, marks
from ....tools.plaintext import one_line

_logger = logging.getLogger(__name__)

MAX_NAME, MAX_SUBJECT, MAX_ADDRESS = 100, 250, 320
MAX_MESSAGE_ID = 200  # characters; an index holds it
SYSTEMS = ("mailer-daemon", "postmaster", "mail-daemon")


class EmailIncoming(models.AbstractModel):
    """What people write back to a mass email, before Odoo's gateway would make a record of it."""

    _inherit = "email.incoming"

    @api.model
    def _is_reply(self, match, verdict, message):
        """Whether a person, or their mail program by itself, answered the mass email that `message` is about."""
        if verdict.kind == "auto_reply":
            return True
        if verdict.kind != "other" or verdict.understood:
            return False
        writer = self._writer(message)
        if "@" not in writer or writer.partition("@")[0] in SYSTEMS:
            return False
        # Some mail programs answer to the return path.
        return match.by == "references" or not match.recipient or writer == match.recipient.email

    @api.model
    def _take_reply(self, recipient, message, message_dict, automatic):
        """Deal with what was written back.

        :param recipient: whom it is signed to be about, or an empty record set
        :param automatic: whether a mail program wrote it by itself (RFC 3834): that is on record, and no reply
        :return: whether it was ours; if so it must go no further
        """
        if message_dict is None:
            self._mend_sender(message)
            message_dict = self.env["mail.thread"].message_parse(message)
        if not recipient:
            return self._take_by_address(message, message_dict, automatic)
        if self._is_in_conversation(message_dict):
            return False
        if self._is_flood(recipient):
            return True
        colleague = self._colleague(recipient, message)
        if colleague:
            self._thread_colleague(recipient, colleague, message, message_dict)
            return True
        self._queue(recipient, message, message_dict, "headers")
        return True

    @api.model
    def _queue(self, recipient, message, message_dict, matched):
        """Put a reply on the list, and count it if it is proved to be one."""
        told = self._told(recipient, message, message_dict, matched)
        replies = self.env["email.campaign.reply"].sudo()
        known = [("message_id", "=", told["message_id"]), ("company_id", "=", recipient.mailing_id.company_id.id)]
        if replies.search_count(known, limit=1):
            return
        if matched == "headers" and not recipient._is_erased():
            told["is_counted"] = recipient._note_reply(
                told["message_id"], told["subject"], by_owner=not told["is_other"]
            )
        replies._receive(recipient, told, message_dict.get("attachments") or [])

    @api.model
    def _told(self, recipient, message, message_dict, matched):
        writer = self._writer(message)
        name = one_line(_parsed(message_dict.get("email_from") or "")[0], MAX_NAME)
        return {
            "email": writer,
            "name": name or (recipient.name if writer == recipient.email else False),
            "subject": one_line(message_dict.get("subject"), MAX_SUBJECT),
            "body": message_dict.get("body") or "",
            "message_id": self._reference(message),
            "at": fields.Datetime.now(),
            "matched": matched,
            "is_other": writer != recipient.email,
        }

    @api.model
    def _is_in_conversation(self, message_dict):
        """Whether it continues what people of ours wrote, which Odoo's gateway threads, and tells them of.

        What answers nothing but the person's own reply, we take once more: nobody would be told of it.
        """
        parent = self.env["mail.message"].sudo().browse(message_dict.get("parent_id") or ()).exists()
        if not parent.res_id:
            return False
        own = [("message_id", "=", parent.message_id)]
        return not self.env["email.campaign.reply"].sudo().search_count(own, limit=1)

    @api.model
    def _is_flood(self, recipient):
        """Whether so many came from there lately that two machines must be talking. By Odoo's own two parameters."""
        since, most = self._loop_bounds()
        lately = [("recipient_id", "=", recipient.id), ("at", ">=", since)]
        if self.env["email.campaign.reply"].sudo().search_count(lately, limit=most) < most:
            return False
        self._note_flood(recipient, since, most)
        return True

    @api.model
    def _loop_bounds(self):
        """Give (since when, how many messages are too many)."""
        minutes = self._number_set("mail.gateway.loop.minutes", 120)
        return fields.Datetime.now() - timedelta(minutes=minutes), self._number_set("mail.gateway.loop.threshold", 20)

    @api.model
    def _number_set(self, name, default):
        """Give a system parameter, or the default where it is none that can be meant: no message is lost by that."""
        written = self.env["ir.config_parameter"].sudo().get_param(name, default)
        try:
            number = int(written)
        except ValueError:
            number = 0
        if 0 < number < 1_000_000:
            return number
        _logger.warning("The system parameter %s is no number that can be meant: %s is taken for it", name, default)
        return default

    @api.model
    def _note_flood(self, recipient, since, most):
        """Write down at the campaign, once in that time, that what comes from there is ignored."""
        campaign = recipient.mailing_id.campaign_id
        env = recipient._speaking_to_company().env
        subject = env._("Replies are ignored")
        noted = [
            ("model", "=", campaign._name),
            ("res_id", "=", campaign.id),
            ("date", ">=", since),
            ("subject", "=", subject),
            ("body", "like", recipient.email),
        ]
        if self.env["mail.message"].sudo().search_count(noted, limit=1):
            return
        _logger.warning("More than %s replies of recipient %s: ignored", most, recipient.id)
        campaign._message_log(
            subject=subject,
            body=env._(
                "More than %(most)s messages came back from %(recipient)s in a short time, as when two mail programs "
                "answer each other. Further ones are ignored for now.",
                most=most,
                recipient=recipient.email,
            ),
        )

    @api.model
    def _colleague(self, recipient, message):
        """Give the internal user who wrote `message`, if it is not the recipient: an answer sent from elsewhere."""
        writer = self._writer(message)
        if writer == recipient.email:
            return self.env["res.users"]
        users = self.env["res.users"].sudo().search([("email_normalized", "=", writer), ("share", "=", False)], limit=1)
        return users.filtered(lambda user: recipient.mailing_id.company_id in user.company_ids)

    @api.model
    def _thread_colleague(self, recipient, colleague, message, message_dict):
        """Somebody of ours answered from their own mail program, with a copy to us: it belongs to the conversation.

        Anybody can write that From. Odoo's gateway believes it as far as to name the author, and so do we; but it
        closes nothing, and there is no more of it than of replies.
        """
        replies = self.env["email.campaign.reply"].sudo()
        thread = replies._thread_of(recipient) or recipient.mailing_id.campaign_id
        since, most = self._loop_bounds()
        lately = [
            ("model", "=", thread._name),
            ("res_id", "=", thread.id),
            ("date", ">=", since),
            ("message_type", "=", "email"),
        ]
        messages = self.env["mail.message"].sudo()
        if messages.search_count([*lately, ("message_id", "=", self._reference(message))], limit=1):
            return
        if messages.search_count(lately, limit=most) >= most:
            self._note_flood(recipient, since, most)
            return
        body, attachments = replies._bounded(message_dict.get("body") or "", message_dict.get("attachments") or [])
        thread.with_user(self.env.ref("base.user_root")).with_context(mail_create_nosubscribe=True).message_post(
            body=Markup(body),  # noqa: S704 (the body of a message is an Html field that sanitizes)
            subject=one_line(message_dict.get("subject"), MAX_SUBJECT),
            message_type="email",
            subtype_xmlid="mail.mt_comment",
            author_id=colleague.partner_id.id,
            email_from=colleague.email_formatted,
            attachments=attachments,
            message_id=self._reference(message),
            notify_skip_followers=True,
        )

    @api.model
    def _mend_sender(self, message):
        """Leave out a name in From: that Python's parser stumbles over, as over one of nothing but dots."""
        try:
            message.get_all("From")
        except (AttributeError, IndexError):
            writer = self._writer(message)
            del message["From"]
            message["From"] = writer

    @api.model
    def _writer(self, message):
        """Give the normalised address that `message` says it is from, or what stands there."""
        [value] = [*marks.values(message, ["from"])][:1] or [""]
        return one_line(address.key(_parsed(value)[1]), MAX_ADDRESS)

    @api.model
    def _reference(self, message):
        """Give the Message-ID, or a name that is the same for the same message."""
        [value] = [*marks.values(message, ["message-id"])][:1] or [""]
        own = one_line(value, MAX_MESSAGE_ID + 1)
        return own if 2 < len(own) <= MAX_MESSAGE_ID else f"<{bounce.reference(message)}@incoming>"


def _parsed(written):
    """Give (name, address) of an address as a message has it; the standard library follows comments without end."""
    try:
        return parseaddr(written[:1_000])
    except RecursionError:
        return "", ""
