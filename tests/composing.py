from lxml import html as lxml_html

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools.compose import Options, Source, compose
from odoo.addons.email_campaign.tools.message import Hole, personal_text
from odoo.addons.email_campaign.tools.plaintext import plain_text
from odoo.addons.email_campaign.tools.template import TemplateError

URL = "https://shop.example/?a=1&b=2&copy=3"
FOOTER = {
    "footer_html": '<p>No more? <a href="{optOutUrl}">Out</a></p>',
    "footer_text": "--\nOut: {optOutUrl}\n",
}
OURS = {"link": "https://crm.example/email/c/t", "open": "https://crm.example/email/o/t.gif"}
OPT_OUT = "https://crm.example/email/u/t"


class ComposeCase(BaseCase):
    """Composes what a test writes, and fills it as one recipient gets it."""

    def compose(self, html, subject="Hello", text="", preview="", **options):
        options = {"base_url": "https://crm.example", "to_text": plain_text, "open_tracking": False, **options}
        return compose(Source(subject, html, text, preview), Options(**options))

    def refused(self, html, **options):
        with self.assertRaises(TemplateError) as caught:
            self.compose(html, **options)
        self.assertNotRegex(str(caught.exception), "zq.*qz", "people see what they wrote")
        return caught.exception

    def filled(self, content, value="", markup=True):
        """Give the HTML, or the plain text, with every field holding `value`."""
        return "".join(
            part
            if isinstance(part, str)
            else personal_text(Hole(part, markup), value if part.kind == "field" else OURS.get(part.kind, OPT_OUT))
            for part in (content.html if markup else content.text)
        )

    def page(self, html, value="", **options):
        return lxml_html.document_fromstring(self.filled(self.compose(html, **options), value))

    def hrefs(self, html, value="", **options):
        return [link.get("href") for link in self.page(html, value, **options).iter("a")]
