"""The kept messages and the counters: what SMTP writes and the web reads."""

import dataclasses
import time
from collections.abc import Sequence

from .behaviour import Answer
from .database import Database, count
from .mime import summary
from .records import Message, Recipient

COLUMNS = ", ".join(field.name for field in dataclasses.fields(Message))
PRUNE_EVERY = 200  # messages; one DELETE for many costs less than one for each


@dataclasses.dataclass(frozen=True)
class Accepted:
    """What SMTP hands over: one message, each recipient with the answer it is due (or none)."""

    mail_from: str
    recipients: Sequence[tuple[Recipient, Answer | None]]
    raw: bytes
    envelope_id: str = ""
    return_full: bool = True


class Inbox:
    """The newest ``keep`` messages; counters go on counting beyond them.

    ``answer_delay`` is in seconds; ``has_gateway`` says whether answers are to be pushed at all.
    """

    def __init__(self, database: Database, keep: int, answer_delay: float = 1.0, has_gateway: bool = False) -> None:
        self._database = database
        self._keep = keep
        self._answer_delay = answer_delay
        self._new_state = "pending" if has_gateway else "unsent"
        self._until_prune = PRUNE_EVERY

    # Writing

    def add(self, accepted: Accepted) -> int:
        """Keep one message, a row for each recipient; returns the id of the first row."""
        now = time.time()
        headers = summary(accepted.raw)
        with self._database.write() as db:
            raw_id = db.execute("INSERT INTO raw (content) VALUES (?)", (accepted.raw,)).lastrowid
            first_id = 0
            for recipient, answer in accepted.recipients:
                key = recipient.address.casefold()
                row = (
                    raw_id,
                    now,
                    accepted.mail_from,
                    recipient.address,
                    headers.subject,
                    headers.sender,
                    headers.message_id,
                    len(accepted.raw),
                    recipient.original,
                    accepted.envelope_id,
                    accepted.return_full,
                    answer.value if answer else "",
                    self._new_state if answer else "",
                    now + self._answer_delay,
                    key,
                    f"{key}\n{accepted.mail_from}\n{headers.sender}\n{headers.subject}".casefold(),
                )
                inserted = db.execute(
                    "INSERT INTO message (raw_id, received_at, mail_from, rcpt_to, subject, from_header,"
                    " message_id, size, original_recipient, envelope_id, return_full, answer, answer_state,"
                    " answer_due, rcpt_key, search) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
                first_id = first_id or inserted.lastrowid or 0
                db.execute("INSERT OR IGNORE INTO recipient VALUES (?)", (key,))
            count(db, "accepted", len(accepted.recipients))
        self._until_prune -= len(accepted.recipients)
        if self._until_prune <= 0:
            self.prune()
        return first_id

    def count_refusal(self, reply: str) -> None:
        """Count one refused recipient under its reply code (``550``)."""
        with self._database.write() as db:
            count(db, "refused")
            count(db, f"refused_{reply[:3]}")

    def count_refused_login(self) -> None:
        with self._database.write() as db:
            count(db, "refused_logins")

    def prune(self) -> None:
        """Forget all but the newest messages. A bounce that was still to be pushed counts as failed."""
        self._until_prune = PRUNE_EVERY
        with self._database.write() as db:
            oldest = db.execute(
                "SELECT id FROM message ORDER BY id DESC LIMIT 1 OFFSET ?", (self._keep - 1,)
            ).fetchone()
            if oldest is None:
                return
            lost = db.execute(
                "SELECT count(*) FROM message WHERE id < ? AND answer_state = 'pending'", oldest
            ).fetchone()[0]
            if lost:
                count(db, "bounces_failed", lost)
            db.execute("DELETE FROM message WHERE id < ?", oldest)
            db.execute("DELETE FROM raw WHERE id < (SELECT raw_id FROM message ORDER BY id LIMIT 1)")

    def clear(self) -> None:
        """Forget all messages and counters. Ids go on, so that they never name another message."""
        with self._database.write() as db:
            for table in ("message", "raw", "recipient", "counter"):
                db.execute(f"DELETE FROM {table}")
        self._database.compact()

    # Reading

    def get(self, message_id: int) -> Message | None:
        with self._database.read() as db:
            row = db.execute(f"SELECT {COLUMNS} FROM message WHERE id = ?", (message_id,)).fetchone()
        return Message(*row) if row else None

    def raw(self, message_id: int) -> bytes:
        """The message as it came over the wire; empty when it is gone."""
        with self._database.read() as db:
            row = db.execute(
                "SELECT content FROM raw WHERE id = (SELECT raw_id FROM message WHERE id = ?)", (message_id,)
            ).fetchone()
        return row[0] if row else b""

    def page(self, words: str, offset: int, limit: int) -> tuple[list[Message], int]:
        """Newest first: messages whose addresses or subject hold all ``words``, and how many they are."""
        terms = words.casefold().split()
        where = " AND ".join(["instr(search, ?) > 0"] * len(terms)) or "1"
        with self._database.read() as db:
            total = db.execute(f"SELECT count(*) FROM message WHERE {where}", terms).fetchone()[0]
            rows = db.execute(
                f"SELECT {COLUMNS} FROM message WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?",
                [*terms, limit, offset],
            ).fetchall()
        return [Message(*row) for row in rows], total

    def find(self, to: str = "", subject: str = "", since_id: int | None = None, limit: int = 100) -> list[Message]:
        """Messages, the newest last.

        A ``to`` with something on both sides of an @ is a whole address, anything else a part of one.
        With ``since_id`` come the first ``limit`` messages after that id, without it the newest.
        """
        conditions: list[str] = []
        values: list[str | int] = []
        local, _at, domain = to.rpartition("@")
        if to:
            conditions.append("rcpt_key = ?" if local and domain else "instr(rcpt_key, ?) > 0")
            values.append(to.casefold())
        if subject:
            conditions.append("instr(casefold(subject), ?) > 0")
            values.append(subject.casefold())
        if since_id is not None:
            conditions.append("id > ?")
            values.append(since_id)
        where = " AND ".join(conditions) or "1"
        direction = "DESC" if since_id is None else "ASC"
        with self._database.read() as db:
            rows = db.execute(
                f"SELECT {COLUMNS} FROM message WHERE {where} ORDER BY id {direction} LIMIT ?",
                [*values, limit],
            ).fetchall()
        return [Message(*row) for row in (rows if since_id is not None else reversed(rows))]

    def stats(self) -> dict[str, int]:
        """The counters since the last clear, all of them present."""
        with self._database.read() as db:
            # First: an answer that is given now must not be missing both here and in the counters.
            pending = db.execute("SELECT count(*) FROM message WHERE answer_state = 'pending'").fetchone()[0]
            counters = dict(db.execute("SELECT name, value FROM counter").fetchall())
            unique = db.execute("SELECT count(*) FROM recipient").fetchone()[0]
            newest = db.execute("SELECT max(id) FROM message").fetchone()[0]
        names = ("accepted", "refused", "bounces_sent", "bounces_failed", "refused_logins")
        return (
            dict.fromkeys(names, 0)
            | counters
            | {"bounces_pending": pending, "unique_recipients": unique, "newest_id": newest or 0}
        )
