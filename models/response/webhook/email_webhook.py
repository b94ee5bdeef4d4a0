import secrets
from urllib.parse import urlsplit, urlunsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import consteq

from ....tools.webhook import sns

SERVICES = [
    ("ses", "Amazon SES"),
    ("sendgrid", "SendGrid"),
    ("mailgun", "Mailgun"),
    ("postmark", "Postmark"),
    ("brevo", "Brevo"),
]
# Who signs nothing, but calls with the name and the password that stand in the URL.
BY_LOGIN = ("postmark", "brevo")
LOGIN = "odoo"
ADMIN = "email_campaign.group_admin"
ROUTE = "/email/hook/"


class EmailWebhook(models.Model):
    """Where a service tells what became of the mail that left by a provider.

    Who calls must know the URL, whose token is random, and prove who they are: by a signature of the service, or by a
    password where it has none. A service that tells by several topics or accounts has one of these for each.
    """

    _name = "email.webhook"
    _description = "Webhook of an Email Provider"
    _rec_name = "service"
    _order = "provider_id, id"

    provider_id = fields.Many2one("email.provider", required=True, ondelete="cascade", index=True)
    active = fields.Boolean(default=True, help="One that is archived is not there for whoever calls it.")
    service = fields.Selection(SERVICES, required=True, default="ses")
    token = fields.Char(
        default=lambda self: self._new_secret(), required=True, copy=False, readonly=True, groups=fields.NO_ACCESS
    )
    secret = fields.Char(
        "Key",
        compute="_compute_secret",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        groups=ADMIN,
        help="SendGrid: the verification key of the signed event webhook. Mailgun: the HTTP webhook signing key. "
        "Postmark and Brevo: the password that stands in the URL.",
    )
    topic_arn = fields.Char(
        "Topic",
        copy=False,
        groups=ADMIN,
        help="The SNS topic whose messages are taken, as arn:aws:sns:eu-west-1:123456789012:bounces. Leave empty to "
        "take the first one that asks for confirmation.",
    )
    url = fields.Char("URL", compute="_compute_url", groups=ADMIN, help="What the service is to call.")

    @api.depends("service")
    def _compute_secret(self):
        for webhook in self:
            webhook.secret = self._new_secret() if webhook.service in BY_LOGIN else False

    @api.depends("service", "secret")
    def _compute_url(self):
        for webhook in self:
            if not webhook.id or not isinstance(webhook.id, int):
                webhook.url = False
                continue
            scheme, host, *_rest = urlsplit(webhook.get_base_url())
            login = f"{LOGIN}:{webhook.secret}@" if webhook.service in BY_LOGIN else ""
            path = f"{ROUTE}{webhook.id}-{webhook.sudo().token}"
            webhook.url = urlunsplit((scheme, f"{login}{host}", path, "", ""))

    @api.constrains("topic_arn")
    def _check_topic(self):
        for webhook in self:
            if webhook.topic_arn and not sns.is_topic(webhook.topic_arn):
                raise ValidationError(
                    self.env._(
                        "“%s” is no topic of Amazon SNS. It looks like arn:aws:sns:eu-west-1:123456789012:bounces.",
                        webhook.topic_arn,
                    )
                )

    @api.constrains("secret", "service")
    def _check_secret(self):
        for webhook in self:
            # It stands in a URL, where not every sign means itself.
            plain = (webhook.secret or "").replace("-", "").replace("_", "")
            if webhook.service in BY_LOGIN and (len(plain) < 16 or not plain.isascii() or not plain.isalnum()):
                raise ValidationError(
                    self.env._(
                        "The password of a webhook consists of at least 16 letters without accents, digits, - and _."
                    )
                )

    def action_rotate(self):
        """Give it another URL, and another password: the one before is not there any more."""
        self.check_access("write")
        for webhook in self:
            values = {"token": self._new_secret()}
            if webhook.service in BY_LOGIN:
                values["secret"] = self._new_secret()
            # Nobody reads or writes the token itself.
            webhook.sudo().write(values)
        return True

    @api.model
    def _new_secret(self):
        return secrets.token_urlsafe(32)

    @api.model
    def _of_token(self, text):
        """Give the webhook that the last part of a URL names, as superuser, or an empty record set."""
        number, _dash, given = text.partition("-")
        known = number.isascii() and number.isdigit() and len(number) < 10
        webhook = self.sudo().search([("id", "=", int(number) if known else 0), ("provider_id.active", "=", True)])
        # Compared also where there is none, so that how long it takes tells nothing.
        right = consteq(given.encode("utf-8", "replace"), (webhook.token or " ").encode())
        return webhook if right else webhook.browse()
