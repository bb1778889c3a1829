"""The tables of the SQLite store: those of merge-sync's reference host, which reads it too."""

import sqlite3
from functools import cache
from importlib import resources
from itertools import count

APPLICATION_ID = 0x4D53_796E
"""Marks a SQLite file as a store of merge-sync: `MSyn`."""

_SCHEMA = resources.files("merge_sync") / "schema"
"""The files that the reference host and every package share, as they were when this was built."""

LOCK_PATIENCE_MS = 1_000
"""How long to wait for another program's lock: a webhook is to be answered within five seconds."""


@cache
def tables() -> str:
    """Answer the statements that make the tables of this version."""
    return (_SCHEMA / "sqlite.sql").read_text("utf-8")


@cache
def steps() -> tuple[str, ...]:
    """Answer what makes of each version the next one: the first of version 1 version 2."""
    found: list[str] = []
    for version in count(1):
        file = _SCHEMA / f"sqlite-upgrade-{version}-{version + 1}.sql"
        if not file.is_file():
            break
        found.append(file.read_text("utf-8"))
    return tuple(found)


def schema_version() -> int:
    """Answer the version of these tables."""
    return len(steps()) + 1


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
        _do(sql, tables())
        sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    else:
        for step in steps()[_number(sql, "PRAGMA user_version") - 1 :]:
            _do(sql, step)
    sql.execute(f"PRAGMA user_version = {schema_version()}")
    sql.execute("COMMIT")
    return None


def _do(sql: sqlite3.Connection, statements: str) -> None:
    # Not as a script, which would commit first.
    for statement in statements.split(";\n"):
        sql.execute(statement)


def _look(sql: sqlite3.Connection) -> str | None:
    made = _number(sql, "SELECT count(*) FROM sqlite_schema")
    application, version = (
        _number(sql, "PRAGMA application_id"),
        _number(sql, "PRAGMA user_version"),
    )
    if application not in (APPLICATION_ID, 0) or (application == 0 and made):
        return "is not a store of merge-sync; nothing was changed in it"
    if version > schema_version():
        return (
            f"has schema version {version}, and this merge-sync knows {schema_version()}: it was "
            "written by a newer one"
        )
    return None


def _number(sql: sqlite3.Connection, question: str) -> int:
    found: int = sql.execute(question).fetchone()[0]
    return found
