"""Which account runs when: each at its start, several at a time, none twice at once.

The store knows when each account is to start; this keeps in memory only which are running and
which failed a moment ago. An account that fails takes its own turn and nobody else's.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

from merge_sync.engine import Clock, Report, SystemClock
from merge_sync.errors import InputError, StoreError
from merge_sync.store import Agenda, Due, RunNoter

LOGGER = logging.getLogger("merge_sync")

FIRST_HOLD = timedelta(minutes=1)
"""After its first failure an account waits so long, after each further one twice as long."""

LONGEST_HOLD = timedelta(minutes=10)

STORE_PAUSE = timedelta(seconds=5)
"""When to look again at a store that did not answer."""

LONGEST_FAILURE = 300
"""How many characters of a failure are noted: a trap comes with every function that was called."""


class Runs(Protocol):
    """What is done for an account: an `engine.Engine`."""

    def run(self, account: str) -> Report:
        """Do what is due for one account."""


@dataclass(slots=True)
class _Held:
    until: datetime
    failures: int = 0


class Scheduler:
    """Runs what is due, in threads of its own."""

    def __init__(
        self,
        engine: Runs,
        agenda: Agenda,
        *,
        workers: int = 4,
        clock: Clock | None = None,
        reported: Callable[[str, Report], None] | None = None,
    ) -> None:
        """Run at most `workers` accounts at a time. `reported` is told of each good end.

        An agenda that is a `store.RunNoter` is told of those that fail.
        """
        if workers < 1:
            raise InputError(f"workers: {workers} is too few; expected 1 or more")
        self._engine = engine
        self._agenda = agenda
        self._noter: RunNoter | None = agenda if isinstance(agenda, RunNoter) else None
        self._clock = clock or SystemClock()
        self._reported = reported
        self._workers = workers
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._running: set[str] = set()
        self._held: dict[str, _Held] = {}
        self._ended: dict[str, Due] = {}

    def wake(self) -> None:
        """Look again which accounts are due: give this to `engine.Engine` as `noted`."""
        self._woken.set()

    def run_due(self, now: datetime) -> datetime | None:
        """Run every account that is due at `now`, each once, and return when they have ended.

        Answers when to call again, which is `now` where more is due already; `None` where only
        a webhook or a command will make an account due.
        """
        ready, _ = self._survey(now, 1_000_000)
        wait([self._start(due) for due in ready])
        ready, next_start = self._survey(now, 1_000_000)
        return now if ready else next_start

    def serve(self, stop: threading.Event, pause: Callable[[float], None] | None = None) -> None:
        """Run accounts as they come due, until `stop` is set and the runs under way have ended.

        Set `stop`, then call `wake`. It can be called again then. `pause` takes the place of
        waiting, for tests.
        """
        while not stop.is_set():
            self._woken.clear()
            seconds = self._start_due()
            if stop.is_set():
                break
            if pause is None:
                self._woken.wait(seconds)
            else:
                pause(seconds)
        self.close()

    def close(self) -> None:
        """Wait for the runs under way, and end the threads. The next run makes new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def __enter__(self) -> Self:
        """Answer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the runs under way, and end the threads."""
        self.close()

    def _start_due(self) -> float:
        """Start what is due, as far as there is room, and say how long to wait."""
        with self._lock:
            room = self._workers - len(self._running)
            known = len(self._running) + len(self._held)
        if room <= 0:
            return STORE_PAUSE.total_seconds()
        try:
            now = self._clock.now()
            ready, next_start = self._survey(now, room + known)
        except StoreError as error:
            LOGGER.error("cannot tell which accounts are due: %s", error)  # noqa: TRY400
            return STORE_PAUSE.total_seconds()
        except Exception:
            # Whatever it is, it may pass, and nobody else would start a run.
            LOGGER.exception("cannot tell which accounts are due")
            return STORE_PAUSE.total_seconds()
        for due in ready[:room]:
            self._start(due)
        # Another program may have kept a note: look again before long in any case.
        longest = STORE_PAUSE
        return min(longest, (next_start or now + longest) - now).total_seconds()

    def _survey(self, now: datetime, limit: int) -> tuple[list[Due], datetime | None]:
        found = self._agenda.due(now, limit)
        next_start = self._agenda.next_start(now)
        ready = []
        with self._lock:
            for due in found:
                if due.account in self._running:
                    continue
                ended = self._ended.get(due.account)
                if ended and (ended.start, ended.version) == (due.start, due.version):
                    # It ran, said that all is well, and is as it was. At once and again it
                    # would do so for ever.
                    LOGGER.warning("a run changed nothing: %s", due.account)
                    del self._ended[due.account]
                    self._hold(due.account, now)
                held = self._held.get(due.account)
                if held is not None and held.until > now:
                    next_start = min(next_start or held.until, held.until)
                else:
                    ready.append(due)
        return ready, next_start

    def _start(self, due: Due) -> "Future[None]":
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="merge-sync")
            self._running.add(due.account)
            return self._pool.submit(self._run, due)

    def _run(self, due: Due) -> None:
        try:
            report = self._engine.run(due.account)
            if self._reported is not None:
                self._reported(due.account, report)
        except Exception as error:
            LOGGER.exception("a run failed: %s", due.account)
            with self._lock:
                self._hold(due.account, self._clock.now())
            self._note_end(due.account, _told(error))
        else:
            with self._lock:
                held = self._held.pop(due.account, None)
                self._ended[due.account] = due
            if due.failed or held is not None:
                self._note_end(due.account, None)
        finally:
            with self._lock:
                self._running.discard(due.account)
            self._woken.set()

    def _note_end(self, account: str, failure: str | None) -> None:
        if self._noter is None:
            return
        try:
            self._noter.run_ended(account, failure)
        except Exception:
            LOGGER.exception("how a run ended was not noted: %s", account)

    def _hold(self, account: str, now: datetime) -> None:
        held = self._held.setdefault(account, _Held(now))
        held.until = now + min(FIRST_HOLD * 2 ** min(held.failures, 8), LONGEST_HOLD)
        held.failures += 1


def _told(error: Exception) -> str:
    """Say what fits a table, and what any store takes."""
    text = (str(error) or type(error).__name__).encode(errors="replace").decode()
    return text if len(text) <= LONGEST_FAILURE else text[:LONGEST_FAILURE] + "..."
