"""Databases: templates with the addon's dependencies installed once, copies of them for every fresh database.

Installing the dependencies takes half a minute, copying a database and its files two seconds.
"""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from psycopg2 import sql

from .cluster import Cluster
from .errors import Problem
from .lock import exclusive
from .odoo import Odoo
from .paths import CHECKOUT, CHECKOUT_KEY, MODULE, STATE

# Written on every database we make: on a server that others use too, nothing else is ever dropped.
MARK = f"made by the development commands of {MODULE}, checkout {CHECKOUT_KEY}"
LAYOUT = "2"  # part of a template's name: change it when templates are made differently


@dataclass(frozen=True)
class Databases:
    """The databases of this checkout on one server."""

    cluster: Cluster
    odoo: Odoo

    def exists(self, name: str) -> bool:
        """Whether there is such a database; one that is not ours is a Problem."""
        rows = self.cluster.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (name,)
        )
        if rows and rows[0][0] != MARK and CHECKOUT_KEY not in name:
            raise Problem(
                f"The PostgreSQL server already has a database `{name}` that this checkout did not "
                "make, so it is left alone. Rename or drop that one, or use another server (PGHOST, PGPORT; "
                "with none of the PG… variables set an embedded server is used)."
            )
        return bool(rows)

    def drop(self, name: str) -> None:
        """Drop one of our databases and its files, if it exists."""
        if self.exists(name):
            self._execute("DROP DATABASE {} WITH (FORCE)", name)
        shutil.rmtree(self.odoo.filestore / name, ignore_errors=True)

    def fresh(self, name: str, *, demo: bool, extra: tuple[str, ...] = ()) -> None:
        """A new database with the addon's dependencies and `extra` modules, replacing one of that name."""
        template = self.template(demo=demo, extra=extra)
        self._build(name, template)

    def install(self, name: str, *, demo: bool) -> list[str]:
        """Install the addon, or update it where it is installed; returns the warnings that Odoo logged."""
        verb = "-u" if self._has_addon(name) else "-i"
        options = [verb, MODULE, *(["--with-demo"] if demo else [])]
        return self.odoo.load(name, options, "Updating the addon" if verb == "-u" else "Installing the addon")

    def set_parameters(self, name: str, values: dict[str, str]) -> None:
        """Set system parameters while Odoo does not run."""
        for key, value in values.items():
            self.cluster.execute(
                "INSERT INTO ir_config_parameter (key, value, create_date, write_date)"
                " VALUES (%s, %s, now(), now())"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
                name,
            )

    def template(self, *, demo: bool, extra: tuple[str, ...] = ()) -> str:
        """Name of the template database, made on first use; with `extra` modules, on top of the plain one."""
        base = self.template(demo=demo) if extra else None
        modules = extra or tuple(sorted(dependencies()))
        source = self.odoo.source
        key = hashlib.sha256(repr((LAYOUT, source.version, str(source.root), base, modules, demo)).encode()).hexdigest()
        name = f"{MODULE}_template_{CHECKOUT_KEY}_{key[:8]}"
        with exclusive(STATE / "template.lock", "preparing the template database"):
            # Without its files (on a server of one's own, after the state folder was deleted) it is no use.
            if not (self.exists(name) and (self.odoo.filestore / name).exists()):
                what = f"Preparing a template database ({', '.join(extra) or 'dependencies'})"
                options = ["-i", ",".join(modules), *(["--with-demo"] if demo else [])]
                self._build(name, base, lambda new: self.odoo.load(new, options, what))
        return name

    def _build(self, name: str, base: str | None, fill: Callable[[str], object] = lambda _: None) -> None:
        """Make a database that gets its name only when it is complete, so that this can be interrupted."""
        new = f"{MODULE}_new_{CHECKOUT_KEY}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        self.drop(new)
        encoding = "" if base else " ENCODING 'UTF8' LC_COLLATE 'C'"
        self._execute("CREATE DATABASE {} TEMPLATE {}" + encoding, new, base or "template0")
        self.cluster.execute(sql.SQL("COMMENT ON DATABASE {} IS %s").format(sql.Identifier(new)), (MARK,))
        files = self.odoo.filestore
        if base and (files / base).exists():
            # Odoo names these files by their content and never changes one, so links do.
            shutil.copytree(files / base, files / new, copy_function=_link)
        fill(new)
        self.drop(name)
        if (files / new).exists():
            (files / new).rename(files / name)
        self._execute("ALTER DATABASE {} RENAME TO {}", new, name)

    def _has_addon(self, name: str) -> bool:
        rows = self.cluster.execute("SELECT state FROM ir_module_module WHERE name = %s", (MODULE,), name)
        return bool(rows) and rows[0][0] in ("installed", "to upgrade")

    def _execute(self, statement: str, *names: str) -> None:
        self.cluster.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def drop_all(cluster: Cluster) -> None:
    """Drop every database that this checkout has made on the server."""
    rows = cluster.execute("SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') = %s", (MARK,))
    for (name,) in rows:
        cluster.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def dependencies() -> list[str]:
    """The modules that the addon's manifest depends on."""
    manifest = ast.literal_eval((CHECKOUT / "__manifest__.py").read_text())
    return list(manifest["depends"])


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def names_of_runs(slot: int) -> tuple[str, str]:
    """Databases of the test run in `slot`: the main one and the one beside mass_mailing."""
    main = f"{MODULE}_test_{CHECKOUT_KEY}_{slot}"
    return main, f"{main}_mass_mailing"
