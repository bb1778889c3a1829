"""What the tests of the SQLite store share."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from merge_sync.readiness import AccountPhase
from merge_sync.store import Batch, Change, Note, Store, Summary, Sweep, Swept, TokenRule
from merge_sync.types import LinkState, Row
from support import NOON

NOTE = Note("a", "poll", "text", None, None, create=True)
CHANGE = Change(
    account="a",
    expected=None,
    state="state",
    consumed=(),
    wake_at=NOON + timedelta(hours=1),
    not_before=None,
    token=TokenRule.KEEP,
    summary=Summary(AccountPhase.READY, 1, 1, None, LinkState.ACTIVE, 0, NOON),
    batches=(),
    sweep=None,
    notices=(),
)


def row(name: str, minutes: int | None = 0, text: str = "{}", *, deleted: bool = False) -> Row:
    at = None if minutes is None else NOON + timedelta(minutes=minutes)
    return Row(name, None, at, deleted, text)


def batch(*rows: Row, reread: int | None = None) -> Change:
    return replace(CHANGE, batches=(Batch("m", reread, rows),))


def commit(store: Store, change: Change) -> Swept | None:
    loaded = store.load(change.account)
    expected = None if loaded is None else loaded.version
    return store.commit(replace(change, expected=expected)).swept


def records(file: Path) -> dict[str, tuple[str, int, int | None]]:
    with closing(sqlite3.connect(file)) as sql:
        found = sql.execute("SELECT id, json, deleted, pass FROM records")
        return {name: (text, deleted, reread) for name, text, deleted, reread in found}


def sweep(since: int, *, rows: int = 2, percent: int = 10, limit: int = 50_000) -> Sweep:
    return Sweep("m", since, rows, percent, limit)
