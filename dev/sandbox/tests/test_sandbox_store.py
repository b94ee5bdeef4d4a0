import pathlib
from collections.abc import Iterator

import pytest

from dev.sandbox import inbox as inbox_module
from dev.sandbox.behaviour import Answer
from dev.sandbox.database import Database
from dev.sandbox.inbox import Accepted, Inbox
from dev.sandbox.outbox import Outbox
from dev.sandbox.records import Recipient


@pytest.fixture
def database(tmp_path: pathlib.Path) -> Iterator[Database]:
    opened = Database(tmp_path)
    yield opened
    opened.close()


def add(inbox: Inbox, to: str, subject: str = "Hi", answer: Answer | None = None) -> int:
    raw = f"From: s@shop.example\r\nSubject: {subject}\r\n\r\nbody".encode()
    return inbox.add(Accepted("s@shop.example", [(Recipient(to), answer)], raw))


def test_keeps_the_newest(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "PRUNE_EVERY", 1)
    inbox = Inbox(database, keep=3, has_gateway=True)
    inbox.prune()
    ids = [add(inbox, f"u{n}@example.com", answer=Answer.FULL if n == 0 else None) for n in range(5)]
    assert [m.id for m in inbox.find()] == ids[-3:]
    assert inbox.raw(ids[0]) == b""
    assert inbox.raw(ids[-1]).endswith(b"body")
    stats = inbox.stats()
    assert (stats["accepted"], stats["unique_recipients"], stats["bounces_failed"]) == (5, 5, 1)


def test_find(database: Database) -> None:
    inbox = Inbox(database, keep=100)
    ids = [
        add(inbox, to, subject)
        for to, subject in (
            ("1@example.com", "Straße"),
            ("11@example.com", "Other"),
            ("Ann@example.com", "strasse"),
        )
    ]
    assert [m.id for m in inbox.find(to="1@example.com")] == ids[:1]
    assert [m.id for m in inbox.find(to="ANN@example.com")] == ids[2:]
    assert [m.id for m in inbox.find(to="@example.com")] == ids
    assert [m.id for m in inbox.find(subject="STRASSE")] == [ids[0], ids[2]]
    assert [m.id for m in inbox.find(limit=2)] == ids[1:]
    assert [m.id for m in inbox.find(since_id=ids[0], limit=1)] == [ids[1]]
    assert [m.id for m in inbox.find(to="%")] == []


def test_page_is_newest_first(database: Database) -> None:
    inbox = Inbox(database, keep=100)
    ids = [add(inbox, f"u{n}@example.com") for n in range(3)]
    messages, total = inbox.page("EXAMPLE hi", offset=1, limit=1)
    assert ([m.id for m in messages], total) == ([ids[1]], 3)


def test_clear_forgets_all_but_the_ids(database: Database) -> None:
    inbox = Inbox(database, keep=100)
    first = add(inbox, "a@example.com")
    inbox.count_refusal("550 5.1.1 No")
    inbox.clear()
    stats = inbox.stats()
    assert (stats["accepted"], stats["refused"], stats["unique_recipients"]) == (0, 0, 0)
    assert add(inbox, "a@example.com") > first


def test_a_due_answer_is_claimed_once(database: Database) -> None:
    inbox = Inbox(database, keep=100, answer_delay=0, has_gateway=True)
    outbox = Outbox(database)
    add(inbox, "x@bounce.example", answer=Answer.FULL)
    job = outbox.claim()
    assert job is not None
    assert job.raw.endswith(b"body")
    assert outbox.claim() is None
    outbox.again(job.message, delay=0, reason="down")
    again = outbox.claim()
    assert again is not None
    assert again.message.answer_attempts == 1
    outbox.sent(again.message)
    outbox.sent(again.message)
    assert inbox.stats()["bounces_sent"] == 1


def test_an_answer_cleared_meanwhile_is_not_counted(database: Database) -> None:
    inbox = Inbox(database, keep=100, answer_delay=0, has_gateway=True)
    outbox = Outbox(database)
    add(inbox, "x@bounce.example", answer=Answer.FULL)
    job = outbox.claim()
    assert job is not None
    inbox.clear()
    outbox.sent(job.message)
    assert inbox.stats()["bounces_sent"] == 0


def test_without_a_gateway_nothing_is_queued(database: Database) -> None:
    inbox = Inbox(database, keep=100, answer_delay=0)
    add(inbox, "x@bounce.example", answer=Answer.FULL)
    assert Outbox(database).claim() is None


def test_a_failed_write_leaves_nothing(database: Database) -> None:
    inbox = Inbox(database, keep=100)
    with pytest.raises(RuntimeError), database.write() as db:
        db.execute("INSERT INTO counter VALUES ('accepted', 5)")
        raise RuntimeError
    add(inbox, "a@example.com")
    assert inbox.stats()["accepted"] == 1
