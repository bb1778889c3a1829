"""Accounts run at their start, several at a time, none twice at once."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from merge_sync.engine import Report
from merge_sync.errors import InputError, StoreError
from merge_sync.scheduler import Scheduler
from merge_sync.sqlite import SqliteStore
from merge_sync.store import Due, FailedRuns
from stores import CHANGE
from support import NOON, ManualClock


class Agenda:
    """Starts that a test sets."""

    def __init__(self) -> None:
        self.starts: dict[str, tuple[datetime, int]] = {}
        self.trouble = False

    def due(self, now: datetime, limit: int) -> list[Due]:
        if self.trouble:
            raise StoreError("the disk is gone")
        found = [
            Due(account, start, str(version))
            for account, (start, version) in self.starts.items()
            if start <= now
        ]
        return sorted(found, key=lambda due: due.start)[:limit]

    def next_start(self, now: datetime) -> datetime | None:
        return min((start for start, _ in self.starts.values() if start > now), default=None)


class Runs:
    """Runs that a test scripts."""

    def __init__(self, agenda: Agenda) -> None:
        self.agenda = agenda
        self.ran: list[str] = []
        self.fails: set[str] = set()
        self.idle: set[str] = set()

    def run(self, account: str) -> Report:
        self.ran.append(account)
        if account in self.fails:
            raise StoreError("no")
        if account not in self.idle:
            start, version = self.agenda.starts[account]
            self.agenda.starts[account] = (start + timedelta(hours=1), version + 1)
        return Report(True, 0, 0, None, None)


def test_what_is_due_runs_once_the_longest_overdue_first() -> None:
    agenda = Agenda()
    agenda.starts = {
        "late": (NOON - timedelta(minutes=1), 1),
        "later": (NOON - timedelta(minutes=2), 1),
        "future": (NOON + timedelta(minutes=5), 1),
    }
    runs, reports = Runs(agenda), list[str]()
    with Scheduler(
        runs, agenda, workers=1, reported=lambda account, _: reports.append(account)
    ) as scheduler:
        assert scheduler.run_due(NOON) == NOON + timedelta(minutes=5)
    assert runs.ran == ["later", "late"]
    assert reports == runs.ran


def test_an_account_that_fails_is_held_twice_as_long_each_time() -> None:
    agenda, clock = Agenda(), ManualClock()
    agenda.starts = {"bad": (NOON, 1), "good": (NOON, 1)}
    runs = Runs(agenda)
    runs.fails = {"bad"}
    with Scheduler(runs, agenda, clock=clock) as scheduler:
        waits = []
        for _ in range(6):
            again = scheduler.run_due(clock.at)
            assert again is not None
            waits.append((again - clock.at).total_seconds() / 60)
            clock.at = again
        assert waits == [1, 2, 4, 8, 10, 10]
        assert runs.ran.count("bad") == 6
        assert runs.ran.count("good") == 1
        runs.fails = set()
        scheduler.run_due(clock.at)
        runs.fails = {"bad"}
        agenda.starts["bad"] = (clock.at, 9)
        again = scheduler.run_due(clock.at)
        assert again == clock.at + timedelta(minutes=1), "a good run clears the record"


def test_a_run_that_changed_nothing_is_not_repeated_at_once() -> None:
    agenda, clock = Agenda(), ManualClock()
    agenda.starts = {"idle": (NOON, 1)}
    runs = Runs(agenda)
    runs.idle = {"idle"}
    with Scheduler(runs, agenda, clock=clock) as scheduler:
        assert scheduler.run_due(NOON) == NOON + timedelta(minutes=1)
        assert scheduler.run_due(NOON) == NOON + timedelta(minutes=1)
    assert runs.ran == ["idle"]


def test_an_account_that_runs_is_not_started_again() -> None:
    agenda = Agenda()
    agenda.starts = {"a": (NOON, 1)}
    started, go = threading.Event(), threading.Event()

    class Slow(Runs):
        def run(self, account: str) -> Report:
            started.set()
            assert go.wait(30)
            return super().run(account)

    runs = Slow(agenda)
    with Scheduler(runs, agenda, workers=2, clock=ManualClock()) as scheduler:
        other = threading.Thread(target=scheduler.run_due, args=(NOON,))
        other.start()
        assert started.wait(30)
        assert scheduler.run_due(NOON) is None
        go.set()
        other.join()
    assert runs.ran == ["a"]


def test_it_serves_until_it_is_stopped() -> None:
    agenda, clock = Agenda(), ManualClock()
    agenda.starts = {"a": (NOON, 1)}
    runs, stop, paused = Runs(agenda), threading.Event(), list[float]()

    def pause(seconds: float) -> None:
        paused.append(seconds)
        agenda.trouble = len(paused) == 2
        if len(paused) == 3:
            stop.set()

    Scheduler(runs, agenda, clock=clock).serve(stop, pause)
    assert runs.ran == ["a"]
    assert paused == [5.0, 5.0, 5.0]


def test_a_run_that_fails_is_seen_until_one_comes_to_a_good_end(
    store: SqliteStore, clock: ManualClock
) -> None:
    store.commit(replace(CHANGE, wake_at=NOON))
    fails: list[Exception] = [StoreError("no"), ValueError("\ud800" * 400), KeyError()]

    class Fails:
        def run(self, account: str) -> Report:
            if fails:
                raise fails.pop(0)
            loaded = store.load(account)
            assert loaded is not None
            store.commit(replace(CHANGE, expected=loaded.version))
            return Report(True, 0, 0, None, None)

    with Scheduler(Fails(), store, clock=clock) as scheduler:
        for count, text in enumerate(["no", "?" * 300 + "..."], 1):
            again = scheduler.run_due(clock.at)
            assert store.failed_runs("a") == FailedRuns(count, NOON, text)
            assert again is not None
            clock.at = again
    # The program is started anew.
    with Scheduler(Fails(), store, clock=clock) as scheduler:
        again = scheduler.run_due(clock.at)
        assert store.failed_runs("a") == FailedRuns(3, NOON, "KeyError")
    with Scheduler(Fails(), store, clock=clock) as scheduler:
        assert scheduler.run_due(clock.at) == NOON + timedelta(hours=1)
        assert store.failed_runs("a") is None


def test_a_store_that_cannot_note_how_a_run_ended_stops_no_run(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Forgets(Agenda):
        def run_ended(self, account: str, failure: str | None) -> None:
            raise StoreError(f"{account}: {failure}")

    agenda = Forgets()
    agenda.starts = {"bad": (NOON, 1), "good": (NOON, 1)}
    runs = Runs(agenda)
    runs.fails = {"bad"}
    with Scheduler(runs, agenda, clock=clock) as scheduler:
        assert scheduler.run_due(NOON) == NOON + timedelta(minutes=1)
        runs.fails = set()
        assert scheduler.run_due(NOON + timedelta(minutes=1)) == NOON + timedelta(hours=1)
    assert sorted(runs.ran) == ["bad", "bad", "good"]
    assert caplog.text.count("how a run ended was not noted: bad") == 2


def test_no_worker_is_too_few() -> None:
    with pytest.raises(InputError, match="workers: 0 is too few"):
        Scheduler(Runs(Agenda()), Agenda(), workers=0)
