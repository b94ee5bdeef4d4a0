from werkzeug.exceptions import MethodNotAllowed, NotFound

from odoo import models
from odoo.http import request

ROUTES = "/email/"


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _match(cls, path_info):
        """Tell nobody by which method a link would do something: a wrong one is a page that there isn't."""
        try:
            return super()._match(path_info)
        except MethodNotAllowed as error:
            if path_info.startswith(ROUTES):
                raise NotFound from error
            raise

    @classmethod
    def _serve_fallback(cls):
        """Serve no file below our routes: nobody is to try out names there, and a NUL in one is no error of ours."""
        return None if request.httprequest.path.startswith(ROUTES) else super()._serve_fallback()

    @classmethod
    def _handle_error(cls, exception):
        """Explain every link of an email that leads nowhere by one page, the same for all of them."""
        if isinstance(exception, NotFound) and request.httprequest.path.startswith(ROUTES):
            return request.env["email.page"]._missing()
        return super()._handle_error(exception)
