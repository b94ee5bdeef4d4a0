"""Which tests `make test ARGS=…` runs."""

import pytest

from dev.paths import LINK
from dev.testing import COEXISTENCE, selection

EVERYTHING = [str(LINK / "tests"), f"--ignore={LINK / COEXISTENCE}"]


@pytest.mark.parametrize(
    "arguments", [["-k", "tools"], ["-m", "tests"], ["-x", "-k", "models", "--deselect", "tests"], []]
)
def test_the_value_of_an_option_is_no_path(arguments):
    assert selection(arguments) == [*arguments, *EVERYTHING]


def test_paths_are_looked_for_below_the_link():
    path = "tests/common.py"
    assert selection(["-k", "tools", f"{path}::Case"]) == ["-k", "tools", f"{LINK / path}::Case"]
    assert selection(["-x", "tests"]) == ["-x", str(LINK / "tests")]
