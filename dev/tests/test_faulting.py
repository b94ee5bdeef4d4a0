"""The table of `make faults`, and where it is written."""

import re

import pytest

from dev.faulting import BEGIN, COLUMNS, DOCS, END, FILES, SCENARIOS, replaced, table
from dev.paths import CHECKOUT

RECORD = dict.fromkeys(COLUMNS, 1000) | {"name": "Killed", "seconds": 1.5}


def test_table_reads_well_anywhere():
    assert table([RECORD]).splitlines()[3].split() == ["Killed", *["1,000"] * (len(COLUMNS) - 2), "1.5"]
    assert len({len(line) for line in table([RECORD]).splitlines()}) == 1


def test_only_what_is_between_the_markers_is_replaced():
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert replaced(page, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="has them 0 times"):
        replaced("nothing", "new")


def test_the_page_has_the_markers_and_names_all_scenarios():
    page = DOCS.read_text()
    replaced(page, "new")
    assert set(re.findall(r"(?m)^``(\S+)``$", page)) == set(SCENARIOS)


def test_each_scenario_can_be_asked_for():
    written = [test for file in FILES for test in re.findall(r"def (test_\w+)", (CHECKOUT / file).read_text())]
    assert sorted(written) == sorted(test for tests in SCENARIOS.values() for test in tests)
