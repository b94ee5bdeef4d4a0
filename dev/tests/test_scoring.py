"""The table of `make score`, and what it says when it is asked wrongly."""

import pytest

from dev.errors import Problem
from dev.scoring import FIGURES, score, table
from dev.settings import Settings


def test_table_reads_well_anywhere():
    lines = table(dict.fromkeys(FIGURES, 99.5) | {"new": 1}).splitlines()
    assert lines[4].split() == ["Bounces", "detected", "99.5", "≥", "97", "%"]
    assert lines[-2].split() == ["new", "1"]
    assert len({line for line in lines if line.startswith("=")}) == 1


@pytest.mark.parametrize(("files", "said"), [((), "no labels.csv"), (("labels.csv",), "no score.py")])
def test_what_is_missing_is_named(tmp_path, files, said):
    folder = tmp_path / "bounces"
    folder.mkdir()
    for name in files:
        (folder / name).touch()
    with pytest.raises(Problem, match=said):
        score(Settings(), [str(folder)])


def test_a_folder_is_needed():
    with pytest.raises(Problem, match="Name the folder"):
        score(Settings(), ["--misses"])


def test_the_scorer_is_asked(tmp_path, capsys):
    (tmp_path / "labels.csv").touch()
    (tmp_path / "score.py").write_text(
        "import json, sys; sys.path.insert(0, '.'); from tools import bounce; bounce.read(b'')\n"
        "print(json.dumps({'messages': 3, 'raised': 0}, indent=1)); print('one.eml', 'missed', sys.argv[2:])"
    )
    assert score(Settings(), [str(tmp_path), "--misses"]) == 0
    said = capsys.readouterr()
    assert "Messages" in said.out + said.err and "one.eml" in said.out + said.err
