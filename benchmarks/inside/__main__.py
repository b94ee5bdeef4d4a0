"""`python -m benchmarks.inside CONFIG DATABASE JOB ARGUMENTS RESULT`: run one job, write what it gives as JSON."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import config


def main(config_file: str, database: str, job: str, arguments: str, result: str) -> None:
    """Start Odoo as its own command line does, and call `job`, which is written as module.function."""
    config.parse_config(["-c", config_file, "-d", database, "--no-http", "--log-level=warn"], setup_logging=True)
    load_server_wide_modules()
    module, _dot, function = job.partition(".")
    act = getattr(importlib.import_module(f"benchmarks.inside.{module}"), function)
    given = act(Registry(database), **json.loads(arguments))
    Path(result).write_text(json.dumps(given))


if __name__ == "__main__":
    main(*sys.argv[1:])
