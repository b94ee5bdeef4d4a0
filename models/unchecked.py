from odoo import fields


class UncheckedMany2one(fields.Many2one):
    """A link that the database does not check: it has no foreign key.

    For tables that get millions of rows at a time, where every foreign key costs 4 µs a row: as long as two indexes.
    Whoever deletes what is linked to sees to it that no link is left.
    """

    def update_db_foreign_key(self, model, column):
        """Make none."""
