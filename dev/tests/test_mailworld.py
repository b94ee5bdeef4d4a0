"""The pure parts of `make integration`: who there is, what people write, the table and where it is written."""

import email
import email.policy
from email.message import EmailMessage

import pytest

from dev.integration import BEGIN, DOCS, END, replaced
from dev.mailworld import cast, people
from dev.mailworld.cast import ROLES, Act, Outcome, Person
from dev.mailworld.judge import Row, differing, table
from dev.mailworld.office import Counts, Known

RETURN_PATH = "bounce+0123456789abcdef@crm.test"


def received(person):
    """What somebody finds in the mailbox."""
    got = EmailMessage()
    got["Return-Path"] = f"<{RETURN_PATH}>"
    got["Message-ID"] = "<token@crm.test>"
    got["From"] = f"Workshop <{cast.SENDER}>"
    got["To"] = person.email
    got["Subject"] = "Open house"
    got["List-Unsubscribe"] = "<https://crm.test/x>, <mailto:bounce+unsubscribe@crm.test?subject=Token>"
    got.set_content("Hello")
    return email.message_from_bytes(got.as_bytes(), policy=email.policy.default)


def known(person, **values):
    row = {"state": "sent", "bounced_at": False, "bounce_kind": False, "opted_out_at": False, "replied_at": False}
    return Known({person.email: {**row, **values}}, {}, {}, Counts(0, 0, 0), 0)


def test_there_are_as_many_as_the_issue_says():
    sizes = {word: sum(role.size for role in ROLES if role.name.startswith(word)) for word in ("Hard", "Soft")}
    acts = {act: sum(role.size for role in ROLES if role.act is act) for act in Act}
    assert (len(cast.audience()), sizes) == (200, {"Hard": 20, "Soft": 10})
    assert acts[Act.AWAY] + acts[Act.AWAY_TO_SENDER] == 5
    assert (acts[Act.REPLY], acts[Act.COMPLAIN] + acts[Act.COMPLAIN_BY_LOOP]) == (3, 2)


def test_nobody_is_there_twice_and_only_those_with_a_box_get_mail():
    everybody = cast.audience()
    assert len({person.email for person in everybody}) == len(everybody)
    boxes = cast.boxes(everybody)
    assert len(set(boxes.values())) == len(boxes) - 1  # bounces and complaints share one
    assert not any(person.email in boxes for person in everybody if person.role.name.startswith(("Hard", "Soft")))


@pytest.mark.parametrize("act", list(people.WAYS))
def test_what_people_write_is_addressed_and_can_be_read(act):
    person = next(each for each in cast.audience() if each.role.act is act)
    _sender, to, message = people.WAYS[act](person, received(person))
    message["To"] = to
    again = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert again["From"].addresses[0].addr_spec.endswith((f"@{person.role.domain}", "@private.test"))
    expected = {
        Act.REPLY: cast.SENDER,
        Act.AWAY_TO_SENDER: cast.SENDER,
        Act.COMPLAIN_BY_LOOP: cast.FEEDBACK,
        Act.OPT_OUT: "bounce+unsubscribe@crm.test",
    }
    assert to == expected.get(act, RETURN_PATH)
    if act in (Act.AWAY, Act.AWAY_TO_SENDER, Act.REPLY):
        assert (again["In-Reply-To"], again["References"]) == ("<token@crm.test>", "<token@crm.test>")


def test_a_complaint_returns_the_message_without_what_only_the_mailbox_knows():
    person = Person(1, ROLES[-1])
    report = people.WAYS[Act.COMPLAIN_BY_LOOP](person, received(person))[2].as_string()
    assert "Message-ID: <token@crm.test>" in report
    assert "Return-Path:" not in report


def test_each_difference_is_found():
    person = Person(1, ROLES[-1])
    assert differing(person, Outcome(), known(person)) == ""
    assert "no bounce" in differing(person, Outcome(bounce="hard"), known(person))
    assert "that is soft" in differing(
        person, Outcome(bounce="hard"), known(person, bounced_at="2026-01-01", bounce_kind="soft")
    )
    assert "that is hard" in differing(
        person, Outcome(bounce="-"), known(person, bounced_at="2026-01-01", bounce_kind="hard")
    )
    assert "is sent, not failed" in differing(person, Outcome("failed"), known(person))
    assert "the address is unknown" in differing(person, Outcome(validity=("invalid",)), known(person))
    assert "not opted out" in differing(person, Outcome(opted_out=True), known(person))
    assert "counts as having replied" in differing(person, Outcome(), known(person, replied_at="2026-01-01"))
    assert differing(Person(2, ROLES[-1]), Outcome(), known(person)) == "is no recipient"


def test_the_table_says_what_differs():
    lines = table([Row("Right", 1000, 1000), Row("Wrong", 3, 0)]).splitlines()
    assert lines[3].split() == ["Right", "1,000", "1,000"]
    assert lines[4].split() == ["Wrong", "3", "0", "differs"]


def test_the_page_has_the_markers():
    page = replaced(DOCS.read_text(), "new")
    assert f"{BEGIN}\n\nnew\n\n{END}" in page
    with pytest.raises(ValueError, match="has them 0 times"):
        replaced("nothing", "new")
