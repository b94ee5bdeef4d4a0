"""Command line of the sandbox. ``python -m dev.sandbox --help`` lists the options.

Prints one line of JSON when it is ready, ``{"smtp": ["127.0.0.1", 2525], "web": "http://127.0.0.1:8025/"}``,
and runs until SIGTERM or SIGINT. Exit status 2: a port or the store's folder cannot be had.
"""

import argparse
import asyncio
import contextlib
import errno
import json
import logging
import os
import pathlib
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator

from .behaviour import BOUNCE_DOMAIN, Behaviour
from .database import Database
from .gateway import Gateway, Login
from .inbox import Inbox
from .outbox import Outbox
from .pages import Pages
from .smtp import Authenticator, Handler, connection
from .web import Web
from .webserver import WebServer
from .workers import Workers

HOST = "127.0.0.1"


class CannotStart(Exception):
    """What is in the way, and what to do about it."""


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m dev.sandbox",
        description=("A mail server for trying things out: keeps every message, sends none on, bounces on demand."),
    )
    parser.add_argument("--smtp-port", type=int, default=2525, help="0 chooses a free one (default: %(default)s)")
    parser.add_argument("--web-port", type=int, default=8025, help="0 chooses a free one (default: %(default)s)")
    parser.add_argument("--store", type=pathlib.Path, required=True, metavar="DIR", help="folder for the messages")
    parser.add_argument("--keep", type=int, default=20_000, metavar="N", help="newest messages to keep (%(default)s)")
    parser.add_argument("--bounce-domain", default=BOUNCE_DOMAIN, help="domain that bounces (default: %(default)s)")
    parser.add_argument(
        "--bounce-delay",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="from the acceptance of a message to its bounce (default: %(default)s)",
    )
    parser.add_argument("--user", default="", help="demand AUTH with this user")
    parser.add_argument("--password", default="", help="and this password")
    odoo = parser.add_argument_group("Odoo, whose mail gateway gets the bounces (without: they are only shown)")
    odoo.add_argument("--odoo-url", default="", help="for example http://127.0.0.1:8069")
    odoo.add_argument("--odoo-db", default="")
    odoo.add_argument("--odoo-login", default="admin", help="default: %(default)s")
    odoo.add_argument(
        "--odoo-password",
        default=os.environ.get("SANDBOX_ODOO_PASSWORD", "admin"),
        help="default: $SANDBOX_ODOO_PASSWORD, else admin",
    )
    options = parser.parse_args(argv)
    if options.keep < 1:
        parser.error("--keep must be at least 1")
    if options.odoo_url and not options.odoo_db:
        parser.error("--odoo-url needs --odoo-db")
    if options.odoo_url and not options.odoo_url.startswith(("http://", "https://")):
        parser.error("--odoo-url must begin with http:// or https://")
    if bool(options.user) != bool(options.password):
        parser.error("--user and --password go together")
    return options


@contextlib.contextmanager
def explained(what: str, port: int, option: str) -> Iterator[None]:
    """Turn a failed bind into a message for people."""
    try:
        yield
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            reason = "is in use by another program"
        else:
            reason = f"cannot be opened ({error})"
        raise CannotStart(
            f"The {what} port {port} on {HOST} {reason}. Stop that program, or choose another port with"
            f" {option} (0 takes any free one)."
        ) from error


def open_database(folder: pathlib.Path) -> Database:
    try:
        return Database(folder)
    except (OSError, sqlite3.Error) as error:
        raise CannotStart(
            f"The folder {folder} cannot hold the messages ({error}). Choose another with --store."
        ) from error


def listen(port: int) -> socket.socket:
    with explained("SMTP", port, "--smtp-port"):
        return socket.create_server((HOST, port), backlog=128)


async def serve(options: argparse.Namespace, database: Database) -> None:
    """Run everything until a signal comes."""
    behaviour = Behaviour(options.bounce_domain)
    inbox = Inbox(database, options.keep, options.bounce_delay, has_gateway=bool(options.odoo_url))
    authenticator = Authenticator(options.user, options.password, inbox) if options.user else None
    handler = Handler(inbox, behaviour)
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    smtp_socket = listen(options.smtp_port)
    smtp_host, smtp_port = smtp_socket.getsockname()
    site = {
        "smtp": f"{smtp_host}:{smtp_port}",
        "odoo": options.odoo_url,
        "keep": options.keep,
        "rules": behaviour.table(),
        "auth": bool(options.user),
    }
    with explained("web", options.web_port, "--web-port"):
        web = WebServer(options.web_port, Web(inbox, Pages(site)))
    threading.Thread(target=web.serve_forever, args=(0.1,), name="web", daemon=True).start()
    workers = None
    if options.odoo_url:
        login = Login(options.odoo_url, options.odoo_db, options.odoo_login, options.odoo_password)
        workers = Workers(Outbox(database), lambda: Gateway(login))
        workers.start()
    smtp = await loop.create_server(lambda: connection(handler, authenticator, loop), sock=smtp_socket)

    url = f"http://{HOST}:{web.server_port}/"
    print(json.dumps({"smtp": [smtp_host, smtp_port], "web": url}), flush=True)
    await stopping.wait()
    smtp.close()
    web.shutdown()
    web.server_close()
    if workers:
        workers.stop()


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        database = open_database(options.store)
        try:
            asyncio.run(serve(options, database))
        finally:
            database.close()
    except CannotStart as obstacle:
        print(obstacle, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
