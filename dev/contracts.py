"""Rules of this project that no linter knows, checked on the syntax tree.

A linter for import contracts would have to import the addon's root package, and so Odoo.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

LONGEST_FILE = 400
LONGEST_DEV_FILE = 300
MOST_METHODS = 20
SKIPPED = {".git", "node_modules", "__pycache__", "build", "dist", "migrations"}


def complaints(checkout: Path) -> list[str]:
    """What breaks a rule, one line each, ready to click on in an editor."""
    found: list[str] = []
    for path in sorted(checkout.rglob("*.py")):
        relative = path.relative_to(checkout)
        if SKIPPED & set(relative.parts):
            continue
        text = path.read_text()
        tree = ast.parse(text, str(relative))
        room = relative.parts[0]
        if room == "tools":
            found += (f"{relative}:{line}: tools/ must not import {name}" for line, name in _outside(tree, relative))
        if room in ("models", "wizard"):
            found += _large_classes(tree, relative)
        longest = LONGEST_DEV_FILE if room == "dev" else LONGEST_FILE
        lines = text.count("\n")
        if lines > longest:
            found.append(f"{relative}:1: {lines} lines, more than {longest}; split it by responsibility")
    return found + list(_unlisted_tests(checkout / "tests"))


def _unlisted_tests(folder: Path) -> Iterator[str]:
    """Odoo's own runner sees only the tests that their package imports; pytest needs the package itself."""
    package = folder / "__init__.py"
    text = package.read_text() if package.exists() else ""
    for path in sorted(folder.glob("test_*.py")):
        if not re.search(rf"\b{path.stem}\b", text):
            yield f"tests/__init__.py:1: lacks `from . import {path.stem}`"


def _outside(tree: ast.Module, relative: Path) -> Iterator[tuple[int, str]]:
    """Imports that would tie the pure part to Odoo or to the addon's other rooms."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if _is_odoo(alias.name))
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and _is_odoo(node.module or ""):
                yield node.lineno, node.module or ""
            # tools/a.py may go one level up (to tools), tools/b/a.py two.
            elif node.level > len(relative.parts) - 1:
                yield node.lineno, "." * node.level + (node.module or "")


def _is_odoo(name: str) -> bool:
    return name.split(".")[0] == "odoo"


def _large_classes(tree: ast.Module, relative: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            methods = sum(isinstance(part, ast.FunctionDef) for part in node.body)
            if methods > MOST_METHODS:
                where = f"{relative}:{node.lineno}"
                yield f"{where}: class {node.name} has {methods} methods, more than {MOST_METHODS}"
