from odoo import models


class EmailCampaignReply(models.Model):
    """What goes with a reply that is deleted: everything that was made of it, but the conversation of the record."""

    _inherit = "email.campaign.reply"

    def unlink(self):
        """Take along the files, the copies in the campaigns, and what tells people that there is something to do."""
        replies = self.sudo()
        messages = replies._campaign_messages() | replies.done_message_id
        replies._delete_messages(messages)
        replies.attachment_ids.unlink()
        activities = replies.activity_id
        result = super().unlink()
        # One activity may be about several.
        left = replies.search([("activity_id", "in", activities.ids)], order="id desc")
        (activities - left.activity_id).unlink()
        for reply in left.grouped("activity_id").values():
            reply[-1:].activity_id.write(reply[-1:]._told_in_activity())
        return result

    def _delete_messages(self, messages):
        """Delete messages with the files that came with them, which Odoo keeps at their records."""
        files = messages.attachment_ids
        messages.unlink()
        files.exists().unlink()

    def _record_messages(self):
        """Give the messages in the conversations of contacts and leads that were made of these replies."""
        places = {(reply.res_model, reply.res_id, reply.message_id) for reply in self if reply.res_id}
        messages = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("message_id", "in", [message_id for _model, _id, message_id in places]),
                    ("res_id", "in", [record_id for _model, record_id, _message_id in places]),
                    ("message_type", "=", "email"),
                ]
            )
        )
        return messages.filtered(lambda message: (message.model, message.res_id, message.message_id) in places)
