"""Where things are kept: a cache shared by all checkouts, and a state folder for each checkout.

The state folder lies outside the checkout: it holds the link `addons/email_campaign` to the checkout, and a
link inside the folder that it points to would send every recursive search round in circles.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

MODULE = "email_campaign"
CHECKOUT = Path(__file__).resolve().parent.parent
CHECKOUT_KEY = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]


def _base(variable: str, default: str) -> Path:
    value = os.environ.get(variable, "")
    # The XDG specification says that a relative value is to be ignored.
    return Path(value) if value.startswith("/") else Path.home() / default


CACHE = _base("XDG_CACHE_HOME", ".cache") / MODULE
STATE = (
    Path(os.environ["EMAIL_CAMPAIGN_STATE"]).absolute()
    if os.environ.get("EMAIL_CAMPAIGN_STATE")
    else _base("XDG_STATE_HOME", ".local/state") / MODULE / CHECKOUT_KEY
)

LOGS = STATE / "logs"
ADDONS = STATE / "addons"
LINK = ADDONS / MODULE


def prepare_state() -> None:
    """Create the state folder and the link under which Odoo and pytest see the checkout."""
    for folder in (LOGS, ADDONS):
        folder.mkdir(parents=True, exist_ok=True)
    if not LINK.is_symlink() or LINK.resolve() != CHECKOUT:
        fresh = ADDONS / f".{MODULE}.{os.getpid()}"
        fresh.symlink_to(CHECKOUT)
        fresh.replace(LINK)
