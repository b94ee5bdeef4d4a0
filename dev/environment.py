"""The virtual environment: made from the pinned requirements, shared by checkouts that pin the same."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

from .errors import Problem
from .lock import exclusive
from .paths import CACHE, CHECKOUT, LOGS
from .process import run
from .progress import Step

OLDEST_PYTHON = (3, 10)
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")


def check_python() -> None:
    """Refuse a Python for which Odoo 19 and the pinned packages do not exist."""
    if sys.version_info < OLDEST_PYTHON:
        here = ".".join(map(str, sys.version_info[:3]))
        needed = ".".join(map(str, OLDEST_PYTHON))
        raise Problem(
            f"Python {here} ({sys.executable}) is too old: Odoo 19 needs {needed} or newer. "
            "Install a newer one and name it: make PYTHON=python3.11 …"
        )


def folder() -> Path:
    """Where the environment for these requirements and this Python belongs."""
    key = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for name in REQUIREMENTS:
        key.update((CHECKOUT / name).read_bytes())
    return CACHE / f"venv-{key.hexdigest()[:12]}"


def python() -> Path:
    """The environment's Python, made on first use."""
    target = folder()
    interpreter = target / "bin" / "python"
    with exclusive(CACHE / "venv.lock", "installing the Python packages"):
        if not (target / "complete").exists():
            _create(target)
    return interpreter


def is_active() -> bool:
    """Whether this process already runs inside it."""
    return Path(sys.prefix).resolve() == folder().resolve()


def enter() -> None:
    """Go on with the same command inside the environment, where other packages can be imported."""
    if not is_active():
        interpreter = python()
        os.execv(interpreter, [str(interpreter), "-m", "dev", *sys.argv[1:]])


def _create(target: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        raise Problem(
            f"Python {version} here cannot make virtual environments (module ensurepip is missing). "
            f"On Debian or Ubuntu: sudo apt-get install python{version}-venv — then run this again."
        )
    shutil.rmtree(target, ignore_errors=True)
    log = LOGS / "pip.log"
    code, tail = run([sys.executable, "-m", "venv", target], log=log)
    if code:
        raise Problem(f"Making the virtual environment {target} failed: {tail}. All of it is in {log}.")
    wanted = sum(
        bool(re.match(r"[A-Za-z]", line))
        for name in REQUIREMENTS
        for line in (CHECKOUT / name).read_text().splitlines()
    )
    with Step(f"Installing {wanted} Python packages") as step:
        seen = 0

        def on_line(line: str) -> None:
            nonlocal seen
            if line.startswith("Collecting "):
                seen += 1
                step.update(0.7 * seen / wanted, line.removeprefix("Collecting ").split("==")[0])
            elif line.startswith("Installing collected"):
                step.update(0.75, "unpacking")

        pip = [str(target / "bin" / "pip"), "install", "--disable-pip-version-check", "--no-input"]
        code, tail = run([*pip, "-r", CHECKOUT / REQUIREMENTS[-1]], log=log, on_line=on_line)
        if code:
            raise _pip_problem(tail, log)
    (target / "complete").write_text("")


def _pip_problem(tail: str, log: Path) -> Problem:
    errors = [line for line in tail.splitlines() if "ERROR" in line or "error:" in line]
    said = errors[-1].strip() if errors else tail.splitlines()[-1:] or "nothing"
    if re.search(r"No space left", tail):
        advice = "The disk is full: free 1 GB or set XDG_CACHE_HOME to another place."
    elif re.search(
        r"NewConnectionError|Temporary failure|ConnectTimeout|ProxyError|Network is unreachable|SSLError",
        tail,
    ):
        advice = "The package index cannot be reached: check the network, and pip's own proxy and index settings."
    else:
        advice = "Check that `pip download` of that package works here, and a C compiler if it is built."
    return Problem(f"pip could not install the pinned packages; it said: {said}. {advice} All of it is in {log}.")
