"""A store in a file of its own, for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
