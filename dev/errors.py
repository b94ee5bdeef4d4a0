"""Problems that are told to the person at the keyboard instead of being shown as a traceback."""

from __future__ import annotations

import errno
import socket


class Problem(Exception):
    """One paragraph: what happened, with which value, what to do about it."""


class Interrupted(BaseException):
    """A request to stop (SIGINT, SIGTERM, SIGHUP).

    A BaseException, so that no `except Exception` on the way keeps the command alive and every `finally`
    and context manager still stops what it started.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def explain_os_error(error: OSError) -> Problem | None:
    """Turn the operating system's refusals that a newcomer meets into advice; None for all others."""
    where = f" while writing {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return Problem(
            f"The disk is full{where}. About 3 GB are needed: Odoo and Python packages in the cache folder, "
            "databases in the state folder. Free some space, or put them elsewhere with XDG_CACHE_HOME and "
            "EMAIL_CAMPAIGN_STATE, then run the same command again: it carries on where it stopped."
        )
    if error.errno in (errno.EACCES, errno.EROFS):
        return Problem(
            f"No permission{where or f' ({error})'}. Make that folder writable for you, or choose others "
            "with XDG_CACHE_HOME (downloads) and EMAIL_CAMPAIGN_STATE (databases, logs)."
        )
    return None


def check_port_is_free(port: int, variable: str, what: str) -> None:
    """Say before anything is started that a port is taken, and which variable moves it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Odoo sets this too; without it a port in TIME_WAIT after the last run would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            reason = "is already in use" if error.errno == errno.EADDRINUSE else "may not be opened by you"
            raise Problem(
                f"Port {port}, meant for {what}, {reason}. If another `make run` is using it, stop that one; "
                f"otherwise choose another port, for example: {variable}={port % 65535 + 1} make run"
            ) from error
