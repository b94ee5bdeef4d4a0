from odoo import fields


class GeneratedBoolean(fields.Boolean):
    """A column that PostgreSQL keeps by itself: true where `condition` on other columns holds, else NULL.

    For partial indexes. A row whose update touches no column that an index speaks of costs a fraction of one that does
    (PostgreSQL's heap-only tuples): so where a column changes often, as a state does, an index had better speak of
    what follows from it and changes seldom. Cannot be written; `condition` is SQL of ours, never of a user. Databases
    that have the column keep their expression: a release that changes it drops the column in a migration.
    """

    def __init__(self, string=fields.Boolean.string, *, condition, **kwargs):
        super().__init__(string, condition=condition, readonly=True, copy=False, **kwargs)

    @property
    def column_type(self):
        return ("bool", f"bool GENERATED ALWAYS AS (({self.condition}) OR NULL) STORED")
