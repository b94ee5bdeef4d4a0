"""pytest plugin: quick tests first, browser tests last, so that most mistakes show within seconds."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by what a test class needs: nothing, a database, a server with a browser; else keep the order."""
    from odoo.tests import HttpCase, TransactionCase  # only here: Odoo's configuration is parsed by now

    def needs(item: pytest.Item) -> int:
        case = getattr(item, "cls", None)
        if not isinstance(case, type):
            return 1
        return 2 if issubclass(case, HttpCase) else 1 if issubclass(case, TransactionCase) else 0

    items.sort(key=needs)
