"""Webhooks and the scheduler, by the scenarios that every language's hosts pass."""

import json
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import pytest

from merge_sync.engine import Engine, Report
from merge_sync.errors import StoreError
from merge_sync.scheduler import Scheduler
from merge_sync.sqlite import SqliteStore
from merge_sync.store import Due, Note
from support import KEY, NOON, REPOSITORY, ManualClock, ScriptedMerge, sign


def scenarios(kind: str) -> list[Any]:
    file = REPOSITORY / "tests" / "host-vectors" / f"{kind}.json"
    return [pytest.param(each["steps"], id=each["id"]) for each in json.loads(file.read_text())]


class Moody(SqliteStore):
    """A store in a mood."""

    def __init__(self) -> None:
        super().__init__(":memory:", ManualClock())
        self.mood = "works"
        self.kept: list[str] = []
        self.let_go = threading.Event()

    def keep_note(self, note: Note) -> None:
        match self.mood:
            case "hangs":
                self.let_go.wait(2)
            case "fails":
                raise StoreError("the disk is full")
            case "throws":
                raise ZeroDivisionError
            case _:
                super().keep_note(note)
                self.kept.append(note.account)


FASTER = 50
"""Nothing here waits for five seconds: the deadline is shorter, and so is what is allowed."""


@pytest.mark.parametrize("steps", scenarios("webhook"))
def test_a_webhook_is_answered(steps: list[Any]) -> None:
    store = Moody()
    engine = Engine(store, ScriptedMerge(), (KEY,), clock=ManualClock())
    patience = engine.patience
    engine = replace(engine, patience=patience / FASTER)
    for step in steps:
        store.mood = step.get("store", "works")
        # What a server hands over of a request without a body.
        body = (step["request"]["body"] or "").encode()
        began = monotonic()
        reply = engine.receive(body, [sign(body)] if step["request"]["sign"] else [])
        took = timedelta(seconds=monotonic() - began)
        want = step["out"]
        assert (reply.status, reply.body) == (want["status"], want["body"])
        allowed = timedelta(milliseconds=want["within_ms"])
        assert patience <= timedelta(milliseconds=5000)
        if store.mood == "hangs":
            assert took < allowed / FASTER + timedelta(seconds=1)
        assert store.kept == step.get("kept", store.kept)
    store.let_go.set()
    store.close()


@dataclass
class World:
    """An agenda and runs that the steps of a scenario set, at their instants."""

    steps: list[Any]
    clock: ManualClock
    stop: threading.Event = field(default_factory=threading.Event)
    starts: dict[str, datetime] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    mood: str = "works"
    scheduler: Scheduler = field(init=False)

    def due(self, now: datetime, limit: int) -> list[Due]:
        if self.mood == "fails":
            raise StoreError("the disk is full")
        if self.mood == "throws":
            raise ZeroDivisionError
        found = [Due(account, at, "1") for account, at in self.starts.items() if at <= now]
        return found[:limit]

    def next_start(self, now: datetime) -> datetime | None:
        return min((at for at in self.starts.values() if at > now), default=None)

    def run(self, account: str) -> Report:
        del self.starts[account]
        self.ran.append(account)
        return Report(True, 0, 0, None, None)

    def pause(self, seconds: float) -> None:
        """Let time pass, and what is to happen meanwhile happen."""
        while self.scheduler._running:
            threading.Event().wait(0.001)
        until = self.clock.at + timedelta(seconds=seconds)
        while self.steps and not self.stop.is_set():
            if self.scheduler._woken.is_set():
                return
            if self.instant(self.steps[0]) >= until:
                self.clock.at = until
                return
            self.happen(self.steps.pop(0))
        self.stop.set()

    def instant(self, step: Any) -> datetime:
        return NOON + timedelta(milliseconds=step["at"])

    def happen(self, step: Any) -> None:
        self.clock.at = max(self.clock.at, self.instant(step))
        match step:
            case {"due": account}:
                self.starts[account] = self.clock.at
            case {"next": account, "start_at": at}:
                self.starts[account] = NOON + timedelta(milliseconds=at)
            case {"noted": _}:
                self.scheduler.wake()
            case {"store": mood}:
                self.mood = mood
            case {"ran": accounts}:
                assert self.ran == accounts, step
            case {"serve": "stop"}:
                self.stop.set()
            case _:
                self.stop.clear()
                self.scheduler.serve(self.stop, self.pause)


@pytest.mark.parametrize("steps", scenarios("scheduler"))
def test_a_scheduler_runs_what_is_due(steps: list[Any]) -> None:
    world = World(list(steps), ManualClock())
    world.scheduler = Scheduler(world, world, clock=world.clock)
    while world.steps:
        world.happen(world.steps.pop(0))
    world.scheduler.close()
