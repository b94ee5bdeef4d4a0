from odoo.tools import SQL


def rows_read(env, query, table):
    """Give how many rows of `table` PostgreSQL looks at to answer `query`, which it does.

    Before PostgreSQL 18 they are rounded for each loop of a step; what an index drops by itself is not counted.
    """
    [(plan,)] = env.execute_query(SQL("EXPLAIN (ANALYZE, FORMAT JSON) %s", query))

    def read(node):
        looked_at = 0
        if node.get("Relation Name") == table:
            looked_at = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        return looked_at + sum(read(child) for child in node.get("Plans", ()))

    return read(plan[0]["Plan"])
