"""Statements that a worker runs for every group: PostgreSQL reads and plans them once for a connection."""

import json
from functools import lru_cache
from itertools import count

from odoo.tools import SQL

# Until the end of the transaction: else the first five calls of each are planned anew, as long as they take to run.
GENERIC = "SET LOCAL plan_cache_mode = force_generic_plan"

# No two workers of this process may give two statements of one connection the same name.
_serial = count(1)


class Statements:
    """What one worker has prepared on the connections that it uses."""

    def __init__(self):
        self._names = {}  # (connection, name) → its name there

    def forget(self):
        """Prepare all anew: another connection has nothing prepared, even where it looks like one that is gone."""
        self._names.clear()

    def prepare(self, cr, name, types, query):
        """Prepare `query` on the connection of `cr`, unless it is already; give the name that it has there.

        :param name: of the statement, the same for the same `query` and `types`
        :param types: PostgreSQL types of the parameters, which `query` calls $1, $2, …
        """
        key = id(cr.connection), name
        if key not in self._names:
            # What is prepared lives as long as the connection, whatever becomes of the transaction.
            its_name = f"{name}_{next(_serial)}"
            cr.execute(
                SQL("PREPARE %s (%s) AS %s", SQL.identifier(its_name), SQL(", ").join(map(SQL, types)), query),
                log_exceptions=False,
            )
            self._names[key] = its_name
        return self._names[key]

    def plan(self, cr, name, types, query):
        """Prepare `query` and have it planned, unless that is done already; for the rest see `prepare`."""
        if (id(cr.connection), name) in self._names:
            return
        prepared = SQL.identifier(self.prepare(cr, name, types, query))
        nothing = SQL(", ").join([SQL("NULL")] * len(types))
        # The plan is kept, and nothing is run.
        cr.execute(GENERIC)
        cr.execute(SQL("EXPLAIN EXECUTE %s (%s)", prepared, nothing), log_exceptions=False)

    def call(self, cr, name, types, query, *params):
        """Give the text that runs `query` on `cr`; for the rest see `prepare`.

        :param params: one for each type; many values at once are best given by `array` or `records`
        """
        return cr.mogrify(_call(self.prepare(cr, name, types, query), len(types)), params).decode()


def run(cr, *calls):
    """Run texts of `Statements.call` at one go, of which the last may have a result; empty ones are left out.

    Errors are not logged: those that meet other workers' changes are expected.
    """
    if any(calls):
        cr.execute(";".join(filter(None, (GENERIC, *calls))), log_exceptions=False)


def array(numbers):
    """Give integers as one parameter of an array type; psycopg2 would adapt each by itself, which takes longer."""
    return f"{{{','.join(map(str, numbers))}}}"


def records(rows):
    """Give dicts as one parameter of the type json, for `json_to_recordset`: for the same reason."""
    return json.dumps(rows)


@lru_cache
def _call(name, count):
    return SQL("EXECUTE %s (%s)", SQL.identifier(name), SQL(", ").join([SQL("%s", None)] * count)).code
