"""A file of an older version goes on as one of this."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from importlib import resources
from pathlib import Path

from merge_sync.sqlite import SqliteStore
from merge_sync.store import Swept
from stores import CHANGE, commit, sweep
from support import REPOSITORY

TABLES = ("linked_accounts", "notes", "records", "notices")
USER_VERSION = "PRAGMA user_version"

# The tables as the first version made them.
FIRST_TABLES = """
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
    trouble TEXT NOT NULL DEFAULT '',
    fresh_to INTEGER
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
CREATE TABLE notices (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    at INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    model_id TEXT,
    text TEXT NOT NULL
) STRICT;
INSERT INTO linked_accounts
    (linked_account_id, first_seen, state, version, account_token, trouble)
VALUES ('a', 1, 'old', 4, 'token', 'park'), ('b', 1, '', 1, NULL, '');
INSERT INTO records VALUES ('a', 'm', 'x', NULL, NULL, 0, 1, 1, 3, '{}');
PRAGMA application_id = 0x4D53796E;
PRAGMA user_version = 1;
"""


def test_the_tables_are_those_of_the_reference_host() -> None:
    ours = resources.files("merge_sync") / "schema"
    theirs = sorted((REPOSITORY / "host-example" / "schema").glob("sqlite*.sql"))
    assert sorted(file.name for file in ours.iterdir()) == [file.name for file in theirs]
    for file in theirs:
        assert (ours / file.name).read_bytes() == file.read_bytes()


def test_a_file_of_the_first_version_is_brought_up_with_what_is_in_it(
    file: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(file)) as sql:
        sql.executescript(FIRST_TABLES)
    with SqliteStore(file) as store:
        with closing(sqlite3.connect(file)) as sql:
            kinds = sql.execute("SELECT trouble FROM linked_accounts ORDER BY linked_account_id")
            assert kinds.fetchall() == [("park",), (None,)]
        loaded = store.load("a")
        assert loaded is not None
        assert (loaded.state, loaded.version, store.token("a")) == ("old", "4", "token")
        assert commit(store, replace(CHANGE, sweep=sweep(4))) == Swept(1, 1, 1, held=False)
    SqliteStore(file).close()
    SqliteStore(tmp_path / "new").close()
    shapes = []
    for each in (file, tmp_path / "new"):
        with closing(sqlite3.connect(each)) as sql:
            columns = [sql.execute(f"PRAGMA table_info({table})").fetchall() for table in TABLES]
            indexes = sql.execute(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name"
            )
            shapes.append((columns, indexes.fetchall(), sql.execute(USER_VERSION).fetchall()))
    assert shapes[0] == shapes[1], "as if it had been made now"
