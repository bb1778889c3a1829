"""The SQLite store keeps what the contract asks of a store."""

import sqlite3
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from merge_sync.errors import InputError, StaleError, StoreError, UnknownAccountError
from merge_sync.sqlite import SqliteStore
from merge_sync.store import (
    Batch,
    FailedRuns,
    Note,
    Notice,
    Occasion,
    PutToken,
    StoredNote,
    Sweep,
    Swept,
    TokenRule,
)
from merge_sync.types import Account, LinkState, Row
from merge_sync.view import TroubleKind
from stores import CHANGE, NOTE, batch, commit, records, row
from support import NOON, ManualClock


def test_a_note_creates_only_where_it_says_so(store: SqliteStore) -> None:
    with pytest.raises(UnknownAccountError, match="nobody linked `a`"):
        store.keep_note(replace(NOTE, create=False))
    assert store.load("a") is None
    store.keep_note(NOTE)
    loaded = store.load("a")
    assert loaded is not None
    assert (loaded.state, loaded.notes) == ("", (StoredNote(1, "poll", "text", None),))


def test_a_note_replaces_one_of_its_key_and_gets_a_larger_number(store: SqliteStore) -> None:
    store.keep_note(NOTE)
    store.keep_note(replace(NOTE, key="linked", secret="token"))
    version = store.load("a")
    store.keep_note(replace(NOTE, text="newer"))
    loaded = store.load("a")
    assert loaded is not None
    assert version is not None
    assert loaded.version == version.version
    assert loaded.notes == (
        StoredNote(2, "linked", "text", "token"),
        StoredNote(3, "poll", "newer", None),
    )


def test_a_profile_replaces_only_what_it_says(store: SqliteStore, file: Path) -> None:
    store.keep_note(replace(NOTE, profile=Account("a", "hris", "Example HR")))
    store.keep_note(replace(NOTE, profile=Account("a", organization_name="Org")))
    with closing(sqlite3.connect(file)) as sql:
        found = sql.execute("SELECT category, integration, organization_name FROM linked_accounts")
        assert found.fetchall() == [("hris", "Example HR", "Org")]


def test_a_change_needs_the_version_that_was_loaded(store: SqliteStore) -> None:
    first = store.commit(CHANGE)
    with pytest.raises(StaleError) as caught:
        store.commit(CHANGE)
    assert caught.value.current == first.version
    with pytest.raises(StaleError) as caught:
        store.commit(replace(CHANGE, account="b", expected="1"))
    assert caught.value.current is None
    second = store.commit(replace(CHANGE, expected=first.version))
    assert second.version != first.version


def test_a_change_that_cannot_be_done_is_not_done_at_all(store: SqliteStore, file: Path) -> None:
    store.keep_note(NOTE)
    bad = replace(
        batch(row("x")),
        consumed=(1,),
        token=PutToken("t"),
        notices=(Notice("n", Occasion.RECOVERED, None, None),),  # type: ignore[arg-type]
    )
    with pytest.raises(StoreError, match="NOT NULL constraint failed"):
        commit(store, bad)
    loaded = store.load("a")
    assert loaded is not None
    assert (loaded.state, len(loaded.notes), store.token("a")) == ("", 1, None)
    assert records(file) == {}
    commit(store, batch(row("x")))
    assert list(records(file)) == ["x"]


def test_only_notes_that_were_acted_on_are_consumed(store: SqliteStore, clock: ManualClock) -> None:
    store.keep_note(NOTE)
    loaded = store.load("a")
    assert loaded is not None
    store.keep_note(replace(NOTE, text="newer"))
    store.commit(replace(CHANGE, expected=loaded.version, consumed=(1,)))
    after = store.load("a")
    assert after is not None
    assert [note.text for note in after.notes] == ["newer"]
    # A note remains: the account starts now, and not at its wake-up.
    assert [due.start for due in store.due(clock.now(), 1)] == [clock.now()]


def test_an_account_starts_when_the_change_said(store: SqliteStore, clock: ManualClock) -> None:
    commit(store, CHANGE)
    assert store.due(clock.now(), 1) == []
    assert store.next_start(clock.now()) == NOON + timedelta(hours=1)
    commit(store, replace(CHANGE, not_before=NOON + timedelta(hours=2)))
    assert store.next_start(clock.now()) == NOON + timedelta(hours=2)
    store.keep_note(NOTE)
    assert store.next_start(clock.now()) == NOON + timedelta(hours=2), "not even for a note"
    commit(store, replace(CHANGE, wake_at=None, consumed=(1,)))
    assert store.next_start(clock.now()) is None


