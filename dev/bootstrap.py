"""First stage of every command: Odoo's source and the Python packages. Standard library only."""

from __future__ import annotations

import shutil

from . import environment, odoo_source, paths, progress
from .settings import Settings

WITHOUT_ODOO = ("lint", "score", "stop", "clean")


def fetch(command: str, settings: Settings) -> None:
    """Make sure that what `command` needs is there; what is there already takes no time."""
    environment.check_python()
    paths.prepare_state()
    if command not in WITHOUT_ODOO:
        odoo_source.find(settings.odoo_src)
    environment.python()


def remove(*, cache: bool) -> None:
    """Delete what the commands have written, outside the checkout."""
    for folder in (paths.STATE, *([paths.CACHE] if cache else [])):
        if folder.exists():
            shutil.rmtree(folder)
            progress.say(f"Removed {folder}")
