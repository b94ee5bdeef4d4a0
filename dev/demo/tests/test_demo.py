"""The parts of the demo that need neither Odoo nor the sandbox."""

from collections import Counter

import pytest

from dev.demo import waiting
from dev.demo.people import AUDIENCE, GROUPS, audience, reference
from dev.demo.table import Row, not_mailed, render
from dev.demo.visitors import Form
from dev.errors import Problem
from dev.paths import LOGS


def test_the_audience_is_complete() -> None:
    people = audience(3)
    assert len(people) == AUDIENCE == sum(group.size for group in GROUPS.values())
    assert [person.number for person in people] == list(range(AUDIENCE))
    assert Counter(person.group for person in people) == {name: kind.size for name, kind in GROUPS.items()}
    assert len({person.name for person in people}) == AUDIENCE


def test_only_duplicates_share_an_address() -> None:
    people = audience(3)
    copies = Counter(person.email.lower() for person in people if person.email)
    shared = {email for email, count in copies.items() if count > 1}
    duplicates = [person.email for person in people if person.group == "duplicate"]
    assert shared == {email.lower() for email in duplicates}
    assert not any(email.islower() for email in duplicates)
    assert all(email.isascii() for email in copies)


def test_no_run_meets_the_people_of_another() -> None:
    first, second = audience(1), audience(11)
    assert not {person.email for person in first if person.email} & {person.email for person in second}
    assert not {reference(person, 1) for person in first} & {reference(person, 11) for person in second}


def test_who_is_mailed_against_the_rules_is_noticed() -> None:
    people = audience(1)
    planned = Counter(kind.skip_reason for kind in GROUPS.values() for _ in range(kind.size) if kind.skip_reason)
    by_group = {person.group: person.email.lower() for person in people}
    once = Counter(person.email.lower() for person in people if not GROUPS[person.group].skip_reason)
    assert not_mailed(people, once) == planned

    once[by_group["blacklisted"]] += 1
    once[by_group["duplicate"]] += 1
    assert planned - not_mailed(people, once) == {"blacklisted": 1, "duplicate": 1}


def test_the_table_says_what_differs() -> None:
    text = render("A campaign", [Row("Sent", 1000, 1000), Row("Opened", 30, 31, 3.0)])
    assert "1,000" in text and "3.0 %" in text
    assert [line.split()[-1] for line in text.splitlines() if "Sent" in line or "Opened" in line] == [
        "agrees",
        "DIFFERS",
    ]


def test_a_form_is_sent_as_it_stands() -> None:
    form = Form(
        '<form method="post" action="/go"><input type="hidden" name="a" value="1&amp;2">'
        '<input type="radio" name="scope" value="type" checked="checked"/>'
        '<input type="radio" name="scope" value="everything"/><input type="checkbox" name="more" value="x">'
        '<button type="submit">Yes</button></form><form><input name="undo" value="1"></form>'
    )
    assert (form.method, form.action, form.fields) == ("post", "/go", {"a": "1&2", "scope": "type"})


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "STANDSTILL", 0.05)
    monkeypatch.setattr(waiting, "LOOK_EVERY", 0.01)
    with pytest.raises(Problem, match=r"Sending: nothing left.*last seen: 3 of 5.*odoo\.log"):
        waiting.wait("Sending", lambda: (False, 0.6, "3 of 5"), "nothing left", LOGS / "odoo.log")
    steps = iter((False, number / 20, str(number)) for number in range(20))
    waiting.wait("Sending", lambda: next(steps, (True, 1.0, "")), "nothing left", LOGS / "odoo.log")
