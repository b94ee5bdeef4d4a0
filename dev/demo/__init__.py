"""The demo: a campaign sent for real, by a client that knows no more of Odoo than a browser does.

`launch` is what `make run` shows, `play` what `make demo` plays. Both reach the database through Odoo only.
"""

from .launch import launch
from .play import play
from .prepare import prepare

__all__ = ["launch", "play", "prepare"]
