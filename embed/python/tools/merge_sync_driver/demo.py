"""The simulator's demonstration, played by this package: its engine, SQLite, httpx and threads.

Everything between the two goes over HTTP, and every commit is durable. Only the time is not
real: it leaps from one event to the next.
"""

import contextlib
import logging
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from merge_sync.client import HttpxClient
from merge_sync.engine import Engine, Report, Request, Response
from merge_sync.scheduler import Scheduler
from merge_sync.sqlite import SqliteStore
from merge_sync_driver.simulator import Poster, Simulator, VirtualClock
from merge_sync_driver.summary import Counts, rows_of, summary
from merge_sync_driver.webhooks import serving

WORKERS = 3
"""Runs at a time: one for each account."""

ROUNDS = 1_000
"""A host that runs so often without a moment passing never ends."""


class GoesInCirclesError(Exception):
    """The engine asked to be run again and again at once."""


@dataclass(frozen=True)
class MovingHttp:
    """Sends requests, which take virtual time."""

    client: HttpxClient
    clock: VirtualClock

    def send(self, request: Request) -> Response:
        """See `engine.Http`."""
        try:
            return self.client.send(request)
        finally:
            self.clock.moved()


def run(program: Path, seed: int, *, faults: bool, check: bool) -> tuple[dict[str, Any], bool]:
    """Play the run of `seed`; answer its summary, and whether it is good enough."""
    began = time.monotonic()
    # Some hundred warnings of what the faults do; without a handler Python prints them.
    logging.getLogger("merge_sync").addHandler(logging.NullHandler())
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(Simulator(program, seed, faults=faults))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        poster = stack.enter_context(Poster(simulator))
        clock = VirtualClock(simulator, poster)
        store = stack.enter_context(SqliteStore(folder / "store.sqlite", clock))
        client = stack.enter_context(
            HttpxClient(simulator.api_key, store, origin=simulator.address, clock=clock)
        )
        engine = Engine(
            store,
            MovingHttp(client, clock),
            (simulator.signing_key,),
            settings=simulator.settings,
            clock=clock,
        )
        counts = Counts()
        scheduler = stack.enter_context(
            Scheduler(_Counted(engine, counts), store, workers=WORKERS, clock=clock)
        )
        simulator.control("webhook-url", url=stack.enter_context(serving(engine.receive)))
        start = clock.merge_now()
        _play(simulator, clock, poster, scheduler)
        rows, accounts = rows_of(folder / "store.sqlite")
        verdict = simulator.control("verdict", rows=rows)
        stats = simulator.control("stats")
        kinds = simulator.control("faults", all=True)["on"] if faults else []
        passed = summary(seed, accounts, verdict=verdict, stats=stats, counts=counts, kinds=kinds)
        passed["simulated_seconds"] = int((clock.merge_now() - start).total_seconds())
    passed["real_seconds"] = round(time.monotonic() - began, 1)
    clean = not any(verdict[what] for what in ("lost", "stale", "wrongly_deleted", "unknown"))
    return passed, passed["passed"] if check else clean


@dataclass(frozen=True)
class _Counted:
    """An engine whose runs are counted."""

    engine: Engine
    counts: Counts

    def run(self, account: str) -> Report:
        """See `engine.Engine`."""
        try:
            report = self.engine.run(account)
        except Exception:
            self.counts.failed()
            raise
        self.counts.ended(report)
        return report


def _play(simulator: Simulator, clock: VirtualClock, poster: Poster, scheduler: Scheduler) -> None:
    wake: datetime | None = None
    rounds = 0
    while True:
        state = clock.read()
        if state.now >= simulator.ends_at:
            return
        at = simulator.ends_at if wake is None else min(wake - state.skew, simulator.ends_at)
        before, state = state.now, clock.advance(at)
        if state.now > before:
            rounds = 0
        posted = False
        if state.next_delivery_at is not None and state.next_delivery_at <= state.now:
            posted = simulator.control("deliver")["posted"] > 0
            clock.moved()
        if posted or (wake is not None and wake <= clock.now()):
            rounds += 1
            if rounds > ROUNDS:
                raise GoesInCirclesError(f"{ROUNDS} runs in a row, each asking for another at once")
            before = clock.merge_now()
            wake = scheduler.run_due(clock.now())
            if poster.settled():
                # A note of theirs may have come too late for what the scheduler just said.
                wake = clock.now()
            if clock.merge_now() > before:
                rounds = 0
