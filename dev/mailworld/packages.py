"""Postfix and Dovecot: found, or installed from Debian when we are root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import Problem
from ..lock import exclusive
from ..paths import CACHE, LOGS
from ..process import run
from ..progress import Step

# Each program with the package that has it. They live where ordinary users don't look.
PROGRAMS = {"postfix": "postfix", "postqueue": "postfix", "postconf": "postfix", "dovecot": "dovecot-imapd"}
FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")
# Without an answer the package would make a configuration of its own, with the machine's name in it.
ANSWERS = "postfix postfix/main_mailer_type select No configuration\n"
POLICY = Path("/usr/sbin/policy-rc.d")
FORBIDDEN = "#!/bin/sh\n# Packages are being installed whose services must not start.\nexit 101\n"
LOCK_SECONDS = 300


def require() -> None:
    """Have all programs, and the rights to run them.

    :raises Problem: saying what is missing and how to get it
    """
    lacking = sorted({package for program, package in PROGRAMS.items() if not _find(program)})
    install = f"apt-get install --no-install-recommends {' '.join(lacking)}"
    if os.geteuid() != 0:
        # Postfix gives its own users to its processes, and Dovecot locks its login processes up.
        also = f" First install what is missing: sudo {install}" if lacking else ""
        raise Problem(
            f"Postfix and Dovecot can only be started by root: sudo make integration, or in a container.{also}"
        )
    if not lacking:
        return
    if not all(map(shutil.which, ("apt-get", "debconf-set-selections"))):
        raise Problem(
            f"The packages {' and '.join(lacking)} are missing, and this is no Debian on which they could be installed "
            "by themselves. Install Postfix and Dovecot with IMAP; they need not be configured, and must not run."
        )
    with exclusive(CACHE / "mailworld.lock", "installing Postfix and Dovecot"):
        _install(lacking, install)


def program(name: str) -> Path:
    """Where a program is.

    :raises Problem: where it isn't
    """
    found = _find(name)
    if not found:
        raise Problem(f"{name} is not on this machine. It belongs to Debian's package {PROGRAMS.get(name, name)}.")
    return Path(found)


def _find(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *FOLDERS]))


def _install(lacking: list[str], install: str) -> None:
    log = LOGS / "mailworld-packages.log"
    environ = {"DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "true"}
    waiting = ("-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}")
    answers = LOGS / "mailworld-answers"
    answers.write_text(ANSWERS)
    with Step(f"Installing {' and '.join(lacking)} from Debian") as step, _no_services():
        run(["apt-get", *waiting, "update"], environ=environ, log=log)
        step.update(0.3)
        if "postfix" in lacking:
            run(["debconf-set-selections", answers], environ=environ, log=log)
        command = ["apt-get", *waiting, "install", "-y", "--no-install-recommends", *lacking]
        code, tail = run(command, environ=environ, log=log)
    answers.unlink()
    if code or not all(map(_find, PROGRAMS)):
        raise Problem(f"`{install}` failed: {tail.splitlines()[-1:]}. All of it is in {log}. Make that command work.")


@contextmanager
def _no_services() -> Iterator[None]:
    """Packages start their services unless this file says no."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text(FORBIDDEN)
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()
