from markupsafe import Markup

from odoo import models
from odoo.exceptions import UserError
from odoo.tools.mail import is_html_empty

from ...tools.compose import Content, Options, Source, compose
from ...tools.message import Attachment
from ...tools.plaintext import plain_text
from ...tools.template import TemplateError, paths


class EmailCampaignMailing(models.Model):
    """What a mass email says: collected, checked and frozen at launch, compiled once for each language."""

    _inherit = "email.campaign.mailing"

    def _compiled(self, langs):
        """Give {lang: (source, compiled content)} for `langs`, checked; a source is {subject, preview, html, text}.

        :raises UserError: naming the place, where something can't be used
        """
        self.ensure_one()
        compiled = {}
        for lang in langs:
            source = self._source(lang)
            self._check_source(source)
            content = self._compose(source, lang)
            self._check_paths(content)
            compiled[lang] = source, content
        return compiled

    def _source(self, lang):
        localised = self.with_context(lang=lang)
        if self.content_type == "template":
            template = localised.template_id
            html, subject = template.body_html, template.subject
            # A subject written here goes before the template's, unless it is just the one that was taken over.
            if self.subject and self.subject != self.template_id.subject:
                subject = self.subject
        else:
            html, subject = localised.body_html, self.subject
        return {
            "subject": subject or "",
            "preview": self.preview_text or "",
            "html": str(html or ""),
            "text": self.body_text or "",
        }

    def _check_source(self, source):
        if self.content_type == "template" and not self.template_id:
            raise UserError(self.env._("Choose the email template that “%s” shall use.", self.display_name))
        if not source["subject"].strip():
            raise UserError(self.env._("The mass email has no subject. Write one: it is the first thing people see."))
        if is_html_empty(source["html"]):
            raise UserError(
                self.env._("“%s” has no content. Write the body, or choose an email template.", self.display_name)
            )

    def _compose(self, source, lang, test=False) -> Content:
        """Compile one source; for a test nothing is tracked.

        :raises UserError: naming the place and the expression that can't be used
        """
        footer_html, footer_text = self.with_context(lang=lang)._footer()
        options = Options(
            base_url=self._base_url(),
            to_text=plain_text,
            open_tracking=self.open_tracking and not test,
            click_tracking=self.click_tracking and not test,
            footer_html=footer_html,
            default_look=True,
            footer_text=footer_text,
            named_urls={url.code: url.url for url in self.campaign_id.sudo().tracking_url_ids if url.code},
        )
        try:
            return compose(Source(**source), options)
        except TemplateError as error:
            raise UserError(
                self.env._(
                    "“%(mailing)s” can't be sent: in its %(place)s, “%(expression)s” can't be used (%(explanation)s).",
                    mailing=self.display_name,
                    place=error.place,
                    expression=error.expression,
                    explanation=error.explanation,
                )
            ) from error

    def _footer(self):
        """Give (html, text) of the footer with the opt-out link, in the language of the context."""
        parameter = self.env["ir.config_parameter"].sudo().get_param("email_campaign.opt_out_footer", "True")
        if parameter == "False":
            return "", ""
        company = self.company_id.sudo()
        address = " ".join((company.partner_id._display_address(without_company=True) or "").split())
        sender = ", ".join(filter(None, [company.name, address]))
        question = self.env._("You no longer want to get these emails?")
        label = self.env._("Unsubscribe")
        html = Markup(
            '<p style="margin:24px 0 0;padding:12px 0 0;border-top:1px solid #dddddd;font-family:sans-serif;'
            'font-size:12px;line-height:18px;color:#6b6b6b;">{sender}<br/>{question} '
            '<a href="{{optOutUrl}}" style="color:#6b6b6b;">{label}</a></p>'
        ).format(sender=sender, question=question, label=label)
        return str(html), f"--\n{sender}\n{question}\n{label}: {{optOutUrl}}\n"

    def _base_url(self):
        return self.get_base_url().rstrip("/")

    def _check_paths(self, content):
        """Refuse a field that the records of the audience don't have, or that the responsible user may not read."""
        groups = (
            self.env["email.target.list.member"]
            .sudo()
            ._read_group([("list_id", "in", self.campaign_id.target_list_ids.ids)], ["res_model"])
        )
        for path in sorted(paths(content.subject, content.html, content.text)):
            problem = self.env["email.merge"]._problem(path, [model for (model,) in groups], self.env.user)
            if problem:
                raise UserError(
                    self.env._(
                        "“%(mailing)s” can't be sent: the merge field “%(path)s” can't be filled (%(explanation)s).",
                        mailing=self.display_name,
                        path=path,
                        explanation=problem,
                    )
                )

    def _attachments(self):
        """Give the files to send along: this email's own, and those of its template."""
        own = self.sudo()
        template = own.template_id if own.content_type == "template" else own.env["mail.template"]
        return [
            Attachment(attachment.name, attachment.mimetype or "application/octet-stream", attachment.raw or b"")
            for attachment in own.attachment_ids | template.attachment_ids
        ]
