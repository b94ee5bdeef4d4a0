"""First stage of every command: Odoo's source and the Python packages. Standard library only."""

from __future__ import annotations

from . import environment, odoo_source, paths
from .settings import Settings


def fetch(settings: Settings) -> None:
    """Make sure that both are there; what is there already takes no time."""
    environment.check_python()
    paths.prepare_state()
    odoo_source.find(settings.odoo_src)
    environment.python()
