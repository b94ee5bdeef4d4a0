import re

from markupsafe import Markup

from odoo import models
from odoo.tools.mail import is_html_empty

from ...tools.plaintext import plain_text

# Editors percent-encode the braces of a placeholder in a link.
ENCODED = re.compile(r"%7B(optOutUrl|preferencesUrl)%7D", re.IGNORECASE)
STYLE = (
    "margin:24px 0 0;padding:12px 0 0;border-top:1px solid #dddddd;font-family:sans-serif;font-size:12px;"
    "line-height:18px;color:#6b6b6b;"
)


class EmailCampaignMailing(models.Model):
    """The footer of a mass email that has no opt-out link of its own: who writes, and how to get no more."""

    _inherit = "email.campaign.mailing"

    def _footer(self):
        """Give (html, text) of the footer with the opt-out link, in the language of the context.

        Both are empty where the administrator has switched it off.
        """
        if not self._has_footer():
            return "", ""
        company = self.company_id.sudo()
        written = ENCODED.sub(r"{\1}", company.email_campaign_footer or "")
        if is_html_empty(written):
            html, text = self._usual_footer(company)
        else:
            # What an HTML field holds is cleaned of everything that runs.
            html, text = Markup("<div>%s</div>") % Markup(written), plain_text(written).strip()  # noqa: S704
            if "{optOutUrl}" not in written:
                link_html, link_text = self._opt_out_line()
                html, text = html + Markup("<div>%s</div>") % link_html, f"{text}\n{link_text}"
            elif "{optOutUrl}" not in text:
                text = f"{text}\n{self._opt_out_line()[1]}"
        return str(Markup('<div style="%s">%s</div>') % (STYLE, html)), f"--\n{text}\n"

    def _has_footer(self):
        return self.env["ir.config_parameter"]._email_campaign_switch("email_campaign.opt_out_footer")

    def _usual_footer(self, company):
        address = " ".join((company.partner_id._display_address(without_company=True) or "").split())
        sender = ", ".join(filter(None, [company.name, address]))
        link_html, link_text = self._opt_out_line()
        return Markup("%s<br/>%s") % (sender, link_html), f"{sender}\n{link_text}"

    def _opt_out_line(self):
        """Give (html, text) of the question with the link."""
        question = self.env._("You no longer want to get these emails?")
        label = self.env._("Unsubscribe")
        html = Markup('{question} <a href="{{optOutUrl}}" style="color:#6b6b6b;">{label}</a>')
        return html.format(question=question, label=label), f"{question}\n{label}: {{optOutUrl}}"
