"""The SQLite store passes the scenarios that every language's stores pass, and no mistaken one."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from merge_sync.engine import Clock
from merge_sync.sqlite import SqliteStore
from merge_sync.store import Notice
from merge_sync.testing import MismatchError, Subject, check_store
from merge_sync.types import Account, Row
from mistaken_stores import MISTAKES, Sound, mistaken

Factory = Callable[[Clock], Subject]


@pytest.fixture
def factory(tmp_path: Path) -> Factory:
    """Make stores in files: each with another connection, and to be opened again."""
    numbers = itertools.count()

    def in_file(file: Path, clock: Clock) -> Subject:
        store, another = SqliteStore(file, clock), SqliteStore(file, clock)

        def close() -> None:
            store.close()
            another.close()

        def reopen() -> Subject:
            close()
            return in_file(file, clock)

        return replace(subject(store), another=another, reopen=reopen, close=close)

    return lambda clock: in_file(tmp_path / f"store-{next(numbers)}.sqlite", clock)


def in_memory(clock: Clock) -> Subject:
    return subject(SqliteStore(":memory:", clock))


def subject(store: SqliteStore) -> Subject:
    def notices(after: int | None, limit: int) -> list[tuple[int, str, Notice]]:
        return store.notices(after or 0, limit)

    return Subject(
        store,
        rows=lambda account, model: rows(store, account, model),
        profile=lambda account: profile(store, account),
        notices=notices,
        close=store.close,
    )


def rows(store: SqliteStore, account: str, model: str) -> list[Row]:
    found = store._sql.execute(
        "SELECT id, remote_id, modified_at, deleted, json FROM records"
        " WHERE linked_account_id = ? AND model_id = ?",
        (account, model),
    )
    return [
        Row(name, remote, None if at is None else instant(at), bool(deleted), text)
        for name, remote, at, deleted, text in found
    ]


def instant(micros: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)


def profile(store: SqliteStore, account: str) -> Account:
    found = store._sql.execute(
        "SELECT linked_account_id, category, integration, integration_slug, end_user_origin_id,"
        " organization_name, status, account_type, is_duplicate FROM linked_accounts"
        " WHERE linked_account_id = ?",
        (account,),
    ).fetchone()
    values: list[Any] = list(found)
    values[-1] = None if values[-1] is None else bool(values[-1])
    return Account(*values)


def test_the_sqlite_store_passes_every_scenario(factory: Factory) -> None:
    assert check_store(factory) == []


def test_a_store_over_a_sound_one_is_sound_and_what_it_cannot_show_is_named() -> None:
    left_out = check_store(
        lambda clock: replace(mistaken(Sound, in_memory(clock), clock), profile=None)
    )
    assert left_out == ["profile-empty-replaces-nothing", "store-reopened"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_store_with_a_mistake_is_found(mistake: type[Sound]) -> None:
    with pytest.raises(MismatchError) as found:
        check_store(lambda clock: mistaken(mistake, in_memory(clock), clock))
    print(found.value)


def test_the_example_of_the_readme_runs() -> None:
    class MyStore(SqliteStore):
        def __init__(self, clock: Clock) -> None:
            super().__init__(":memory:", clock)

        def rows(self, account: str, model: str) -> list[Row]:
            return rows(self, account, model)

        def profile(self, account: str) -> Account:
            return profile(self, account)

        def notices(self, after: int | None = None, limit: int = 100) -> list[Any]:
            return super().notices(after or 0, limit)

    text = (Path(__file__).parents[1] / "README.md").read_text()
    (code,) = [
        each for each in re.findall(r"```python\n(.*?)```", text, re.S) if "Subject(" in each
    ]
    names: dict[str, Any] = {"MyStore": MyStore}
    exec(code, names)  # noqa: S102 (it is ours)
    names["test_my_store"]()
