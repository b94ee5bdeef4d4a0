"""The source of Odoo 19: an existing folder (ODOO_SRC), or Debian's package unpacked into the cache.

The package is architecture-independent Python. It is only unpacked, never installed: installing it on a
stable Debian would bring the development version's Python along.
"""

from __future__ import annotations

import ast
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import apt
from .errors import Problem
from .lock import exclusive
from .paths import CACHE, LOGS, MODULE
from .process import run
from .progress import Step

SERIES = "19.0"
MAIN_SUITE, FONT_SUITE = "sid", "bookworm"
# Debian replaces fonts and JavaScript libraries by relative links into these packages.
PACKAGES = (
    f"odoo-19/{MAIN_SUITE}",
    *(
        f"{name}/{MAIN_SUITE}"
        for name in (
            "fonts-roboto-unhinted",
            "fonts-montserrat",
            "fonts-inconsolata",
            "fonts-ocr-b",
            "fonts-glyphicons-halflings",
            "libjs-jquery",
            "libjs-jquery-form",
            "libjs-underscore",
        )
    ),
    # The newer one has another layout: the links would dangle and all icons of the web client be missing.
    f"fonts-font-awesome/{FONT_SUITE}",
)
LAYOUT = "1"  # change it when what happens after unpacking changes: older unpacked copies are then redone


@dataclass(frozen=True)
class OdooSource:
    """A usable source: `root` goes on PYTHONPATH, `addons` on the addons path."""

    root: Path
    version: str

    @property
    def addons(self) -> list[Path]:
        """Folders with Odoo's own addons: a git checkout has two, Debian's package one."""
        folders = [self.root / "odoo" / "addons", self.root / "addons"]
        return [folder for folder in folders if (folder / "base" / "__manifest__.py").exists() or _has_crm(folder)]


def _has_crm(folder: Path) -> bool:
    return (folder / "crm" / "__manifest__.py").exists()


def find(odoo_src: str) -> OdooSource:
    """The source to use; downloads and unpacks it on first use."""
    if odoo_src:
        return _check(Path(odoo_src).expanduser().resolve(), f"ODOO_SRC={odoo_src}")
    target = CACHE / f"odoo-{SERIES}"
    with exclusive(CACHE / "odoo.lock", "fetching Odoo's source"):
        if _stamp(target) != LAYOUT:
            _fetch(target)
    return _check(target / "usr" / "lib" / "python3" / "dist-packages", f"The unpacked package in {target}")


def _stamp(target: Path) -> str:
    try:
        return (target / "complete").read_text()
    except FileNotFoundError:
        return ""


def _fetch(target: Path) -> None:
    apt.require_tools()
    CACHE.mkdir(parents=True, exist_ok=True)
    log = LOGS / "odoo-source.log"
    packages = CACHE / "packages"
    files = sorted(packages.glob("*.deb"))
    if len(files) != len(PACKAGES):
        private = apt.open_private_apt(CACHE / "apt", (MAIN_SUITE, FONT_SUITE), log)
        files = private.download(PACKAGES, packages, log)
    unpack(files, target, log)
    # 150 MB that only an interrupted unpacking would need again.
    for folder in (packages, CACHE / "apt"):
        shutil.rmtree(folder, ignore_errors=True)


def unpack(files: list[Path], target: Path, log: Path) -> None:
    """Unpack all packages into `target`. The stamp is written last: without it the next run starts afresh."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with Step("Unpacking Odoo") as step:
        total = sum(file.stat().st_size for file in files)
        done = 0
        for file in files:
            step.update(done / total, file.name.partition("_")[0])
            code, tail = run(["dpkg-deb", "-x", file, target], log=log)
            if code:
                raise Problem(
                    f"dpkg-deb could not unpack {file.name} into {target}: {tail.splitlines()[-1:]}. If the "
                    f"disk is full, free 2 GB; else delete {file.parent} and try again."
                )
            done += file.stat().st_size
        _complete(target / "usr" / "lib" / "python3" / "dist-packages")
    (target / "complete").write_text(LAYOUT)


def _complete(root: Path) -> None:
    """Make good what the package lacks or has twice."""
    # A second copy of the addons with Python files only: were it found first, no addon would have its data.
    if (root / "odoo" / "addons" / "crm" / "__manifest__.py").exists():
        shutil.rmtree(root / "addons", ignore_errors=True)
    # Background blur in calls. The web client's bundle names the file, and a missing one is logged as an
    # error in the browser, on which every browser test would fail.
    blur = root / "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
    if blur.parents[2].is_dir() and not blur.exists():
        blur.parent.mkdir(parents=True, exist_ok=True)
        blur.write_text("")


def _check(root: Path, named: str) -> OdooSource:
    release = root / "odoo" / "release.py"
    if not release.is_file():
        raise Problem(
            f"{named} is no Odoo source: {release} does not exist. Point ODOO_SRC at the folder that "
            "contains odoo-bin and odoo/, or leave it unset to have it downloaded."
        )
    version = _version(release)
    if version != SERIES:
        raise Problem(
            f"{named} is Odoo {version}, but {MODULE} needs Odoo {SERIES}. Point ODOO_SRC at that "
            "version, or leave it unset to have it downloaded."
        )
    return OdooSource(root, version)


def _version(release: Path) -> str:
    """The series named in release.py, read without importing it (its Odoo may not suit this Python)."""
    for node in ast.parse(release.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            if "version_info" in names:
                return ".".join(ast.unparse(part).strip("'") for part in node.value.elts[:2])
    return "of an unknown version"
