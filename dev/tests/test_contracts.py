"""The rules that keep the rooms of the addon apart."""

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


def test_every_library_of_the_addon_is_pinned():
    import ast

    manifest = ast.literal_eval((CHECKOUT / "__manifest__.py").read_text())
    wanted = manifest.get("external_dependencies", {}).get("python", [])
    pinned = {
        line.partition("==")[0].lower() for line in (CHECKOUT / "requirements.txt").read_text().splitlines()
    }
    assert not {name.lower().partition("==")[0] for name in wanted} - pinned
