"""How many requests may be made: a budget that guards all accounts.

Merge blocks an address that was given more than 20 failing answers within ten seconds. A request
in flight counts as if it had failed. The requests of one account in a minute are counted by the
engine.

Accounts that were given a failing answer within ten minutes share a part of the guard, and leave
the rest to all others: however many of them fail for good, and however often, they do not hold up
an account whose requests are answered.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits."""

    failing_answers: int = 15
    """Failing answers within ten seconds, and requests in flight, of all accounts together."""
    failing_share: int = 5
    """As many of these are for accounts that were given a failing answer within ten minutes."""


_GUARD = timedelta(seconds=10)
"""How long a failing answer counts."""

_SUSPECT = timedelta(minutes=10)
"""For how long a failing answer makes its account one of those that share."""

_IN_FLIGHT = timedelta(milliseconds=250)
"""When to ask again where only requests in flight stand in the way."""

_TIDY_ABOVE = 1024
_FAILING = 400
_THROTTLED = 429


class Ending(Enum):
    """How a request ended without an answer."""

    NO_ANSWER = auto()
    """What never arrived is not counted by Merge either."""
    TIMED_OUT = auto()
    """Merge does not count it, but the request was in flight for so long, and so will the
    account's next ones be."""


@dataclass(frozen=True, slots=True)
class Admission:
    """One request that was admitted, to be settled."""

    account: str
    suspect: bool
    """Whether it is taken out of the share of those that failed before."""


def is_failing(ending: int | Ending) -> bool:
    """Whether Merge counts it as a failing answer."""
    return isinstance(ending, int) and ending >= _FAILING and ending != _THROTTLED


@dataclass(slots=True)
class _Guard:
    failed: deque[datetime] = field(default_factory=deque)
    in_flight: int = 0

    def room(self, limit: int, now: datetime) -> timedelta:
        _expire(self.failed, now, _GUARD)
        if len(self.failed) + self.in_flight < limit:
            return timedelta()
        full = self.failed and len(self.failed) >= limit
        return self.failed[0] + _GUARD - now if full else _IN_FLIGHT

    def settle(self, ending: int | Ending, now: datetime) -> None:
        self.in_flight -= 1
        if is_failing(ending):
            self.failed.append(now)


class Budget:
    """The budget of one program. May be shared by threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        """Make a budget from which nothing has been taken."""
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._all, self._suspects = _Guard(), _Guard()
        # When each account last failed. The guard itself bounds their number.
        self._failing: dict[str, datetime] = {}

    def admit(self, account: str, now: datetime) -> Admission | timedelta:
        """Take one request out of the budget, to be settled; or answer how long to wait."""
        limits = self._limits
        with self._lock:
            suspect = self._is_suspect(account, now)
            wait = max(
                self._all.room(limits.failing_answers, now),
                self._suspects.room(limits.failing_share, now) if suspect else timedelta(),
            )
            if wait:
                return wait
            self._all.in_flight += 1
            self._suspects.in_flight += suspect
            return Admission(account, suspect)

    def settle(self, admission: Admission, ending: int | Ending, now: datetime) -> None:
        """Note how an admitted request ended: the status of its answer, or why there is none."""
        with self._lock:
            self._all.settle(ending, now)
            if admission.suspect:
                self._suspects.settle(ending, now)
            if is_failing(ending) or ending == Ending.TIMED_OUT:
                self._failing[admission.account] = now

    def _is_suspect(self, account: str, now: datetime) -> bool:
        if len(self._failing) > _TIDY_ABOVE:
            self._failing = {
                known: at for known, at in self._failing.items() if _is_within(at, now, _SUSPECT)
            }
        at = self._failing.get(account)
        return at is not None and _is_within(at, now, _SUSPECT)


def _expire(instants: deque[datetime], now: datetime, window: timedelta) -> None:
    """Drop what is `window` old, and what lies in the future: the clock was set back."""
    kept = [at for at in instants if _is_within(at, now, window)]
    if len(kept) != len(instants):
        instants.clear()
        instants.extend(kept)


def _is_within(at: datetime, now: datetime, window: timedelta) -> bool:
    return at <= now and now - at < window
