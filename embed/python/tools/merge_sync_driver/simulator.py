"""The simulator in a process of its own, its clock, and the webhooks that come due meanwhile."""

import json
import subprocess
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx


class Simulator:
    """Runs the program `merge-simulator --demo`, and ends it."""

    def __init__(self, program: Path, seed: int, *, faults: bool) -> None:
        """Start it."""
        arguments = [str(program), "--demo", "--seed", str(seed), *(["--faults"] if faults else [])]
        self._process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)  # noqa: S603 (the program is the caller's choice)
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise OSError(f"{program}: it does not start; exit code {self._process.wait()}")
        greeting = json.loads(line)
        self.address: str = greeting["address"]
        self.api_key: str = greeting["api_key"]
        self.signing_key: str = greeting["signing_key"]
        self.settings: str = greeting["settings"]
        self.ends_at = datetime.fromisoformat(greeting["ends_at"])
        self._client = httpx.Client(trust_env=False, timeout=120)

    def control(self, command: str, **body: Any) -> Any:  # noqa: ANN401 (of any shape)
        """Ask for something on the control interface."""
        answer = self._client.post(f"{self.address}/_control/{command}", json=body)
        answer.raise_for_status()
        return answer.json()

    def __enter__(self) -> Self:
        """Answer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the program."""
        self._client.close()
        self._process.terminate()
        self._process.communicate()


class Poster:
    """Has webhooks posted while runs are under way: Merge does not wait for them either."""

    def __init__(self, simulator: Simulator) -> None:
        """Start its thread."""
        self._simulator = simulator
        self._changed = threading.Condition()
        self._due = self._busy = self._ended = self._posted = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def post(self) -> None:
        """Something is due."""
        with self._changed:
            self._due = True
            self._changed.notify_all()

    def settled(self) -> bool:
        """Wait until nothing is on its way, and say whether anything was."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or not (self._due or self._busy))
            posted, self._posted = self._posted, False
            return posted

    def __enter__(self) -> Self:
        """Answer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End its thread."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._due or self._ended)
                if self._ended:
                    return
                self._due, self._busy = False, True
            posted = self._simulator.control("deliver")["posted"] > 0
            with self._changed:
                self._posted = self._posted or posted


@dataclass(frozen=True, slots=True)
class Moment:
    """Merge's clock, and what it waits for."""

    now: datetime
    next_delivery_at: datetime | None
    skew: timedelta
    """How far the host's clock is ahead."""


class VirtualClock:
    """The host's clock: Merge's, and what the two are apart. Asked for only where it moved."""

    def __init__(self, simulator: Simulator, poster: Poster) -> None:
        """Follow the simulator's clock."""
        self._simulator = simulator
        self._poster = poster
        self._lock = threading.Lock()
        self._known: Moment | None = None

    def moved(self) -> None:
        """Forget the time: a request took some."""
        with self._lock:
            self._known = None
        moment = self.read()
        if moment.next_delivery_at is not None and moment.next_delivery_at <= moment.now:
            self._poster.post()

    def advance(self, to: datetime) -> Moment:
        """Let it be `to`, or the first instant before it at which a webhook is due."""
        found = self._simulator.control("advance", to=to.isoformat(), until_delivery=True)
        with self._lock:
            self._known = _read(found)
            return self._known

    def read(self) -> Moment:
        """Answer what is known, as of now."""
        with self._lock:
            if self._known is None:
                self._known = _read(self._simulator.control("next"))
            return self._known

    def merge_now(self) -> datetime:
        """Answer Merge's time."""
        return self.read().now

    def now(self) -> datetime:
        """Answer the host's time."""
        moment = self.read()
        return moment.now + moment.skew


def _read(found: dict[str, Any]) -> Moment:
    return Moment(
        datetime.fromisoformat(found["now"]),
        _instant(found["next_delivery_at"]),
        timedelta(microseconds=found["host_skew_micros"]),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