def test_a_start_too_far_ahead_is_due(store: SqliteStore, clock: ManualClock) -> None:
    commit(store, replace(CHANGE, wake_at=NOON + timedelta(hours=25)))
    assert store.due(clock.now(), 1) == []
    commit(store, replace(CHANGE, wake_at=NOON + timedelta(hours=25, microseconds=1)))
    assert [due.account for due in store.due(clock.now(), 1)] == ["a"]


def test_the_longest_overdue_comes_first(store: SqliteStore, clock: ManualClock) -> None:
    for name, minutes in (("a", 2), ("b", 1), ("c", 3)):
        commit(store, replace(CHANGE, account=name, wake_at=NOON + timedelta(minutes=minutes)))
    clock.forward(minutes=5)
    assert [due.account for due in store.due(clock.now(), 2)] == ["b", "a"]


def test_failed_runs_are_counted_until_one_comes_to_a_good_end(
    store: SqliteStore, clock: ManualClock
) -> None:
    commit(store, CHANGE)
    store.run_ended("nobody", "first")
    assert store.failed_runs("nobody") is None
    before = store.load("a"), store.next_start(NOON)
    store.run_ended("a", "first")
    clock.forward(minutes=1)
    store.run_ended("a", "second")
    assert store.failed_runs("a") == FailedRuns(2, NOON, "second")
    assert (store.load("a"), store.next_start(NOON)) == before, "the engine knows nothing of it"
    later = NOON + timedelta(hours=1)
    assert [due.failed for due in store.due(later, 1)] == [True]
    store.run_ended("a", None)
    assert store.failed_runs("a") is None
    assert [due.failed for due in store.due(later, 1)] == [False]
    store.run_ended("a", "third")
    assert store.failed_runs("a") == FailedRuns(1, NOON + timedelta(minutes=1), "third")


def test_a_row_gives_way_unless_it_is_later(store: SqliteStore, file: Path) -> None:
    commit(store, batch(row("x", 5, "first"), row("y", None, "first")))
    commit(store, batch(row("x", 4, "older"), row("y", None, "second"), reread=1))
    assert records(file) == {"x": ("first", 0, 1), "y": ("second", 0, 1)}
    commit(store, batch(row("x", 5, "same"), row("y", 1, "third", deleted=True)))
    assert records(file) == {"x": ("same", 0, 1), "y": ("third", 1, 1)}


def test_what_a_summary_and_a_profile_say_is_kept(store: SqliteStore, file: Path) -> None:
    profile = Account("a", account_type="TEST", is_duplicate=True)
    store.keep_note(replace(NOTE, profile=profile))
    store.keep_note(replace(NOTE, profile=Account("a", "hris")))
    summary = replace(
        CHANGE.summary, trouble=TroubleKind.PARK, link=LinkState.RELINK_NEEDED, skipped=7
    )
    commit(store, replace(CHANGE, summary=summary))
    with closing(sqlite3.connect(file)) as sql:
        found = sql.execute(
            "SELECT category, account_type, is_duplicate, phase, trouble, link, skipped"
            " FROM linked_accounts"
        )
        assert found.fetchall() == [("hris", "TEST", 1, "ready", "park", "relink-needed", 7)]


def test_a_zero_character_is_text_like_any_other(store: SqliteStore, file: Path) -> None:
    odd = "a\0b"
    store.keep_note(Note(odd, odd, odd, odd, Account(odd, odd, odd), create=True))
    notice = Notice(odd, Occasion.RECOVERED, odd, odd)
    record = Row(odd, odd, NOON, False, odd)
    change = replace(CHANGE, account=odd, batches=(Batch(odd, 1, (record,)),), notices=(notice,))
    commit(store, replace(change, token=PutToken(odd)))
    loaded = store.load(odd)
    assert loaded is not None
    assert loaded.notes == (StoredNote(1, odd, odd, odd),)
    assert store.token(odd) == odd
    assert [each for _, _, each in store.notices()] == [notice]
    swept = commit(store, replace(change, batches=(), sweep=Sweep(odd, 2, 2, 10, 9)))
    assert swept == Swept(1, 1, 1, held=False)
    assert records(file) == {odd: (odd, 1, 1)}


