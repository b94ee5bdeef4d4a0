"""Getting smtp-sink: the installed one, or Debian's postfix package unpacked into the cache; nothing is installed."""

from __future__ import annotations

import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from dev import apt
from dev.errors import Problem
from dev.lock import exclusive
from dev.paths import CACHE, LOGS
from dev.process import run

NAME = "smtp-sink"
# Not on everybody's PATH.
ADMIN_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")
DEPENDENCY = re.compile(r"^\s*\|?(?:Pre)?Depends: (?P<name>lib[\w.+-]+)$")
MISSING = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)
# The C library must be the one that the machine's dynamic linker belongs to.
NEVER = re.compile(r"^libc6|^libgcc|^libcrypt1$")
ROUNDS = 4
INSTALL = "Install it: on Debian or Ubuntu, sudo apt-get install postfix (choose “No configuration”)."


@dataclass(frozen=True)
class Program:
    """Where smtp-sink is, and what its libraries need in the environment."""

    path: Path
    environ: dict[str, str]


def find() -> Program:
    """The smtp-sink to use; downloads and unpacks it on first use."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *ADMIN_FOLDERS])
    if found := shutil.which(NAME, path=path):
        return Program(Path(found), {})
    return fetch()


def fetch() -> Program:
    """smtp-sink from the cache."""
    target = CACHE / "postfix"
    program = _program(target)
    with exclusive(CACHE / "postfix.lock", f"fetching {NAME}"):
        if not (target / "complete").exists():
            try:
                _fetch(target, program)
            except Problem as problem:
                raise Problem(f"{NAME} of Postfix is not here and could not be fetched. {INSTALL} {problem}") from None
    return program


def _program(target: Path) -> Program:
    libraries = [target / "usr/lib/postfix"]
    libraries += [target / place / _multiarch() for place in ("usr/lib", "lib")]
    return Program(target / "usr/sbin" / NAME, {"LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries))})


def _multiarch() -> str:
    return f"{platform.machine()}-linux-gnu"


def _fetch(target: Path, program: Program) -> None:
    """Unpack the package and, as long as libraries are missing, the library packages that it depends on."""
    apt.require_tools()
    log = LOGS / "postfix.log"
    folder = CACHE / "apt-postfix"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "stable")
    private = apt.open_private_apt(folder, (suite,), log)
    wanted, seen = ["postfix"], set[str]()
    for _ in range(ROUNDS):
        for package in private.download(wanted, folder / "packages", log):
            code, tail = run(["dpkg-deb", "-x", package, target], log=log)
            if code:
                raise Problem(f"dpkg-deb could not unpack {package.name}: {tail}")
        seen.update(wanted)
        missing = missing_libraries(program)
        if not missing:
            break
        wanted = [name for name in _libraries_of(wanted, folder) if name not in seen and not NEVER.match(name)]
        if not wanted:
            break
    shutil.rmtree(folder, ignore_errors=True)
    if missing:
        raise Problem(f"It lacks the libraries {', '.join(missing)}.")
    (target / "complete").write_text("")


def missing_libraries(program: Program) -> list[str]:
    """The shared libraries that the dynamic linker does not find for it."""
    code, output = run(["ldd", program.path], environ=program.environ)
    if code:
        raise Problem(f"ldd can't read {program.path}: {output}")
    return MISSING.findall(output)


def _libraries_of(packages: list[str], folder: Path) -> list[str]:
    lines: list[str] = []
    command: list[str | Path] = ["apt-cache", "-c", folder / "apt.conf", "depends", "--important", *packages]
    run(command, on_line=lines.append)
    return list(dict.fromkeys(match["name"] for line in lines if (match := DEPENDENCY.match(line))))
