"""A store in one SQLite file, by Python's own `sqlite3`.

Its tables are plain: `records`, keyed by `linked_account_id`, `model_id` and `id`, is there to be
read by your product. `pass` there is the number of a full re-read.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from merge_sync import _sqlite_schema
from merge_sync.engine import Clock, SystemClock
from merge_sync.errors import InputError, StaleError, StoreError, UnknownAccountError
from merge_sync.store import (
    Batch,
    Change,
    Committed,
    Due,
    FailedRuns,
    LoadedAccount,
    Note,
    Notice,
    Occasion,
    PutToken,
    StoredNote,
    Sweep,
    Swept,
    TokenRule,
)

FURTHEST_START = timedelta(hours=25)
"""A start further ahead than this is due: somebody's clock was wrong."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
            if note.create:
                _insert_account(sql, note.account, now)
            found = sql.execute(_NUMBER_NOTE, {"account": note.account, "now": now}).fetchone()
            if found is None:
                raise UnknownAccountError(f"account: nobody linked `{note.account}`")
            if note.profile is not None:
                profile = note.profile
                sql.execute(
                    _SET_PROFILE,
                    (
                        profile.category,
                        profile.integration,
                        profile.integration_slug,
                        profile.end_user_origin_id,
                        profile.organization_name,
                        profile.link_status,
                        profile.account_type,
                        profile.is_duplicate,
                        note.account,
                    ),
                )
            sql.execute(
                "INSERT OR REPLACE INTO notes (linked_account_id, key, number, text, secret)"
                " VALUES (?, ?, ?, ?, ?)",
                (note.account, note.key, found[0], note.text, note.secret),
            )

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
        account, now = change.account, self._now()
        with self._transaction() as sql:
            version = _next_version(sql, change, now)
            sql.executemany(
                "DELETE FROM notes WHERE linked_account_id = ? AND number = ?",
                [(account, number) for number in change.consumed],
            )
            _set_token(sql, change)
            for batch in change.batches:
                _store_rows(sql, account, batch, now)
            swept = _sweep(sql, account, change.sweep) if change.sweep else None
            sql.executemany(
                "INSERT INTO notices (id, linked_account_id, at, occasion, model_id, text)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                [
                    (notice.id, account, now, notice.occasion, notice.model_id, notice.text)
                    for notice in change.notices
                ],
            )
            # The account's own row, last: whether notes remain decides its start.
            sql.execute(
                _SET_STATE,
                {
                    "account": account,
                    "state": change.state,
                    "version": version,
                    "wake": _maybe_micros(change.wake_at),
                    "not_before": _maybe_micros(change.not_before),
                    "now": now,
                    "phase": change.summary.phase,
                    "ready": change.summary.ready,
                    "needed": change.summary.needed,
                    "trouble": change.summary.trouble,
                    "link": change.summary.link,
                    "skipped": change.summary.skipped,
                    "fresh_to": _maybe_micros(change.summary.fresh_to),
                },
            )
        return Committed(str(version), swept)

    def due(self, now: datetime, limit: int) -> list[Due]:
        """See `store.Agenda`."""
        at, furthest = _micros(now), _micros(now + FURTHEST_START)
        found = self._ask(
            "SELECT linked_account_id, start_at, version, failed_runs > 0 FROM linked_accounts"
            " WHERE start_at IS NOT NULL AND (start_at <= ? OR start_at > ?)"
            " ORDER BY start_at, linked_account_id LIMIT ?",
            (at, furthest, limit),
        )
        return [
            Due(account, _instant(start), str(version), bool(failed))
            for account, start, version, failed in found
        ]

    def next_start(self, now: datetime) -> datetime | None:
        """See `store.Agenda`."""
        found = self._ask(
            "SELECT min(start_at) FROM linked_accounts WHERE start_at > ?", (_micros(now),)
        )
        start: int | None = found[0][0]
        return None if start is None else _instant(start)

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
        return FailedRuns(found[0][0], _instant(found[0][1]), found[0][2]) if found else None

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
        return _micros(self._clock.now())

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


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _maybe_micros(at: datetime | None) -> int | None:
    return None if at is None else _micros(at)


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


_NUMBER_NOTE = """
UPDATE linked_accounts SET
    last_note = last_note + 1,
    start_at = min(ifnull(start_at, max(ifnull(not_before, :now), :now)),
                   max(ifnull(not_before, :now), :now))
WHERE linked_account_id = :account RETURNING last_note"""

# What Merge does not say replaces nothing.
_SET_PROFILE = """
UPDATE linked_accounts SET
    category = ifnull(nullif(?, ''), category),
    integration = ifnull(nullif(?, ''), integration),
    integration_slug = ifnull(nullif(?, ''), integration_slug),
    end_user_origin_id = ifnull(nullif(?, ''), end_user_origin_id),
    organization_name = ifnull(nullif(?, ''), organization_name),
    status = ifnull(nullif(?, ''), status),
    account_type = ifnull(nullif(?, ''), account_type),
    is_duplicate = ifnull(?, is_duplicate)
WHERE linked_account_id = ?"""