def test_tokens_are_put_kept_and_erased(store: SqliteStore) -> None:
    commit(store, replace(CHANGE, token=PutToken("first")))
    commit(store, CHANGE)
    assert store.token("a") == "first"
    store.keep_note(replace(NOTE, key="linked", secret="second"))
    store.keep_note(replace(NOTE, key="old", secret="first"))
    commit(store, replace(CHANGE, token=TokenRule.ERASE))
    assert store.token("a") is None
    assert store.token("nobody") is None
    loaded = store.load("a")
    assert loaded is not None
    assert [note.secret for note in loaded.notes] == ["second", None]


def test_a_notice_is_listed_once(store: SqliteStore) -> None:
    notice = Notice("n1", Occasion.WINDOW_COMPLETED, "m", "It is read.")
    commit(store, replace(CHANGE, notices=(notice,)))
    commit(store, replace(CHANGE, notices=(notice, replace(notice, id="n2"))))
    found = store.notices()
    assert [(account, each.id) for _, account, each in found] == [("a", "n1"), ("a", "n2")]
    assert [each.id for _, _, each in store.notices(after=found[0][0])] == ["n2"]


def test_instants_keep_their_microseconds(store: SqliteStore) -> None:
    at = NOON + timedelta(microseconds=123_457)
    commit(store, replace(CHANGE, wake_at=at))
    assert store.next_start(NOON) == at


def test_threads_share_a_store_and_programs_a_file(store: SqliteStore, file: Path) -> None:
    store.commit(CHANGE)
    together = threading.Barrier(4)

    def work(shared: SqliteStore) -> int:
        together.wait()
        won = 0
        while won < 25:
            loaded = shared.load("a")
            assert loaded is not None
            try:
                shared.commit(replace(CHANGE, expected=loaded.version))
            except StaleError:
                continue
            won += 1
        return won

    with SqliteStore(file, ManualClock()) as other, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, (store, other, store, other))) == [25] * 4
    loaded = store.load("a")
    assert loaded is not None
    assert loaded.version == "101"


def test_nobody_waits_long_for_another_programs_lock(store: SqliteStore, file: Path) -> None:
    store.keep_note(NOTE)

    def refused(_: int) -> str:
        with pytest.raises(StoreError) as error:
            store.keep_note(NOTE)
        return str(error.value).partition("` ")[2] or str(error.value).partition(": ")[2]

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.load("a") is not None, "readers go on"
        began = monotonic()
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(refused, range(8)))
        assert monotonic() - began < 4
    assert found <= {"database is locked", "is in use by other threads"}
    store.keep_note(NOTE)


def test_what_was_committed_is_there_after_reopening(file: Path) -> None:
    with SqliteStore(file) as store:
        commit(store, replace(batch(row("x")), token=PutToken("t")))
    with SqliteStore(file) as store:
        assert store.token("a") == "t"
    assert list(records(file)) == ["x"]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no modes there")
def test_the_file_is_its_owners_alone(store: SqliteStore, file: Path) -> None:
    assert store.load("a") is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_of_somebody_else_is_left_alone(file: Path) -> None:
    with closing(sqlite3.connect(file)) as sql, sql:
        sql.execute("CREATE TABLE theirs (x)")
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"store\.sqlite` is not a store of merge-sync"):
        SqliteStore(file)
    assert file.read_bytes() == before


def test_a_newer_file_is_left_alone(file: Path) -> None:
    SqliteStore(file).close()
    with closing(sqlite3.connect(file)) as sql, sql:
        sql.execute("PRAGMA user_version = 4")
    with pytest.raises(StoreError, match="has schema version 4, and this merge-sync knows 3"):
        SqliteStore(file)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 100)
    with pytest.raises(StoreError, match="text`: file is not a database"):
        SqliteStore(tmp_path / "text")
    with pytest.raises(StoreError, match="unable to open database file"):
        SqliteStore(tmp_path / "none" / "store.sqlite")


def test_a_file_without_a_name_is_refused() -> None:
    with pytest.raises(InputError, match="file: it is empty"):
        SqliteStore("")


def test_a_store_that_is_closed_says_so(store: SqliteStore) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed database"):
        store.load("a")
