"""Statements that a worker runs for every group: PostgreSQL reads and plans them once for a connection."""

import json
from functools import lru_cache

from odoo.tools import SQL


def execute(cr, known, name, types, query, *params):
    """Run `query` on `cr`, prepared on its connection when it is run there for the first time.

    Errors are not logged: those that meet other workers' changes are expected.

    :param known: set that the caller keeps for as long as it knows which connections it uses
    :param name: of the statement, the same for the same `query` and `types`
    :param types: PostgreSQL types of the parameters, which `query` calls $1, $2, …
    :param params: one for each type; many values at once are best given by `array` or `records`
    """
    key = id(cr.connection), name
    if key not in known:
        # What is prepared lives as long as the connection, whatever becomes of the transaction; another cursor may have
        # done it.
        cr.execute(SQL("SELECT FROM pg_prepared_statements WHERE name = %s", name))
        if not cr.rowcount:
            cr.execute(
                SQL("PREPARE %s (%s) AS %s", SQL.identifier(name), SQL(", ").join(map(SQL, types)), query),
                log_exceptions=False,
            )
        known.add(key)
    cr.execute(_call(name, len(types)), params, log_exceptions=False)


def array(numbers):
    """Give integers as one parameter of an array type; psycopg2 would adapt each by itself, which takes longer."""
    return f"{{{','.join(map(str, numbers))}}}"


def records(rows):
    """Give dicts as one parameter of the type json, for `json_to_recordset`: for the same reason."""
    return json.dumps(rows)


@lru_cache
def _call(name, count):
    return SQL("EXECUTE %s (%s)", SQL.identifier(name), SQL(", ").join([SQL("%s", None)] * count)).code
