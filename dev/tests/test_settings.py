import pytest

from dev.errors import Problem
from dev.settings import Settings


def test_defaults():
    assert Settings.from_environment({}) == Settings(8069, 8025, 2525, "", False)


@pytest.mark.parametrize("value", ["mail", "-1", "0", "65536", "80.5"])
def test_a_wrong_port_is_named_with_its_value(value):
    with pytest.raises(Problem, match=rf"HTTP_PORT={value}.*1 to 65535"):
        Settings.from_environment({"HTTP_PORT": value})


def test_an_empty_variable_is_an_unset_one():
    assert Settings.from_environment({"SMTP_PORT": "", "NO_BROWSER": "0"}) == Settings()