_REPLACE_ROW = """
INSERT INTO records (linked_account_id, model_id, id, remote_id, modified_at, deleted,
                     first_seen, last_seen, pass, json)
VALUES (:account, :model, :id, :remote_id, :modified_at, :deleted, :now, :now, :pass, :json)
ON CONFLICT (linked_account_id, model_id, id) DO UPDATE SET
    remote_id = excluded.remote_id,
    modified_at = excluded.modified_at,
    deleted = excluded.deleted,
    last_seen = excluded.last_seen,
    pass = max(ifnull(excluded.pass, pass), ifnull(pass, excluded.pass)),
    json = excluded.json
WHERE (modified_at > excluded.modified_at) IS NOT TRUE"""

_SEE_ROW = """
UPDATE records SET last_seen = :now, pass = max(ifnull(:pass, pass), ifnull(pass, :pass))
WHERE linked_account_id = :account AND model_id = :model AND id = :id"""

_COUNT_UNSEEN = """
SELECT count(*), count(*) FILTER (WHERE pass IS NULL OR pass < :since) FROM records
WHERE linked_account_id = :account AND model_id = :model AND NOT deleted"""

_MARK_UNSEEN = """
UPDATE records SET deleted = 1 WHERE rowid IN (
    SELECT rowid FROM records
    WHERE linked_account_id = :account AND model_id = :model AND NOT deleted AND pass IS NULL
    UNION ALL
    SELECT rowid FROM records
    WHERE linked_account_id = :account AND model_id = :model AND NOT deleted AND pass < :since
    LIMIT :limit)"""

_SET_STATE = """
UPDATE linked_accounts SET
    state = :state, version = :version, wake_at = :wake, not_before = :not_before,
    start_at = (
        SELECT max(start, ifnull(:not_before, start)) FROM (
            SELECT CASE WHEN EXISTS (
                SELECT 1 FROM notes WHERE linked_account_id = :account
            ) THEN :now ELSE :wake END AS start)),
    phase = :phase, models_ready = :ready, models_needed = :needed,
    trouble = :trouble, link = :link, skipped = :skipped, fresh_to = :fresh_to
WHERE linked_account_id = :account"""

_NOTE_END = """
UPDATE linked_accounts SET
    failed_runs = iif(:failure IS NULL, 0, failed_runs + 1),
    failed_since = iif(:failure IS NULL, NULL, ifnull(failed_since, :now)),
    failed_with = ifnull(:failure, '')
WHERE linked_account_id = :account"""


def _insert_account(sql: sqlite3.Connection, account: str, now: int) -> None:
    sql.execute(
        "INSERT OR IGNORE INTO linked_accounts (linked_account_id, first_seen) VALUES (?, ?)",
        (account, now),
    )


def _next_version(sql: sqlite3.Connection, change: Change, now: int) -> int:
    found = sql.execute(
        "SELECT version FROM linked_accounts WHERE linked_account_id = ?", (change.account,)
    ).fetchone()
    current = None if found is None else str(found[0])
    if current != change.expected:
        raise StaleError(current)
    if found is None:
        _insert_account(sql, change.account, now)
        return 1
    version: int = found[0] + 1
    return version


def _set_token(sql: sqlite3.Connection, change: Change) -> None:
    token = change.token
    if token == TokenRule.KEEP:
        return
    if token == TokenRule.ERASE:
        # A note that came meanwhile may bring another token: that one is not erased.
        sql.execute(
            "UPDATE notes SET secret = NULL WHERE linked_account_id = ?1 AND secret = ("
            "SELECT account_token FROM linked_accounts WHERE linked_account_id = ?1)",
            (change.account,),
        )
    secret = token.secret if isinstance(token, PutToken) else None
    sql.execute(
        "UPDATE linked_accounts SET account_token = ? WHERE linked_account_id = ?",
        (secret, change.account),
    )


def _store_rows(sql: sqlite3.Connection, account: str, batch: Batch, now: int) -> None:
    for row in batch.rows:
        values = {
            "account": account,
            "model": batch.model_id,
            "id": row.id,
            "remote_id": row.remote_id,
            "modified_at": _maybe_micros(row.modified_at),
            "deleted": row.deleted,
            "now": now,
            "pass": batch.reread,
            "json": row.json,
        }
        if sql.execute(_REPLACE_ROW, values).rowcount == 0:
            sql.execute(_SEE_ROW, values)


def _sweep(sql: sqlite3.Connection, account: str, sweep: Sweep) -> Swept:
    # Rows that are marked already count for neither side: they would make the guard weaker with
    # every deletion. All of it reads the index of live rows alone.
    values = {
        "account": account,
        "model": sweep.model_id,
        "since": sweep.unseen_since,
        "limit": sweep.limit,
    }
    live, unseen = sql.execute(_COUNT_UNSEEN, values).fetchone()
    held = sweep.is_held(live, unseen)
    marked = 0 if held or not unseen else sql.execute(_MARK_UNSEEN, values).rowcount
    return Swept(live, unseen, marked, held)
