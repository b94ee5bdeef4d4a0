import ast

from psycopg2 import DataError, ProgrammingError

from odoo import fields, models
from odoo.exceptions import UserError

UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    MemoryError,
    RecursionError,
    DataError,
    ProgrammingError,
    NotImplementedError,
)


class _Uid(ast.NodeTransformer):
    """Puts the number of the user where a filter has its one common variable."""

    def __init__(self, uid):
        self.uid = uid

    def visit_Name(self, node):
        return ast.Constant(self.uid) if node.id == "uid" else node


class IrFilters(models.Model):
    _inherit = "ir.filters"

    def _audience_domain(self):
        """Give the domain of this filter as the user who asks means it. Nothing in it is run as code.

        :raises UserError: when the domain can't be read, or names what is not there
        """
        self.ensure_one()
        name, text = self.name, self.domain or "[]"
        try:
            tree = _Uid(self.env.uid).visit(ast.parse(text.strip(), mode="eval"))
            domain = fields.Domain(ast.literal_eval(tree))
            domain.validate(self.env[self.model_id])
            with self.env.cr.savepoint():
                # What has the right form may still compare a number with a list.
                self.env[self.model_id].search(domain, limit=1, order="id")
        except UNREADABLE as error:
            raise UserError(
                self.env._(
                    "The saved filter “%(filter)s” can't be used here, because its condition can't be read: "
                    "%(domain)s Search anew for those whom you mean, and save that as a filter.",
                    filter=name,
                    domain=text[:200],
                )
            ) from error
        return domain
