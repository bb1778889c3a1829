"""A store in one SQLite file, by Python's own `sqlite3`.

Its tables are plain: `records`, keyed by `linked_account_id`, `model_id` and `id`, is there to be
read by your product. `pass` there is the number of a full re-read.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from merge_sync import _sqlite_change, _sqlite_schema
from merge_sync._sqlite_instants import instant, micros
from merge_sync.engine import Clock, SystemClock
from merge_sync.errors import InputError, StoreError
from merge_sync.store import (
    Change,
    Committed,
    Due,
    FailedRuns,
    LoadedAccount,
    Note,
    Notice,
    Occasion,
    StoredNote,
)

FURTHEST_START = timedelta(hours=25)
"""A start further ahead than this is due: somebody's clock was wrong."""


class SqliteStore:
    """Keeps accounts in one file. Threads may share it: they take turns.

    One store for each thread, on the same file, lets them read beside each other.
    """

    def __init__(self, file: Path | str, clock: Clock | None = None) -> None:
        """Open `file`, creating it if need be, so that only its owner may read it.

        Raises `StoreError` where it is no store of merge-sync, or cannot be used.
        """
        self._file = os.fspath(file)
        if not self._file:
            # SQLite would take a file that is gone when it is closed.
            raise InputError("file: it is empty, expected a path")
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        _create_private(self._file)
        with self._explained():
            self._sql = sqlite3.connect(
                self._file, isolation_level=None, check_same_thread=False, cached_statements=64
            )
            problem: str | None = "cannot be used"
            try:
                problem = _sqlite_schema.prepare(self._sql)
            finally:
                if problem:
                    self._sql.close()
        if problem:
            raise StoreError(f"store `{self._file}` {problem}")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._sql.close()

    def __enter__(self) -> Self:
        """Answer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def keep_note(self, note: Note) -> None:
        """See `store.Store`."""
        now = self._now()
        with self._transaction() as sql:
            _sqlite_change.keep_note(sql, note, now)

    def load(self, account: str) -> LoadedAccount | None:
        """See `store.Store`."""
        with self._transaction("BEGIN") as sql:
            found = sql.execute(
                "SELECT state, version FROM linked_accounts WHERE linked_account_id = ?", (account,)
            ).fetchone()
            if found is None:
                return None
            notes = sql.execute(
                "SELECT number, key, text, secret FROM notes WHERE linked_account_id = ?"
                " ORDER BY number",
                (account,),
            )
            return LoadedAccount(
                found[0], str(found[1]), tuple(StoredNote(*note) for note in notes)
            )

    def commit(self, change: Change) -> Committed:
        """See `store.Store`."""
        now = self._now()
        with self._transaction() as sql:
            return _sqlite_change.commit(sql, change, now)

    def due(self, now: datetime, limit: int) -> list[Due]:
        """See `store.Agenda`."""
        at, furthest = micros(now), micros(now + FURTHEST_START)
        found = self._ask(
            "SELECT linked_account_id, start_at, version, failed_runs > 0 FROM linked_accounts"
            " WHERE start_at IS NOT NULL AND (start_at <= ? OR start_at > ?)"
            " ORDER BY start_at, linked_account_id LIMIT ?",
            (at, furthest, limit),
        )
        return [
            Due(account, instant(start), str(version), bool(failed))
            for account, start, version, failed in found
        ]

    def next_start(self, now: datetime) -> datetime | None:
        """See `store.Agenda`."""
        found = self._ask(
            "SELECT min(start_at) FROM linked_accounts WHERE start_at > ?", (micros(now),)
        )
        start: int | None = found[0][0]
        return None if start is None else instant(start)

    def run_ended(self, account: str, failure: str | None) -> None:
        """See `store.RunNoter`."""
        values = {"account": account, "failure": failure, "now": self._now()}
        with self._transaction() as sql:
            sql.execute(_NOTE_END, values)

    def failed_runs(self, account: str) -> FailedRuns | None:
        """Answer how the account's latest runs failed. `None` where the latest did not."""
        found = self._ask(
            "SELECT failed_runs, ifnull(failed_since, 0), failed_with FROM linked_accounts"
            " WHERE linked_account_id = ? AND failed_runs > 0",
            (account,),
        )
        return FailedRuns(found[0][0], instant(found[0][1]), found[0][2]) if found else None

    def token(self, account: str) -> str | None:
        """See `store.Tokens`."""
        found = self._ask(
            "SELECT account_token FROM linked_accounts WHERE linked_account_id = ?", (account,)
        )
        token: str | None = found[0][0] if found else None
        return token

    def notices(self, after: int = 0, limit: int = 100) -> list[tuple[int, str, Notice]]:
        """Answer what happened after number `after`: number, account and notice, in order.

        Hand them to your product, and keep the last number: this is at least once, by id.
        """
        found = self._ask(
            "SELECT sequence, linked_account_id, id, occasion, model_id, text FROM notices"
            " WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (after, limit),
        )
        return [
            (sequence, account, Notice(name, Occasion(occasion), model, text))
            for sequence, account, name, occasion, model, text in found
        ]

    def _now(self) -> int:
        return micros(self._clock.now())

    def _ask(self, question: str, values: tuple[Any, ...]) -> list[Any]:
        with self._turn(), self._explained():
            return self._sql.execute(question, values).fetchall()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        # Threads that wait behind one that waits for another program's lock would wait for it one
        # after the other.
        if not self._lock.acquire(timeout=_sqlite_schema.LOCK_PATIENCE_MS / 1_000):
            raise StoreError(f"store `{self._file}` is in use by other threads")
        try:
            yield
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with self._turn(), self._explained():
            self._sql.execute(begin)
            try:
                yield self._sql
                self._sql.execute("COMMIT")
            finally:
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise StoreError(f"store `{self._file}`: {error}") from error
        except OverflowError as error:
            raise StoreError(f"store `{self._file}`: a number does not fit: {error}") from error


def _create_private(file: str) -> None:
    """Create the file before SQLite does: it holds account tokens."""
    if file.startswith(("file:", ":memory:")):
        return
    with contextlib.suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


_NOTE_END = """
UPDATE linked_accounts SET
    failed_runs = iif(:failure IS NULL, 0, failed_runs + 1),
    failed_since = iif(:failure IS NULL, NULL, ifnull(failed_since, :now)),
    failed_with = ifnull(:failure, '')
WHERE linked_account_id = :account"""
