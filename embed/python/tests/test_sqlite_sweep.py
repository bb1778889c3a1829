"""A sweep marks what Merge no longer has, and holds back where that would be too much."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from merge_sync._sqlite_change import _COUNT_UNSEEN, _MARK_UNSEEN
from merge_sync.sqlite import SqliteStore
from merge_sync.store import (
    Batch,
    Swept,
)
from merge_sync.types import Row
from stores import CHANGE, batch, commit, records, row, sweep


def rows(*numbers: int) -> list[Row]:
    return [row(str(number)) for number in numbers]


def marked(file: Path) -> set[str]:
    return {name for name, (_, deleted, _) in records(file).items() if deleted}


def test_a_sweep_marks_the_live_rows_that_no_reread_since_saw(
    store: SqliteStore, file: Path
) -> None:
    commit(store, batch(row("never")))
    commit(store, batch(row("before"), reread=6))
    commit(store, batch(row("gone", deleted=True), reread=6))
    commit(store, batch(row("other"), reread=6))
    commit(store, batch(row("since"), reread=7))
    # Of a batch of this very change, too; and an older re-read takes nothing back.
    last = replace(batch(row("other"), reread=8), sweep=sweep(7))
    assert commit(store, last) == Swept(live=4, unseen=2, marked=2, held=False)
    for older in (row("other"), row("other", -5)):
        commit(store, batch(older, reread=3))
        commit(store, batch(older))
    assert marked(file) == {"never", "before", "gone"}
    assert records(file)["other"] == ("{}", 0, 8)
    again = replace(CHANGE, sweep=sweep(7))
    assert commit(store, again) == Swept(live=2, unseen=0, marked=0, held=False)
    assert commit(store, CHANGE) is None


def test_a_sweep_of_too_many_is_held_and_marks_none(store: SqliteStore, file: Path) -> None:
    commit(store, batch(*rows(*range(30)), reread=1))
    commit(store, batch(*rows(*range(26)), reread=2))
    held = commit(store, replace(CHANGE, sweep=sweep(2)))
    assert held == Swept(live=30, unseen=4, marked=0, held=True)
    assert marked(file) == set()
    commit(store, batch(row("26"), reread=2))
    done = commit(store, replace(CHANGE, sweep=sweep(2)))
    assert done == Swept(live=30, unseen=3, marked=3, held=False), "just a tenth"
    assert marked(file) == {"27", "28", "29"}


def test_a_sweep_of_few_rows_is_never_held_and_of_all_is(store: SqliteStore, file: Path) -> None:
    commit(store, batch(*rows(1, 2), reread=1))
    assert commit(store, replace(CHANGE, sweep=sweep(2, rows=1))) == Swept(2, 2, 0, held=True)
    assert commit(store, replace(CHANGE, sweep=sweep(2))) == Swept(2, 2, 2, held=False)
    assert marked(file) == {"1", "2"}


def test_a_sweep_marks_no_more_than_its_limit_at_a_time(store: SqliteStore, file: Path) -> None:
    commit(store, batch(*rows(1, 2)))
    commit(store, batch(*rows(3, 4, 5), reread=1))
    # An approval holds back nothing, whatever the numbers.
    part = sweep(2, rows=(1 << 64) - 1, percent=0, limit=3)
    assert commit(store, replace(CHANGE, sweep=part)) == Swept(5, 5, 3, held=False)
    assert len(marked(file)) == 3
    assert commit(store, replace(CHANGE, sweep=part)) == Swept(2, 2, 2, held=False)
    assert len(marked(file)) == 5


def test_a_sweep_is_of_one_model_and_account(store: SqliteStore, file: Path) -> None:
    commit(store, batch(row("x"), reread=1))
    other = Batch("n", 1, (row("y"),))
    commit(store, replace(CHANGE, batches=(other,)))
    commit(store, replace(batch(row("z"), reread=1), account="b"))
    assert commit(store, replace(CHANGE, sweep=sweep(2))) == Swept(1, 1, 1, held=False)
    assert marked(file) == {"x"}


def test_a_sweep_reads_the_index_of_live_rows_alone(store: SqliteStore, file: Path) -> None:
    commit(store, CHANGE)
    values = {"account": "a", "model": "m", "since": 1, "limit": 1}
    with closing(sqlite3.connect(file)) as sql:
        for question in (_COUNT_UNSEEN, _MARK_UNSEEN):
            plan = sql.execute(f"EXPLAIN QUERY PLAN {question}", values).fetchall()
            read = [
                step for *_, step in plan if " records " in f"{step} " and "rowid=?" not in step
            ]
            assert read
            assert all("COVERING INDEX records_live_by_pass" in step for step in read), plan
