from lxml import etree

from odoo import models


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _compile(self, template):
        """Compile a source once for all records of a batch that says so, where Odoo would do it for each of them.

        `email_campaign_compiled` in the context is where it is kept; a batch has one language and one user.
        """
        compiled = self.env.context.get("email_campaign_compiled")
        if compiled is None or not isinstance(template, etree._Element):
            return super()._compile(template)
        source = etree.tostring(template)
        if source not in compiled:
            compiled[source] = super()._compile(template)
        return compiled[source]
