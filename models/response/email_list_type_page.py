import re

from lxml import etree
from lxml import html as lxml_html
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.image import image_data_uri

from ...tools.weborigin import origin
from .email_link import PREVIEW

_PICTURE = re.compile(r"/web/image/(\d{1,9})\b")
MOST_OCTETS = 500_000  # of one picture in a text; larger ones are left out of a page that is to be there at once


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
        """Give the text of field `name` for a page, with its pictures in it: fetching one would begin a session."""
        text = self[name]
        if not text or "<img" not in text:
            return text
        root = lxml_html.fragment_fromstring(str(text), create_parent="div")
        for image in list(root.iter("img")):
            found = _PICTURE.search(image.get("src") or "")
            attachment = self.env["ir.attachment"].sudo().browse(int(found[1]) if found else ()).exists()
            own = attachment.res_model == self._name and attachment.res_id == self.id
            picture = (attachment.public or own) and (attachment.mimetype or "").startswith("image/")
            if picture and attachment.file_size <= MOST_OCTETS:
                image.set("src", f"data:{attachment.mimetype};base64,{attachment.datas.decode()}")
            else:
                image.drop_tree()
        return Markup(etree.tostring(root, encoding="unicode", method="html"))  # noqa: S704 (an HTML field is clean)

    @api.model
    def _offered(self, company):
        """Give the list types that recipients of `company` can choose."""
        return self.sudo().search([("is_public", "=", True), ("company_id", "in", [company.id, False])])
