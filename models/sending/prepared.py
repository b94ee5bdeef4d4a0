"""Statements that a worker runs for every group: PostgreSQL reads and plans them once for a connection."""

import json
from functools import lru_cache
from weakref import WeakKeyDictionary

from odoo.tools import SQL

# {connection: names}. What is prepared lives as long as the connection, whatever becomes of transactions and cursors.
_prepared = WeakKeyDictionary()
# Plans for whatever is given: these statements find rows by their ids, and to plan the first few calls for just those
# takes as long as to run them. It is undone when the connection goes back to Odoo's pool.
_GENERIC = SQL("SET plan_cache_mode = force_generic_plan")


def execute(cr, name, types, query, *params):
    """Run `query` on `cr`, prepared on its connection when it is run there for the first time.

    Errors are not logged: those that meet other workers' changes are expected.

    :param name: of the statement, the same for the same `query` and `types`
    :param types: PostgreSQL types of the parameters, which `query` calls $1, $2, …
    :param params: one for each type; many values at once are best given by `array` or `records`
    """
    known = _prepared.setdefault(cr.connection, set())
    if name not in known:
        prepare = SQL("PREPARE %s (%s) AS %s", SQL.identifier(name), SQL(", ").join(map(SQL, types)), query)
        cr.execute(SQL("%s; %s", _GENERIC, prepare), log_exceptions=False)
        known.add(name)
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
