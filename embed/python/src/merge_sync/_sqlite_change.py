"""What a note and a change do to the tables of the SQLite store, inside a transaction."""

import sqlite3

from merge_sync._sqlite_instants import maybe_micros
from merge_sync.errors import StaleError, UnknownAccountError
from merge_sync.store import (
    Batch,
    Change,
    Committed,
    Note,
    PutToken,
    Sweep,
    Swept,
    TokenRule,
)


def keep_note(sql: sqlite3.Connection, note: Note, now: int) -> None:
    """Keep a note, and make the account due as far as its `not_before` allows."""
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


def commit(sql: sqlite3.Connection, change: Change, now: int) -> Committed:
    """Carry out a change, if the account is at the version that it expects."""
    account = change.account
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
            "wake": maybe_micros(change.wake_at),
            "not_before": maybe_micros(change.not_before),
            "now": now,
            "phase": change.summary.phase,
            "ready": change.summary.ready,
            "needed": change.summary.needed,
            "trouble": change.summary.trouble,
            "link": change.summary.link,
            "skipped": change.summary.skipped,
            "fresh_to": maybe_micros(change.summary.fresh_to),
        },
    )
    return Committed(str(version), swept)


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
            "modified_at": maybe_micros(row.modified_at),
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
