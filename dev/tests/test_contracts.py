"""The rules that keep the rooms of the addon apart."""

import ast
import re

from dev import contracts
from dev.paths import CHECKOUT


def complaints_on(tmp_path, name, text):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return contracts.complaints(tmp_path)


def test_tools_stay_pure(tmp_path):
    bad = "import odoo.tools\nfrom odoo import api\nfrom ..models import x\n"
    text = f"{bad}from . import address\nimport odoolike\n"
    found = complaints_on(tmp_path, "tools/links.py", text)
    assert [line.split(":")[1] for line in found] == ["1", "2", "3"]


def test_a_deeper_module_of_tools_may_import_its_neighbours(tmp_path):
    assert not complaints_on(tmp_path, "tools/smtp/lane.py", "from ..address import parse\n")
    assert complaints_on(tmp_path, "tools/smtp/lane.py", "from ...models import parse\n")


def test_large_classes_and_files(tmp_path):
    methods = "".join(f"    def m{number}(self): ...\n" for number in range(21))
    assert "21 methods" in complaints_on(tmp_path, "models/x.py", f"class X:\n{methods}")[0]
    assert "401 lines" in complaints_on(tmp_path, "models/x.py", "\n" * 401)[0]


def test_odoos_own_runner_sees_every_test(tmp_path):
    assert "lacks `from . import test_a`" in complaints_on(tmp_path, "tests/test_a.py", "")[0]
    assert not complaints_on(tmp_path, "tests/__init__.py", "from . import test_a\n")


def test_every_library_of_the_addon_is_pinned():
    manifest = ast.literal_eval((CHECKOUT / "__manifest__.py").read_text())
    wanted = {
        re.split("[<>=~! ]", name)[0].lower() for name in manifest.get("external_dependencies", {}).get("python", [])
    }
    lines = (CHECKOUT / "requirements.txt").read_text().lower().splitlines()
    pinned = {line.partition("==")[0].removesuffix("-binary") for line in lines if "==" in line}
    assert wanted <= pinned
