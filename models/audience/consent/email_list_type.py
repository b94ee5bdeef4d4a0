from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import is_html_empty
from odoo.tools.misc import html_escape

from ....tools import network

SNIPPET = Markup(
    """<form action="{url}" method="post" accept-charset="utf-8">
  <input type="hidden" name="lang" value="{lang}">{hidden_text}
  <p><label>{email}<br><input type="email" name="email" maxlength="254" autocomplete="email" required></label></p>{name}
  <p style="position:absolute;left:-10000px" aria-hidden="true"><label>{trap}
    <input type="text" name="website" tabindex="-1" autocomplete="off"></label></p>{text}
  <p><button type="submit">{button}</button></p>
</form>
"""
)


class EmailListType(models.Model):
    """How people subscribe to what comes by a list type."""

    _inherit = "email.list.type"

    subscribe_form = fields.Boolean(
        help="Let people subscribe on a public page, or on your own website by a form that leads to it."
    )
    double_opt_in = fields.Boolean(
        default=True,
        help="Nobody is subscribed until they press a button that an email leads them to. Without it, anybody can "
        "subscribe anybody, and you can't show who did. Whoever opted out before is always asked by email.",
    )
    ask_name = fields.Boolean("Ask for the Name", help="The name is never required.")
    consent_checkbox = fields.Boolean(
        "Box to Tick", help="People have to tick a box beside the text that they agree to."
    )
    subscribe_text = fields.Html("Above the Form", translate=True)
    subscribed_text = fields.Html("Once Confirmed", translate=True)
    consent_text_id = fields.Many2one(
        "email.consent.text",
        domain="[('list_type_id', '=', id)]",
        ondelete="restrict",
        copy=False,
        help="What people agree to. Each consent on record says which version was shown.",
    )
    consent_text = fields.Html("Text", related="consent_text_id.text")
    subscriber_list_id = fields.Many2one(
        "email.target.list",
        "List of Subscribers",
        domain="[('list_type_id', '=', id), ('kind', '=', 'static')]",
        ondelete="restrict",
        copy=False,
        help="Whoever subscribes comes onto this list, as a plain address with the name they gave.",
    )
    confirm_template_id = fields.Many2one(
        "mail.template",
        "Confirmation Email",
        domain="[('model', '=', 'email.subscription.request')]",
        default=lambda self: self.env.ref("email_campaign.mail_template_confirm", raise_if_not_found=False),
    )
    welcome_template_id = fields.Many2one(
        "mail.template",
        "Welcome Email",
        domain="[('model', '=', 'email.subscription.request')]",
        help="Sent once somebody has subscribed; leave empty for none.",
    )
    embed_origins = fields.Char(
        "Websites That May Embed It",
        help="Addresses of the websites that may show the page in a frame, as https://www.example.com; several with a "
        "blank between them. Empty: none may.",
    )
    subscribe_url = fields.Char("Public Page", compute="_compute_subscribe_url")
    subscribe_snippet = fields.Text("Form for Your Website", compute="_compute_subscribe_snippet")
    opted_in_count = fields.Integer("Subscribed", compute="_compute_subscription_counts")
    pending_count = fields.Integer("Not Confirmed", compute="_compute_subscription_counts")

    @api.depends("subscribe_form")
    def _compute_subscribe_url(self):
        for list_type in self:
            list_type.subscribe_url = bool(list_type._origin) and list_type._subscribe_url()

    @api.depends("ask_name", "consent_checkbox", "consent_text_id.text", "subscribe_form")
    @api.depends_context("lang")
    def _compute_subscribe_snippet(self):
        for list_type in self:
            list_type.subscribe_snippet = bool(list_type._origin) and list_type._snippet()

    def _compute_subscription_counts(self):
        groups = (
            self.env["email.subscription"]
            .sudo()
            ._read_group(
                [("list_type_id", "in", self.ids), ("state", "!=", "opted_out")], ["list_type_id", "state"], ["__count"]
            )
        )
        counts = {(list_type.id, state): count for list_type, state, count in groups}
        for list_type in self:
            list_type.opted_in_count = counts.get((list_type._origin.id, "opted_in"), 0)
            list_type.pending_count = counts.get((list_type._origin.id, "pending"), 0)

    @api.constrains("embed_origins")
    def _check_embed_origins(self):
        for list_type in self:
            try:
                network.origins(list_type.embed_origins or "")
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "“%s” is no address of a website. Write it as https://www.example.com, without a path, and "
                        "several with a blank between them.",
                        str(error),
                    )
                ) from error

    @api.constrains("consent_text_id", "subscriber_list_id")
    def _check_own(self):
        for list_type in self:
            for record in (list_type.consent_text_id, list_type.subscriber_list_id):
                if record and record.list_type_id != list_type:
                    raise ValidationError(
                        self.env._(
                            "“%(record)s” is of another list type than “%(list_type)s”.",
                            record=record.display_name,
                            list_type=list_type.name,
                        )
                    )
            if list_type.subscriber_list_id.kind == "dynamic":
                raise ValidationError(self.env._("A dynamic list can't take subscribers; choose a static one."))

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_consented(self):
        for list_type in self:
            if self.env["email.consent"].sudo().search_count([("list_type_id", "=", list_type.id)], limit=1):
                raise UserError(
                    self.env._(
                        "There is consent on record about the list type “%s”. Archive it instead.", list_type.name
                    )
                )

    def action_view_subscriptions(self):
        """Open who subscribed to what comes by this list type, and who did not confirm or opted out."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_subscription_action")
        action["context"] = {"search_default_list_type_id": self.id}
        return action

    def _subscribe_url(self):
        token = self.env["email.link"]._signer().sign("subscribe", self._origin.id)
        return f"{self.get_base_url().rstrip('/')}/email/s/{token}"

    def _snippet(self):
        """Give a form to copy into any website; it needs no script and loads nothing."""
        escaped = html_escape
        hidden_text = text = ""
        consent = self.consent_text_id
        if consent and not is_html_empty(consent.text):
            hidden_text = Markup('\n  <input type="hidden" name="text" value="{}">').format(consent._origin.id)
            words = consent.text
            if self.consent_checkbox:
                text = Markup(
                    '\n  <div><label><input type="checkbox" name="agree" value="1" required> {}</label>{}</div>'
                ).format(self.env._("I agree:"), words)
            else:
                text = Markup("\n  <div>{}</div>").format(words)
        name = ""
        if self.ask_name:
            name = Markup(
                '\n  <p><label>{}<br><input type="text" name="name" maxlength="100" autocomplete="name"></label></p>'
            ).format(self.env._("Name (optional)"))
        return SNIPPET.format(
            url=escaped(self._subscribe_url()),
            lang=self.env.lang or "en_US",
            hidden_text=hidden_text,
            email=self.env._("Email address"),
            name=name,
            trap=self.env._("Leave this empty"),
            text=text,
            button=self.env._("Subscribe"),
        )
