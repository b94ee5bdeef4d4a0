import pytest

from dev.sandbox import behaviour
from dev.sandbox.behaviour import Answer, Behaviour


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("ann@example.com", None),
        ("full@example.com", None),
        ("nobody@bounce.example", Answer.NO_SUCH_USER),
        ("FULL.box@Bounce.Example", Answer.FULL),
        ("blocked1@bounce.example", Answer.BLOCKED),
        ("slow@bounce.example", Answer.SLOW),
        ("complaint+x@bounce.example", Answer.COMPLAINT),
        ("auto@bounce.example", Answer.AUTO),
        ("x@sub.bounce.example", None),
        ("without-domain", None),
    ],
)
def test_accepted(address: str, answer: Answer | None) -> None:
    rule = Behaviour().of(address)
    assert rule.answer == answer
    assert not rule.refusal


@pytest.mark.parametrize(
    ("address", "code", "first_try_only"),
    [
        ("x@reject.example", "550 5.1.1", False),
        ("busy2@reject.example", "451 4.7.1", True),
        ("full@reject.example", "452 4.2.2", False),
    ],
)
def test_refused(address: str, code: str, first_try_only: bool) -> None:
    rule = Behaviour().of(address)
    assert rule.refusal.startswith(code)
    assert rule.first_try_only is first_try_only


def test_other_bounce_domain() -> None:
    rules = Behaviour("Returns.test")
    assert rules.of("x@returns.test").answer is Answer.NO_SUCH_USER
    assert rules.of("x@bounce.example").answer is None


def test_documented() -> None:
    for rule in behaviour.BOUNCE_RULES + behaviour.REJECT_RULES:
        assert not rule.prefix or f"``{rule.prefix}``" in behaviour.__doc__
    assert len(Behaviour().table()) == 1 + len(behaviour.BOUNCE_RULES) + len(behaviour.REJECT_RULES)
