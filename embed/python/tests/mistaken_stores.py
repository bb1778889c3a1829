"""Stores with one mistake each, over one without."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from merge_sync.engine import Clock
from merge_sync.errors import StaleError
from merge_sync.store import (
    Change,
    Committed,
    Due,
    LoadedAccount,
    Note,
    Notice,
    StoredNote,
    TokenRule,
)
from merge_sync.testing import CheckedStore, Subject
from merge_sync.types import Account


@dataclass
class Sound:
    """Passes everything on: each mistake overrides what it does wrong."""

    store: CheckedStore
    subject: Subject
    clock: Clock

    def keep_note(self, note: Note) -> None:
        self.store.keep_note(note)

    def load(self, account: str) -> LoadedAccount | None:
        return self.store.load(account)

    def commit(self, change: Change) -> Committed:
        return self.store.commit(change)

    def due(self, now: datetime, limit: int) -> list[Due]:
        return self.store.due(now, limit)

    def next_start(self, now: datetime) -> datetime | None:
        return self.store.next_start(now)

    def token(self, account: str) -> str | None:
        return self.store.token(account)

    def profile(self, account: str) -> Account:
        assert self.subject.profile is not None
        return self.subject.profile(account)

    def notices(self, after: Any, limit: int) -> Sequence[tuple[Any, str, Notice]]:
        assert self.subject.notices is not None
        return self.subject.notices(after, limit)


class NumbersReused(Sound):
    """Numbers notes by their place."""

    def load(self, account: str) -> LoadedAccount | None:
        loaded = super().load(account)
        if loaded is None:
            return None
        notes = enumerate(loaded.notes, 1)
        return replace(loaded, notes=tuple(replace(note, number=number) for number, note in notes))

    def commit(self, change: Change) -> Committed:
        loaded = super().load(change.account)
        numbers = [note.number for note in loaded.notes] if loaded else []
        places = [number - 1 for number in change.consumed if number <= len(numbers)]
        return super().commit(replace(change, consumed=tuple(numbers[place] for place in places)))


@dataclass
class StartMovedLater(Sound):
    """Has an account start when its note came, though it was overdue."""

    noted: dict[str, datetime] = field(default_factory=dict)

    def keep_note(self, note: Note) -> None:
        super().keep_note(note)
        self.noted[note.account] = self.clock.now()

    def commit(self, change: Change) -> Committed:
        self.noted.pop(change.account, None)
        return super().commit(change)

    def due(self, now: datetime, limit: int) -> list[Due]:
        return [
            each for each in super().due(now, limit) if self.noted.get(each.account, now) <= now
        ]


class RowsWithoutState(Sound):
    """Writes the rows of a stale change."""

    def commit(self, change: Change) -> Committed:
        try:
            return super().commit(change)
        except StaleError as error:
            loaded = super().load(change.account)
            if loaded is not None:
                rows = replace(change, expected=loaded.version, state=loaded.state, consumed=())
                super().commit(replace(rows, token=TokenRule.KEEP, notices=(), sweep=None))
            raise StaleError(error.current) from None


@dataclass
class TokenLeftWithNote(Sound):
    """Erases the token, and leaves it with a note."""

    secrets: dict[tuple[str, int], str | None] = field(default_factory=dict)

    def load(self, account: str) -> LoadedAccount | None:
        loaded = super().load(account)
        return loaded and replace(loaded, notes=tuple(self._with_secret(account, loaded.notes)))

    def _with_secret(self, account: str, notes: tuple[StoredNote, ...]) -> list[StoredNote]:
        kept = self.secrets
        return [
            replace(note, secret=kept.get((account, note.number), note.secret)) for note in notes
        ]

    def commit(self, change: Change) -> Committed:
        loaded = super().load(change.account)
        for note in loaded.notes if loaded else ():
            self.secrets.setdefault((change.account, note.number), note.secret)
        return super().commit(change)


class DeadRowsSwept(Sound):
    """Counts rows that were marked long ago as live."""

    def commit(self, change: Change) -> Committed:
        done = super().commit(change)
        if done.swept is None or change.sweep is None:
            return done
        rows = self.subject.rows(change.account, change.sweep.model_id)
        dead = sum(row.deleted for row in rows) - done.swept.marked
        return replace(done, swept=replace(done.swept, live=done.swept.live + dead))


class NoticeSkipped(Sound):
    """Skips the first notice after one."""

    def notices(self, after: Any, limit: int) -> Sequence[tuple[Any, str, Notice]]:
        found = super().notices(after, limit)
        return found if after is None else found[1:]


class StaleIgnored(Sound):
    """Commits whatever version is expected."""

    def commit(self, change: Change) -> Committed:
        loaded = super().load(change.account)
        return super().commit(replace(change, expected=None if loaded is None else loaded.version))


@dataclass
class EmptyFieldReplaces(Sound):
    """Takes an empty field of a profile for a field that became empty."""

    said: dict[str, Account] = field(default_factory=dict)

    def keep_note(self, note: Note) -> None:
        super().keep_note(note)
        if note.profile is not None:
            self.said[note.account] = note.profile

    def profile(self, account: str) -> Account:
        return self.said.get(account) or super().profile(account)


MISTAKES: tuple[type[Sound], ...] = (
    NumbersReused,
    StartMovedLater,
    RowsWithoutState,
    TokenLeftWithNote,
    DeadRowsSwept,
    NoticeSkipped,
    StaleIgnored,
    EmptyFieldReplaces,
)


def mistaken(mistake: type[Sound], subject: Subject, clock: Clock) -> Subject:
    """Put a mistake over a store."""
    store = mistake(subject.store, subject, clock)
    return Subject(
        store,
        rows=subject.rows,
        profile=store.profile,
        notices=store.notices,
        close=subject.close,
    )
