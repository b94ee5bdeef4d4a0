from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.image import image_data_uri

from ...tools.weborigin import origin
from .email_link import PREVIEW


class EmailListType(models.Model):
    """What recipients see of a list type: its opt-out page, and its line in the preference centre."""

    _inherit = "email.list.type"

    is_public = fields.Boolean(
        "Shown to Recipients",
        help="Recipients can choose it in the preference centre, whatever email brought them there. Others are only "
        "shown to those who got an email by them.",
    )
    description = fields.Char(
        translate=True,
        help="What somebody gets who chooses it, and how often. Recipients read it below the name.",
    )
    ask_reason = fields.Boolean(
        "Ask for the Reason",
        default=True,
        help="Whether the opt-out page asks why. Nobody has to answer.",
    )
    logo = fields.Image(
        max_width=480,
        max_height=160,
        help="Shown on the pages of this list type. Without one, it is the company's logo.",
    )
    after_url = fields.Char(
        "Go On To",
        help="A page of yours, as https://www.example.com/goodbye, to which people are led who have opted out. Leave "
        "it empty to show what was done, with a button that undoes it.",
    )

    @api.constrains("after_url")
    def _check_after_url(self):
        for list_type in self:
            if list_type.after_url and not origin(list_type.after_url):
                raise ValidationError(
                    self.env._(
                        "“%(url)s” is not a page that people can be led to after opting out from “%(name)s”. Write it "
                        "as https://www.example.com/goodbye.",
                        url=list_type.after_url,
                        name=list_type.name,
                    )
                )

    def action_preview_page(self):
        """Open the opt-out page as recipients see it; what is pressed there changes nothing."""
        return self._preview("u")

    def action_preview_preferences(self):
        """Open the preference centre as recipients of this list type see it; it changes nothing."""
        return self._preview("p")

    def _preview(self, page):
        self.ensure_one()
        token = self.env["email.link"]._signer().sign(PREVIEW, self.id)
        return {"type": "ir.actions.act_url", "url": f"/email/{page}/{token}", "target": "new"}

    def _logo_uri(self, company):
        """Give the picture for a page as a data: URI, so that the page loads nothing; empty where there is none."""
        if self.logo:
            return image_data_uri(self.logo)
        if not company.uses_default_logo and company.logo_web:
            return image_data_uri(company.logo_web)
        return ""

    def _page_html(self, name):
        """Give the text of field `name` for a page, with its pictures in it."""
        return self.env["email.page"]._with_pictures(self, name)

    @api.model
    def _offered(self, company):
        """Give the list types that recipients of `company` can choose."""
        return self.sudo().search([("is_public", "=", True), ("company_id", "in", [company.id, False])])
