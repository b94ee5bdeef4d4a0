"""Chromium for the browser tests: found, or installed from Debian when we are root."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from .errors import Problem
from .lock import exclusive
from .paths import CACHE, LOGS, STATE
from .process import run
from .progress import Step

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Odoo's own list lacks these: without them a browser on a closed network asks for many things in vain.
FLAGS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_or_install() -> Path:
    """The browser's program."""
    found = _find()
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Problem(
            "The browser tests need Chromium, and none of "
            f"{', '.join(NAMES)} is on PATH. Install it (on Debian: sudo apt-get install chromium), or leave "
            "these tests out: NO_BROWSER=1 make test"
        )
    with exclusive(CACHE / "chromium.lock", "installing Chromium"):
        found = _find()
        if not found:
            _install()
            found = _find()
    assert found
    return found


def _find() -> Path | None:
    return next((Path(path) for name in NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    log = LOGS / "chromium.log"
    environ = {"DEBIAN_FRONTEND": "noninteractive"}
    with Step("Installing Chromium from Debian") as step:
        run(["apt-get", "update"], environ=environ, log=log)
        step.update(0.2)
        code, tail = run(["apt-get", "install", "-y", "--no-install-recommends", "chromium"], environ=environ, log=log)
    if code or not _find():
        raise Problem(
            f"`apt-get install chromium` failed: {tail.splitlines()[-1:]}. All of it is in {log}. "
            "Make that command work, or leave the browser tests out: NO_BROWSER=1 make test"
        )


def wrapper_folder(browser: Path | None) -> Path:
    """A folder to put first on PATH, in which Odoo's tests find the browser with our flags.

    Odoo looks for google-chrome before all others. Without a browser a test that wants one is skipped:
    the wrapper is missing and Odoo says "not found".
    """
    folder = STATE / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "google-chrome"
    if browser is None:
        script.unlink(missing_ok=True)
        return folder
    partial = folder / f".google-chrome.{os.getpid()}"
    flags = " ".join(["--no-sandbox", *FLAGS] if os.geteuid() == 0 else FLAGS)
    partial.write_text(f'#!/bin/sh\nexec {shlex.quote(str(browser))} {flags} "$@"\n')
    partial.chmod(0o755)
    partial.replace(script)
    return folder
