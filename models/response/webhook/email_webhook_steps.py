from markupsafe import Markup

from odoo import api, fields, models


class EmailWebhook(models.Model):
    """How it is set up at the service."""

    _inherit = "email.webhook"

    steps = fields.Html(compute="_compute_steps", sanitize=False)

    @api.depends("service")
    def _compute_steps(self):
        for webhook in self:
            steps = getattr(webhook, f"_steps_{webhook.service}", list)()
            lines = Markup().join(Markup("<li>%s</li>") % step for step in steps)
            webhook.steps = Markup('<ol class="ps-3 mb-0">%s</ol>') % lines if steps else False

    def _steps_ses(self):
        return [
            self.env._("In Amazon SNS, in the region that you send from, create a topic of type “Standard”."),
            self.env._(
                "Create a subscription of that topic: protocol HTTPS, and the URL above as its endpoint. Leave "
                "raw message delivery off. The subscription is confirmed from here within seconds."
            ),
            self.env._(
                "In Amazon SES, give that topic to your configuration set as an event destination for bounces, "
                "complaints, deliveries, delivery delays and subscriptions. Or give it to your identity, under "
                "“Notifications”, for bounces, complaints and deliveries, with “Include original headers”."
            ),
            self.env._("Switch off email feedback forwarding of the identity, so that nothing is told twice."),
        ]

    def _steps_sendgrid(self):
        return [
            self.env._(
                "In SendGrid, under Settings › Mail Settings › Event Webhooks, create a webhook with the URL above."
            ),
            self.env._(
                "Choose bounced, dropped, deferred, delivered, spam reports, unsubscribes and group "
                "unsubscribes. Opens and clicks are not needed."
            ),
            self.env._("Switch on “Signed Event Webhook”, save, and copy its verification key into the field “Key”."),
            self.env._("Press “Test Your Integration”: what it sends is about nobody here, and shows that it arrives."),
        ]

    def _steps_mailgun(self):
        return [
            self.env._(
                "In Mailgun, under Sending › Webhooks, choose your domain, and add the URL above for permanent "
                "failure, temporary failure, delivered, spam complaints and unsubscribes."
            ),
            self.env._("Copy the “HTTP webhook signing key” from API Security into the field “Key”."),
        ]

    def _steps_postmark(self):
        return [
            self.env._("In Postmark, open the message stream that you send by, then Webhooks › Add webhook."),
            self.env._("Enter the URL above; name and password stand in it already."),
            self.env._(
                "Choose delivery, bounce, spam complaint and subscription change, without the message content. "
                "Opens and clicks are not needed."
            ),
        ]

    def _steps_brevo(self):
        return [
            self.env._(
                "In Brevo, open Transactional › Settings › Webhook and add a webhook with the URL above; name "
                "and password stand in it already."
            ),
            self.env._(
                "Choose delivered, soft bounce, hard bounce, invalid email, deferred, blocked, error, complaint "
                "and unsubscribed. Opens and clicks are not needed."
            ),
        ]
