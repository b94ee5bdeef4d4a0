from odoo import models
from odoo.exceptions import UserError
from odoo.tools.mail import is_html_empty

from ...tools.compose import Content, Options, Program, Source, compose, compose_code
from ...tools.message import Attachment
from ...tools.plaintext import plain_text
from ...tools.template import CodeError, TemplateError


class EmailCampaignMailing(models.Model):
    """What a mass email says: collected, checked and frozen at launch, compiled once for each language."""

    _inherit = "email.campaign.mailing"

    def _compiled(self, langs):
        """Give {lang: (source, compiled content)} for `langs`, checked.

        A source is {subject, preview, html, text}, and where it is of a template `code`: {model, subject}, the model
        that its code is for and whether the subject is the template's own. What is typed here never runs code.

        :raises UserError: naming the place, where something can't be used
        """
        self.ensure_one()
        compiled = {}
        for lang in langs:
            source = self._source(lang)
            self._check_source(source)
            content = self._compose(source, lang)
            self._check_content(content, source)
            compiled[lang] = source, content
        return compiled

    def _source(self, lang):
        localised = self.with_context(lang=lang)
        code = {}
        if self.content_type == "template":
            template = localised.template_id
            html, subject = template.body_html, template.subject
            code = {"code": {"model": template.model, "subject": True}}
            # A subject written here goes before the template's, unless it is just the one that was taken over.
            if self.subject and self.subject != self.template_id.subject:
                subject = self.subject
                code["code"]["subject"] = False
        else:
            html, subject = localised.body_html, self.subject
        return {
            "subject": subject or "",
            "preview": self.preview_text or "",
            "html": str(html or ""),
            "text": self.body_text or "",
            **code,
        }

    def _check_source(self, source):
        if self.content_type == "template" and not self.template_id:
            raise UserError(self.env._("Choose the email template that “%s” shall use.", self.display_name))
        if not source["subject"].strip():
            raise UserError(self.env._("The mass email has no subject. Write one: it is the first thing people see."))
        # What has no words of its own may get them from code.
        if is_html_empty(source["html"]) and not ("code" in source and " t-" in source["html"]):
            raise UserError(
                self.env._("“%s” has no content. Write the body, or choose an email template.", self.display_name)
            )

    def _compose(self, source, lang, test=False) -> Content | Program:
        """Compile one source; for a test nothing is tracked. Code in a template makes a program of it.

        :raises UserError: naming the place and the expression that can't be used
        """
        footer_html, footer_text = self.with_context(lang=lang)._footer()
        options = Options(
            base_url=self._base_url(),
            to_text=plain_text,
            open_tracking=self.open_tracking and not test and self.env["email.visit"]._open_tracking() != "never",
            click_tracking=self.click_tracking and not test,
            hidden_link=self.click_tracking and not test and self.env["email.visit"]._is_hidden_link_on(),
            footer_html=footer_html,
            default_look=True,
            footer_text=footer_text,
            named_urls=self.env["email.tracking.url"]._named(self.campaign_id),
            parameters=self._added_parameters(),
        )
        code = source.get("code")
        source = Source(**{name: text for name, text in source.items() if name != "code"})
        try:
            try:
                return compose(source, options)
            except CodeError:
                if not code:
                    raise
                return compose_code(source, options, code["subject"])
        except TemplateError as error:
            raise self._unusable(error) from error

    def _unusable(self, error):
        return UserError(
            self.env._(
                "“%(mailing)s” can't be sent: in its %(place)s, “%(expression)s” can't be used (%(explanation)s).",
                mailing=self.display_name,
                place=error.place,
                expression=error.expression,
                explanation=error.explanation,
            )
        )

    def _base_url(self):
        return self.get_base_url().strip().rstrip("/")

    def _check_content(self, content, source):
        """Refuse a field that the records of the audience don't have, or that the responsible user may not read, and
        code that can't be compiled or is for other records.
        """
        groups = (
            self.env["email.target.list.member"]
            .sudo()
            ._read_group([("list_id", "in", self.campaign_id.target_list_ids.ids)], ["res_model"])
        )
        model_names = [model for (model,) in groups]
        if isinstance(content, Program):
            self._check_code(content, source["code"]["model"], model_names)
        for path in sorted(content.fields()):
            problem = self.env["email.merge"]._problem(path, model_names, self.env.user)
            if problem:
                raise UserError(
                    self.env._(
                        "“%(mailing)s” can't be sent: the merge field “%(path)s” can't be filled (%(explanation)s).",
                        mailing=self.display_name,
                        path=path,
                        explanation=problem,
                    )
                )

    def _check_code(self, program, model, model_names):
        others = {name for name in model_names if name != model}
        if others:
            known = self.env["ir.model"].sudo()
            labels = [known._get(name).name if name else self.env._("addresses without a record") for name in others]
            raise UserError(
                self.env._(
                    "“%(mailing)s” can't be sent: the code in its template is for “%(model)s”, and there are others on "
                    "the target lists: %(others)s. Use a template with fields only, or lists of one kind.",
                    mailing=self.display_name,
                    model=known._get(model).name or model or "",
                    others=", ".join(sorted(labels)),
                )
            )
        try:
            self.env["email.render"]._check(program)
        except TemplateError as error:
            raise self._unusable(error) from error

    def _attachments(self):
        """Give the files to send along: this email's own, and those of its template."""
        own = self.sudo()
        template = own.template_id if own.content_type == "template" else own.env["mail.template"]
        return [
            Attachment(attachment.name, attachment.mimetype or "application/octet-stream", attachment.raw or b"")
            for attachment in own.attachment_ids | template.attachment_ids
        ]
