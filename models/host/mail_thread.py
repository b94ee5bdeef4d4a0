from ast import literal_eval

from odoo import api, models

from ..response.email_incoming import CAME


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        """Take what came back for a campaign out of the gateway; everything else goes on its normal way."""
        if self.env["email.incoming"]._absorb(message, message_dict):
            return []
        normal = self.with_context(**{CAME: None})
        return super(MailThread, normal).message_route(message, message_dict, model, thread_id, custom_values)

    @api.model
    def _detect_loop_sender(self, message, message_dict, routes):
        # What goes nowhere can't go round; and Odoo raises here on parameters that are no numbers.
        return bool(routes) and super()._detect_loop_sender(message, message_dict, routes)

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        # What becomes of others' messages does not carry them along.
        normal = self.with_context(**{CAME: None})
        return super(MailThread, normal)._message_route_process(message, message_dict, routes)

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        """Take note when somebody of ours writes to a person who replied: that is dealt with.

        Only what was written in Odoo: by mail anybody can write in the name of anybody.
        """
        told = super()._notify_thread(message, msg_vals=msg_vals, **kwargs)
        if told and self.id and message.message_type == "comment" and _is_answer(message):
            emails = {person.get("email_normalized") for person in told} - {None, False, ""}
            self.env["email.campaign.reply"]._note_answer(self, emails)
        return told

    def _notify_by_email_get_base_mail_values(self, message, recipients_data, additional_values=None):
        """Say in an answer to a reply what it answers, so that every mail program shows them together."""
        values = super()._notify_by_email_get_base_mail_values(message, recipients_data, additional_values)
        if self.id and _is_answer(message):
            emails = {person.get("email_normalized") for person in recipients_data} - {None, False, ""}
            if answered := self.env["email.campaign.reply"]._answered_in(self, emails):
                headers = literal_eval(values["headers"]) if values.get("headers") else {}
                values["headers"] = repr({**headers, "In-Reply-To": answered})
        return values


def _is_answer(message):
    """Whether one of ours wrote `message` for others to read."""
    return (
        message.message_type in ("comment", "email")
        and not message.sudo().subtype_id.internal
        and bool(message.author_id)
        and not message.author_id.partner_share
    )
