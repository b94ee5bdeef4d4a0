"""How to reach a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2 import sql

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Cluster:
    """How to reach the server: variables as libpq and Odoo read them."""

    environ: dict[str, str]
    embedded: bool

    def execute(self, query: str | sql.Composable, values: Sequence[str] = (), database: str = "postgres") -> list[Row]:
        """Run one statement on a connection of its own, outside a transaction as CREATE DATABASE wants."""
        options = {
            key: self.environ[variable]
            for key, variable in (("host", "PGHOST"), ("port", "PGPORT"), ("user", "PGUSER"))
            if self.embedded
        }
        connection = psycopg2.connect(dbname=database, connect_timeout=10, **options)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()
