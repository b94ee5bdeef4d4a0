from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        """Whoever is done with the activity is done with the replies that it is about."""
        replies = self.env["email.campaign.reply"].sudo().search([("activity_id", "in", self.ids)])
        places = {activity: (activity.res_model, activity.res_id) for activity in self}
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        if replies:
            # Odoo posts one for each, in this order, but where the record is gone.
            posted = result[0].sudo().grouped(lambda message: (message.model, message.res_id))
            told = {place: iter(messages) for place, messages in posted.items()}
            for activity, place in places.items():
                message = next(told.get(place, iter(())), None)
                if message:
                    replies.filtered(lambda reply, of=activity: reply.activity_id == of).done_message_id = message
            replies.filtered(lambda reply: reply.state == "new").write({"state": "done"})
        return result
