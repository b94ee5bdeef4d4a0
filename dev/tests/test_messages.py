"""What people read when something is in the way."""

import errno
import socket

import pytest

from dev import __main__ as entry
from dev import apt
from dev.errors import Problem, check_port_is_free, explain_os_error


def test_a_taken_port_is_named_with_its_variable():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Problem, match=rf"Port {port}, meant for Odoo, is already in use.*HTTP_PORT="):
            check_port_is_free(port, "HTTP_PORT", "Odoo")
    check_port_is_free(port, "HTTP_PORT", "Odoo")


def test_a_full_disk():
    told = explain_os_error(OSError(errno.ENOSPC, "No space left on device", "/cache/odoo"))
    assert "disk is full" in str(told)
    assert "/cache/odoo" in str(told)


def test_an_unforeseen_error_goes_to_a_file(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(entry, "LOGS", tmp_path)
    monkeypatch.setattr(entry, "main", lambda arguments: 1 // 0)
    monkeypatch.setattr(entry.process, "handle_signals", lambda: None)
    assert entry.guarded([]) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "Traceback" not in said
    assert "Traceback" in (tmp_path / "traceback.log").read_text()


def test_missing_debian_tools(monkeypatch):
    monkeypatch.setattr(apt.shutil, "which", lambda name: None)
    with pytest.raises(Problem, match=r"apt-get and dpkg-deb not found.*ODOO_SRC"):
        apt.require_tools()


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        # security and updates come first in apt's list, third parties anywhere
        (
            "http://a.test/debian-security/ trixie-security\nhttp://a.test/debian/ trixie-updates\n"
            "http://b.test/tools/ stable\nhttp://a.test/debian/ trixie\n",
            ["http://a.test/debian/", "http://b.test/tools/"],
        ),
        ("http://c.test/ubuntu/ noble\n", ["http://c.test/ubuntu/"]),
    ],
)
def test_the_mirror_is_one_with_a_main_suite(monkeypatch, listed, expected):
    monkeypatch.setattr(apt, "run", lambda command: (0, listed))
    assert apt.mirrors() == expected
