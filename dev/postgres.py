"""PostgreSQL: the server that the usual PG… variables name, or an embedded one of this checkout's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2

from .cluster import Cluster
from .embedded import Embedded
from .errors import Problem
from .lock import UseCount
from .paths import STATE

NAMING = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGSERVICE")


@contextmanager
def server(*, alone: bool = False) -> Iterator[Cluster]:
    """A server that answers, for the time of the block.

    An embedded one is started unless it already runs (another command, or one that was killed), and is
    stopped by whichever command leaves last.

    `alone`: nobody else may use an embedded one during the block; commands that start meanwhile wait for its end.
    """
    if is_named():
        yield _named_server()
        return
    embedded = Embedded()
    users = UseCount(STATE / "postgres.users")
    users.join()
    try:
        if alone and not users.is_last():
            raise Problem(
                "PostgreSQL is in use by another command (make run or make test), and this one restarts it. "
                "Stop that one with Ctrl-C or wait for its end, then run this again."
            )
        yield embedded.start()
    finally:
        if users.is_last():
            embedded.stop()
        users.leave()


def stop_embedded() -> bool:
    """Stop a server that a killed command left; False if some command is using it."""
    return _when_unused(Embedded.stop)


def remove_embedded() -> bool:
    """Stop the server and delete its files; False if some command is using it."""
    return _when_unused(Embedded.remove)


def _when_unused(act: Callable[[Embedded], None]) -> bool:
    users = UseCount(STATE / "postgres.users")
    try:
        if not users.is_last():
            return False
        act(Embedded())
        return True
    finally:
        users.leave()


def is_named() -> bool:
    """Whether the person names a server of their own."""
    return any(os.environ.get(variable) for variable in NAMING)


def _named_server() -> Cluster:
    variables = [variable for variable in NAMING if os.environ.get(variable)]
    settings = ", ".join(f"{variable}={os.environ[variable]}" for variable in variables)
    cluster = Cluster({}, embedded=False)
    try:
        rows = cluster.execute("SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
    except psycopg2.OperationalError as error:
        reason = str(error).splitlines()[0]
        raise Problem(
            f"The PostgreSQL server named by {settings} does not answer: {reason}. Start it or "
            f"correct these settings; or unset {' '.join(variables)} for an embedded server without set-up."
        ) from error
    role, may_create = rows[0]
    if not may_create:
        raise Problem(
            f"The PostgreSQL role {role} ({settings}) may not create databases. Let an administrator run: "
            f'ALTER ROLE "{role}" CREATEDB; — or unset {" ".join(variables)} to use an embedded server.'
        )
    return cluster
