"""The tables of the SQLite store: those of merge-sync's reference host, which reads it too."""

import sqlite3

APPLICATION_ID = 0x4D53_796E
"""Marks a SQLite file as a store of merge-sync: `MSyn`."""

SCHEMA_VERSION = 3

LOCK_PATIENCE_MS = 1_000
"""How long to wait for another program's lock: a webhook is to be answered within five seconds."""

# Instants are microseconds since 1970 in UTC: `modified_at` and `fresh_to` on Merge's clock,
# all others on this program's. The index of live records is for sweeps; `deleted` is in it so that
# they need not look at the records themselves.
TABLES = """
CREATE TABLE linked_accounts (
    linked_account_id TEXT PRIMARY KEY NOT NULL,
    category TEXT NOT NULL DEFAULT '',
    integration TEXT NOT NULL DEFAULT '',
    integration_slug TEXT NOT NULL DEFAULT '',
    end_user_origin_id TEXT NOT NULL DEFAULT '',
    organization_name TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT '',
    account_token TEXT,
    first_seen INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 0,
    last_note INTEGER NOT NULL DEFAULT 0,
    wake_at INTEGER,
    not_before INTEGER,
    start_at INTEGER,
    phase TEXT NOT NULL DEFAULT '',
    models_ready INTEGER NOT NULL DEFAULT 0,
    models_needed INTEGER NOT NULL DEFAULT 0,
    fresh_to INTEGER,
    account_type TEXT NOT NULL DEFAULT '',
    is_duplicate INTEGER,
    link TEXT NOT NULL DEFAULT '',
    skipped INTEGER NOT NULL DEFAULT 0,
    failed_runs INTEGER NOT NULL DEFAULT 0,
    failed_since INTEGER,
    failed_with TEXT NOT NULL DEFAULT '',
    trouble TEXT
) STRICT;

CREATE INDEX linked_accounts_by_start ON linked_accounts (start_at) WHERE start_at IS NOT NULL;

CREATE TABLE notes (
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    key TEXT NOT NULL,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    secret TEXT,
    PRIMARY KEY (linked_account_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    model_id TEXT NOT NULL,
    id TEXT NOT NULL,
    remote_id TEXT,
    modified_at INTEGER,
    deleted INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    pass INTEGER,
    json TEXT NOT NULL,
    PRIMARY KEY (linked_account_id, model_id, id)
) STRICT;

CREATE INDEX records_live_by_pass ON records (linked_account_id, model_id, pass, deleted)
    WHERE NOT deleted;

CREATE TABLE notices (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    at INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    model_id TEXT,
    text TEXT NOT NULL
) STRICT;
"""


# What makes of each version the next one: the first of version 1 version 2.
STEPS = (
    """
ALTER TABLE linked_accounts ADD COLUMN account_type TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN is_duplicate INTEGER;
ALTER TABLE linked_accounts ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_runs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_since INTEGER;
ALTER TABLE linked_accounts ADD COLUMN failed_with TEXT NOT NULL DEFAULT '';
CREATE INDEX records_live_by_pass ON records (linked_account_id, model_id, pass, deleted)
    WHERE NOT deleted;
""",
    """
ALTER TABLE linked_accounts ADD COLUMN trouble_kind TEXT;
UPDATE linked_accounts SET trouble_kind = nullif(trouble, '');
ALTER TABLE linked_accounts DROP COLUMN trouble;
ALTER TABLE linked_accounts RENAME COLUMN trouble_kind TO trouble;
""",
)


def prepare(sql: sqlite3.Connection) -> str | None:
    """Make the file ours if it is empty, and of this version if it is of an older one.

    Answers what is wrong with it, having left it alone.
    """
    sql.execute(f"PRAGMA busy_timeout = {LOCK_PATIENCE_MS}")
    if problem := _look(sql):
        return problem
    sql.execute("PRAGMA journal_mode = WAL")
    sql.execute("PRAGMA synchronous = FULL")
    sql.execute("PRAGMA secure_delete = FAST")
    sql.execute("PRAGMA foreign_keys = ON")
    sql.execute("BEGIN IMMEDIATE")
    # Looked at again: two programs may have found the same empty or old file.
    if _number(sql, "SELECT count(*) FROM sqlite_schema") == 0:
        _do(sql, TABLES)
        sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    else:
        for step in STEPS[_number(sql, "PRAGMA user_version") - 1 :]:
            _do(sql, step)
    sql.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    sql.execute("COMMIT")
    return None


def _do(sql: sqlite3.Connection, statements: str) -> None:
    # Not as a script, which would commit first.
    for statement in statements.split(";\n"):
        sql.execute(statement)


def _look(sql: sqlite3.Connection) -> str | None:
    tables = _number(sql, "SELECT count(*) FROM sqlite_schema")
    application, version = (
        _number(sql, "PRAGMA application_id"),
        _number(sql, "PRAGMA user_version"),
    )
    if application not in (APPLICATION_ID, 0) or (application == 0 and tables):
        return "is not a store of merge-sync; nothing was changed in it"
    if version > SCHEMA_VERSION:
        return (
            f"has schema version {version}, and this merge-sync knows {SCHEMA_VERSION}: it was "
            "written by a newer one"
        )
    return None


def _number(sql: sqlite3.Connection, question: str) -> int:
    found: int = sql.execute(question).fetchone()[0]
    return found
