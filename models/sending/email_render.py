import logging

import psycopg2
from lxml import html as lxml_html

from odoo import api, models
from odoo.tools.rendering_tools import parse_inline_template

from ...tools.template import TemplateError

_logger = logging.getLogger(__name__)


class EmailRender(models.AbstractModel):
    """Content with code in it, made for a batch of records by Odoo's own rendering of email templates.

    The code comes from an email template, which only those may write whom Odoo lets write code there. It is run with
    the rights of the user who launched the mass email. What is typed into a mass email never comes here.
    """

    _name = "email.render"
    _description = "Rendering of Templates with Code"

    @api.model
    def _check(self, program):
        """Compile the code of `program` without running it.

        :raises TemplateError: naming the place
        """
        for _literal, expression, _default in parse_inline_template(program.subject_code):
            try:
                compile(expression or "''", "subject", "eval")
            except (SyntaxError, ValueError) as error:
                raise TemplateError("subject", expression[:120], str(error)) from error
        if not program.body_code:
            return
        root = lxml_html.fragment_fromstring(program.body_code, create_parent="div")
        qweb = self.env["ir.qweb"].with_context(
            __qweb_loaded_functions={},
            __qweb_loaded_codes={},
            __qweb_loaded_options={},
            _qweb_error_path_xml=[None, None, None],
        )
        for called in root.xpath("//@t-call[not(contains(., '{'))]"):
            view = int(called) if called.isdigit() else called
            if not self.env["ir.ui.view"].sudo()._get_template_view(view, raise_if_not_found=False):
                raise TemplateError("body", called, "there is no such view to call")
        try:
            qweb._compile(root)
        except Exception as error:  # whatever a compiler finds in somebody's template
            path = qweb.env.context["_qweb_error_path_xml"]
            raise TemplateError("body", str(path[2] or path[1] or "QWeb")[:120], str(error)) from error

    @api.model
    def _render(self, program, model, ids, lang):
        """Give ({id: (subject or None, body or None)}, ids that can't be rendered) for records of `model`.

        With the rights of the user of the environment, in its company.
        """
        rendered, failed = {}, []
        batch = self.with_context(lang=lang, email_campaign_compiled={})
        batch._render_some(program, model, list(ids), rendered, failed)
        return rendered, failed

    def _render_some(self, program, model, ids, rendered, failed):
        """Render all at once; where one can't be, the batch is halved until it is alone."""
        template = self.env["mail.template"]
        try:
            with self.env.cr.savepoint():
                subjects = bodies = dict.fromkeys(ids)
                if program.subject_code:
                    subjects = template._render_template(program.subject_code, model, ids)
                if program.body_code:
                    options = {"preserve_comments": True}
                    bodies = template._render_template(program.body_code, model, ids, engine="qweb", options=options)
        except (psycopg2.OperationalError, psycopg2.InterfaceError, MemoryError):
            raise  # the database's trouble or the process's, not a record's
        except Exception:
            if len(ids) > 1:
                half = len(ids) // 2
                self._render_some(program, model, ids[:half], rendered, failed)
                self._render_some(program, model, ids[half:], rendered, failed)
                return
            _logger.info("can't render an email for %s %s", model, ids, exc_info=not failed)
            failed.extend(ids)
            return
        for record_id in ids:
            body = bodies[record_id]
            rendered[record_id] = (subjects[record_id], None if body is None else str(body))
