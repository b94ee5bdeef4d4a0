"""Everything that a person can set from outside, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import Problem


@dataclass(frozen=True)
class Settings:
    """Ports and switches of one command. `make help` lists the variables."""

    http_port: int = 8069
    inbox_port: int = 8025
    smtp_port: int = 2525
    odoo_src: str = ""
    no_browser: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; a value that cannot be used raises Problem naming its variable."""
        return cls(
            http_port=_port(environ, "HTTP_PORT", cls.http_port),
            inbox_port=_port(environ, "INBOX_PORT", cls.inbox_port),
            smtp_port=_port(environ, "SMTP_PORT", cls.smtp_port),
            odoo_src=environ.get("ODOO_SRC", ""),
            no_browser=environ.get("NO_BROWSER", "") not in ("", "0"),
        )


def _port(environ: Mapping[str, str], variable: str, default: int) -> int:
    text = environ.get(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Problem(
            f"{variable}={text} is not a port. Use a number from 1 to 65535, or leave it unset for {default}."
        )
    return int(text)
