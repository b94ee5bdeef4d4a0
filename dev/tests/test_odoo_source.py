"""The source of Odoo: an interrupted unpacking is redone, a wrong folder is explained."""

import subprocess

import pytest

from dev import odoo_source
from dev.errors import Problem


def write_release(root, version="(19, 0, 0, FINAL, 0, '')"):
    (root / "odoo").mkdir(parents=True)
    (root / "odoo" / "release.py").write_text(
        f"RELEASE_LEVELS = [ALPHA, FINAL] = ['alpha', 'final']\nversion_info = {version}\n"
    )


@pytest.fixture
def package(tmp_path):
    """A Debian package with one file."""
    folder = tmp_path / "package"
    (folder / "DEBIAN").mkdir(parents=True)
    (folder / "DEBIAN" / "control").write_text(
        "Package: odoo-19\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n"
    )
    write_release(folder / "usr/lib/python3/dist-packages")
    file = tmp_path / "odoo-19_1_all.deb"
    subprocess.run(["dpkg-deb", "-b", folder, file], check=True, capture_output=True)
    return file


def test_the_stamp_is_written_last(package, tmp_path):
    target = tmp_path / "unpacked"
    broken = tmp_path / "broken.deb"
    broken.write_bytes(package.read_bytes()[:-300])
    with pytest.raises(Problem, match=r"broken\.deb.*disk is full"):
        odoo_source.unpack([package, broken], target, tmp_path / "log")
    assert odoo_source._stamp(target) == ""

    (target / "left-over").write_text("")
    odoo_source.unpack([package], target, tmp_path / "log")
    assert odoo_source._stamp(target) == odoo_source.LAYOUT
    assert not (target / "left-over").exists()


def test_a_folder_of_ones_own(tmp_path):
    write_release(tmp_path)
    (tmp_path / "addons" / "crm").mkdir(parents=True)
    (tmp_path / "addons" / "crm" / "__manifest__.py").write_text("{}")
    source = odoo_source.find(str(tmp_path))
    assert source.version == "19.0"
    assert source.addons == [tmp_path / "addons"]


@pytest.mark.parametrize("version", ["(18, 0, 0, FINAL, 0, '')", "('saas~18', 3, 0, FINAL, 0, '')"])
def test_another_version_is_refused(tmp_path, version):
    write_release(tmp_path, version)
    with pytest.raises(Problem, match=r"ODOO_SRC=.* is Odoo (18\.0|saas~18\.3).*needs Odoo 19\.0"):
        odoo_source.find(str(tmp_path))


def test_a_folder_without_odoo_is_refused(tmp_path):
    with pytest.raises(Problem, match=r"release\.py does not exist"):
        odoo_source.find(str(tmp_path))
