import re

from lxml import etree
from lxml import html as lxml_html
from markupsafe import Markup

from odoo import api, models
from odoo.http import request
from odoo.tools.misc import get_lang

# What no page of ours may do, and what nobody on the way may keep. Styles stand in the page, pictures too.
POLICY = {
    "default-src": "'none'",
    "style-src": "'unsafe-inline'",
    "img-src": "'self' data:",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
PAGE_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store, max-age=0"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
]

_PICTURE = re.compile(r"/web/image/(\d{1,9})\b")
MOST_OCTETS = 500_000  # of one picture in a text; larger ones are left out of a page that is to be there at once


class EmailPage(models.AbstractModel):
    """Pages for recipients: without session and script, loading nothing, in their language, kept by nobody."""

    _name = "email.page"
    _description = "Public Email Pages"

    @api.model
    def _show(self, template, lang, values, status=200, form_target="", framed_by=()):
        """Give the response that shows `template` in `lang`.

        :param form_target: origin of another server to which answering a form of the page may lead
        :param framed_by: origins of the websites that may show the page in a frame
        """
        known = self.env["res.lang"]._get_data(code=lang)
        values = {
            "page_lang": lang.partition("@")[0].replace("_", "-"),
            "page_dir": known.direction or "ltr",
            **values,
        }
        html = self.env["ir.ui.view"].with_context(lang=lang)._render_template(template, values)
        policy = dict(POLICY)
        if form_target:
            policy["form-action"] += f" {form_target}"
        if framed_by:
            policy["frame-ancestors"] = " ".join(framed_by)
        headers = [("Content-Security-Policy", "; ".join(f"{name} {value}" for name, value in policy.items()))]
        if not framed_by:
            # It knows nothing of single websites, and some browsers go by it still.
            headers.append(("X-Frame-Options", "DENY"))
        return request.make_response(html, PAGE_HEADERS + headers, status=status)

    @api.model
    def _with_pictures(self, record, name):
        """Give the HTML field `name` of `record` with its pictures in it: fetching one would begin a session."""
        text = record[name]
        if not text or "<img" not in text:
            return text
        root = lxml_html.fragment_fromstring(str(text), create_parent="div")
        for image in list(root.iter("img")):
            found = _PICTURE.search(image.get("src") or "")
            attachment = self.env["ir.attachment"].sudo().browse(int(found[1]) if found else ()).exists()
            own = attachment.res_model == record._name and attachment.res_id == record.id
            picture = (attachment.public or own) and (attachment.mimetype or "").startswith("image/")
            if picture and attachment.file_size <= MOST_OCTETS:
                image.set("src", f"data:{attachment.mimetype};base64,{attachment.datas.decode()}")
            else:
                image.drop_tree()
        return Markup(etree.tostring(root, encoding="unicode", method="html"))  # noqa: S704 (an HTML field is clean)

    @api.model
    def _missing(self):
        """Give the one answer to every link that leads nowhere: it tells nothing about why."""
        return self.sudo()._show("email_campaign.missing_page", get_lang(self.sudo().env).code, {}, status=404)
