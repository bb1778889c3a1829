"""A store, or a host, in a file of its own for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hosts import Host
from merge_sync.sqlite import SqliteStore
from support import ManualClock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(file: Path, clock: ManualClock) -> Iterator[SqliteStore]:
    with SqliteStore(file, clock) as made:
        yield made


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path / "store.sqlite")
    yield made
    made.store.close()
