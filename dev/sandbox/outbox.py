"""The queue of answers that are due. It lives in the store, so it takes no memory and survives a restart."""

import time

from .database import Database, count
from .inbox import COLUMNS
from .records import Job, Message

LEASE = 180.0  # seconds; longer than a push may take, so that only a dead worker's job comes back


class Outbox:
    """Hands each due answer to one worker and writes down how it went."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self) -> Job | None:
        """The answer that is due longest, or None. Nobody else gets it before its lease has run out."""
        now = time.time()
        with self._database.read() as db:
            if not db.execute(
                "SELECT 1 FROM message WHERE answer_state = 'pending' AND answer_due <= ? LIMIT 1", (now,)
            ).fetchone():
                return None
        with self._database.write() as db:
            row = db.execute(
                f"SELECT {COLUMNS} FROM message WHERE answer_state = 'pending' AND answer_due <= ?"
                " ORDER BY answer_due LIMIT 1",
                (now,),
            ).fetchone()
            if row is None:
                return None
            message = Message(*row)
            db.execute(
                "UPDATE message SET answer_due = ?, answer_attempts = answer_attempts + 1 WHERE id = ?",
                (now + LEASE, message.id),
            )
            raw = db.execute(
                "SELECT content FROM raw WHERE id = (SELECT raw_id FROM message WHERE id = ?)", (message.id,)
            ).fetchone()[0]
        return Job(message, raw)

    def sent(self, message: Message) -> None:
        self._settle(message, "sent", "", ("bounces_sent", f"sent_{message.answer}"))

    def failed(self, message: Message, reason: str) -> None:
        self._settle(message, "failed", reason, ("bounces_failed",))

    def again(self, message: Message, delay: float, reason: str) -> None:
        """Try once more after ``delay`` seconds."""
        with self._database.write() as db:
            db.execute(
                "UPDATE message SET answer_due = ?, answer_note = ? WHERE id = ?",
                (time.time() + delay, reason, message.id),
            )

    def _settle(self, message: Message, state: str, note: str, counters: tuple[str, ...]) -> None:
        """The last word. Counts nothing where the message was cleared or pruned in the meantime."""
        with self._database.write() as db:
            settled = db.execute(
                "UPDATE message SET answer_state = ?, answer_note = ? WHERE id = ? AND answer_state = 'pending'",
                (state, note, message.id),
            )
            if settled.rowcount:
                for name in counters:
                    count(db, name)
