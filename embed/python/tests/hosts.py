"""All parts of one program over a scripted Merge."""

import sqlite3
from contextlib import closing
from pathlib import Path

from merge_sync.engine import Engine
from merge_sync.sqlite import SqliteStore
from merge_sync.webhook import Reply
from support import (
    KEY,
    ManualClock,
    ScriptedMerge,
    employee,
    sign,
)


class Host:
    """All parts of one program."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.clock = ManualClock()
        self.merge = ScriptedMerge(rows=[employee("ada"), employee("bob")])
        self.store = SqliteStore(file, self.clock)
        self.noted: list[str] = []
        self.engine = Engine(
            self.store,
            self.merge,
            (KEY,),
            clock=self.clock,
            noted=lambda: self.noted.append("noted"),
        )

    def receive(self, body: bytes) -> Reply:
        return self.engine.receive(body, [sign(body)])

    def rows(self) -> list[str]:
        with closing(sqlite3.connect(self.file)) as sql:
            return [name for (name,) in sql.execute("SELECT id FROM records ORDER BY id")]
