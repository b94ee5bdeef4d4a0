"""The SQLite file under the inbox: schema, connections, locking.

One connection writes, one reads; the write-ahead log lets them work at the same time. A thread takes the
lock of the connection that it uses.
"""

import contextlib
import pathlib
import sqlite3
import threading
from collections.abc import Iterator

SCHEMA = """
CREATE TABLE IF NOT EXISTS raw (id INTEGER PRIMARY KEY AUTOINCREMENT, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    raw_id INTEGER NOT NULL,
    received_at REAL NOT NULL,
    mail_from TEXT NOT NULL,
    rcpt_to TEXT NOT NULL,
    subject TEXT NOT NULL,
    from_header TEXT NOT NULL,
    message_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    original_recipient TEXT NOT NULL,
    envelope_id TEXT NOT NULL,
    return_full INTEGER NOT NULL,
    answer TEXT NOT NULL,
    answer_state TEXT NOT NULL,
    answer_attempts INTEGER NOT NULL DEFAULT 0,
    answer_note TEXT NOT NULL DEFAULT '',
    answer_due REAL NOT NULL,
    rcpt_key TEXT NOT NULL,
    search TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS message_rcpt_key ON message (rcpt_key);
CREATE INDEX IF NOT EXISTS message_due ON message (answer_due) WHERE answer_state = 'pending';
CREATE TABLE IF NOT EXISTS recipient (address TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class Database:
    """``sandbox.sqlite`` in ``folder``, which is made if missing.

    Raises ``OSError`` or ``sqlite3.Error`` where the folder cannot be used.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "sandbox.sqlite"
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._writer = self._connect()
        self._writer.executescript(SCHEMA)
        self._reader = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        # SQLite's own lower() knows ASCII only.
        connection.create_function("casefold", 1, str.casefold, deterministic=True)
        connection.execute("PRAGMA journal_mode = WAL")
        # Survives a killed process; only a power cut could lose the last seconds, and nobody needs them.
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed at the end of the block, rolled back when it raises."""
        with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # SQLite rolls back by itself when the disk is full
                    self._writer.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection for queries; sees everything that was committed before."""
        with self._read_lock:
            yield self._reader

    def compact(self) -> None:
        """Give the space of deleted rows back to the disk."""
        with self._write_lock:
            self._writer.execute("VACUUM")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()


def count(connection: sqlite3.Connection, name: str, by: int = 1) -> None:
    """Add ``by`` to the counter ``name``."""
    connection.execute(
        "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        (name, by),
    )
